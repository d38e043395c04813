"""What is made of the Pods that labels select: anew where they are others, and the same object where they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from legation.envoy import codec
from legation.model.cluster import ReadyPod
from legation.model.node import Scope
from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT
from legation.runtime.item import Item
from legation.runtime.read import Reading
from legation.runtime.selecting import Completed, Pods, Selecting
from legation.translate.base import Draft
from tests.manifests import manifest
from tests.small_world import static_cluster

EDGE = Scope(namespace="shop", labels=frozenset({("app", "edge")}))


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSelection:
    """An assignment of the Pods with these labels."""

    name: str
    labels: frozenset[tuple[str, str]]
    namespace: str = "shop"
    broken: str = ""
    """How it fails where there is a Pod called `odd`."""

    @property
    def selectors(self) -> tuple[Scope, ...]:
        if self.broken == "at once":
            raise RuntimeError
        return (Scope(namespace=self.namespace, labels=self.labels),)

    def draft(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Draft:
        odd = any(each.name == "odd" for each in pods[0])
        if odd and self.broken == "raises":
            raise RuntimeError("secret words of an object")
        endpoints = [
            {"endpoint": {"address": {"socket_address": {"address": each.address, "port_value": 1}}}}
            for each in pods[0]
        ]
        json: dict[str, Any] = {"@type": CLUSTER_LOAD_ASSIGNMENT.url, "cluster_name": self.name}
        json["endpoints"] = "none" if odd and self.broken else [{"lb_endpoints": endpoints}]
        return Draft(json=json, scope=EDGE, path=("spec", self.name))

    def problems(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Iterator[Problem]:
        if not pods[0]:
            yield Problem(code="no-ready-pods", message=self.name, level=Level.WARNING)


def selection(name: str, *, broken: str = "", **labels: str) -> FakeSelection:
    return FakeSelection(name=name, labels=frozenset(labels.items()), broken=broken)


def reading(name: str, *selections: FakeSelection, kind: str = "VirtualService") -> Reading:
    """An object that makes a cluster by itself, and these."""
    of = manifest(kind, name, api_version="servicemesh.l7mp.io/v1", namespace="shop")
    own = static_cluster(name)
    return Reading(
        manifest=of,
        items=(Item(resource=own, scope=EDGE, manifest=of),),
        selections=selections,
    )


def pod(name: str, address: str, **labels: str) -> ReadyPod:
    return ReadyPod(name=name, address=address, labels=frozenset(labels.items()))


@dataclass
class World:
    """Objects, and Pods of the namespace `shop`."""

    readings: tuple[Reading, ...] = ()
    ready: Mapping[str, Pods] | None = field(default_factory=dict)
    any_label: frozenset[tuple[str, str]] = frozenset()

    def __post_init__(self) -> None:
        self.faults: list[Exception] = []
        self.selecting = Selecting(any_label=self.any_label, fault=self.faults.append)

    def pods(self, *pods: ReadyPod, namespace: str = "shop") -> None:
        """Let these be the Pods of a namespace."""
        self.ready = {**(self.ready or {}), namespace: pods}

    def complete(self) -> Completed:
        return self.selecting.complete({each.manifest.key: each for each in self.readings}, self.ready)


WORKER, SECOND = pod("w-1", "10.0.0.1", app="worker"), pod("w-2", "10.0.0.2", app="worker")
CALL, OTHER = reading("call", selection("call", app="worker")), reading("other", selection("other", app="else"))
CALL_KEY, OTHER_KEY = CALL.manifest.key, OTHER.manifest.key


def assignments(completed: Completed, key: ObjectKey = CALL_KEY) -> dict[str, list[str]]:
    """Return the addresses in each assignment of an object."""
    made = [each.resource for each in completed.readings[key].items if each.resource.type is CLUSTER_LOAD_ASSIGNMENT]
    return {
        each.name: [
            lb["endpoint"]["address"]["socket_address"]["address"]
            for locality in codec.to_json(each).get("endpoints", ())
            for lb in locality.get("lb_endpoints", ())
        ]
        for each in made
    }


@pytest.fixture
def world() -> World:
    world = World(readings=(CALL, OTHER))
    world.pods(WORKER)
    return world


def test_where_nothing_is_made_of_pods_the_readings_are_the_same_object() -> None:
    readings = {CALL_KEY: reading("call")}
    selecting = Selecting()
    assert selecting.complete(readings, {"shop": (WORKER,)}).readings is readings


def test_what_is_made_of_pods_stands_behind_what_the_object_makes_by_itself(world: World) -> None:
    completed = world.complete()
    own, made = completed.readings[CALL_KEY].items
    assert own is CALL.items[0]
    assert assignments(completed) == {"call": ["10.0.0.1"]}
    assert (made.scope, made.path, made.position) == (EDGE, ("spec", "call"), 1)
    assert (made.manifest, made.resource.origin) == (CALL.manifest, CALL_KEY)


def test_what_is_made_of_pods_has_what_it_was_encoded_from(world: World) -> None:
    """What objects say of the resources of others is added to that."""
    made = world.complete().readings[CALL_KEY].items[1]
    encoded = codec.encode(made.json, origin=CALL_KEY).resource
    assert encoded is not None
    assert encoded.fingerprint == made.resource.fingerprint


def test_a_pod_with_other_labels_or_of_another_namespace_is_not_chosen(world: World) -> None:
    world.pods(pod("a", "10.0.0.8", app="web"), pod("b", "10.0.0.9"))
    world.pods(WORKER, namespace="bank")
    assert assignments(world.complete()) == {"call": []}


def test_all_labels_must_be_there() -> None:
    world = World(readings=(reading("call", selection("call", app="worker", tier="fast")),))
    world.pods(WORKER, pod("w-2", "10.0.0.2", app="worker", tier="fast", more="x"))
    assert assignments(world.complete()) == {"call": ["10.0.0.2"]}


def test_what_did_not_change_is_the_same_object(world: World) -> None:
    before = world.complete()
    again = world.complete()
    world.ready = dict(world.ready or {})
    after_all = world.complete()
    for key in (CALL_KEY, OTHER_KEY):
        assert before.readings[key] is again.readings[key] is after_all.readings[key]


def test_a_pod_that_becomes_ready_changes_only_what_selects_it(world: World) -> None:
    world.readings = (reading("call", selection("call", app="worker"), selection("none", app="none")), OTHER)
    before = world.complete()
    world.pods(WORKER, SECOND)
    after = world.complete()
    assert assignments(after) == {"call": ["10.0.0.1", "10.0.0.2"], "none": []}
    assert after.readings[OTHER_KEY] is before.readings[OTHER_KEY]
    own, _, none = after.readings[CALL_KEY].items
    assert [own, none] == [before.readings[CALL_KEY].items[0], before.readings[CALL_KEY].items[2]]


def test_a_pod_that_is_chosen_no_more_goes(world: World) -> None:
    world.pods(WORKER, SECOND)
    world.complete()
    world.pods(SECOND)
    assert assignments(world.complete()) == {"call": ["10.0.0.2"]}
    world.pods()
    completed = world.complete()
    assert assignments(completed) == {"call": []}
    assert [each.code for each in completed.problems] == ["no-ready-pods"] * 2


def test_another_version_of_an_object_that_says_the_same_of_pods_is_not_encoded_again(world: World) -> None:
    before = world.complete().readings[CALL_KEY].items[1]
    world.readings = (reading("call", selection("call", app="worker")),)
    after = world.complete().readings[CALL_KEY].items[1]
    assert after.resource is before.resource
    assert after.manifest is world.readings[0].manifest


def test_an_object_and_its_pods_that_change_together_make_what_both_say(world: World) -> None:
    world.complete()
    world.readings = (reading("call", selection("renamed", app="worker")),)
    world.pods(SECOND)
    assert assignments(world.complete()) == {"renamed": ["10.0.0.2"]}


def test_an_object_that_goes_takes_what_was_made_along(world: World) -> None:
    world.complete()
    world.readings = ()
    assert world.complete().readings == {}


@pytest.mark.parametrize("broken", ["raises", "misfit"])
def test_where_it_fails_what_was_made_before_stays_and_others_go_on(broken: str) -> None:
    world = World(readings=(reading("call", selection("call", broken=broken, app="worker")), OTHER))
    world.pods(WORKER)
    world.complete()
    world.pods(pod("odd", "10.0.0.7", app="worker"), pod("x", "10.0.0.5", app="else"))
    completed = world.complete()

    assert assignments(completed) == {"call": ["10.0.0.1"]}
    assert assignments(completed, OTHER_KEY) == {"other": ["10.0.0.5"]}
    (problem,) = completed.problems
    assert problem.object == CALL_KEY
    assert problem.level is Level.ERROR
    assert "secret" not in str(problem)
    assert len(world.faults) == (broken == "raises")

    world.pods(SECOND, pod("x", "10.0.0.5", app="else"))
    completed = world.complete()
    assert assignments(completed) == {"call": ["10.0.0.2"]}
    assert completed.problems == ()


def test_where_it_fails_from_the_start_the_object_has_what_it_makes_by_itself() -> None:
    world = World(readings=(reading("call", selection("call", broken="raises", app="worker")),))
    world.pods(pod("odd", "10.0.0.7", app="worker"))
    completed = world.complete()
    assert completed.readings[CALL_KEY].items == world.readings[0].items
    assert [each.code for each in completed.problems] == ["internal-error"]


def test_where_nobody_can_tell_what_an_object_selects_others_go_on() -> None:
    world = World(readings=(reading("call", selection("call", broken="at once", app="worker")), OTHER))
    world.pods(pod("x", "10.0.0.5", app="else"))
    completed = world.complete()
    assert assignments(completed, OTHER_KEY) == {"other": ["10.0.0.5"]}
    assert [(each.code, each.object) for each in completed.problems] == [("internal-error", CALL_KEY)]
    world.pods()
    world.complete()
    assert len(world.faults) == 1


def test_a_misfit_is_told_with_the_place_of_what_selects() -> None:
    world = World(readings=(reading("call", selection("call", broken="misfit", app="worker")),))
    world.pods(pod("odd", "10.0.0.7", app="worker"))
    (problem,) = world.complete().problems
    assert problem.path[:2] == ("spec", "call")
    assert problem.place == CALL.manifest.place


def test_a_fault_is_not_tried_again_before_something_changes() -> None:
    world = World(readings=(reading("call", selection("call", broken="raises", app="worker")), OTHER))
    world.pods(pod("odd", "10.0.0.7", app="worker"))
    world.complete()
    world.pods(pod("odd", "10.0.0.7", app="worker"), pod("x", "10.0.0.5", app="else"))
    world.complete()
    assert len(world.faults) == 1


def test_without_a_cluster_there_are_no_pods_and_that_is_told_once_for_each_object(world: World) -> None:
    world.ready = None
    completed = world.complete()
    assert assignments(completed) == {"call": []}
    assert [(each.code, each.level, each.object) for each in completed.problems] == [
        ("no-pods-known", Level.WARNING, CALL_KEY),
        ("no-pods-known", Level.WARNING, OTHER_KEY),
    ]
    world.ready = {}
    assert [each.code for each in world.complete().problems] == ["no-ready-pods", "no-ready-pods"]


def test_whether_there_is_a_cluster_is_told_though_nothing_else_is_another() -> None:
    readings = {CALL_KEY: CALL}
    selecting = Selecting()
    (told,) = selecting.complete(readings, None).problems
    (over,) = selecting.complete(readings, {}).problems
    (again,) = selecting.complete(readings, None).problems
    assert (told.code, over.code, again.code) == ("no-pods-known", "no-ready-pods", "no-pods-known")


def test_where_nothing_moved_all_of_it_is_the_same_object() -> None:
    readings = {CALL_KEY: CALL}
    selecting = Selecting()
    before = selecting.complete(readings, {"shop": (WORKER,)})
    assert selecting.complete(readings, {"shop": (WORKER, pod("x", "10.0.0.9"))}) is before
    assert selecting.complete(readings, {"shop": (SECOND,)}) is not before


def test_objects_that_select_nothing_come_and_go_beside_those_that_do(world: World) -> None:
    world.complete()
    plain = reading("plain")
    world.readings = (*world.readings, plain)
    assert world.complete().readings[plain.manifest.key] is plain
    world.readings = world.readings[:-1]
    assert plain.manifest.key not in world.complete().readings


ANY = frozenset({("servicemesh.l7mp.io", "VirtualService")})


def test_a_kind_with_the_rule_of_any_label_chooses_pods_of_every_namespace_in_one_order() -> None:
    world = World(readings=(reading("call", selection("call", app="worker", tier="fast")),), any_label=ANY)
    world.pods(WORKER, pod("z", "10.0.0.9", app="worker", tier="fast"))
    world.pods(pod("a", "10.1.0.1", tier="fast"), pod("b", "10.1.0.2", tier="slow"), namespace="play")
    world.pods(pod("x", "10.2.0.1", tier="fast"), pod("z", "10.2.0.2", tier="fast"), namespace="bank")
    expected = ["10.1.0.1", "10.0.0.1", "10.2.0.1", "10.2.0.2", "10.0.0.9"]
    assert assignments(world.complete()) == {"call": expected}
    world.pods(namespace="bank")
    assert assignments(world.complete()) == {"call": ["10.1.0.1", "10.0.0.1", "10.0.0.9"]}


def test_another_kind_goes_on_to_ask_for_all_labels() -> None:
    other = reading("call", selection("call", app="worker", tier="fast"), kind="Another")
    world = World(readings=(other,), any_label=ANY)
    world.pods(WORKER)
    assert assignments(world.complete(), other.manifest.key) == {"call": []}
