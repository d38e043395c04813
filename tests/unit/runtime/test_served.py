"""What is served to whom, as Pods, objects and Services come and go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from json import dumps, loads

import pytest

from legation.envoy import codec
from legation.model.cluster import Cluster
from legation.model.node import Node, Peer, Workload
from legation.model.objects import ManifestObject, ObjectKey, show_path
from legation.model.problems import Level, Problem
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION, ResourceType
from legation.model.snapshot import Snapshot
from legation.runtime.admission import Rules
from legation.runtime.groups import EXPECTED, AnyGroup, Departed, Group
from legation.runtime.intake import Heard
from legation.runtime.served import Served
from legation.transports.base import Refusal
from tests.manifests import manifest
from tests.small_cluster import SmallCluster
from tests.unit.runtime.by_name_world import ECHO, addresses_of, cluster, eds
from tests.unit.translate.pairs import DAY, NOW, certificate

EDS = CLUSTER_LOAD_ASSIGNMENT
EDGE = Node(id="edge-1.shop")
HOME = Peer(address="ipv4:10.0.0.7:1", transport="grpc")
ABROAD = Peer(address="ipv4:10.0.0.8:1", transport="grpc")


@dataclass
class World:
    """A cluster with the Pod edge-1.shop, whose labels are app=edge, and some objects."""

    rules: Rules = field(default_factory=Rules)
    kube: SmallCluster = field(default_factory=SmallCluster)

    def __post_init__(self) -> None:
        self.now = NOW
        self.served = Served(owner=lambda _: None, rules=self.rules, unix_time=lambda: self.now)
        self.kube.pod("edge-1", "10.0.0.7", app="edge")
        self.kube.service("echo", "10.1.0.1")
        self.objects: Mapping[ObjectKey, ManifestObject] = {}
        self.let(cluster("all", {}), cluster("edge", {}, app="edge"), eds())

    def let(self, *objects: ManifestObject) -> None:
        """Let these be all objects."""
        self.objects = {each.key: each for each in objects}

    def update(self) -> bool:
        """Tell how things are now."""
        return self.hear(self.kube.now())

    def hear(self, kube: Cluster | None) -> bool:
        heard = Heard(number=1, objects=self.objects, problems=(), broken=frozenset(), cluster=kube)
        return self.served.update(heard)

    def snapshot(self, group: AnyGroup) -> Snapshot:
        found = self.served.snapshot_of(group)
        assert found is not None
        return found

    def names(self, group: AnyGroup) -> list[str]:
        return [*self.snapshot(group)[CLUSTER].resources]


@pytest.fixture
def world() -> World:
    world = World()
    world.update()
    return world


def test_before_anything_was_heard_nobody_gets_anything() -> None:
    world = World()
    group = world.served.group_of(HOME, EDGE)
    assert world.served.snapshot_of(group) is None
    assert world.served.admitting.why_unknown(EDGE) is None


def test_a_client_is_its_pod(world: World) -> None:
    group = world.served.group_of(HOME, EDGE)
    assert str(group) == "shop/app=edge"
    assert world.names(group) == ["all", "edge", "web"]
    assert addresses_of(world.snapshot(group).get(EDS, ECHO)) == ["10.1.0.1"]


def test_a_client_whose_pod_nobody_knows_is_expected_and_gets_nothing(world: World) -> None:
    group = world.served.group_of(HOME, Node(id="edge-2.shop"))
    assert group == EXPECTED
    assert world.served.snapshot_of(group) is None
    assert "there is no Pod called edge-2" in (world.served.admitting.why_unknown(Node(id="edge-2.shop")) or "")


def test_while_the_watch_of_pods_does_not_stand_nobody_can_say_that_a_pod_is_not_there(world: World) -> None:
    world.kube.pods_current = False
    world.update()
    assert world.served.admitting.why_unknown(Node(id="edge-2.shop")) is None


def test_pods_that_come_or_change_may_move_clients_and_nothing_else_does(world: World) -> None:
    assert not world.update()
    world.kube.pod("edge-2", "10.0.0.8")
    assert world.update()
    world.kube.service("echo", "10.1.0.2")
    assert not world.update()
    world.kube.pods_current = False
    assert not world.update()


def test_a_change_of_the_cluster_reads_no_object_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = world.snapshot(world.served.group_of(HOME, EDGE))
    monkeypatch.setattr("legation.runtime.served.check", None)
    monkeypatch.setattr("legation.runtime.served.Assembly", None)
    monkeypatch.setattr("legation.runtime.read.read", None)
    world.kube.service("echo", "10.1.0.2")
    world.kube.pod("edge-2", "10.0.0.8")
    world.update()
    after = world.snapshot(world.served.group_of(HOME, EDGE))
    assert addresses_of(after.get(EDS, ECHO)) == ["10.1.0.2"]
    assert [row for row in after.collections if after[row] is not before[row]] == [EDS]


def test_a_new_label_is_another_group_at_once(world: World) -> None:
    group = world.served.group_of(HOME, EDGE)
    world.kube.pod("edge-1", "10.0.0.7", app="web")
    assert world.update()
    moved = world.served.regroup(HOME, EDGE, group, world.snapshot(group))
    assert str(moved) == "shop"
    assert world.names(moved) == ["all", "web"]


def test_a_selector_that_changes_takes_the_resource_from_who_no_longer_matches(world: World) -> None:
    group = world.served.group_of(HOME, EDGE)
    world.let(cluster("all", {}), cluster("edge", {}, app="web"))
    assert world.update()
    moved = world.served.regroup(HOME, EDGE, group, None)
    assert world.names(moved) == ["all"]


def test_a_client_whose_pod_is_gone_keeps_what_its_group_got_and_hears_nothing_new(world: World) -> None:
    group = world.served.group_of(HOME, EDGE)
    had = world.snapshot(group)
    world.kube.no_pod("edge-1")
    assert world.update()
    departed = world.served.regroup(HOME, EDGE, group, had)
    assert isinstance(departed, Departed)
    assert world.served.snapshot_of(departed) is had
    world.kube.service("echo", "10.1.0.2")
    world.let(cluster("new", {}))
    world.update()
    assert world.served.regroup(HOME, EDGE, departed, had) is departed
    assert world.served.snapshot_of(departed) is had
    assert not world.served.want(departed, EDS, ["shop/other:http"])


def test_a_client_whose_pod_comes_back_is_served_again(world: World) -> None:
    group = world.served.group_of(HOME, EDGE)
    had = world.snapshot(group)
    world.kube.no_pod("edge-1")
    world.update()
    departed = world.served.regroup(HOME, EDGE, group, had)
    world.kube.pod("edge-1", "10.0.0.7", uid="again", app="web")
    assert world.update()
    assert str(world.served.regroup(HOME, EDGE, departed, had)) == "shop"


def test_a_pod_that_was_made_anew_under_its_name_is_another_one(world: World) -> None:
    """As a StatefulSet does it: the old one's Envoy keeps what it has, the new one's gets what is for it."""
    group = world.served.group_of(HOME, EDGE)
    had = world.snapshot(group)
    world.kube.pod("edge-1", "10.0.0.8", uid="again", app="web")
    world.update()
    assert isinstance(world.served.regroup(HOME, EDGE, group, had), Departed)
    assert str(world.served.group_of(ABROAD, EDGE)) == "shop"
    with pytest.raises(Refusal, match="10\\.0\\.0\\.7"):
        world.served.group_of(HOME, EDGE)


def test_who_waited_before_anything_was_heard_is_never_refused_by_that() -> None:
    """Its seat is looked after in the waiting room."""
    world = World()
    group = world.served.group_of(ABROAD, EDGE)
    world.update()
    assert world.served.regroup(ABROAD, EDGE, group, None) == EXPECTED
    assert world.served.regroup(ABROAD, EDGE, EXPECTED, None) == EXPECTED
    with pytest.raises(Refusal):
        world.served.group_of(ABROAD, EDGE)


def test_where_addresses_do_not_count_only_the_pod_does() -> None:
    world = World(rules=Rules(check_peer=False))
    world.update()
    group = world.served.group_of(ABROAD, EDGE)
    assert str(world.served.regroup(ABROAD, EDGE, group, None)) == "shop/app=edge"
    world.kube.no_pod("edge-1")
    world.update()
    assert isinstance(world.served.regroup(ABROAD, EDGE, group, Snapshot.of()), Departed)


def test_a_pod_that_has_lost_its_address_counts_as_gone(world: World) -> None:
    group = world.served.group_of(HOME, EDGE)
    had = world.snapshot(group)
    world.kube.pod("edge-1", app="edge")
    world.update()
    assert isinstance(world.served.regroup(HOME, EDGE, group, had), Departed)


def test_without_a_cluster_all_is_as_it_was() -> None:
    world = World()
    assert world.hear(None)
    group = world.served.group_of(ABROAD, EDGE)
    assert isinstance(group, Group)
    assert group.workload == Workload(namespace="shop")
    assert world.served.regroup(ABROAD, EDGE, group, None) == group
    assert [each.code for each in world.served.problems] == ["dangling-reference"]
    assert not world.hear(None)


def test_what_the_cluster_answers_is_not_dangling(world: World) -> None:
    world.kube.no_service("echo")
    world.update()
    assert [each.code for each in world.served.problems] == ["no-service"]


def test_a_cluster_that_comes_later_settles_what_dangles() -> None:
    world = World()
    world.hear(None)
    world.update()
    assert world.served.problems == ()


def test_the_rules_say_whether_other_namespaces_are_open() -> None:
    world = World(rules=Rules(across_namespaces=True))
    world.let(eds("bank/ledger:http"))
    world.kube.service("ledger", "10.2.0.1", namespace="bank")
    world.update()
    group = world.served.group_of(HOME, EDGE)
    assert addresses_of(world.snapshot(group).get(EDS, "bank/ledger:http")) == ["10.2.0.1"]


def test_what_failed_is_tried_again_at_the_next_update_whatever_that_is_about(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of a Pod must not hide that an object was never taken."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    world.let(*world.objects.values(), cluster("new", {}))
    with monkeypatch.context() as patch:
        patch.setattr("legation.runtime.served.Assembly", fail)
        with pytest.raises(RuntimeError):
            world.update()
    world.kube.pod("edge-2", "10.0.0.8")
    assert world.update()
    assert "new" in world.names(world.served.group_of(HOME, EDGE))


def route(weight: int, *, namespace: str = "shop") -> ManifestObject:
    """Return a Route whose only virtual host is called web."""
    clusters = [{"name": "all", "weight": weight}, {"name": "edge", "weight": 1}]
    routes = [{"match": {"prefix": "/"}, "route": {"weighted_clusters": {"clusters": clusters}}}]
    hosts = [{"name": "web", "domains": ["*"], "routes": routes}]
    return manifest("Route", "web", namespace=namespace, spec={"config": {"name": "web", "virtual_hosts": hosts}})


def split(weight: object, *, service: str = "web") -> ManifestObject:
    backends = [{"service": "all", "weight": weight}]
    version = "split.smi-spec.io/v1alpha4"
    spec = {"service": service, "backends": backends}
    return manifest("TrafficSplit", "web", namespace="shop", api_version=version, spec=spec)


def weights_of(snapshot: Snapshot) -> list[int]:
    resource = snapshot.get(ROUTE_CONFIGURATION, "web")
    assert resource is not None
    (host,) = codec.to_json(resource)["virtual_hosts"]
    return [each["weight"] for each in host["routes"][0]["route"]["weighted_clusters"]["clusters"]]


def test_what_one_object_says_of_another_is_served_and_is_news_of_both(world: World) -> None:
    group = world.served.group_of(HOME, EDGE)
    world.let(route(100), *world.objects.values())
    world.update()
    before = world.snapshot(group)
    world.served.take_changed()
    said = split(25)
    world.let(said, *world.objects.values())
    assert not world.update()
    after = world.snapshot(group)
    assert (weights_of(before), weights_of(after)) == ([100, 1], [25, 1])
    assert [row for row in after.collections if after[row] is not before[row]] == [ROUTE_CONFIGURATION]
    assert world.served.take_changed() == {said.key}
    assert world.served.names_of([said.key]) == {(ROUTE_CONFIGURATION, "web")}
    assert {each.code for each in world.served.problems_of(said.key)} == {"split-cluster-unnamed"}
    assert world.served.resources()[ROUTE_CONFIGURATION] == 1


def test_what_was_served_before_a_restart_is_recalled_as_it_was_served(world: World) -> None:
    """An Envoy comes back with the version of the route with the split's weights."""
    group = world.served.group_of(HOME, EDGE)
    world.let(route(100), split(25), *world.objects.values())
    world.update()
    before = world.snapshot(group)[ROUTE_CONFIGURATION]
    later = World()
    later.served.remember({name: loads(dumps(each)) for name, each in world.served.take_changes().items()})
    later.let(route(100), *later.objects.values())
    later.update()
    assert weights_of(later.snapshot(group)) == [100, 1]
    recalled = later.served.recall(group, ROUTE_CONFIGURATION, before.version)
    assert recalled is not None
    assert recalled.version == before.version != later.snapshot(group)[ROUTE_CONFIGURATION].version


