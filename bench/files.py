"""Files that are written from a cluster: a change until the file is there, what it costs, and what it takes to wait.

Programs run beside each other, each with objects of its own, and take turns. Time runs from just before the PATCH is
sent until the file is moved to where Envoy reads it. The API server is a real one; its work is part of every time.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from bench import files_objects as objects
from bench.changing import Change, Changer
from bench.cluster import BenchCluster, listed
from bench.files_stage import FilesSize, FilesStage, Writing
from bench.programs import memory, processor_seconds
from bench.saved import Row, spread

OTHER = "BENCH_CROSSOVER"
"""The variable that names a program with crossover's flags, to be measured beside ours."""
WARM_UP = 3
"""Changes that do not count."""
MEMORY = {"crossover": "45 MiB", "legation sync --config-maps": "90 MiB"}
"""Of those for which there is a target."""


class Files:
    """Measures one case after another, each in a cluster of its own."""

    def __init__(self, folder: Path, size: FilesSize, *, other: Path | None = None) -> None:
        """Take where to do it, how large it is, and a program with crossover's flags that is measured too."""
        self._stage = FilesStage(folder, size)
        self._size = size
        self._other = other

    async def splits(self) -> AsyncIterator[Row]:
        """L1: the weights of a TrafficSplit are patched."""
        changes = {"a TrafficSplit is patched": objects.split_patched}
        async for row in self._changed(changes, objects.files(), split=True, target="7 ms"):
            yield row

    async def config_maps(self) -> AsyncIterator[Row]:
        """L2: a ConfigMap is patched."""

        def patch(namespace: str, number: int) -> Change:
            return objects.config_map_patched(namespace, objects.ROUTES, objects.routes(number))

        async for row in self._changed({"a ConfigMap is patched": patch}, objects.files(), target="6 ms"):
            yield row

    async def large(self) -> AsyncIterator[Row]:
        """L3: a ConfigMap changes that is as large as one may be; `kubectl apply` refuses it, `replace` does not."""
        data, file = objects.large(self._size.large), objects.LARGE

        def patch(namespace: str, number: int) -> Change:
            return objects.config_map_patched(namespace, file, objects.clusters(data[file], number))

        def replace(namespace: str, number: int) -> Change:
            return objects.config_map_replaced(namespace, data, file, objects.clusters(data[file], number))

        what = f"a ConfigMap of {self._size.large / 1024:,.0f} KiB"
        changes = {f"{what} is patched": patch, f"{what} is replaced": replace}
        async for row in self._changed(changes, data, target="40 ms", rounds=self._size.large_rounds):
            yield row

    async def idle(self) -> AsyncIterator[Row]:
        """L4: nothing happens."""
        stage, data = self._stage, objects.files()
        async with stage.cluster() as cluster, AsyncExitStack() as stack:
            programs = [
                *await self._programs(stack, cluster, data, split=True),
                await stack.enter_async_context(stage.sync_node(cluster)),
            ]
            touched = [await stack.enter_async_context(stage.touches(each)) for each in programs]
            await stage.quiet(*programs)
            for each in programs:
                each.requests(cluster)
            for done in touched:
                done.clear()
            before = [processor_seconds(each.pid) for each in programs]
            begun = time.monotonic()
            await asyncio.sleep(self._size.idle)
            after = [processor_seconds(each.pid) for each in programs]
            seconds = time.monotonic() - begun
            held = [memory(each.pid) / 1024 for each in programs]
            asked = [each.requests(cluster) for each in programs]
            await stack.aclose()
        for number, each in enumerate(programs):
            yield Row(what=f"{each.name}: memory", measured=f"{held[number]:.0f} MiB", target=MEMORY.get(each.name, ""))
            what = f"{each.name}: {seconds:.0f} s idle"
            yield Row(what=f"{what}: processor", measured=f"{(after[number] - before[number]) / seconds:.2%}")
            # With --node it looks from time to time for kinds that nobody has installed yet.
            none = "0" if each.name in MEMORY else ""
            yield Row(what=f"{what}: requests beside the watches", measured=listed(asked[number]), target=none)
            yield Row(what=f"{what}: times that a file is touched", measured=str(len(touched[number])), target="0")

    async def _programs(
        self, stack: AsyncExitStack, cluster: BenchCluster, data: Mapping[str, str], *, split: bool
    ) -> list[Writing]:
        stage = self._stage
        starting = [stage.crossover(cluster, data, split=split), stage.sync(cluster, data, split=split)]
        if self._other is not None:
            starting.append(
                stage.crossover(cluster, data, split=split, program=self._other, namespace="other-crossover")
            )
        return [await stack.enter_async_context(each) for each in starting]

    async def _changed(
        self,
        changes: Mapping[str, Callable[[str, int], Change]],
        data: Mapping[str, str],
        *,
        target: str,
        split: bool = False,
        rounds: int = 0,
    ) -> AsyncIterator[Row]:
        """Make each of these changes, often: what is changed is its name, and it is given a namespace and a number."""
        rounds = rounds or self._size.rounds
        numbers = itertools.count()
        async with self._stage.cluster() as cluster, AsyncExitStack() as stack:
            programs = await self._programs(stack, cluster, data, split=split)
            changer = stack.enter_context(Changer(cluster.server))
            for what, change in changes.items():
                taken = {each: _Taken() for each in programs}
                for number in range(-WARM_UP, rounds):
                    if number == 0:
                        for each in programs:
                            each.requests(cluster)
                            taken[each].used = -processor_seconds(each.pid)
                    made = next(numbers)
                    for each in programs:
                        wanted = change(each.namespace, made)
                        # It blocks, and there is nothing else to do: who sees the file is a process of its own.
                        sent, answered = changer.make(wanted)
                        moved = await each.moved(wanted, patience=self._size.patience)
                        if number >= 0:
                            taken[each].add(sent, answered, moved)
                    # Who waits until Envoy has taken a change does not wait any more.
                    await self._stage.quiet(*programs)
                for each in programs:
                    taken[each].used += processor_seconds(each.pid)
                    asked = listed(each.requests(cluster))
                    for row in taken[each].rows(f"{each.name}: {what}", target=target):
                        yield row
                    requests = f"{each.name}: {what}: requests for {rounds}, beside the watches"
                    yield Row(what=requests, measured=asked, target="0")
                    held = f"{memory(each.pid) / 1024:.0f} MiB"
                    yield Row(what=f"{each.name}: {what}: memory after that", measured=held)


