"""What mutual TLS costs: in steady pushes, against the same without; and when all Envoys come back at once.

`legation serve` as it is shipped, with a certificate for each Envoy, whose name in it is checked.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import manifests
from bench.programs import Load, Watching, finished, processor_seconds
from bench.running import Server
from bench.saved import Row, spread
from bench.side_by_side import build
from legation.pki.certificates import Pair, Usage, authority, issue

_DAY = 86_400.0
_WARM_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large it is."""

    envoys: int = 1000
    clusters: int = 100
    many_clusters: int = 1000
    few_envoys: int = 100
    rounds: int = 40
    reconnects: int = 5


class Authority:
    """Signs what both sides show, once for all."""

    def __init__(self, folder: Path, *, envoys: int) -> None:
        self.certificates = folder / "certificates"
        self.server = folder / "server"
        self.file = folder / "ca.crt"
        for each in (self.certificates, self.server):
            each.mkdir()
        now = time.time()
        signer = authority(now=now, seconds=_DAY)
        self.file.write_bytes(signer.certificate)
        _write(self.server, "tls", issue(signer, names=["localhost"], now=now, seconds=_DAY))
        for number in range(envoys):
            name = f"node-{number:05}"
            whose = f"spiffe://legation/node/{name}"
            pair = issue(signer, names=[whose], now=now, seconds=_DAY, usage=Usage.CLIENT)
            _write(self.certificates, name, pair)

    @property
    def of_server(self) -> tuple[str | Path, ...]:
        """The flags of the server."""
        return ("--tls", self.server, "--client-ca", self.file)

    @property
    def of_clients(self) -> tuple[str, ...]:
        """The flags of the clients."""
        return (f"-authority={self.file}", f"-certificates={self.certificates}")


def _write(folder: Path, name: str, pair: Pair) -> None:
    (folder / f"{name}.crt").write_bytes(pair.certificate)
    (folder / f"{name}.key").write_bytes(pair.key)


class Cases:
    """Measures in a folder."""

    def __init__(self, programs: Path, folder: Path, size: Size) -> None:
        """Take where the programs in Go are."""
        self._programs = programs
        self._folder = folder
        self._size = size
        self._authority = Authority(folder, envoys=size.envoys)

    async def pushes(self) -> AsyncIterator[Row]:
        """T1: one cluster changes, again and again, with mutual TLS and without."""
        size = self._size
        ways = (("delta", size.envoys, size.clusters, ()), ("whole", size.few_envoys, size.many_clusters, ("-sotw",)))
        for way, envoys, clusters, flags in ways:
            plain, mutual = await self._both(way, envoys=envoys, clusters=clusters, flags=flags)
            what = {"delta": "one cluster in delta", "whole": f"{clusters:,} clusters in state of the world"}[way]
            beside = f"{what}, {envoys:,} Envoys"
            yield Row(what=f"a change, processor time without TLS: {beside}", measured=spread(plain))
            yield Row(what=f"a change, processor time with mutual TLS: {beside}", measured=spread(mutual))
            more = statistics.median(mutual) / statistics.median(plain) - 1
            yield Row(what=f"what mutual TLS adds: {beside}", measured=f"{more:+.1%}", target="15%")

    async def _both(
        self, way: str, *, envoys: int, clusters: int, flags: tuple[str, ...]
    ) -> tuple[list[float], list[float]]:
        used: tuple[list[float], list[float]] = ([], [])
        async with AsyncExitStack() as stack:
            running = [
                await stack.enter_async_context(
                    self._serving(f"{way}-{secure}", envoys=envoys, clusters=clusters, secure=secure, flags=flags)
                )
                for secure in (False, True)
            ]
            for number in range(_WARM_UP + self._size.rounds):
                # In turns: what else goes on on the machine meets both.
                for (server, load), found in zip(running, used, strict=True):
                    mark = f"mark-{number:03}-of-trust"
                    load.tell(mark)
                    await load.seen()
                    before = processor_seconds(server.pid)
                    server.change("Cluster", manifests.name_of((number * 379 + 17) % clusters), mark)
                    await load.seen()
                    found.append(await finished(server.pid) - before)
        return used[0][_WARM_UP:], used[1][_WARM_UP:]

    async def reconnects(self) -> AsyncIterator[Row]:
        """T2: all Envoys are gone and come back at once, with mutual TLS, and have their first state again."""
        size = self._size
        took: dict[bool, list[float]] = {}
        for secure in (False, True):
            folder = f"reconnects-{secure}"
            async with self._server(folder, clusters=size.clusters, secure=secure) as server:
                for _ in range(size.reconnects + 1):
                    async with self._load(
                        folder, server, envoys=size.envoys, clusters=size.clusters, secure=secure
                    ) as load:
                        seen = await load.seen()
                        took.setdefault(secure, []).append(seen.last - seen.began)
                        await finished(server.pid)
        beside = f"{size.envoys:,} Envoys at once, {size.clusters:,} clusters, until the last has its first state"
        yield Row(what=f"without TLS: {beside}", measured=spread(took[False][1:]))
        yield Row(what=f"with mutual TLS: {beside}", measured=spread(took[True][1:]), target="5 s")

    @asynccontextmanager
    async def _serving(
        self, name: str, *, envoys: int, clusters: int, secure: bool, flags: tuple[str, ...]
    ) -> AsyncIterator[tuple[Watching, Load]]:
        async with (
            self._server(name, clusters=clusters, secure=secure) as server,
            self._load(name, server, envoys=envoys, clusters=clusters, secure=secure, flags=flags) as load,
        ):
            await load.seen()
            await finished(server.pid)
            yield server, load

    @asynccontextmanager
    async def _server(self, name: str, *, clusters: int, secure: bool) -> AsyncIterator[Watching]:
        folder = self._folder / name
        folder.mkdir()
        files = folder / "manifests"
        manifests.write(files, clusters=clusters, listeners=0, endpoints=False)
        with Server(files, *(self._authority.of_server if secure else ()), folder=folder) as server:
            await server.ready()
            yield Watching(server, files)

    @asynccontextmanager
    async def _load(
        self, name: str, server: Watching, *, envoys: int, clusters: int, secure: bool, flags: tuple[str, ...] = ()
    ) -> AsyncIterator[Load]:
        trusting = self._authority.of_clients if secure else ()
        said = (f"-address={server.address}", f"-clients={envoys}", f"-clusters={clusters}")
        log = self._folder / name / "load.log"
        async with Load.started(self._programs / "load", *said, *trusting, *flags, log=log) as load:
            yield load


def _case(choose: Callable[[Cases], AsyncIterator[Row]]) -> Callable[[Path], Coroutine[Any, Any, None]]:
    async def measure(folder: Path) -> None:
        programs = folder / "programs"
        programs.mkdir()
        await asyncio.to_thread(build, programs)
        async for row in choose(Cases(programs, folder, Size())):
            print(f"{row.what:<105}{row.measured:>22}{row.target:>12}", flush=True)

    return measure


PARTS = {"T1": _case(Cases.pushes), "T2": _case(Cases.reconnects)}