def test_a_certificate_in_an_object_expires_while_nothing_changes(world: World) -> None:
    """It is looked at when it may be something else, and what follows is told with the other problems."""
    trusted = {"trusted_ca": {"inline_string": certificate(start=-30, end=60).decode()}}
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
    secret = {"@type": kind, "name": "ca", "validation_context": trusted}
    world.let(manifest("EnvoyResources", "ca", api_version="legation.dev/v1alpha1", spec={"resources": [secret]}))
    world.update()
    told = []
    while (world.served.next_look or 0) > world.now:
        told.append([each.code for each in world.served.problems])
        world.now = world.served.next_look or 0
        world.served.look_again()

    assert (world.now - NOW) / DAY == 60
    assert [*told, [each.code for each in world.served.problems]] == [[], ["expires-soon"], ["expired"]]


@pytest.mark.parametrize("level", Level)
def test_what_an_unknown_field_is_can_be_set(level: Level) -> None:
    """Left out with a warning, it stays so when another object speaks of the resource."""
    world = World(rules=Rules(unknown_fields=level))
    known = route(100)
    unknown = replace(known, body={"spec": {"config": {**known.body["spec"]["config"], "tomorrow": 1}}})
    world.let(unknown, split(25), *world.objects.values())
    world.update()
    asked = world.served.what_if().problems(unknown)
    for problems in (world.served.problems, asked):
        (problem,) = (each for each in problems if each.code == "unknown-field")
        assert (problem.level, problem.path) == (level, ("spec", "config", "tomorrow"))
    snapshot = world.snapshot(world.served.group_of(HOME, EDGE))
    assert bool(snapshot[ROUTE_CONFIGURATION]) is (level is Level.WARNING)
    if level is Level.WARNING:
        assert weights_of(snapshot) == [25, 1]


