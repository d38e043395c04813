"""The management API: how long an upstream takes to reach all Envoys, and how many calls a second are stored for good.

`legation serve` keeps the objects in its own store, on the disk. Envoys are clients that ask as Envoy does: for all
clusters, for the endpoints of each, and for the one configuration of routes in which upstreams take a share.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
from prometheus_client.parser import text_string_to_metric_families

from bench.manifests import TYPE_URLS
from bench.programs import Load, Talking, finished, processor_seconds
from bench.running import Server
from bench.saved import Row, spread
from bench.side_by_side import build
from demo import web
from demo.programs import free_ports
from legation.management.v1 import management_pb2 as pb

ROUTES = "local_route"
_SERVICE = "/legation.management.v1.Management/"
_PATIENCE = 60
_WARM_UP = 3
"""Rounds that do not count."""
_A_REQUEST = 500
"""Objects that are stored with one call, to begin with."""
_REST = 0.05
"""Seconds between two changes while others call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large it is, and how long it takes."""

    envoys: int = 100
    objects: tuple[int, ...] = (100, 1000)
    rounds: int = 50
    callers: int = 64
    warm_up: float = 3.0
    seconds: float = 15.0


class Plane(Server):
    """`legation serve` with the management API and nothing else to read."""

    def __init__(self, folder: Path) -> None:
        (self.management,) = free_ports(1)
        flags = ("--state-dir", folder / "state", "--management-port", str(self.management))
        # What waits for five seconds would wait into the next round.
        super().__init__(*flags, "--removal-grace", "0.2", folder=folder)

    async def figures(self) -> Mapping[str, float]:
        """Return what its metrics tell, summed over labels."""
        page = await web.get(f"localhost:{self.health}", "/metrics")
        samples = [each for family in text_string_to_metric_families(page) for each in family.samples]
        found: dict[str, float] = {}
        for each in samples:
            found[each.name] = found.get(each.name, 0.0) + each.value
        return found


class Api:
    """A caller in this process."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        def method(name: str, answer: Any) -> Callable[[Any], Awaitable[Any]]:
            call: Callable[..., Awaitable[Any]] = channel.unary_unary(
                _SERVICE + name, request_serializer=lambda it: it.SerializeToString(), response_deserializer=answer
            )
            return lambda request: call(request, timeout=_PATIENCE)

        self.apply = method("Apply", pb.ApplyResponse.FromString)
        self.add = method("AddUpstream", pb.ApplyResponse.FromString)
        self.remove = method("RemoveUpstream", pb.DeleteResponse.FromString)
        self._wait = method("WaitAccepted", pb.WaitAcceptedResponse.FromString)

    async def accepted(self, reference: pb.ObjectReference, *, by: int) -> None:
        """Return when so many Envoys have what an object makes, and nobody is waited for."""
        request = pb.WaitAcceptedRequest(objects=[reference], at_least=by)
        request.timeout.FromSeconds(_PATIENCE)
        answer = await self._wait(request)
        if not answer.accepted or len(answer.accepted_by) < by:
            raise RuntimeError(f"not accepted: {str(answer)[:500]}")


class Calling(Talking):
    """The many callers."""

    async def go_on(self, seconds: float) -> Mapping[str, Any]:
        """Have them call for so long; return what became of it."""
        self.tell(f"{seconds}s")
        answer: Mapping[str, Any] = json.loads(await self.said())
        return answer


