"""A client that polls over REST, from objects to JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from legation.control_plane import ControlPlane
from legation.model.resource_types import CLUSTER, LISTENER, ROUTE_CONFIGURATION, ResourceType
from legation.snapshot_server import SnapshotServer
from legation.sources.memory import MemorySource
from tests.features.stage import SHOP, SOON, cluster
from tests.unit.transports.http_client import Answer, post
from tests.unit.transports.loopback import until


@asynccontextmanager
async def _shop() -> AsyncIterator[tuple[ControlPlane, MemorySource]]:
    source = MemorySource()
    for body in SHOP:
        source.put(body)
    async with ControlPlane([source], xds_port=0, rest_port=0, policy=SOON) as plane:
        await plane.wait_ready()
        yield plane, source


async def _poll(port: int | None, row: ResourceType, *names: str, version: str = "") -> Answer:
    assert port
    body: dict[str, Any] = {"node": {"id": "edge"}, "resource_names": names, "version_info": version}
    return await post(port, row.rest_path, body, headers={"prefer": "wait=30"})


async def test_objects_arrive_as_json_and_a_held_poll_is_told_of_a_change() -> None:
    """Every field stands where its owner wrote it."""
    async with _shop() as (plane, source):
        said = (await _poll(plane.rest_port, LISTENER)).json()
        (front,) = said["resources"]
        assert (front["@type"], front["name"]) == (LISTENER.url, "front")
        assert front["address"] == {"socket_address": {"address": "127.0.0.1", "port_value": 10000}}
        clusters = (await _poll(plane.rest_port, CLUSTER)).json()
        held = asyncio.create_task(_poll(plane.rest_port, CLUSTER, version=clusters["version_info"]))
        await until(lambda: any(status.accepted for proxy in plane.proxies() for status in proxy.types))
        source.put(cluster("api"))
        assert [each["name"] for each in (await held).json()["resources"]] == ["api", "web"]


async def test_a_client_that_polls_is_shown_like_any_other() -> None:
    """With what it was sent, what it accepted and how it comes."""
    async with _shop() as (plane, _):
        said = (await _poll(plane.rest_port, ROUTE_CONFIGURATION, "shop")).json()
        (proxy,) = plane.proxies()
        assert (proxy.node.id, proxy.peer.transport) == ("edge", "rest")
        (status,) = proxy.types
        assert (status.type, status.sent, status.accepted) == (ROUTE_CONFIGURATION, said["version_info"], "")


async def test_raw_state_is_served_to_who_polls() -> None:
    """The lower floor has the port too."""
    async with SnapshotServer(port=0, rest_port=0) as server:
        server.set("edge", [{"@type": CLUSTER.url, "name": "web"}])
        said = (await _poll(server.rest_port, CLUSTER)).json()
        assert said["resources"] == [{"@type": CLUSTER.url, "name": "web"}]
    assert SnapshotServer().rest_port is None