def refusal(row: ResourceType, name: str, key: ObjectKey, words: str = "no") -> Problem:
    return Problem(code="refused", message=f'{row.name} "{name}" is refused by 1 of 1 Envoys: {words}', object=key)


def test_a_refusal_is_told_with_who_else_says_something_of_the_resource(world: World) -> None:
    amended, said = route(100), split(25)
    world.let(amended, said, *world.objects.values())
    world.update()
    problem = refusal(ROUTE_CONFIGURATION, "web", amended.key, "unknown cluster 'edge'")
    found = world.served.blame(problem, (ROUTE_CONFIGURATION, "web"))
    assert found.object == amended.key
    assert show_path(found.path).endswith("weighted_clusters.clusters[1].name")
    assert found.mend == "TrafficSplit shop/web says something of it, too"
    assert world.served.blame(problem, (ROUTE_CONFIGURATION, "web")) is found
    world.let(amended, *(each for each in world.objects.values() if each.key != said.key))
    world.update()
    assert not world.served.blame(problem, (ROUTE_CONFIGURATION, "web")).mend


def test_a_refusal_of_what_is_made_of_a_service_is_told_with_who_names_it(world: World) -> None:
    service = ObjectKey("", "Service", "shop", "echo")
    found = world.served.blame(refusal(EDS, ECHO, service), (EDS, ECHO))
    assert (found.object, found.place, found.path) == (service, None, ())
    assert found.mend == "Cluster shop/web names it"


def test_a_refusal_of_which_nobody_knows_the_object_stays_as_it_is(world: World) -> None:
    problem = Problem(code="parked", message="no")
    assert world.served.blame(problem, (CLUSTER, "")) is problem
