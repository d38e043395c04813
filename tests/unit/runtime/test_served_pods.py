"""What is made of the Pods that labels select, as it is served: to whom, when, and who is to blame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from legation.envoy.codec import to_json
from legation.model.cluster import Pod, ReadyPod
from legation.model.node import Node, Peer
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from legation.model.snapshot import Snapshot
from legation.runtime.admission import Rules
from legation.runtime.groups import Group
from legation.runtime.intake import Heard
from legation.runtime.selecting import Ready
from legation.runtime.served import Served
from tests.manifests import cluster, manifest
from tests.small_cluster import SmallCluster

EDS = CLUSTER_LOAD_ASSIGNMENT
PEER = Peer(address="ipv4:10.0.0.7:1", transport="grpc")
ANY = Rules(any_label=frozenset({("servicemesh.l7mp.io", "VirtualService")}))


def call(name: str = "call", *, namespace: str = "media", port: int = 1000, **selector: str) -> ManifestObject:
    """A pipe from a port of the Envoys with these labels to the workers."""
    endpoint = {"name": "w", "port": 30000, "host": {"selector": {"app": "worker", "tier": "fast"}}}
    to = {"name": name, "service_discovery": "eds", "hash_key": name, "endpoints": [endpoint]}
    listeners = [{"name": name, "udp": {"port": port, "cluster": to}}]
    spec: dict[str, Any] = {"selector": selector or {"app": "edge"}, "listeners": listeners}
    return manifest(
        "VirtualService", name, api_version="servicemesh.l7mp.io/v1", namespace=namespace, file="", spec=spec
    )


def worker(name: str, address: str, **labels: str) -> ReadyPod:
    labels = labels or {"app": "worker", "tier": "fast"}
    return ReadyPod(name=name, address=address, labels=frozenset(labels.items()))


class World:
    """The Envoy edge.media, and workers."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.served = Served(owner=lambda _: None, rules=rules)
        self.kube = SmallCluster()
        self.kube.pod("edge", "10.0.0.7", namespace="media", app="edge")
        self.ready: Ready | None = {"media": (worker("w-1", "10.2.0.1"),)}
        self.objects: Mapping[ObjectKey, ManifestObject] = {}
        self.let(call())

    def let(self, *objects: ManifestObject) -> None:
        self.objects = {each.key: each for each in objects}

    def workers(self, *ready: ReadyPod, namespace: str = "media") -> None:
        self.ready = {**(self.ready or {}), namespace: ready}

    def update(self) -> bool:
        kube = None if self.ready is None else replace(self.kube.now(), ready=self.ready)
        heard = Heard(number=1, objects=self.objects, problems=(), broken=frozenset(), cluster=kube)
        return self.served.update(heard)

    def snapshot(self, node: str = "edge.media") -> Snapshot:
        group = self.served.group_of(PEER, Node(id=node))
        assert isinstance(group, Group)
        found = self.served.snapshot_of(group)
        assert found is not None
        return found

    def hosts(self, name: str = "call", node: str = "edge.media") -> list[str] | None:
        found = self.snapshot(node).get(EDS, name)
        if found is None:
            return None
        return [
            each["endpoint"]["address"]["socket_address"]["address"]
            for locality in to_json(found).get("endpoints", ())
            for each in locality["lb_endpoints"]
        ]

    def codes(self) -> list[str]:
        return [each.code for each in self.served.problems]


@pytest.fixture
def world() -> World:
    world = World()
    world.update()
    return world


def test_an_envoy_gets_the_pods_that_its_clusters_select(world: World) -> None:
    assert world.hosts() == ["10.2.0.1"]
    assert world.codes() == []


def test_other_pods_change_the_assignments_and_nothing_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world.snapshot()
    monkeypatch.setattr("legation.runtime.read.read", None)
    world.workers(worker("w-1", "10.2.0.1"), worker("w-2", "10.2.0.2"))
    assert not world.update()
    assert world.hosts() == ["10.2.0.1", "10.2.0.2"]
    assert [row for row in before.collections if world.snapshot()[row] is not before[row]] == [EDS]


def test_pods_that_nothing_selects_change_nothing(world: World) -> None:
    before = world.snapshot()
    world.workers(worker("w-1", "10.2.0.1"), worker("other", "10.2.0.9", app="web"))
    assert not world.update()
    assert world.snapshot() is before


