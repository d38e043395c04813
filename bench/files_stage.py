"""What the cases of files have in common: programs that write, each in its own namespace, and who sees it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import cluster_objects, manifests
from bench import files_objects as objects
from bench.changing import Change
from bench.cluster import ACCOUNT, HOME, NAMESPACE, BenchCluster
from bench.programs import Talking, finished
from demo.programs import Program, free_ports
from demo.stage import LEGATION

CROSSOVER = LEGATION.with_name("crossover")
_AFTER_SETTLE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSize:
    """How large it is, and how long it takes."""

    rounds: int = 40
    large: int = 1020 * 1024
    """Bytes. A ConfigMap may have 1 MiB, names included."""
    large_rounds: int = 20
    idle: float = 20.0
    """Seconds."""
    settle: float = 1.0
    """Seconds that `legation sync` gives to Envoy."""
    clusters: int = 20
    """As many as `legation sync --node` writes."""
    patience: float = 20.0
    """Seconds after which a change counts as missed."""


class Writing:
    """A program that writes files."""

    def __init__(
        self, name: str, program: Program, moves: Talking, *, namespace: str, account: str, output: Path
    ) -> None:
        self.name = name
        self.pid = program.pid
        self.namespace = namespace
        self.output = output
        self._account = account
        self._moves = moves

    @property
    def folder(self) -> Path:
        """Where Envoy would read."""
        return self.output / "current"

    def requests(self, cluster: BenchCluster) -> Counter[str]:
        """Return what it has asked since this was asked before, beside its watches."""
        return cluster.requests(namespace=self.namespace, account=self._account)

    async def moved(self, change: Change, *, patience: float) -> float | None:
        """Return when the file came to stand there with that content, by the system's clock; None if it did not."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    moment, _, path = (await self._moves.said()).partition(" ")
                    file = Path(path)
                    if file.name == change.file and _holds(file, change.content):
                        return int(moment) / 1e9
        except TimeoutError:
            return None


