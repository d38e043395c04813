"""Where things come from, joined with what Envoys said."""

from __future__ import annotations

import pytest

from legation.model.resource_types import CLUSTER
from legation.model.trail import AskedNode, NodeResources, SentState
from legation.runtime.admission import Rules
from tests.manifests import cluster, manifest
from tests.small_cluster import SmallCluster
from tests.unit.runtime.trail_world import World, web


def names(found: NodeResources) -> list[tuple[str, str]]:
    return [(each.resource.type.name, each.resource.name) for each in found.resources]


def test_a_node_that_is_not_connected_gets_what_its_namespace_and_labels_select() -> None:
    edge = manifest(
        "Cluster",
        "edge",
        namespace="shop",
        spec={
            "workloadSelector": {"labels": {"app": "edge"}},
            "config": {"name": "edge", "type": "STATIC", "connect_timeout": "1s"},
        },
    )
    world = World(web(), edge)
    assert names(world.of_node("any.shop")) == [("Cluster", "web")]
    found = world.of_node("any.shop", labels={"app": "edge", "other": "label"})
    assert names(found) == [("Cluster", "edge"), ("Cluster", "web")]
    assert (found.group, found.connected) == ("shop/app=edge", False)
    assert names(world.of_node("any", namespace="shop")) == [("Cluster", "web")]
    assert names(world.of_node("any.elsewhere")) == []


def test_a_connected_node_gets_what_its_group_gets() -> None:
    world = World(web())
    world.envoy("edge.shop")
    assert world.of_node("edge.shop").connected
    assert not world.of_node("edge.shop", labels={"app": "x"}).connected


def test_a_node_whose_pod_nobody_knows_is_told_of() -> None:
    kube = SmallCluster()
    world = World(web(), kube=kube)
    found = world.inquiry.of_node(AskedNode(id="edge-1.shop"))
    assert isinstance(found, str)
    assert "nobody knows a Pod for the node id 'edge-1.shop'" in found


async def test_an_envoy_is_told_with_what_it_has_since_when_and_what_it_refuses() -> None:
    world = World(web())
    envoy = world.envoy()
    envoy.subscribe(CLUSTER)
    (to,) = world.inquiry.sent("edge.shop")
    (sent,) = to.resources
    assert (sent.state, sent.held, sent.since) == (SentState.WAITING, None, None)

    envoy.take(CLUSTER)
    await world.clock.advance(5)
    (to,) = world.inquiry.sent("edge.shop")
    (sent,) = to.resources
    assert (sent.state, sent.since) == (SentState.ACCEPTED, 5.0)

    world.let(web(2))
    envoy.refuse(envoy.is_sent(CLUSTER), "it is too blue")
    (to,) = world.inquiry.sent("edge.shop")
    (sent,) = to.resources
    assert (sent.state, sent.words, sent.since) == (SentState.REFUSED, "it is too blue", 5.0)
    assert sent.wanted is not None
    assert sent.held is not None
    assert sent.held.version != sent.wanted.resource.version

    world.let()
    (to,) = world.inquiry.sent("edge.shop")
    (sent,) = to.resources
    assert (sent.state, sent.wanted) == (SentState.LEAVING, None)
    assert list(world.inquiry.sent("other.shop")) == []


def spread(world: World) -> tuple[int, int, int, list[int]]:
    (blamed,) = world.inquiry.blame_resource(CLUSTER, "web")
    told = blamed.spread
    return told.concerned, told.accepted, told.refused, sorted(told.versions.values())


def test_who_has_a_resource_is_counted() -> None:
    world = World(web())
    one, two, three = (world.envoy(f"{each}.shop") for each in ("one", "two", "three"))
    assert spread(world) == (0, 0, 0, [])
    for each in (one, two):
        each.subscribe(CLUSTER)
        each.take(CLUSTER)
    assert spread(world) == (2, 2, 0, [2])
    three.subscribe(CLUSTER)
    assert spread(world) == (3, 2, 0, [1, 2])

    world.let(web(2))
    one.take(CLUSTER)
    two.refuse(two.is_sent(CLUSTER), "it is too blue")
    (blamed,) = world.inquiry.blame_resource(CLUSTER, "web")
    assert [(each.node, each.words) for each in blamed.spread.refusals] == [("two.shop", "it is too blue")]
    assert blamed.spread.behind == ("three.shop", "two.shop")

    world.let()
    (blamed,) = world.inquiry.blame_resource(CLUSTER, "web")
    assert blamed.traced is None
    assert blamed.spread.concerned == 2


def test_who_gets_another_resource_of_the_name_is_not_counted() -> None:
    world = World(web(), cluster("web", config={"name": "web", "type": "STATIC"}, namespace="far"))
    for node in ("one.shop", "two.shop", "three.far"):
        envoy = world.envoy(node)
        envoy.subscribe(CLUSTER)
        envoy.take(CLUSTER)
    found = {each.traced.namespace: each for each in world.inquiry.blame_resource(CLUSTER, "web") if each.traced}
    assert {namespace: each.spread.concerned for namespace, each in found.items()} == {"shop": 2, "far": 1}


def test_an_object_for_every_namespace_has_one_resource() -> None:
    kinds = frozenset({("bootes.io", "Cluster")})
    world = World(
        manifest(
            "Cluster",
            "edge",
            namespace="shop",
            spec={
                "workloadSelector": {"labels": {"app": "edge", "tier": "front"}},
                "config": {"name": "edge", "type": "STATIC", "connect_timeout": "1s"},
            },
        ),
        rules=Rules(any_label=kinds),
    )
    envoy = world.envoy("one.far", app="edge", tier="front")
    envoy.subscribe(CLUSTER)
    envoy.take(CLUSTER)
    (found,) = world.inquiry.blame_resource(CLUSTER, "edge")
    assert found.spread.concerned == 1


@pytest.mark.parametrize("kind", ["Cluster", "cluster"])
@pytest.mark.parametrize("namespace", ["shop", ""])
def test_an_object_leads_to_its_resources(kind: str, namespace: str) -> None:
    world = World(web())
    ((traced, blamed),) = world.inquiry.blame_object(kind, namespace, "web")
    assert traced.served
    assert [(each.type, each.name) for each in blamed] == [(CLUSTER, "web")]
    assert list(world.inquiry.blame_object(kind, "elsewhere", "web")) == []
