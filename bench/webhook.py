"""How long the admission webhook takes to answer beside many objects, over TLS, at rest and while others change."""

from __future__ import annotations

import asyncio
import json
import ssl
import statistics
import time
from pathlib import Path
from typing import Any

from bench.saved import Row
from legation.api.admission.deciding import Deciding
from legation.api.admission.side import AdmissionSide
from legation.api.admission.webhook import Webhook
from legation.clock import MonotonicClock
from legation.control_plane import ControlPlane
from legation.model.problems import Problem
from legation.pki import certificates
from legation.sources.memory import MemorySource
from legation.tls.material import Material
from legation.tls.shown import Shown
from legation.translate.pipeline import API_KINDS

OBJECTS = 4000
REVIEWS = 1000
CHANGES_EACH = 0.1
"""Seconds from one change of another object to the next."""
_NAMESPACE = "shop"
_LIMIT = 0.2
Object = dict[str, Any]


async def measure(_: Path) -> None:
    """Print a row for the time at rest and one for that beside changes."""
    for row in await rows(OBJECTS, REVIEWS):
        print(f"{row.what:<75}{row.measured:>22}{row.target:>12}", flush=True)


async def rows(objects: int, reviews: int) -> list[Row]:
    """Return the median, in brackets the 99th percentile, and how often it was too late."""
    source = MemorySource()
    for number in range(objects):
        source.put(_cluster(number))
    found = []
    async with ControlPlane([source], xds_port=0) as plane:
        await plane.wait_ready()
        authority = certificates.authority(now=time.time(), seconds=3600)
        async with asyncio.TaskGroup() as tasks:
            side, started = _side(plane, authority), asyncio.Event()
            running = tasks.create_task(side.run(started=started.set))
            await started.wait()
            found.append(await _row("at rest", side.port, authority, objects=objects, reviews=reviews))
            changing = tasks.create_task(_change(source))
            found.append(await _row("while others change", side.port, authority, objects=objects, reviews=reviews))
            changing.cancel()
            running.cancel()
    return found


async def _row(when: str, port: int, authority: certificates.Pair, *, objects: int, reviews: int) -> Row:
    trusted = ssl.create_default_context(cadata=authority.certificate.decode())
    reader, writer = await asyncio.open_connection("localhost", port, ssl=trusted)
    took, late = [], 0
    for number in range(reviews):
        body = _review(number, objects=objects)
        begun = time.perf_counter()
        writer.write(b"POST /validate HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        answer = await _answer(reader)
        took.append(time.perf_counter() - begun)
        late += b"could not check" in answer
    writer.close()
    median, worst = statistics.median(took), statistics.quantiles(took, n=100)[98]
    what = f"{reviews:,} reviews beside {objects:,} objects, {when}: median (99 %), late"
    return Row(what=what, measured=f"{median * 1000:.1f} ms ({worst * 1000:.1f}), {late}", target="200 ms")


async def _answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(each for each in head.lower().split(b"\r\n") if each.startswith(b"content-length:"))
    return await reader.readexactly(int(length.partition(b":")[2]))


def _side(plane: ControlPlane, authority: certificates.Pair) -> AdmissionSide:
    shown, clock = Shown(), MonotonicClock()
    pair = certificates.issue(authority, names=["localhost"], now=time.time(), seconds=3600)
    shown.show(Material(certificate=pair.certificate, key=pair.key))
    answers = Webhook(
        Deciding.of(API_KINDS),
        consider=plane.what_if,
        time_limit=_LIMIT,
        refuse_unchecked=False,
        fault=_raise,
    )
    return AdmissionSide(
        answers,
        keeper=_Nobody(),
        shown=shown,
        bind="localhost",
        port=0,
        clock=clock,
        fault=_raise,
        closed=_nothing,
    )


class _Nobody:
    """Keeps no certificate."""

    def problems(self) -> tuple[Problem, ...]:
        return ()

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()


def _raise(error: Exception) -> None:
    raise error


async def _nothing() -> None:
    """Close nothing: nobody speaks to an API server."""


async def _change(source: MemorySource) -> None:
    number = 0
    while True:
        source.put(_cluster(number % OBJECTS, timeout=f"{number % 60 + 2}s"))
        number += 1
        await asyncio.sleep(CHANGES_EACH)


def _cluster(number: int, *, timeout: str = "1s") -> Object:
    name = f"cluster-{number:05}"
    address = {"socket_address": {"address": "10.0.0.1", "port_value": 8080}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
    config = {"name": name, "type": "STATIC", "connect_timeout": timeout, "load_assignment": assignment}
    return _object("Cluster", name, config)


def _route(number: int, objects: int) -> Object:
    """Return a route to ten clusters, of which one is misspelt every other time."""
    names = [f"cluster-{(number * 7 + each) % objects:05}" for each in range(10)]
    names[0] = names[0].replace("cluster", "clutser") if number % 2 else names[0]
    routes = [{"match": {"prefix": f"/{each}"}, "route": {"cluster": each}} for each in names]
    hosts = [{"name": "all", "domains": ["*"], "routes": routes}]
    return _object("Route", f"route-{number}", {"name": f"route-{number}", "virtual_hosts": hosts})


def _object(kind: str, name: str, config: Object) -> Object:
    metadata = {"name": name, "namespace": _NAMESPACE, "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"apiVersion": "bootes.io/v1", "kind": kind, "metadata": metadata, "spec": {"config": config}}


def _review(number: int, *, objects: int) -> bytes:
    """Return a question about a changed cluster or a new route, by turns."""
    made = _route(number, objects) if number % 2 else _cluster(number % objects, timeout=f"{number + 2}s")
    before = None if number % 2 else _cluster(number % objects)
    request = {
        "uid": str(number),
        "kind": {"group": "bootes.io", "version": "v1", "kind": made["kind"]},
        "name": made["metadata"]["name"],
        "namespace": _NAMESPACE,
        "operation": "UPDATE" if before else "CREATE",
        "object": made,
        "oldObject": before,
    }
    whole = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return json.dumps(whole).encode()
