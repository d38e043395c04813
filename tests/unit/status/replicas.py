"""Other replicas, as servers on loopback addresses of their own that share one port."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

from legation.http_server import HttpServer
from legation.model.api_kinds import ApiKind
from legation.ops.replicas import replicas_app
from legation.testing.fake_kube import FakeKube
from tests.unit.ops.records import REFUSING
from tests.unit.status.worlds import FakeObjects

SLICES = ApiKind(group="discovery.k8s.io", version="v1", kind="EndpointSlice", plural="endpointslices")


@contextlib.asynccontextmanager
async def replica(objects: FakeObjects, address: str, *, port: int = 0) -> AsyncIterator[int]:
    """Serve what a replica tells, and give the port."""
    app = replicas_app(deliveries=objects.deliveries, proxies=lambda: (REFUSING,), turned_away=tuple)
    server = HttpServer(app, bind=address, port=port, setting="--replica")
    started = asyncio.Event()
    task = asyncio.create_task(server.run(started=started.set))
    try:
        await started.wait()
        yield server.port
    finally:
        task.cancel()
        await asyncio.wait([task])


def put_slice(
    kube: FakeKube, addresses: Iterable[str], *, silent: Iterable[str] = (), name: str = "legation-1"
) -> None:
    """Have the Service's Pods be these, and those who are not ready."""
    endpoints = [
        {"addresses": [each], "conditions": {"ready": ready, "serving": ready}}
        for group, ready in ((addresses, True), (silent, False))
        for each in group
    ]
    kube.put(
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"namespace": "home", "name": name, "labels": {"kubernetes.io/service-name": "legation"}},
            "addressType": "IPv4",
            "endpoints": endpoints,
        }
    )