def test_where_nothing_is_made_of_pods_they_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.let(cluster("c", namespace="media"))
    world.update()
    monkeypatch.setattr("legation.runtime.served.Assembly", None)
    world.workers(worker("w-2", "10.2.0.2"))
    assert not world.update()


def test_an_object_and_pods_that_change_together(world: World) -> None:
    world.workers(worker("w-2", "10.2.0.2"))
    world.let(call(), call("more", port=2000))
    world.update()
    assert (world.hosts(), world.hosts("more")) == (["10.2.0.2"], ["10.2.0.2"])
    world.let(call("more", port=2000))
    world.workers()
    world.update()
    assert (world.hosts(), world.hosts("more")) == (None, [])
    assert world.codes() == ["no-ready-pods"]


def test_who_is_asked_for_what_an_object_makes_is_told_of_its_assignments(world: World) -> None:
    key = call().key
    assert world.served.names_of([key]) == {(CLUSTER, "call"), (LISTENER, "call"), (EDS, "call")}
    known = world.served.known(key)
    assert known is not None
    assert (EDS, "call") in known.names
    assert world.served.resources()[EDS] == 1
    made = world.snapshot().get(EDS, "call")
    assert made is not None
    assert made.origin == key


def test_an_object_has_changed_when_its_pods_did(world: World) -> None:
    """It is counted anew then."""
    world.served.take_changed()
    world.workers(worker("w-2", "10.2.0.2"))
    world.update()
    assert world.served.take_changed() == {call().key}
    world.workers(worker("w-2", "10.2.0.2"), worker("x", "10.2.0.9", app="web"))
    world.update()
    assert world.served.take_changed() == set()


def test_without_a_cluster_that_is_told_and_with_one_it_is_over(world: World) -> None:
    ready, world.ready = world.ready, None
    world.update()
    assert world.codes() == ["no-pods-known"]
    world.ready = ready
    world.update()
    assert world.codes() == []


@pytest.mark.parametrize("where", ["Assembly", "check"])
def test_a_fault_in_the_middle_is_made_good_the_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    world.workers()
    with monkeypatch.context() as patch:
        patch.setattr(f"legation.runtime.served.{where}", fail)
        with pytest.raises(RuntimeError):
            world.update()
    assert world.codes() == []
    world.update()
    assert world.hosts() == []
    assert world.codes() == ["no-ready-pods"]


def test_any_label_brings_an_object_to_the_envoys_of_every_namespace_and_pods_from_there() -> None:
    world = World(ANY)
    world.kube.pod("edge", "10.0.0.7", namespace="shop", uid="uid-in-shop", tier="front")
    world.let(call(app="edge", tier="front"))
    world.workers(worker("a", "10.3.0.1", tier="fast"), namespace="bank")
    world.update()
    assert world.hosts() == world.hosts(node="edge.shop") == ["10.3.0.1", "10.2.0.1"]
    assert world.codes() == []
    assert world.served.resources() == {CLUSTER: 1, LISTENER: 1, EDS: 1}


def test_any_label_follows_the_namespaces_of_pods() -> None:
    world = World(ANY)
    world.update()
    world.kube.pod("edge", "10.0.0.7", namespace="new", uid="uid-in-new", app="edge")
    assert world.update()
    assert world.hosts(node="edge.new") == ["10.2.0.1"]
    before = world.snapshot("edge.new")
    world.kube.pod("edge-2", "10.0.0.8", namespace="new", app="edge")
    assert world.update()
    assert world.snapshot("edge.new") is before


def test_without_it_nothing_leaves_the_namespace(world: World) -> None:
    world.kube.pod("edge", "10.0.0.7", namespace="shop", uid="uid-in-shop", app="edge")
    world.update()
    assert len(world.snapshot("edge.shop")[LISTENER]) == 0


def test_what_was_served_before_the_start_is_known_with_any_label_too() -> None:
    world = World(ANY)
    world.kube.pods = {"edge.shop": Pod(namespace="shop", name="edge", uid="u", labels=frozenset({("app", "edge")}))}
    world.update()
    records = world.served.take_changes()
    restarted = World(Rules(any_label=ANY.any_label, check_peer=False))
    restarted.kube.pods = world.kube.pods
    restarted.served.remember(records)
    restarted.update()
    group = restarted.served.group_of(PEER, Node(id="edge.shop"))
    version = restarted.snapshot("edge.shop")[LISTENER].version
    recalled = restarted.served.recall(group, LISTENER, version)
    assert recalled is not None
    assert [*recalled.resources] == ["call"]
