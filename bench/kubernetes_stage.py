"""What the cases in a Kubernetes cluster have in common: legation there, its clients, and changes at a pace."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cluster import NAMESPACE, BenchCluster
from bench.programs import Load, finished, processor_seconds
from bench.running import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large it is, and how long it takes."""

    envoys: int = 100
    objects: tuple[int, ...] = (100, 1000)
    pods: int = 5000
    many_pods: int = 8000
    endpoints: int = 1000
    connects: int = 1000
    rounds: int = 50
    starts: int = 3
    seconds: float = 20.0
    """For what goes on at a pace."""
    settled: float = 2.0
    """After which what is written late, status, is written too."""


class Stage:
    """Starts what is measured and what it is measured with, in a folder."""

    def __init__(self, programs: Path, folder: Path, size: Size, *flags: str) -> None:
        """Take where the programs in Go are, and what `legation serve` is told beside what it needs."""
        self._programs = programs
        self._folder = folder
        self._flags = flags
        self._servers = itertools.count()
        self.size = size

    @asynccontextmanager
    async def cluster(self) -> AsyncIterator[BenchCluster]:
        """Give a cluster."""
        async with BenchCluster.running(self._folder) as cluster:
            yield cluster

    @asynccontextmanager
    async def legation(self, cluster: BenchCluster, *, ready: bool = True) -> AsyncIterator[Server]:
        """Give legation in that cluster, ready or just started."""
        own = self._folder / f"legation-{next(self._servers)}"
        own.mkdir()
        reach = ("--kubernetes", "--kubeconfig", cluster.kubeconfig)
        # The clients are in no Pod.
        with Server(*reach, "--peer-check", "none", "--status", "on", *self._flags, folder=own) as server:
            if ready:
                await server.ready()
            yield server

    @asynccontextmanager
    async def clients(self, server: Server, *flags: str) -> AsyncIterator[Load]:
        """Give clients that connect to it."""
        common = (f"-address=127.0.0.1:{server.xds}", f"-suffix=.{NAMESPACE}", f"-clients={self.size.envoys}")
        program, log = self._programs / "load", self._folder / "load.log"
        async with Load.started(program, *common, *flags, log=log) as load:
            yield load

    async def quiet(self, server: Server) -> None:
        """Return when it has nothing to do any more."""
        await asyncio.sleep(self.size.settled)
        await finished(server.pid)


async def at_pace(change: Callable[[int], Awaitable[object]], pace: float, seconds: float = math.inf) -> list[float]:
    """Make changes one after the other at that pace, and return when each began.

    What is late catches up, but two never come close together: they would be one change.
    """
    begun, start, earliest = [], time.monotonic(), 0.0
    for number in itertools.count():
        if number / pace >= seconds:
            break
        await asyncio.sleep(max(start + number / pace, earliest) - time.monotonic())
        begun.append(time.time())
        earliest = time.monotonic() + 0.5 / pace
        await change(number)
    return begun


async def used(server: Server, work: Awaitable[object]) -> float:
    """Return how much of one processor the server uses while something goes on."""
    before, begun = processor_seconds(server.pid), time.monotonic()
    await work
    return (processor_seconds(server.pid) - before) / (time.monotonic() - begun)
