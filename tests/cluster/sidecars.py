"""Programs that write files for an Envoy beside them: crossover, the older loader, and `legation sync`.

Each has the rights that its Pod would have, and no more: get and watch of objects by their names; `legation sync` looks
for TrafficSplits besides.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from demo import web
from demo.programs import Program
from demo.stage import LEGATION
from legation.translate.traffic_split import ROUTE_GROUP, SPLIT, VERSIONS
from tests.cluster import smi
from tests.cluster.admin import Admin, Object, Refused, reference
from tests.cluster.chart import token_of
from tests.cluster.own_disk import OwnDisk
from tests.cluster.stage import Stage
from tests.envoy.watching import PATIENCE

CROSSOVER, LOADER = LEGATION.with_name("crossover"), LEGATION.with_name("envoy-xds-configmap-loader")
ACCOUNT = "edge"
FILES = "edge-xds"
"""The ConfigMap, unless a test says others."""
SHOP = "shop"
"""The TrafficSplit, and its service."""
IN_TIME = 2.0
"""Seconds from SIGTERM to the end."""
_RBAC = "rbac.authorization.k8s.io"


def config_map(namespace: str, data: Mapping[str, str], name: str = FILES) -> Object:
    """Return a ConfigMap."""
    return reference("v1", "ConfigMap", name, namespace) | {"data": dict(data)}


def split(namespace: str, **weights: int | str) -> Object:
    """Return the TrafficSplit of the shop."""
    backends = [{"service": name, "weight": weight} for name, weight in weights.items()]
    return reference(f"{SPLIT.group}/v1alpha2", SPLIT.kind, SHOP, namespace) | {
        "spec": {"service": SHOP, "backends": backends}
    }


class Sidecar:
    """One that runs."""

    def __init__(self, program: Program, output: Path) -> None:
        self.program = program
        self.output = output
        """The folder above `current`."""

    @property
    def folder(self) -> Path:
        """Where Envoy reads."""
        return self.output / "current"

    def files(self) -> dict[str, bytes]:
        """Return what stands there."""
        return {each.name: each.read_bytes() for each in self.folder.iterdir()} if self.folder.exists() else {}

    def numbers(self) -> dict[str, int]:
        """Return the inodes of the files by name: each rename brings another one."""
        return {each.name: each.stat().st_ino for each in self.folder.iterdir()}

    def lines(self) -> Sequence[Mapping[str, Any]]:
        """Return what it has logged."""
        return [json.loads(each) for each in self.program.log.read_text().splitlines() if each.startswith("{")]

    async def until(self, look: Any, *, within: float = PATIENCE) -> Any:
        """Wait until the look finds something, as long as it runs."""
        return await self.program.until(look, within=within)

    async def said(self, *words: str, after: int = 0) -> Mapping[str, Any]:
        """Wait until it logs a line that has all these words, and return it; those before do not count."""

        async def found() -> Mapping[str, Any] | None:
            lines = self.lines()[after:]
            return next((each for each in lines if all(word in json.dumps(each) for word in words)), None)

        line: Mapping[str, Any] = await self.until(found)
        return line

    async def ready(self) -> None:
        """Wait until all files stand there."""
        await self.said('"event": "ready"')

    async def stands(self, data: Mapping[str, str]) -> None:
        """Wait until these files stand there, and no others."""
        wanted = {name: text.encode() for name, text in data.items()}

        async def right() -> bool:
            return self.files() == wanted

        await self.until(right)

    async def ends(self) -> int:
        """Wait until it ends by itself, and return the exit code."""
        return await asyncio.to_thread(self.program.process.wait, PATIENCE)

    async def stop(self) -> int:
        """Send SIGTERM and return the exit code; -9 if it did not end in time."""
        return await asyncio.to_thread(self.program.stop, grace=IN_TIME)


class Sidecars:
    """Starts them, for one namespace. `opened` makes one."""

    def __init__(self, stage: Stage, programs: contextlib.ExitStack) -> None:
        self.stage = stage
        self.admin = stage.admin
        self.namespace = stage.namespace
        self.token = ""
        self._programs = programs
        self._count = 0

    async def allow(self, *config_maps: str) -> None:
        """Make the account of the Pod, and wait until the API server knows what it may do."""
        here, names = self.namespace, list(config_maps or (FILES,))
        rules = [
            {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": names, "verbs": ["get", "watch"]},
            _splits({"resourceNames": [SHOP], "verbs": ["get", "watch"]}),
        ]
        role = {"apiGroup": _RBAC, "kind": "Role", "name": ACCOUNT}
        subjects = [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": here}]
        self.stage.apply(
            reference("v1", "ServiceAccount", ACCOUNT, here),
            reference(f"{_RBAC}/v1", "Role", ACCOUNT, here) | {"rules": rules},
            reference(f"{_RBAC}/v1", "RoleBinding", ACCOUNT, here) | {"roleRef": role, "subjects": subjects},
        )
        self.token = token_of(self.admin, here, ACCOUNT)
        (self.stage.folder / "token").write_text(self.token)
        with Admin(self.stage.house.api, self.token) as account:

            async def allowed() -> bool:
                return _may(account, config_map(here, {}, names[-1])) and _may(account, split(here))

            await web.until(allowed, within=PATIENCE, what="the rights of the account")

    def allow_sync(self) -> None:
        """Let the account look for TrafficSplits, too."""
        role = self.admin.get(reference(f"{_RBAC}/v1", "Role", ACCOUNT, self.namespace))
        self.admin.patch(
            reference(f"{_RBAC}/v1", "Role", ACCOUNT, self.namespace)
            | {"rules": [*role["rules"], _splits({"verbs": ["get", "list", "watch"]}), _GROUPS]}
        )

    def crossover(
        self,
        *flags: str,
        output: Path | None = None,
        server: str = "",
        disk: OwnDisk | None = None,
        watch: bool = True,
    ) -> Sidecar:
        """Start crossover for the ConfigMap and the TrafficSplit; do not wait.

        Args:
            flags: More of its command line.
            output: Where to; else a fresh folder.
            server: Another API server.
            disk: One that it has alone, where the output is.
            watch: Whether it watches; else the flags say what it does.
        """
        output = output or self.fresh()
        named = (f"--configmap={FILES}", f"--trafficsplit={SHOP}") if not any("map=" in each for each in flags) else ()
        words = (*self._flags(server), f"--output-dir={output}", *named, *(("--watch",) if watch else ()), *flags)
        return self._start("crossover", *self._environment, CROSSOVER, *words, output=output, disk=disk)

    def loader(self, *flags: str) -> Sidecar:
        """Start the older program, whose folder is always /srv/runtime: here on a disk of its own; do not wait."""
        words = (*self._flags(""), f"--configmap={FILES}", *flags)
        output = Path("/srv/runtime")
        return self._start("loader", *self._environment, LOADER, *words, output=output, disk=OwnDisk(output.parent))

    def sync(self, *flags: str, output: Path | None = None, server: str = "", disk: OwnDisk | None = None) -> Sidecar:
        """Start `legation sync` for the ConfigMap and all TrafficSplits; do not wait."""
        output = output or self.fresh()
        config = self.stage.house.api.kubeconfig(self.fresh() / "kubeconfig", self.token, self.namespace)
        if server:
            config.write_text(config.read_text().replace(self.stage.house.api.url, server))
        words = ("--config-maps", FILES, "--settle", "0.1s", "--log-format", "json", "--kubeconfig", str(config))
        command: list[str | Path] = [*_CLEAN, LEGATION, "sync", output, *words, *flags]
        return self._start("sync", *command, output=output, disk=disk)

    def fresh(self) -> Path:
        """Return a folder that nobody has used."""
        self._count += 1
        made = self.stage.folder / f"runtime-{self._count}"
        made.mkdir()
        return made

    def _flags(self, server: str) -> tuple[str, ...]:
        server = server or self.stage.house.api.url
        token = self.stage.folder / "token"
        return (
            f"--namespace={self.namespace}",
            f"--apiserver={server}",
            f"--token-file={token}",
            "--log-format=json",
        )

    @property
    def _environment(self) -> tuple[str, ...]:
        return (*_CLEAN, f"SSL_CERT_FILE={self.stage.house.api.ca_file}")

    def _start(self, name: str, *command: str | Path, output: Path, disk: OwnDisk | None) -> Sidecar:
        self._count += 1
        inside = disk.command if disk else ()
        program = Program(name, *inside, *command, log=self.stage.folder / f"{name}-{self._count}.log")
        self._programs.enter_context(program)
        return Sidecar(program, disk.seen(output, pid=program.pid) if disk else output)


_CLEAN = ("env", "-i")
"""Without proxies, which know nothing of this network."""
_GROUPS: Object = {
    "apiGroups": [ROUTE_GROUP.group],
    "resources": [ROUTE_GROUP.plural],
    "verbs": ["get", "list", "watch"],
}


def _splits(rule: Object) -> Object:
    return {"apiGroups": [SPLIT.group], "resources": [SPLIT.plural], **rule}


def _may(account: Admin, value: Object) -> bool:
    try:
        account.get(value)
    except Refused as refused:
        return refused.reason == "NotFound"
    return True


@contextlib.contextmanager
def opened(stage: Stage) -> Iterator[Sidecars]:
    """Give them for the stage's namespace, in a cluster that knows TrafficSplits; end all that are started."""
    for kind in (SPLIT, ROUTE_GROUP):
        stage.apply(smi.definition(kind, served=VERSIONS))
        stage.admin.wait_crd(f"{kind.plural}.{kind.group}")
    with contextlib.ExitStack() as programs:
        yield Sidecars(stage, programs)