class FilesStage:
    """Starts what is measured, in a folder."""

    def __init__(self, folder: Path, size: FilesSize) -> None:
        """Begin with nothing.

        Args:
            folder: Where all of it is.
            size: How large it is.
        """
        self._folder = folder
        self.size = size

    @asynccontextmanager
    async def cluster(self) -> AsyncIterator[BenchCluster]:
        """Give a cluster that knows TrafficSplits."""
        async with BenchCluster.running(self._folder) as cluster:
            await cluster.account(objects.definitions(), namespace=HOME, account=ACCOUNT)
            yield cluster

    @asynccontextmanager
    async def crossover(
        self,
        cluster: BenchCluster,
        data: Mapping[str, str],
        *,
        split: bool,
        program: Path = CROSSOVER,
        namespace: str = "crossover",
    ) -> AsyncIterator[Writing]:
        """Give crossover, ours or another one, whose files stand there."""
        token = await self._namespace(cluster, namespace, data, split=split, writes=program != CROSSOVER)
        output = self._output(namespace)
        file = output / "token"
        file.write_text(token)
        words = [
            f"--namespace={namespace}",
            f"--apiserver={cluster.server.url}",
            f"--token-file={file}",
            f"--output-dir={output}",
            f"--configmap={objects.CONFIG_MAP}",
            "--watch",
            *([f"--trafficsplit={objects.TRAFFIC_SPLIT}"] if split else []),
            *([f"--health-port={free_ports(1)[0]}"] if program == CROSSOVER else []),
        ]
        command: list[str | Path] = ["env", f"SSL_CERT_FILE={cluster.server.ca_file}", program, *words]
        async with self._running(namespace, *command, namespace=namespace, waits_for=list(data)) as writing:
            yield writing

    @asynccontextmanager
    async def sync(self, cluster: BenchCluster, data: Mapping[str, str], *, split: bool) -> AsyncIterator[Writing]:
        """Give `legation sync --config-maps`, whose files stand there."""
        namespace = "sync"
        token = await self._namespace(cluster, namespace, data, split=split, writes=False)
        kubeconfig = cluster.server.kubeconfig(self._output(namespace) / "kubeconfig", token, namespace)
        words = ("--config-maps", objects.CONFIG_MAP)
        command = self._sync_command(namespace, kubeconfig, *words)
        name = "legation sync --config-maps"
        async with self._running(name, *command, namespace=namespace, waits_for=list(data)) as writing:
            yield writing

    @asynccontextmanager
    async def sync_node(self, cluster: BenchCluster) -> AsyncIterator[Writing]:
        """Give `legation sync --node`, whose files stand there."""
        pod = cluster_objects.pod(0)
        await cluster.create(cluster_objects.PODS, [pod], status=True)
        await cluster.create(cluster_objects.CLUSTERS, cluster_objects.clusters(range(self.size.clusters)))
        listeners = [cluster_objects.raw("Listener", manifests.listener(0))]
        await cluster.create(cluster_objects.LISTENERS, listeners)
        await cluster.create(cluster_objects.ROUTES, [cluster_objects.raw("Route", manifests.route(0))])
        # Its own namespace is that of the kubeconfig.
        words = ("--node", f"{pod['metadata']['name']}.{NAMESPACE}", "--namespaces", NAMESPACE)
        command = self._sync_command("node", cluster.kubeconfig, *words)
        async with self._running(
            "legation sync --node", *command, namespace=HOME, account=ACCOUNT, output="node", waits_for=["cds.json"]
        ) as writing:
            yield writing

    async def quiet(self, *programs: Writing) -> None:
        """Return when they have nothing to do any more, and wait for nothing."""
        await asyncio.sleep(self.size.settle + _AFTER_SETTLE)
        for each in programs:
            await finished(each.pid)

    @asynccontextmanager
    async def touches(self, writing: Writing) -> AsyncIterator[list[str]]:
        """Give all that is done to its files in the block, when the block has ended."""
        folders = [each for each in (writing.output, *writing.output.rglob("*")) if each.is_dir()]
        found: list[str] = []
        async with _moves(*folders, log=self._folder / "moves.log", flags=("--all",)) as moves:
            yield found
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    while True:
                        found.append(await moves.said())

    # What takes part

    async def _namespace(
        self, cluster: BenchCluster, namespace: str, data: Mapping[str, str], *, split: bool, writes: bool
    ) -> str:
        """Bring the objects of a program, and return its token."""
        account = objects.account(namespace, writes=writes)
        token = await cluster.account(account, namespace=namespace, account=objects.ACCOUNT)
        await cluster.create(objects.folder(namespace, "configmaps"), [objects.config_map(data)])
        if split:
            await cluster.create(objects.folder(namespace, "trafficsplits"), [objects.traffic_split()])
        return token

    def _sync_command(self, name: str, kubeconfig: Path, *words: str) -> list[str | Path]:
        (port,) = free_ports(1)
        command: list[str | Path] = [LEGATION, "sync", self._output(name), *words, "--kubeconfig", kubeconfig]
        return [*command, "--settle", f"{self.size.settle:g}s", "--health-port", str(port)]

    def _output(self, name: str) -> Path:
        output = self._folder / "files" / name
        (output / "current").mkdir(parents=True, exist_ok=True)
        return output

    @asynccontextmanager
    async def _running(
        self,
        name: str,
        *command: str | Path,
        namespace: str,
        waits_for: list[str],
        account: str = objects.ACCOUNT,
        output: str = "",
    ) -> AsyncIterator[Writing]:
        folder = self._output(output or namespace)
        log = self._folder / f"{folder.name}.log"
        with Program(name, *command, log=log) as program:
            await program.until(lambda: _all_there(folder / "current", waits_for), within=60)
            async with _moves(folder / "current", log=self._folder / "moves.log") as moves:
                writing = Writing(name, program, moves, namespace=namespace, account=account, output=folder)
                await self.quiet(writing)
                yield writing


@asynccontextmanager
async def _moves(*folders: Path, log: Path, flags: tuple[str, ...] = ()) -> AsyncIterator[Talking]:
    async with Talking.started(sys.executable, "-m", "bench.moves", *flags, *folders, log=log) as moves:
        await moves.said()
        yield moves


def _holds(file: Path, content: bytes) -> bool:
    return file.read_bytes() == content


async def _all_there(folder: Path, names: list[str]) -> bool:
    return all((folder / each).exists() for each in names)
