"""The comparison: our server, a small one on go-control-plane, and a bare `grpc.aio` server, in one run on one machine.

All servers of a case run beside each other with all their clients, and take turns round by round; so they share what
else goes on on the machine. An idle server uses nothing.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import manifests
from bench.cases import BARE, GO, GO_LINEAR, LIBRARY, SHIPPED, Case, Target
from bench.programs import Contestant, Load, finished, legation_serve, memory, processor_seconds, python, told

ROUNDS = 7
CONNECTIONS = 5
"""How often all clients connect, where that is what is measured."""
WARM_UP = 2
"""Rounds that do not count."""
_SOURCES = Path(__file__).parent / "go"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One server, once. Seconds, and KiB for each client."""

    median: float
    last: float
    processor: float
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One server in one case: medians."""

    server: str
    time: float
    last: float
    processor: float
    memory: float

    def figure(self, name: str) -> float:
        """Return what a target is about."""
        return {"time": self.time, "CPU": self.processor, "memory": self.memory}[name]


def build(folder: Path) -> None:
    """Build the programs in Go."""
    subprocess.run(["go", "build", "-o", f"{folder}/", "./..."], cwd=_SOURCES, check=True)


class Comparison:
    """Runs cases with programs that were built."""

    def __init__(self, programs: Path, folder: Path, *, rounds: int = ROUNDS, connections: int = CONNECTIONS) -> None:
        self._programs = programs
        self._folder = folder
        self._rounds = rounds
        self._connections = connections

    async def run(self, case: Case) -> list[Result]:
        """Measure the servers of a case."""
        own = self._folder / case.letter
        own.mkdir()
        measure = self._changes if case.changed else self._connects
        rounds = await measure(case, own)
        return [_result(server, each) for server, each in rounds.items()]

    def _servers(self, case: Case, own: Path) -> Iterator[tuple[str, AbstractAsyncContextManager[Contestant]]]:
        """Yield the servers of a case, each with manifests of its own; they run when they are entered."""
        names = [case.ours, GO, *([GO_LINEAR] if case.linear else []), BARE]
        for number, name in enumerate(names):
            folder = own / f"{len(list(own.iterdir()))}-{number}"
            folder.mkdir()
            files = folder / "manifests"
            manifests.write(files, clusters=case.clusters, listeners=case.listeners, endpoints=case.endpoints)
            peer = (self._programs / "peer", "-folder", files)
            if name == SHIPPED:
                yield name, legation_serve(files, folder)
            elif name == LIBRARY:
                yield name, python("library", files, folder)
            elif name == BARE:
                yield name, python("bare", files, folder)
            elif name == GO:
                yield name, told(*peer, log=folder / "go.log")
            else:
                yield name, told(*peer, "-linear", case.linear_url, log=folder / "go.log")

    def _load(self, case: Case, server: Contestant, own: Path) -> AbstractAsyncContextManager[Load]:
        log = own / "load.log"
        return Load.started(self._programs / "load", f"-address={server.address}", *case.load, log=log)

    async def _changes(self, case: Case, own: Path) -> dict[str, list[Round]]:
        """Measure a change: from the moment at which it is made until the clients have it."""
        rounds: dict[str, list[Round]] = {}
        async with AsyncExitStack() as stack:
            running: list[tuple[str, Contestant, Load, float]] = []
            for name, starting in self._servers(case, own):
                server = await stack.enter_async_context(starting)
                before = memory(server.pid)
                load = await stack.enter_async_context(self._load(case, server, own))
                await load.seen()
                await finished(server.pid)
                held = (memory(server.pid) - before) / case.clients
                running.append((name, server, load, held))
            for number in range(WARM_UP + self._rounds):
                for name, server, load, held in running:
                    measured = await _change(case, number, server, load, held)
                    if number >= WARM_UP:
                        rounds.setdefault(name, []).append(measured)
        return rounds

    async def _connects(self, case: Case, own: Path) -> dict[str, list[Round]]:
        """Measure how clients come: until all have their first state, each time to a server that has just started."""
        rounds: dict[str, list[Round]] = {}
        for _ in range(self._connections):
            for name, starting in self._servers(case, own):
                async with starting as server:
                    before, used = memory(server.pid), await finished(server.pid)
                    async with self._load(case, server, own) as load:
                        seen = await load.seen()
                        used = await finished(server.pid) - used
                        measured = Round(
                            median=seen.median - seen.began,
                            last=seen.last - seen.began,
                            processor=used,
                            memory=(memory(server.pid) - before) / case.clients,
                        )
                rounds.setdefault(name, []).append(measured)
        return rounds


async def _change(case: Case, number: int, server: Contestant, load: Load, held: float) -> Round:
    mark = f"mark-{number:03}-of-the-comparison"
    load.tell(mark)
    await load.seen()
    used = processor_seconds(server.pid)
    began = time.time()
    server.change(str(case.changed), manifests.name_of((number * 379 + 17) % case.clusters), mark)
    seen = await load.seen()
    used = await finished(server.pid) - used
    return Round(median=seen.median - began, last=seen.last - began, processor=used, memory=held)


def _result(server: str, rounds: list[Round]) -> Result:
    return Result(
        server=server,
        time=statistics.median(each.median for each in rounds),
        last=statistics.median(each.last for each in rounds),
        processor=statistics.median(each.processor for each in rounds),
        memory=statistics.median(each.memory for each in rounds),
    )


# What is shown


def table(case: Case, results: list[Result]) -> str:
    """Return the table of a case, and how it stands with its targets."""
    ours, *others = results
    lines = [f"{case.letter}: {case.text}", f"  {'':<32}{'median':>10}{'last':>10}{'CPU':>10}{'a client':>12}"]
    for each in results:
        shown = (_ms(each.time), _ms(each.last), _ms(each.processor), f"{each.memory:.0f} KiB")
        lines.append(f"  {each.server:<32}{shown[0]:>10}{shown[1]:>10}{shown[2]:>10}{shown[3]:>12}")
    for other in others:
        figures = ("time", "CPU", "memory")
        ratios = ", ".join(f"{name} {other.figure(name) / ours.figure(name):.2f}x" for name in figures)
        lines.append(f"  {other.server} needs of ours: {ratios}")
    lines += (f"  {_verdict(target, ours, others)}" for target in case.targets)
    return "\n".join(lines)


def _verdict(target: Target, ours: Result, others: list[Result]) -> str:
    theirs = next(each.figure(target.figure) for each in others if each.server == target.than)
    part = ours.figure(target.figure) / theirs
    word = "met" if part <= target.factor else "MISSED"
    if target.factor < 1:
        return (
            f"{target.figure}: {1 / part:.1f} times better than {target.than}, wanted {1 / target.factor:.0f}: {word}"
        )
    return f"{target.figure}: {part:.2f} of {target.than}, wanted at most {target.factor}: {word}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.0095 else f"{seconds * 1000:.1f} ms"


async def compare(cases: list[Case], folder: Path) -> None:
    """Build, measure and show each case as soon as it is known."""
    programs = folder / "programs"
    await asyncio.to_thread(build, programs)
    comparison = Comparison(programs, folder)
    for case in cases:
        print(f"\n{table(case, await comparison.run(case))}", flush=True)
