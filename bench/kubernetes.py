"""legation in a Kubernetes cluster: a change of an object until all Envoys have it, the start, endpoints, and Pods.

Objects are changed in a real API server, whose work is part of every time. The clients are those of the comparison.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from bench import cluster_objects as objects
from bench import manifests, side_by_side
from bench.cluster import JSON_PATCH, MERGE_PATCH, BenchCluster, listed
from bench.kubernetes_stage import Size, Stage, at_pace, used
from bench.programs import Counted, Load, finished, memory, peak_memory, processor_seconds
from bench.running import Server
from bench.saved import Row, spread

TARGETS = {100: "40 ms", 1000: "60 ms"}
"""From the change of one of so many objects until the last of all Envoys has it."""
LISTENERS = 5
"""With as many routes; all other objects are clusters."""
WARM_UP = 3
"""Changes that do not count."""
OF_STATUS = ("status", "events", "leases")
"""What legation writes by itself."""
CHANGES_A_SECOND = 10
CHURN_A_SECOND = 100
MARKS_A_SECOND = 20


class Kubernetes:
    """Measures one case after another, each in a cluster of its own."""

    def __init__(self, programs: Path, folder: Path, size: Size, *flags: str) -> None:
        """Take what `Stage` takes."""
        self._stage = Stage(programs, folder, size, *flags)
        self._size = size
        self._numbers = itertools.count()

    async def patches(self) -> AsyncIterator[Row]:
        """K1: one object of many is patched."""
        size = self._size
        async with self._stage.cluster() as cluster:
            await cluster.create(objects.PODS, map(objects.pod, range(size.envoys)), status=True)
            await self._rest(cluster)
            held = 0
            for count in size.objects:
                clusters = count - 2 * LISTENERS
                await cluster.create(objects.CLUSTERS, objects.clusters(range(held, clusters)))
                held = clusters
                async with (
                    self._stage.legation(cluster) as server,
                    self._stage.clients(server, f"-clusters={clusters}", f"-listeners={LISTENERS}") as load,
                ):
                    await load.seen()
                    await self._stage.quiet(server)
                    async for row in self._patched(cluster, server, load, count=count, clusters=clusters):
                        yield row

    async def starts(self) -> AsyncIterator[Row]:
        """K2: it starts with everything there, and Envoys connect meanwhile and during changes."""
        size = self._size
        count = size.objects[-1]
        clusters = count - 2 * LISTENERS
        wanted = (f"-clusters={clusters}", f"-listeners={LISTENERS}")
        what = f"{count:,} objects, {size.pods:,} Pods, {size.envoys} Envoys"
        async with self._stage.cluster() as cluster:
            await cluster.create(objects.PODS, map(objects.pod, range(size.pods)), status=True)
            await self._rest(cluster)
            await cluster.create(objects.CLUSTERS, objects.clusters(range(clusters)))
            took, all_served, held, peak = [], [], [], []
            for _ in range(size.starts):
                begun = time.time()
                async with (
                    self._stage.legation(cluster, ready=False) as server,
                    self._stage.clients(server, *wanted, "-parallel=0", "-over=3s") as load,
                ):
                    await server.ready()
                    took.append(time.time() - begun)
                    all_served.append((await load.seen()).last - begun)
                    await self._stage.quiet(server)
                    held.append(memory(server.pid) / 1024)
                    peak.append(peak_memory(server.pid) / 1024)
            yield Row(what=f"start to ready, {what}", measured=f"{statistics.median(took):.1f} s", target="5 s")
            yield Row(
                what="start until all of these Envoys have all", measured=f"{statistics.median(all_served):.1f} s"
            )
            yield Row(what="memory then", measured=f"{statistics.median(held):.0f} MiB", target="150 MiB")
            yield Row(what="the most that it had till then", measured=f"{statistics.median(peak):.0f} MiB")
            async with self._stage.legation(cluster, ready=False) as server:
                yield await self._connected(server, *wanted, "-parallel=0", "-over=4s", when="during the start")
                await self._stage.quiet(server)
                changing = asyncio.create_task(at_pace(partial(self._mark, cluster, clusters), MARKS_A_SECOND))
                yield await self._connected(server, *wanted, "-parallel=16", "-leave", when="during changes")
                assert not changing.done()
                changing.cancel()
                await asyncio.wait([changing])

    async def endpoints(self) -> AsyncIterator[Row]:
        """K3: an EndpointSlice changes all the time."""
        size = self._size
        half = size.envoys // 2
        async with self._stage.cluster() as cluster:
            await cluster.create(objects.PODS, map(objects.pod, range(size.envoys)), status=True)
            await cluster.create(objects.SERVICES, [objects.service()])
            await cluster.create(objects.SLICES, [objects.endpoint_slice(size.endpoints)])
            await cluster.create(objects.CLUSTERS, [objects.of_service()])
            one = ("-clusters=1", f"-clients={half}")
            async with (
                self._stage.legation(cluster) as server,
                self._stage.clients(server, *one, "-endpoints=1", f"-ask={objects.EDS_NAME}") as asking,
                self._stage.clients(server, *one, f"-from={half}") as others,
            ):
                await asking.seen()
                await others.seen()
                await self._stage.quiet(server)
                await asyncio.gather(asking.counted(), others.counted())
                before, since = processor_seconds(server.pid), time.monotonic()
                begun = await at_pace(partial(self._move, cluster), CHANGES_A_SECOND, size.seconds)
                seconds = time.monotonic() - since
                busy = (await finished(server.pid) - before) / seconds
                got, silent = await asking.counted(), await others.counted()
            what = f"{len(begun)} changes of {size.endpoints:,} endpoints in {seconds:.0f} s"
            for row in _exactly_once(got, begun, what=what):
                yield row
            yield Row(what=f"the {half} that did not ask: messages", measured=str(silent.most), target="0")
            yield Row(what="processor", measured=f"{busy:.2f} cores", target="0.5 cores")

    async def churn(self) -> AsyncIterator[Row]:
        """K4: Pods change all the time, in what means nothing for Envoys."""
        size = self._size
        async with self._stage.cluster() as cluster:
            await cluster.create(objects.PODS, map(objects.pod, range(size.many_pods)), status=True)
            await cluster.create(objects.CLUSTERS, objects.clusters(range(20)))
            async with self._stage.legation(cluster) as server, self._stage.clients(server, "-clusters=20") as load:
                await load.seen()
                await self._stage.quiet(server)
                yield Row(what=f"{size.many_pods:,} Pods: memory", measured=f"{memory(server.pid) / 1024:.0f} MiB")
                idle = await used(server, asyncio.sleep(size.seconds / 2))
                yield Row(what="processor, idle", measured=f"{idle:.1%}")
                for what, change in (("status", self._churn), ("label", self._relabel)):
                    await load.counted()
                    busy = await used(server, at_pace(partial(change, cluster), CHURN_A_SECOND, size.seconds / 2))
                    got = await load.counted()
                    yield Row(what=f"{CHURN_A_SECOND} changes of {what} a second: processor", measured=f"{busy:.1%}")
                    yield Row(
                        what=f"{CHURN_A_SECOND} changes of {what} a second: messages",
                        measured=str(got.most),
                        target="0",
                    )

    # What happens in the cluster

    async def _rest(self, cluster: BenchCluster) -> None:
        """Create the objects that are not clusters."""
        numbers = range(LISTENERS)
        await cluster.create(objects.ROUTES, [objects.raw("Route", manifests.route(each)) for each in numbers])
        listeners = [objects.raw("Listener", manifests.listener(each)) for each in numbers]
        await cluster.create(objects.LISTENERS, listeners)

    async def _mark(self, cluster: BenchCluster, clusters: int, number: int) -> None:
        mark = f"mark-{next(self._numbers):06}-of-the-benchmark"
        name = manifests.name_of((number * 379 + 17) % clusters)
        await cluster.patch(f"{objects.CLUSTERS}/{name}", objects.marked(mark))

    async def _move(self, cluster: BenchCluster, number: int) -> None:
        change = objects.moved(number, self._size.endpoints)
        await cluster.patch(f"{objects.SLICES}/{objects.SLICE}", change, JSON_PATCH)

    async def _churn(self, cluster: BenchCluster, number: int) -> None:
        name = objects.pod_name(number * 379 % self._size.many_pods)
        await cluster.patch(f"{objects.PODS}/{name}/status", objects.meaningless(f"change {number}"), MERGE_PATCH)

    async def _relabel(self, cluster: BenchCluster, number: int) -> None:
        name = objects.pod_name(number * 379 % self._size.many_pods)
        await cluster.patch(f"{objects.PODS}/{name}", objects.relabelled(f"r{number}"), MERGE_PATCH)

    # What is measured

    async def _patched(
        self, cluster: BenchCluster, server: Server, load: Load, *, count: int, clusters: int
    ) -> AsyncIterator[Row]:
        size, before = self._size, 0.0
        took, middle, answered, sent = [], [], [], []
        for number in range(WARM_UP + size.rounds):
            if number == WARM_UP:
                cluster.requests()
                before = processor_seconds(server.pid)
            await load.counted()
            mark = f"mark-{count}-{number:03}-of-the-benchmark"
            load.tell(mark)
            await load.seen()
            name = manifests.name_of((number * 379 + 17) % clusters)
            begun = time.time()
            patching = cluster.patch(f"{objects.CLUSTERS}/{name}", objects.marked(mark))
            seen, answer = await asyncio.gather(load.seen(), _done_at(patching))
            await finished(server.pid)
            if number >= WARM_UP:
                took.append(seen.last - begun)
                middle.append(seen.median - begun)
                answered.append(answer - begun)
                sent.append((await load.counted()).bytes)
        busy = await finished(server.pid) - before
        await asyncio.sleep(size.settled)
        asked = cluster.requests()
        of = f"one of {count:,} objects is patched"
        yield Row(what=f"{of}: the last Envoy has it", measured=spread(took), target=TARGETS.get(count, ""))
        yield Row(what=f"{of}: the median Envoy has it", measured=spread(middle))
        yield Row(what=f"{of}: the API server has answered", measured=spread(answered))
        yield Row(what=f"{of}: sent to all Envoys", measured=f"{max(sent) / 1000:.0f} kB", target="100 kB")
        yield Row(what=f"{of}: processor for each", measured=f"{busy / size.rounds * 1000:.1f} ms")
        allowed = Counter({what: asked.pop(what, 0) for what in OF_STATUS})
        yield Row(
            what=f"{size.rounds} patches of {count:,}: requests beside watches and status",
            measured=listed(asked),
            target="0",
        )
        yield Row(what=f"{size.rounds} patches of {count:,}: requests for status", measured=listed(allowed))

    async def _connected(self, server: Server, *flags: str, when: str) -> Row:
        """Return how many of those who connect, half of them in state of the world, had a first answer without all."""
        count = self._size.connects
        half = count // 2
        async with (
            self._stage.clients(server, *flags, f"-clients={half}") as delta,
            self._stage.clients(server, *flags, f"-clients={half}", f"-from={half}", "-sotw") as sotw,
        ):
            seen = await asyncio.gather(delta.seen(), sotw.seen())
            partial_ones = sum([(await each.counted()).partial for each in (delta, sotw)])
        took = max(each.last for each in seen) - min(each.began for each in seen)
        what = f"{count:,} connect {when}, in {took:.1f} s: first answers that lack something"
        return Row(what=what, measured=str(partial_ones), target="0")


def _exactly_once(got: Counted, begun: list[float], *, what: str) -> list[Row]:
    count = len(begun)
    once = got.fewest == got.most == got.versions == count
    told = f"{got.fewest} to {got.most}, {got.versions} versions"
    rows = [Row(what=f"{what}: messages to each who asked", measured=told)]
    rows.append(Row(what="each change came exactly once", measured="yes" if once else "NO", target="yes"))
    if once:
        took = [arrived - start for arrived, start in zip(got.arrivals, begun, strict=True)]
        rows.append(Row(what="from the change until the last of them has it", measured=spread(took)))
    return rows


async def _done_at(work: Awaitable[None]) -> float:
    """Return when it was done, by the system's clock."""
    await work
    return time.time()


# What is shown


def _case(choose: Callable[[Kubernetes], AsyncIterator[Row]]) -> Callable[[Path], Coroutine[Any, Any, None]]:
    async def measure(folder: Path) -> None:
        await asyncio.to_thread(side_by_side.build, folder / "programs")
        seconds = float(os.environ.get("BENCH_SECONDS") or Size().seconds)
        async for row in choose(Kubernetes(folder / "programs", folder, Size(seconds=seconds))):
            print(f"{row.what:<85}{row.measured:>30}{row.target:>10}", flush=True)

    return measure


PARTS = {
    "K1": _case(Kubernetes.patches),
    "K2": _case(Kubernetes.starts),
    "K3": _case(Kubernetes.endpoints),
    "K4": _case(Kubernetes.churn),
}
"""Each case by its name: it is measured in a folder, and each figure is printed as soon as it is known."""