class Cases:
    """Measures in a folder."""

    def __init__(self, programs: Path, folder: Path, size: Size) -> None:
        """Take where the programs in Go are."""
        self._programs = programs
        self._folder = folder
        self._size = size

    async def upstreams(self) -> AsyncIterator[Row]:
        """N1: an upstream is added and removed, beside few objects and beside many."""
        size = self._size
        for count in size.objects:
            async with self._opened(count) as (server, api, load):
                added, seen, gone, used = [], [], [], []
                for number in range(_WARM_UP + size.rounds):
                    name = f"up-new-{number:03}"
                    load.tell(name)
                    await load.seen()
                    before, begun = processor_seconds(server.pid), time.time()
                    done = await api.add(_added(name))
                    await api.accepted(done.applied[0].object, by=size.envoys)
                    added.append(time.time() - begun)
                    seen.append((await load.seen()).last - begun)
                    used.append(await finished(server.pid) - before)
                    begun = time.time()
                    left = await api.remove(pb.RemoveUpstreamRequest(name=name))
                    (lost,) = left.deleted
                    lost.resource_version = ""
                    await api.accepted(lost, by=0)
                    gone.append(time.time() - begun)
                    await finished(server.pid)
            beside = f"beside {count:,} objects, {size.envoys} Envoys"
            counted = slice(_WARM_UP, None)
            yield Row(what=f"AddUpstream to the last ACK, {beside}", measured=spread(added[counted]), target="50 ms")
            yield Row(what=f"of that, until the last Envoy has the route, {beside}", measured=spread(seen[counted]))
            yield Row(what=f"processor time of that, {beside}", measured=spread(used[counted]))
            yield Row(what=f"RemoveUpstream until nobody has it, {beside}", measured=spread(gone[counted]))

    async def calls(self) -> AsyncIterator[Row]:
        """N2: many call at once, each with another change of one object."""
        size, count = self._size, self._size.objects[-1]
        async with self._opened(count) as (server, api, load), self._calling(server, count) as calling:
            await calling.go_on(size.warm_up)
            await load.counted()
            figures, before = await server.figures(), processor_seconds(server.pid)
            going = asyncio.create_task(calling.go_on(size.seconds))
            took = await _changed_meanwhile(api, going, envoys=size.envoys)
            done = await going
            busy = (processor_seconds(server.pid) - before) / done["seconds"]
            since = {name: each - figures.get(name, 0.0) for name, each in (await server.figures()).items()}
            got = await load.counted()
        if done["failed"]:
            raise RuntimeError(f"{done['failed']} calls failed: {done['words']}")
        seconds = done["seconds"]
        yield Row(
            what=f"{size.callers} callers, {count:,} objects, {size.envoys} Envoys: Apply calls a second",
            measured=f"{done['calls'] / seconds:,.0f}",
            target="1,000",
        )
        times = f"{done['median'] / 1e6:.0f} ms ({done['worst'] / 1e6:.0f})"
        yield Row(what="one call: median (99 %)", measured=times)
        fsyncs, written = since["legation_store_fsyncs_total"], since["legation_store_written_bytes_total"]
        shared = since["legation_store_transactions_total"] / fsyncs
        yield Row(what="fsyncs a second", measured=f"{fsyncs / seconds:.0f}")
        yield Row(what="calls that share an fsync", measured=f"{shared:.1f}")
        yield Row(what="written to the journal a second", measured=f"{written / seconds / 1e6:.2f} MB")
        updates = since["legation_update_duration_seconds_count"]
        yield Row(what="updates a second", measured=f"{updates / seconds:.1f}")
        mean = since["legation_update_duration_seconds_sum"] / max(updates, 1)
        yield Row(what="one of these: mean", measured=f"{mean * 1000:.0f} ms")
        yield Row(
            what="responses a second to an Envoy, the one with fewest and most",
            measured=f"{got.fewest / seconds:.1f}, {got.most / seconds:.1f}",
        )
        yield Row(what="processor", measured=f"{busy:.2f} cores")
        if took:
            yield Row(what="meanwhile: an upstream's other host to the last ACK", measured=spread(took))

    @asynccontextmanager
    async def _opened(self, count: int) -> AsyncIterator[tuple[Plane, Api, Load]]:
        """Give a server with so many objects, a caller, and Envoys that have all of them."""
        folder = self._folder / f"{count}-{time.monotonic_ns()}"
        folder.mkdir()
        with Plane(folder) as server:
            await server.ready()
            async with grpc.aio.insecure_channel(f"127.0.0.1:{server.management}") as channel:
                api = Api(channel)
                objects = [_routes(), *(_upstream(number) for number in range(count - 1))]
                for begin in range(0, len(objects), _A_REQUEST):
                    await api.apply(pb.ApplyRequest(items=map(_item, objects[begin : begin + _A_REQUEST])))
                async with self._envoys(server, clusters=count) as load:
                    await load.seen()
                    await asyncio.sleep(1)
                    await finished(server.pid)
                    yield server, api, load

    @asynccontextmanager
    async def _envoys(self, server: Plane, *, clusters: int) -> AsyncIterator[Load]:
        flags = (
            f"-clients={self._size.envoys}",
            f"-clusters={clusters}",
            f"-endpoints={clusters - 1}",
            f"-route={ROUTES}",
            "-follow=up-",
            f"-in={TYPE_URLS['Route']}",
            "-parallel=16",
        )
        address, log = f"-address=127.0.0.1:{server.xds}", self._folder / "load.log"
        async with Load.started(self._programs / "load", address, *flags, log=log) as load:
            yield load

    @asynccontextmanager
    async def _calling(self, server: Plane, count: int) -> AsyncIterator[Calling]:
        callers = self._size.callers
        file = self._folder / f"messages-{count}"
        with file.open("wb") as messages:
            # Of one object a caller sends the one, then the other.
            for port in (8081, 8082):
                for number in range(callers * ((count - 1) // callers)):
                    request = pb.ApplyRequest(items=[_item(_upstream(number, port=port))], field_manager="legation")
                    encoded = request.SerializeToString()
                    messages.write(struct.pack(">I", len(encoded)) + encoded)
        flags = (f"-address=127.0.0.1:{server.management}", f"-callers={callers}", f"-messages={file}")
        log = self._folder / "calls.log"
        async with Calling.started(self._programs / "calls", *flags, log=log) as calling:
            await calling.said()
            yield calling


async def _changed_meanwhile(api: Api, going: asyncio.Task[Any], *, envoys: int) -> list[float]:
    """Give an upstream another host again and again; return how long each took to be accepted."""
    took: list[float] = []
    for number in itertools.count():
        begun = time.time()
        done = await api.add(_added("up-probe", port=9000 + number % 1000))
        await api.accepted(done.applied[0].object, by=envoys)
        if going.done():
            return took
        if number:
            took.append(time.time() - begun)
        await asyncio.sleep(_REST)
    raise AssertionError


# What is stored


def _routes() -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "base"}}
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    assignment = {"cluster_name": "base", "endpoints": []}
    resources = [
        {"@type": TYPE_URLS["Route"], "name": ROUTES, "virtual_hosts": [host]},
        {"@type": TYPE_URLS["Cluster"], "name": "base", "type": "STATIC", "load_assignment": assignment},
    ]
    return _manifest("EnvoyResources", "base", {"resources": resources})