class _Taken:
    """What changes have taken."""

    def __init__(self) -> None:
        self._moved: list[float] = []
        self._answered: list[float] = []
        self._after: list[float] = []
        """How long after the API server's answer the file is there: a watch may be faster."""
        self._missed = 0
        self.used = 0.0
        """Processor time for all of them."""

    def add(self, sent: float, answered: float, moved: float | None) -> None:
        """Take the moments of one; None: the file did not come."""
        self._answered.append(answered - sent)
        if moved is None:
            self._missed += 1
        else:
            self._moved.append(moved - sent)
            self._after.append(moved - answered)

    def rows(self, what: str, *, target: str) -> list[Row]:
        """Return what is known of them."""
        count = len(self._answered)
        took, after = (spread(each) if each else "never" for each in (self._moved, self._after))
        return [
            Row(what=f"{what}: the file is there", measured=took, target=target),
            Row(what=f"{what}: the API server has answered", measured=spread(self._answered)),
            Row(what=f"{what}: from its answer to the file", measured=after),
            Row(what=f"{what}: processor for each", measured=f"{self.used / count * 1000:.1f} ms"),
            Row(what=f"{what}: of {count} are missed", measured=str(self._missed), target="0"),
        ]


# What is shown


def _case(choose: Callable[[Files], AsyncIterator[Row]]) -> Callable[[Path], Coroutine[Any, Any, None]]:
    async def measure(folder: Path) -> None:
        other = os.environ.get(OTHER)
        async for row in choose(Files(folder, FilesSize(), other=Path(other) if other else None)):
            print(f"{row.what:<95}{row.measured:>20}{row.target:>10}", flush=True)

    return measure


PARTS = {
    "L1": _case(Files.splits),
    "L2": _case(Files.config_maps),
    "L3": _case(Files.large),
    "L4": _case(Files.idle),
}
"""Each case by its name: it is measured in a folder, and each figure is printed as soon as it is known."""
