"""Pipes of l7mp: a call until it is reachable through two hops, a thousand of them, and a worker that joins.

Objects are created in a real API server, and real Envoys get them; both are part of every time.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

from bench.cluster import AT_A_TIME, each_of
from bench.kubernetes_stage import at_pace, used
from bench.pipes_probes import CLUSTER, LISTENER, Reader, Response, probe
from bench.pipes_stage import LOOK, PER_CALL, EnvoyPod, PipesSize, PipesStage, checked, opened, unchecked
from bench.saved import Row, spread
from tests.cluster.go_programs import Missing
from tests.cluster.l7mp import WORKER, Call

CHECKS = {"no health check": unchecked, "health check": checked}
WARM_UP = 3
"""Calls that do not count."""
CLOSE = 0.001
"""Seconds between two datagrams to a port, where there are few ports."""
WIDE = 0.01
"""Where there are many."""
_ASSIGNMENTS = "ClusterLoadAssignment"
_PATIENCE = 120.0
_LOOK = 0.1


class Pipes:
    """Measures one case after another, each in a cluster of its own."""

    def __init__(self, folder: Path, size: PipesSize, *flags: str) -> None:
        """Take what `opened` takes."""
        self._folder = folder
        self._size = size
        self._flags = flags

    async def one(self) -> AsyncIterator[Row]:
        """M1: a call is created, and nothing else happens."""
        async with self._opened(self._size.workers) as stage:
            for number, (what, make) in enumerate(CHECKS.items()):
                first = number * (WARM_UP + self._size.rounds)
                calls = [make(first + each) for each in range(WARM_UP + self._size.rounds)]
                taken = [await self._created(stage, call) for call in calls][WARM_UP:]
                for row in _of_one(taken, what):
                    yield row

    async def many(self) -> AsyncIterator[Row]:
        """M2: many calls are created at a pace, and deleted again."""
        size = self._size
        calls = [unchecked(each) for each in range(size.calls)]
        many = f"{size.calls:,} calls"
        async with self._opened(size.few_workers) as stage, stage.reader() as reader:
            await stage.quiet(size.settled)
            async for row in self._resting(stage, "before any call"):
                yield row
            first, before, begun = len(reader.responses), stage.used(), time.monotonic()
            took, posted = await self._creation(stage, calls)
            yield Row(what=f"{many} are created: objects a second", measured=f"{2 * size.calls / posted:.0f}")
            what = f"{many} are created: the last {len(took)} of them are answered"
            yield Row(what=what, measured=spread(took), target="60 ms")
            late = f"{time.monotonic() - begun - posted:.1f} s"
            yield Row(what=f"{many} are created: all ports are open after the last POST", measured=late)
            await stage.quiet(size.settled)
            for row in _of_responses(reader, first, calls, many):
                yield row
            for row in _used(stage, before, f"{many} are created", len(calls)):
                yield row
            async for row in self._resting(stage, f"with {many}"):
                yield row
            more = [unchecked(size.calls + each) for each in range(size.joins)]
            taken = [await self._created(stage, call, others=size.calls) for call in more]
            for row in _of_one(taken, f"no health check, {size.calls:,} others are there"):
                yield row
            before, begun = stage.used(), time.monotonic()
            await at_pace(lambda number: stage.delete(calls[number]), size.pace / 2, 2 * size.calls / size.pace)
            seconds, since = time.monotonic() - begun, time.monotonic()
            await stage.open(0)
            yield Row(what=f"{many} are deleted: objects a second", measured=f"{2 * size.calls / seconds:.0f}")
            late = f"{time.monotonic() - since:.1f} s"
            yield Row(what=f"{many} are deleted: all ports are closed after the last DELETE", measured=late)
            await stage.has(0)
            late = f"{time.monotonic() - since:.1f} s"
            yield Row(what=f"{many} are deleted: nothing is left in any Envoy after the last DELETE", measured=late)
            await stage.quiet(size.settled)
            for row in _used(stage, before, f"{many} are deleted", len(calls)):
                yield row
            async for row in self._resting(stage, f"after {many}", empty=True):
                yield row

    async def joined(self) -> AsyncIterator[Row]:
        """M3: a worker becomes ready while there are many calls, and ceases to be."""
        size = self._size
        wanted = PER_CALL * size.calls
        # To tell that many objects how they are takes longer than all the rest.
        async with self._opened(size.few_workers, "--status", "off") as stage, AsyncExitStack() as stack:
            calls = map(unchecked, range(size.calls))
            await each_of(map(stage.create, calls), at_a_time=AT_A_TIME)
            await stage.has(size.calls)
            pod = stage.pod(stack, "joining", WORKER)
            await stage.quiet(size.settled)
            for joins, what in ((True, "becomes ready"), (False, "is not ready any more")):
                of = f"{size.calls:,} calls, a worker {what}"
                took, before = [], stage.used()
                for _ in range(size.joins):
                    await stage.ready(pod, value=not joins)
                    await self._shown(stage, size.few_workers + (not joins))
                    before, since, begun = stage.used(), await _accepted(stage), time.monotonic()
                    await stage.ready(pod, value=joins)
                    async with asyncio.timeout(_PATIENCE):
                        while await _accepted(stage) < since + wanted:  # noqa: ASYNC110 - it sets no event of ours
                            await asyncio.sleep(_LOOK)
                    took.append(time.monotonic() - begun)
                    await self._shown(stage, size.few_workers + joins)
                measured = f"{statistics.median(took):.2f} s"
                yield Row(what=f"{of}: the last of {wanted:,} assignments is accepted", measured=measured)
                for row in _used(stage, before, of):
                    yield row

    def _opened(self, workers: int, *flags: str) -> AbstractAsyncContextManager[PipesStage]:
        return opened(self._folder, *flags, *self._flags, workers=workers, settled=self._size.settled)

    async def _shown(self, stage: PipesStage, workers: int) -> None:
        """Return when the ingress has so many workers in all clusters, and legation has nothing to do any more."""
        wanted = Counter({workers: PER_CALL * self._size.calls})
        async with asyncio.timeout(_PATIENCE):
            while await _members(stage.ingress) != wanted:  # noqa: ASYNC110 - it sets no event of ours
                await asyncio.sleep(LOOK)
        await stage.quiet(self._size.settled)

    async def _created(self, stage: PipesStage, call: Call, *, others: int = 0) -> tuple[float, float, float, int]:
        """Create a call; return after what time it is answered, taken, and the POSTs are answered, and what is lost."""
        async with AsyncExitStack() as stack:
            ports = [await stack.enter_async_context(probe(stage.ingress.address, port)) for port in call.ports]
            tries = [asyncio.create_task(each.reach(pause=CLOSE)) for each in ports]
            begun = time.time()
            await stage.create(call)
            posted = time.time()
            await asyncio.gather(*tries)
            lost = sum([await each.first_is_lost() for each in ports])
            await stage.quiet(0)
            await stage.delete(call)
            await stage.open(others)
            await stage.quiet(0)
        answered, taken = (max(moments) for moments in zip(*((p.answered_at, p.taken_at) for p in ports), strict=True))
        return answered - begun, taken - begun, posted - begun, lost

    async def _creation(self, stage: PipesStage, calls: Sequence[Call]) -> tuple[list[float], float]:
        """Create calls at a pace, until all ports are open.

        Returns:
            How long each of the last took to be answered, and how long all took to be created.
        """
        size = self._size
        watched = calls[-size.watched :]
        first = len(calls) - len(watched)
        async with AsyncExitStack() as stack:
            ports = [await stack.enter_async_context(probe(stage.ingress.address, call.ports[0])) for call in watched]
            tries: list[asyncio.Task[None]] = []

            async def create(number: int) -> None:
                if number >= first:
                    tries.append(asyncio.create_task(ports[number - first].reach(pause=WIDE)))
                await stage.create(calls[number])

            since = time.monotonic()
            begun = await at_pace(create, size.pace / 2, 2 * len(calls) / size.pace)
            posted = time.monotonic() - since
            async with asyncio.timeout(_PATIENCE):
                await asyncio.gather(*tries)
            await stage.open(len(calls))
        return [each.answered_at - start for each, start in zip(ports, begun[first:], strict=True)], posted

    async def _resting(self, stage: PipesStage, when: str, *, empty: bool = False) -> AsyncIterator[Row]:
        """Return what is held at a moment at which nothing happens; nothing of calls, where it has to be empty."""
        idle = await used(stage.server, asyncio.sleep(self._size.seconds))
        none = "0" if empty else ""
        yield Row(what=f"{when}: legation, memory", measured=f"{stage.memory():.0f} MiB")
        yield Row(what=f"{when}: legation, processor", measured=f"{idle:.1%}")
        resources = await stage.told("legation_resources")
        yield Row(what=f"{when}: legation, resources", measured=f"{resources:,.0f}", target=none)
        streams = await stage.told("legation_streams", carries=_ASSIGNMENTS)
        yield Row(what=f"{when}: legation, streams of assignments", measured=f"{streams:,.0f}", target=none)
        for pod in (stage.ingress, stage.workers[0]):
            (allocated,) = await pod.figures("server.memory_allocated")
            yield Row(what=f"{when}: Envoy of {pod.name}, memory", measured=f"{allocated / 2**20:.0f} MiB")
            what = f"{when}: Envoy of {pod.name}, listeners, draining, clusters, assignments, ports"
            yield Row(what=what, measured=str(await pod.held()), target="0, 0, 0, 0, 0" if empty else "")


def _of_one(taken: Sequence[tuple[float, float, float, int]], what: str) -> list[Row]:
    answered, listens, posted, lost = zip(*taken, strict=True)
    of = f"a call is created, {what}"
    return [
        Row(what=f"{of}: all four streams are answered", measured=spread([*answered]), target="60 ms"),
        Row(what=f"{of}: all four ports of the ingress take datagrams", measured=spread([*listens])),
        Row(what=f"{of}: the API server has answered both POSTs", measured=spread([*posted])),
        Row(
            what=f"{of}: first datagrams of {PER_CALL * len(taken)} that are lost", measured=str(sum(lost)), target="0"
        ),
    ]


def _of_responses(reader: Reader, first: int, calls: Sequence[Call], many: str) -> list[Row]:
    """Return how much responses had, and whether it was what changed and no more."""
    rows = []
    for type_url, kind in ((CLUSTER, "clusters"), (LISTENER, "listeners")):
        responses = [each for each in reader.responses[first:] if each.type_url == type_url]
        sizes = [len(each.names) for each in responses]
        told = f"{len(sizes)}, {statistics.median(sizes):.0f}, {max(sizes)}"
        rows.append(
            Row(what=f"{many} are created: responses of {kind} to a worker, median and most in one", measured=told)
        )
        wrong = _not_once(responses, [name for call in calls for name in call.names("worker")])
        rows.append(Row(what=f"{many} are created: {kind} not told exactly once", measured=str(wrong), target="0"))
    return rows


def _not_once(responses: Sequence[Response], wanted: Sequence[str]) -> int:
    told = Counter(name for each in responses for name in each.names)
    return sum(each.removed for each in responses) + sum(told[name] != 1 for name in {*told, *wanted})


def _used(stage: PipesStage, before: Mapping[str, float], what: str, calls: int = 0) -> list[Row]:
    """Return the processor time of each program since then: for a call, or in all."""
    spent = {name: seconds - before[name] for name, seconds in stage.used().items()}
    if not calls:
        told = {name: f"{seconds:.2f} s" for name, seconds in spent.items()}
        return [Row(what=f"{what}: processor time, {name}", measured=each) for name, each in told.items()]
    told = {name: f"{seconds / calls * 1000:.1f} ms" for name, seconds in spent.items()}
    return [Row(what=f"{what}: processor time for each, {name}", measured=each) for name, each in told.items()]


async def _accepted(stage: PipesStage) -> float:
    return await stage.told("legation_accepted_total", type=_ASSIGNMENTS)


async def _members(pod: EnvoyPod) -> Counter[int]:
    """Return how many clusters have how many hosts."""
    return Counter((await pod.envoy.statistics(r"^cluster[.]ingress-.*[.]membership_total$")).values())


# What is shown


def _case(choose: Callable[[Pipes], AsyncIterator[Row]]) -> Callable[[Path], Coroutine[Any, Any, None]]:
    async def measure(folder: Path) -> None:
        try:
            async for row in choose(Pipes(folder, PipesSize())):
                print(f"{row.what:<100}{row.measured:>24}{row.target:>15}", flush=True)
        except Missing as missing:
            print(f"pipes are left out: {missing}")

    return measure


PARTS = {"M1": _case(Pipes.one), "M2": _case(Pipes.many), "M3": _case(Pipes.joined)}
"""Each case by its name: it is measured in a folder, and each figure is printed as soon as it is known."""
