"""Objects that are for every namespace, and for who has any one of the labels."""

from __future__ import annotations

from collections.abc import Iterable

from legation.model.cluster import Cluster
from legation.model.node import Scope, Workload
from legation.model.objects import ObjectKey
from legation.runtime.assemble import Assembly
from legation.runtime.check import check
from legation.runtime.item import Item
from legation.runtime.last_good import Readings, Settled
from legation.runtime.read import Reading
from legation.runtime.widening import Widening
from tests.manifests import manifest
from tests.small_cluster import SmallCluster
from tests.small_world import static_cluster

KIND = ("servicemesh.l7mp.io", "VirtualService")


def reading(name: str, *clusters: str, kind: str = KIND[1], line: int = 1, **labels: str) -> Reading:
    of = manifest(kind, name, api_version=f"{KIND[0]}/v1", namespace="media", line=line)
    scope = Scope(namespace="media", labels=frozenset(labels.items()))
    resources = [static_cluster(each, line) for each in clusters]
    return Reading(
        manifest=of,
        items=tuple(Item(resource=each, scope=scope, manifest=of) for each in resources),
    )


class World:
    """Objects of the namespace `media`, and Pods wherever there are some."""

    def __init__(self, *readings: Reading, namespaces: Iterable[str] = ("media", "shop")) -> None:
        self.kube = SmallCluster()
        for each in namespaces:
            self.pod("edge", namespace=each, app="edge", tier="front")
        self.widening = Widening(frozenset({KIND}))
        self.let(*readings)

    def pod(self, name: str, *, namespace: str, **labels: str) -> None:
        self.kube.pod(name, "10.0.0.1", namespace=namespace, uid=f"{name}-in-{namespace}", **labels)

    def let(self, *readings: Reading) -> None:
        self.readings: Readings = {each.manifest.key: each for each in readings}
        self.settled = Settled(readings=self.readings, namespaces=frozenset(key.namespace for key in self.readings))

    def widen(self) -> Readings:
        return self.widening.widen(self.readings, self.settled, self.cluster)

    @property
    def cluster(self) -> Cluster:
        return self.kube.now()


CALL = reading("call", "c", app="edge", tier="front")
KEY = CALL.manifest.key


def scopes(readings: Readings, key: ObjectKey = KEY) -> list[tuple[str, dict[str, str]]]:
    return [(item.scope.namespace, dict(item.scope.labels)) for item in readings[key].items]


def test_where_no_kind_is_for_every_namespace_nothing_is_touched() -> None:
    world = World(CALL)
    assert Widening(frozenset()).widen(world.readings, world.settled, world.cluster) is world.readings


def test_what_an_object_makes_is_for_each_label_in_each_namespace_where_somebody_has_it() -> None:
    world = World(CALL)
    world.pod("front", namespace="bank", tier="front")
    world.pod("other", namespace="elsewhere", app="web")
    widened = world.widen()
    assert scopes(widened) == [
        ("media", {"app": "edge"}),
        ("shop", {"app": "edge"}),
        ("bank", {"tier": "front"}),
        ("media", {"tier": "front"}),
        ("shop", {"tier": "front"}),
    ]
    assert {item.resource for item in widened[KEY].items} == {CALL.items[0].resource}


def test_where_nobody_has_any_of_the_labels_it_is_for_nobody() -> None:
    assert scopes(World(CALL, namespaces=()).widen()) == []


def test_other_kinds_are_left_alone() -> None:
    other = reading("call", "c", kind="Another", app="edge")
    assert World(other, CALL).widen()[other.manifest.key] is other
    world = World(other)
    assert world.widen() is world.readings


def described(namespace: str, **labels: str) -> Reading:
    """A Pod in a file."""
    load = Workload(namespace=namespace, labels=frozenset(labels.items()))
    return Reading(manifest=manifest("Pod", "p", namespace=namespace), workloads={f"p.{namespace}": load})


