"""Where resources come from, and who has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from legation.model.node import Node
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from legation.model.trail import AskedNode, NodeResources, SentState
from legation.runtime.admission import Rules
from legation.runtime.feedback import Feedback
from legation.runtime.hub import Hub
from legation.runtime.intake import Heard
from legation.runtime.served import Served
from legation.runtime.trails import Trails
from legation.testing import ManualClock
from tests.fakes import FakeClient
from tests.manifests import cluster, manifest
from tests.small_cluster import SmallCluster
from tests.unit.runtime.by_name_world import ECHO, eds
from tests.unit.translate.pairs import NOW

EDS = CLUSTER_LOAD_ASSIGNMENT


class Owner:
    """A source that knows the line of each field: that of the object and one more for each part of its path."""

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:
        return None if place is None else Place(place.file, place.line + len(path), 1)


class World:
    """A server without ports, and Envoys without streams."""

    def __init__(self, *objects: ManifestObject, kube: SmallCluster | None = None, rules: Rules | None = None) -> None:
        owner: Any = Owner()
        self.clock = ManualClock()
        self.served = Served(owner=lambda _: owner, rules=rules, unix_time=lambda: NOW)
        self.feedback = Feedback(clock=self.clock)
        self.hub = Hub(self.served, feedback=self.feedback)
        self.trails = Trails(self.served.trail, accounts=lambda: self.feedback.accounts)
        self.kube = kube
        self.let(*objects)

    def let(self, *objects: ManifestObject) -> None:
        known = {each.key: each for each in objects}
        kube = self.kube.now() if self.kube is not None else None
        heard = Heard(number=1, objects=known, problems=(), broken=frozenset(), cluster=kube)
        if self.served.update(heard):
            self.hub.reseat()
        else:
            self.hub.publish()

    def envoy(self, node: str = "edge.shop", **labels: str) -> FakeClient:
        return FakeClient(self.hub, Node(id=node, metadata={"labels": labels}))

    def of_node(self, node: str, *, namespace: str = "", labels: Mapping[str, str] | None = None) -> NodeResources:
        found = self.trails.of_node(AskedNode(id=node, namespace=namespace, labels=labels or {}))
        assert isinstance(found, NodeResources)
        return found


def web(seconds: int = 1, *, file: str = "web.yaml", **fields: Any) -> ManifestObject:
    config = {"name": "web", "type": "STATIC", "connect_timeout": f"{seconds}s"}
    return cluster("web", config=config, file=file, line=12, namespace="shop", **fields)


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
    found = world.trails.of_node(AskedNode(id="edge-1.shop"))
    assert isinstance(found, str)
    assert "nobody knows a Pod for the node id 'edge-1.shop'" in found


def test_a_resource_leads_to_its_object_and_line() -> None:
    world = World(web())
    (traced,) = world.of_node("any.shop").resources
    assert str(traced.resource.origin) == "Cluster shop/web"
    assert traced.place == Place("web.yaml", 12, 1)
    (blamed,) = world.trails.blame_resource(CLUSTER, "web")
    assert blamed.traced is not None
    assert (blamed.traced.place, blamed.traced.path) == (Place("web.yaml", 14, 1), ("spec", "config"))
    assert list(world.trails.blame_resource(LISTENER, "web")) == []


def test_what_is_made_of_a_service_says_so() -> None:
    kube = SmallCluster()
    kube.service("echo", "10.1.0.1")
    kube.pod("edge-1", "10.0.0.7")
    world = World(eds(), kube=kube)
    by_name = {each.resource.name: each for each in world.of_node("edge-1.shop").resources}
    assert by_name[ECHO].made_of == ("Service shop/echo",)
    assert by_name["web"].made_of == ()
    (blamed,) = world.trails.blame_resource(EDS, ECHO)
    assert blamed.traced is not None
    assert blamed.traced.made_of == ("Service shop/echo",)


async def test_an_envoy_is_told_with_what_it_has_since_when_and_what_it_refuses() -> None:
    world = World(web())
    envoy = world.envoy()
    envoy.subscribe(CLUSTER)
    (to,) = world.trails.sent("edge.shop")
    (sent,) = to.resources
    assert (sent.state, sent.held, sent.since) == (SentState.WAITING, None, None)

    envoy.take(CLUSTER)
    await world.clock.advance(5)
    (to,) = world.trails.sent("edge.shop")
    (sent,) = to.resources
    assert (sent.state, sent.since) == (SentState.ACCEPTED, 5.0)

    world.let(web(2))
    envoy.refuse(envoy.is_sent(CLUSTER), "it is too blue")
    (to,) = world.trails.sent("edge.shop")
    (sent,) = to.resources
    assert (sent.state, sent.words, sent.since) == (SentState.REFUSED, "it is too blue", 5.0)
    assert sent.wanted is not None
    assert sent.held is not None
    assert sent.held.version != sent.wanted.resource.version

    world.let()
    (to,) = world.trails.sent("edge.shop")
    (sent,) = to.resources
    assert (sent.state, sent.wanted) == (SentState.LEAVING, None)
    assert list(world.trails.sent("other.shop")) == []


def spread(world: World) -> tuple[int, int, int, list[int]]:
    (blamed,) = world.trails.blame_resource(CLUSTER, "web")
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
    (blamed,) = world.trails.blame_resource(CLUSTER, "web")
    assert [(each.node, each.words) for each in blamed.spread.refusals] == [("two.shop", "it is too blue")]
    assert blamed.spread.behind == ("three.shop", "two.shop")

    world.let()
    (blamed,) = world.trails.blame_resource(CLUSTER, "web")
    assert blamed.traced is None
    assert blamed.spread.concerned == 2


def test_who_gets_another_resource_of_the_name_is_not_counted() -> None:
    world = World(web(), cluster("web", config={"name": "web", "type": "STATIC"}, namespace="far"))
    for node in ("one.shop", "two.shop", "three.far"):
        envoy = world.envoy(node)
        envoy.subscribe(CLUSTER)
        envoy.take(CLUSTER)
    found = {each.traced.namespace: each for each in world.trails.blame_resource(CLUSTER, "web") if each.traced}
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
    (found,) = world.trails.blame_resource(CLUSTER, "edge")
    assert found.spread.concerned == 1


@pytest.mark.parametrize("kind", ["Cluster", "cluster"])
@pytest.mark.parametrize("namespace", ["shop", ""])
def test_an_object_leads_to_its_resources(kind: str, namespace: str) -> None:
    world = World(web())
    ((traced, blamed),) = world.trails.blame_object(kind, namespace, "web")
    assert traced.served
    assert [(each.type, each.name) for each in blamed] == [(CLUSTER, "web")]
    assert list(world.trails.blame_object(kind, "elsewhere", "web")) == []


def test_an_object_whose_newest_version_is_broken_is_not_the_one_that_is_served() -> None:
    world = World(web())
    world.let(cluster("web", config={"name": "web", "conect_timeout": "1s"}, namespace="shop"))
    ((traced, blamed),) = world.trails.blame_object("Cluster", "shop", "web")
    assert not traced.served
    (only,) = blamed
    assert only.traced is not None
    assert only.traced.stale


def test_an_object_that_amends_leads_to_what_it_amends() -> None:
    split = manifest(
        "TrafficSplit",
        "colours",
        api_version="split.smi-spec.io/v1alpha4",
        namespace="shop",
        spec={
            "service": "front",
            "backends": [{"service": "blue", "weight": 30}, {"service": "green", "weight": 70}],
        },
    )
    weighted = {"clusters": [{"name": "blue", "weight": 100}, {"name": "green", "weight": 0}]}
    route = manifest(
        "Route",
        "colours",
        namespace="shop",
        spec={
            "config": {
                "name": "colours",
                "virtual_hosts": [
                    {
                        "name": "front",
                        "domains": ["*"],
                        "routes": [{"match": {"prefix": "/"}, "route": {"weighted_clusters": weighted}}],
                    }
                ],
            }
        },
    )
    world = World(split, route)
    key = ObjectKey("split.smi-spec.io", "TrafficSplit", "shop", "colours")
    (traced,) = world.of_node("any.shop").resources
    assert traced.amended_by == (key,)
    assert traced.resource.origin == route.key
    ((_, blamed),) = world.trails.blame_object("TrafficSplit", "shop", "colours")
    assert [each.name for each in blamed] == ["colours"]


def test_every_object_and_every_resource_can_be_asked_for() -> None:
    world = World(web(), cluster("other", namespace="far"))
    assert _keys(world.trails.objects()) == ["Cluster far/other", "Cluster shop/web"]
    assert _keys(world.trails.objects(lambda key: key.name == "web")) == ["Cluster shop/web"]
    chosen = world.trails.resources(lambda row, name: (row, name) == ("Cluster", "web"))
    assert [each.resource.name for each in chosen] == ["web"]


def _keys(found: Iterable[Any]) -> list[str]:
    return [str(each.manifest.key) for each in found]