def _upstream(number: int, *, port: int = 8080) -> dict[str, Any]:
    host = {"address": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "port": port}
    spec = {"hosts": [host], "cluster": {"connect_timeout": "1s", "lb_policy": "LEAST_REQUEST"}}
    return _manifest("Upstream", f"up-{number:05}", spec)


def _manifest(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "legation.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def _item(manifest: dict[str, Any]) -> pb.Item:
    item = pb.Item()
    item.object.update(manifest)
    return item


def _added(name: str, *, port: int = 8080) -> pb.AddUpstreamRequest:
    hosts = [pb.Host(address="10.200.0.1", port=port)]
    return pb.AddUpstreamRequest(name=name, hosts=hosts, weight=5, routes=[pb.RouteReference(configuration=ROUTES)])


def _case(choose: Callable[[Cases], AsyncIterator[Row]]) -> Callable[[Path], Coroutine[Any, Any, None]]:
    async def measure(folder: Path) -> None:
        programs = folder / "programs"
        programs.mkdir()
        build(programs)
        async for row in choose(Cases(programs, folder, Size())):
            print(f"{row.what:<85}{row.measured:>22}{row.target:>12}", flush=True)

    return measure


PARTS = {"N1": _case(Cases.upstreams), "N2": _case(Cases.calls)}
