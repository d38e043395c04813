"""How long the admin pages take that tell of all resources, and for how long at most they let an Envoy wait.

A server in this process, without ports: 1,000 Envoys that hold 10,000 clusters. A page is asked for while another task
counts the longest time in which it had no turn. The smallest of some rounds is shown: other programs take turns, too.
"""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path
from typing import Any

import httpx2

from bench.saved import Row
from legation.clock import MonotonicClock
from legation.model.objects import ManifestObject
from legation.model.resource_types import CLUSTER
from legation.ops.admin import admin_app
from legation.runtime.feedback import Feedback
from legation.runtime.hub import Hub
from legation.runtime.inquiry import Inquiry
from legation.runtime.intake import Heard
from legation.runtime.served import Served
from tests.fakes import FakeClient
from tests.manifests import cluster

CLUSTERS = 10_000
ENVOYS = 1_000
ROUNDS = 5
PAGES = (
    "/resources?node=edge-7",
    "/resources?node=edge-7&config=0",
    "/objects",
    "/sent?node=edge-7",
    "/sent?node=edge-7&name=cluster-7",
    "/blame?type=cluster&name=cluster-7",
    "/blame?object=Cluster default/cluster-7",
)


async def measure(_: Path) -> None:
    """Print a row for each page."""
    for row in await rows(CLUSTERS, ENVOYS):
        print(f"{row.what:<75}{row.measured:>22}{row.target:>12}", flush=True)


async def rows(clusters: int, envoys: int) -> list[Row]:
    """Return how long each page took, and the longest wait of another task meanwhile."""
    inquiry = _inquiry(clusters, envoys)
    app = admin_app(proxies=tuple, problems=tuple, turned_away=tuple, bind="localhost", inquiry=inquiry)
    # As `legation serve` does.
    gc.collect()
    gc.freeze()
    transport = httpx2.ASGITransport(app=app)
    found = []
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
        for page in PAGES:
            rounds = [await _ask(client, page) for _ in range(ROUNDS)]
            took, waited = (min(each) * 1000 for each in zip(*rounds, strict=True))
            measured = f"{took:.0f} ms, wait {waited:.1f} ms"
            found.append(Row(what=f"{page.partition('?')[0]} {page.partition('?')[2]}".strip(), measured=measured))
    gc.unfreeze()
    return found


async def _ask(client: httpx2.AsyncClient, page: str) -> tuple[float, float]:
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            last, longest = now, max(longest, now - last)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    begun = time.perf_counter()
    async with client.stream("GET", page) as response:
        response.raise_for_status()
        async for _ in response.aiter_raw():
            pass
    took = time.perf_counter() - begun
    await asyncio.sleep(0)
    watching.cancel()
    return took, longest


def _inquiry(clusters: int, envoys: int) -> Inquiry:
    objects = {each.key: each for each in map(_cluster, range(clusters))}
    served = Served(owner=lambda _: None)
    served.update(Heard(number=1, objects=objects, problems=(), broken=frozenset()))
    feedback = Feedback(clock=MonotonicClock())
    hub = Hub(served, feedback=feedback)
    clients = [FakeClient(hub, f"edge-{number}") for number in range(envoys)]
    for each in clients:
        each.subscribe(CLUSTER)
    clients[0].take(CLUSTER)
    for each in clients[1:]:
        each.held = clients[0].held
    return Inquiry(served.trail, accounts=lambda: feedback.accounts)


def _cluster(number: int) -> ManifestObject:
    name = f"cluster-{number}"
    address = {"socket_address": {"address": f"10.0.{number // 256 % 256}.{number % 256}", "port_value": 80}}
    hosts = {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]}
    config: dict[str, Any] = {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": hosts}
    return cluster(name, config=config, file="")