def test_without_a_cluster_an_envoy_may_be_wherever_objects_are_or_say() -> None:
    """It may be one that nobody describes: its labels are known when it comes."""
    speaker = described("bank", app="edge")
    settled = Settled(readings={KEY: CALL, speaker.manifest.key: speaker}, namespaces=frozenset({"media"}))
    widened = Widening(frozenset({KIND})).widen(settled.readings, settled, None)
    assert [there for there, labels in scopes(widened) if labels == {"app": "edge"}] == ["bank", "default", "media"]
    assert [there for there, labels in scopes(widened) if labels == {"tier": "front"}] == ["default", "media"]


def test_with_a_cluster_an_envoy_that_an_object_describes_counts_too() -> None:
    world = World(CALL, described("bank", app="edge"), namespaces=())
    assert scopes(world.widen()) == [("bank", {"app": "edge"})]


def test_what_did_not_change_is_the_same_object() -> None:
    world = World(CALL, other := reading("other", "o", app="edge"))
    before = world.widen()
    world.let(CALL, newer := reading("other", "o", app="edge"))
    after = world.widen()
    assert after[KEY] is before[KEY]
    assert after[newer.manifest.key] is not before[other.manifest.key]


def test_it_is_another_when_a_label_is_somewhere_else_and_not_for_any_pod() -> None:
    world = World(CALL, other := reading("other", "o", app="other"))
    before = world.widen()
    world.pod("edge-2", namespace="shop", app="edge")
    world.pod("web", namespace="bank", app="web")
    assert world.widen() is before
    world.pod("edge", namespace="bank", app="edge")
    after = world.widen()
    assert ("bank", {"app": "edge"}) in scopes(after)
    assert after[other.manifest.key] is before[other.manifest.key]
    assert world.widen() is after


def test_another_object_beside_them_is_in_what_comes_out() -> None:
    world = World(CALL)
    world.widen()
    world.let(CALL, other := reading("other", "o", kind="Another"))
    assert world.widen()[other.manifest.key] is other


def test_an_object_with_labels_that_nobody_asked_for_before_finds_who_has_them() -> None:
    world = World(CALL)
    world.pod("web", namespace="bank", app="web")
    world.widen()
    world.let(CALL, other := reading("other", "o", app="web"))
    assert scopes(world.widen(), other.manifest.key) == [("bank", {"app": "web"})]


def test_without_a_cluster_an_object_in_another_namespace_takes_it_there() -> None:
    widening = Widening(frozenset({KIND}))

    def there(*namespaces: str) -> set[str]:
        settled = Settled(readings={KEY: CALL}, namespaces=frozenset(namespaces))
        return {namespace for namespace, _ in scopes(widening.widen(settled.readings, settled, None))}

    assert there("media") == {"default", "media"}
    assert there("media", "bank") == {"bank", "default", "media"}
    assert there("media") == {"default", "media"}


def test_an_envoy_that_comes_to_be_described_is_found() -> None:
    world = World(CALL, described("media", app="none"), namespaces=())
    assert scopes(world.widen()) == []
    world.let(CALL, described("media", app="edge"))
    assert scopes(world.widen()) == [("media", {"app": "edge"})]


def test_pods_that_go_take_it_from_there() -> None:
    world = World(CALL)
    world.widen()
    world.kube.no_pod("edge", namespace="shop")
    assert {there for there, _ in scopes(world.widen())} == {"media"}


def assembled(*readings: Reading) -> Assembly:
    return Assembly({key: each.items for key, each in World(*readings).widen().items()})


def test_an_envoy_with_several_of_the_labels_gets_it_once_and_no_object_is_its_own_rival() -> None:
    assembly = assembled(CALL)
    both = frozenset({("app", "edge"), ("tier", "front")})
    for labels in (both, both & {("tier", "front")}):
        snapshot = assembly.snapshot_for(Workload(namespace="shop", labels=labels))
        assert [each.name for collection in snapshot.collections.values() for each in collection] == ["c"]
    assert check(assembly) == ()


def test_a_name_that_another_object_has_too_is_told_once() -> None:
    """However many namespaces and labels they meet in."""
    (problem,) = check(assembled(CALL, reading("junior", "c", line=9, app="edge", tier="front")))
    assert problem.object is not None
    assert problem.object.name == "junior"
