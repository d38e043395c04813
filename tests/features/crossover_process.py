"""A running crossover in a process of its own, read by its log; and the objects that it is given."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from legation.model.api_kinds import ApiKind
from legation.testing.fake_kube import TOKEN, FakeKube

CONFIG_MAP = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")
SPLIT = ApiKind(group="split.smi-spec.io", version="v1alpha2", kind="TrafficSplit", plural="trafficsplits")

RDS = """\
version_info: "0"
resources:
- "@type": type.googleapis.com/envoy.config.route.v3.RouteConfiguration
  name: podinfo
  virtual_hosts:
  - name: podinfo  # the one that is split
    domains: ["podinfo.example.org"]
    routes:
    - match: {prefix: "/a"}
      route:
        weighted_clusters:
          clusters:
          - name: green
            weight: 50
            request_headers_to_add:
            - header: {key: x-cluster-id, value: "123"}
          - {name: blue, weight: 50}
    - match: {prefix: "/"}
      route:
        weighted_clusters:
          clusters:
          - {name: green, weight: 50}
          - {name: blue, weight: 50}
  - name: other
    domains: ["*"]
    routes:
    - match: {prefix: "/"}
      route:
        weighted_clusters:
          clusters:
          - {name: green, weight: 50}
          - {name: blue, weight: 50}
"""
"""What crossover's users have in their ConfigMaps, but for Envoy's version."""


def rds(green: int, blue: int, text: str = RDS) -> str:
    """Return the text with these weights in the virtual host that is split; every other byte is as it was."""
    host, mark, rest = text.partition("  - name: other\n")
    for name, weight in (("green", green), ("blue", blue)):
        host = host.replace(f"name: {name}, weight: 50", f"name: {name}, weight: {weight}")
        host = host.replace(f"name: {name}\n            weight: 50", f"name: {name}\n            weight: {weight}")
    return host + mark + rest


def config_map(name: str, data: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """Return a ConfigMap."""
    metadata = {"namespace": "shop", "name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data), **more}


def split(name: str = "podinfo", version: str = "v1alpha2", service: str = "podinfo", **weights: Any) -> dict[str, Any]:
    """Return a TrafficSplit with these weights of backends."""
    backends = [{"service": each, "weight": weight} for each, weight in weights.items()]
    return {
        "apiVersion": f"split.smi-spec.io/{version}",
        "kind": "TrafficSplit",
        "metadata": {"namespace": "shop", "name": name},
        "spec": {"service": service, "backends": backends},
    }


class Process:
    """A crossover that runs."""

    def __init__(self, process: asyncio.subprocess.Process, output: Path) -> None:
        self.process = process
        self.output = output
        self.log: list[dict[str, Any]] = []
        """What was read of its log."""

    @property
    def files(self) -> dict[str, str]:
        """All files by name."""
        folder = self.output / "current"
        return {each.name: each.read_text() for each in folder.iterdir()} if folder.exists() else {}

    async def event(self, start: str, **fields: Any) -> dict[str, Any]:
        """Return the next line of the log that begins so and has these fields."""
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            while line := await self.process.stderr.readline():
                event: dict[str, Any] = json.loads(line)
                self.log.append(event)
                if event["event"].startswith(start) and fields.items() <= event.items():
                    return event
        raise AssertionError(f"the log ended without {start}: {self.log}")

    async def written(self, content: str, name: str = "rds.yaml") -> None:
        """Return when a file stands there with that content."""
        while self.files.get(name) != content:
            await self.event("written")

    async def end(self) -> int:
        """Return what it exits with by itself."""
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            rest = await self.process.stderr.read()
            self.log += [json.loads(line) for line in rest.splitlines()]
            return await self.process.wait()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, and return what it exits with; it waits for nothing that does not answer."""
        self.process.send_signal(number)
        async with asyncio.timeout(10):
            code = await self.process.wait()
        await self.end()
        return code

    def said(self, text: str) -> list[str]:
        """Return the lines of the log, as far as it was read, that have this text."""
        return [each["event"] for each in self.log if text in each["event"]]


class Stage:
    """An API server, and a folder."""

    def __init__(self, kube: FakeKube, folder: Path) -> None:
        self.kube = kube
        self.folder = folder
        self.output = folder / "out"
        self.token = folder / "token"
        self.token.write_text(TOKEN)
        for version in ("v1alpha1", "v1alpha2", "v1alpha4"):
            kinds = (("split", "TrafficSplit", "trafficsplits"), ("specs", "HTTPRouteGroup", "httproutegroups"))
            for group, kind, plural in kinds:
                kube.install(ApiKind(group=f"{group}.smi-spec.io", version=version, kind=kind, plural=plural))

    @contextlib.asynccontextmanager
    async def start(
        self, *arguments: str, server: str = "", program: str = "crossover", namespace: str = "shop", **environment: str
    ) -> AsyncIterator[Process]:
        """Run it for the time of a block."""
        of_folder = (f"--output-dir={self.output}",) if program == "crossover" else ()
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name(program)),
            *([f"--namespace={namespace}"] if namespace else []),
            f"--apiserver={server or self.kube.url}",
            f"--token-file={self.token}",
            "--log-format=json",
            *of_folder,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": "", **environment},
            limit=2**20,
        )
        try:
            yield Process(process, self.output)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def once(self, *arguments: str, **more: str) -> tuple[int, Process]:
        """Run it with `--onetime` to its end."""
        async with self.start("--onetime", *arguments, **more) as process:
            return await process.end(), process

    def put(self, value: dict[str, Any]) -> None:
        """Put an object into the cluster."""
        self.kube.put(value)

    def remove(self, kind: ApiKind, name: str) -> None:
        """Delete an object."""
        self.kube.delete(kind, "shop", name)
