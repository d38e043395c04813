"""A SnapshotServer on a real port: what a program sets is what an Envoy has."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.service.discovery.v3.discovery_pb2 import Resource as Expiring
from google.protobuf.duration_pb2 import Duration

from legation.model.node import Node
from legation.model.resource_types import CLUSTER
from legation.snapshot_server import SnapshotServer
from legation.testing import FakeEnvoy, ManualClock
from tests.features.stage import SHOP, SOON

MESSAGES = {
    "Listener": "envoy.config.listener.v3.Listener",
    "Route": "envoy.config.route.v3.RouteConfiguration",
    "Cluster": "envoy.config.cluster.v3.Cluster",
    "Endpoint": "envoy.config.endpoint.v3.ClusterLoadAssignment",
}
RAW_SHOP: list[dict[str, Any]] = [
    {"@type": f"type.googleapis.com/{MESSAGES[each['kind']]}", **each["spec"]["config"]} for each in SHOP
]


def server() -> SnapshotServer:
    return SnapshotServer(bind="127.0.0.1", port=0, policy=SOON)


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_the_whole_state_of_a_node_is_set_in_one_call(*, delta: bool) -> None:
    async with server() as serving:
        serving.set("edge", RAW_SHOP)
        async with FakeEnvoy(f"127.0.0.1:{serving.port}", node="edge", delta=delta) as envoy:
            await envoy.has("routes", {"shop"})
            assert str(await serving.wait_accepted("edge", timeout=10)) == "accepted by edge"
            serving.set("edge", [Cluster(name="alone")])
            await envoy.has("clusters", {"alone"})
            envoy.finish_draining()
            assert await serving.wait_accepted("edge", timeout=10)
            assert set(envoy.holds("listeners")) == set()


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_an_envoy_whose_group_is_cleared_keeps_what_it_has_and_gets_what_is_set_next(*, delta: bool) -> None:
    async with server() as serving:
        serving.set("edge", [Cluster(name="one")])
        async with FakeEnvoy(f"127.0.0.1:{serving.port}", node="edge", delta=delta) as envoy:
            await envoy.has("clusters", {"one"})
            serving.clear("edge")
            serving.set("edge", [Cluster(name="two")])
            await envoy.has("clusters", {"two"})


async def test_the_version_on_the_wire_is_the_callers() -> None:
    async with server() as serving:
        serving.set("edge", [Cluster(name="one")], version="v1")
        async with FakeEnvoy(f"127.0.0.1:{serving.port}", node="edge") as envoy:
            await envoy.has("clusters", {"one"})
            await serving.wait_accepted("edge", timeout=10)
            (proxy,) = serving.proxies()
            versions = {each.type.name: (each.sent, each.accepted) for each in proxy.types}
            assert versions["Cluster"] == ("v1", "v1")


async def test_who_refuses_is_told_with_the_reason() -> None:
    async with server() as serving:
        serving.set("edge", [Cluster(name="one")])
        async with FakeEnvoy(f"127.0.0.1:{serving.port}", node="edge") as envoy:
            envoy.refuse("clusters", "bad", "no")
            await envoy.has("clusters", {"one"})
            serving.update("edge", Cluster(name="bad"))
            answer = await serving.wait_accepted("edge", timeout=10)
            assert str(answer) == 'edge refuses Cluster "bad": Error adding/updating cluster(s) bad: no'


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_what_expires_is_renewed_for_an_envoy_that_lets_it_expire(*, delta: bool) -> None:
    wrapped = Expiring(ttl=Duration(seconds=30))
    wrapped.resource.Pack(Cluster(name="mortal"))
    clock = ManualClock()
    features = frozenset({"xds.config.supports-resource-ttl", "xds.config.resource-in-sotw"})
    serving = SnapshotServer(bind="127.0.0.1", port=0, policy=SOON, clock=clock)
    serving.set("edge", [wrapped, Cluster(name="immortal")])
    serving.set("plain", [wrapped])
    async with serving:
        address = f"127.0.0.1:{serving.port}"
        async with (
            FakeEnvoy(address, node=Node(id="edge", features=features), delta=delta) as envoy,
            FakeEnvoy(address, node="plain", delta=delta) as plain,
        ):
            await envoy.has("clusters", {"immortal", "mortal"})
            await plain.has("clusters", {"mortal"})
            assert await serving.wait_accepted("edge", timeout=10)
            told = [each for each in envoy.responses if each.type is CLUSTER]
            assert [each.ttls for each in told] == [{"mortal": 30.0}]
            await clock.advance(10)
            await envoy.until(
                lambda: [each.ttls for each in envoy.responses if each.type is CLUSTER] == [{"mortal": 30.0}] * 2,
                "its cluster to be renewed",
            )
            last = [each for each in envoy.responses if each.type is CLUSTER][-1]
            assert (last.renewed, last.names) == ((("mortal",), ()) if delta else ((), ("immortal", "mortal")))
            assert set(envoy.holds("clusters")) == {"immortal", "mortal"}
            assert not any(each.ttls for each in plain.responses)
