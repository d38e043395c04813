"""What notes do to the resources of their namespace: what is amended, what stays the same object, what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import pytest

from legation.envoy import codec
from legation.model.node import Scope
from legation.model.objects import ManifestObject, ObjectKey, Place
from legation.model.problems import Problem
from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION
from legation.runtime import amending as module
from legation.runtime.amending import Amending, Revised
from legation.runtime.item import Item
from legation.runtime.read import Reading, item_of
from legation.translate.base import Amended, Draft, Note, Stage
from tests.manifests import manifest


@dataclass
class Stamping:
    """An amender: a note is (name, stamp), and the vhds timeout of the routes of that name becomes the stamp.

    It has a plan of its own for each set of notes, and remembers what it was asked.
    """

    rows = frozenset({ROUTE_CONFIGURATION})
    stage = Stage.NUMBERS
    planned: int = 0
    asked: list[str] = field(default_factory=list)
    scopes: dict[str, Scope] = field(default_factory=dict)
    sights: frozenset[object] = frozenset()
    breaks_at: str = ""

    def plan(self, notes: Iterable[Note]) -> StampPlan | None:
        self.planned += 1
        if self.breaks_at == "plan":
            raise RuntimeError
        found = [(each.manifest, *each.value) for each in notes if isinstance(each.value, tuple)]
        return StampPlan(self, found) if found else None


@dataclass
class StampPlan:
    of: Stamping
    stamps: list[tuple[ManifestObject, str, Any]]

    def amend(self, json: Mapping[str, Any], *, scope: Scope) -> Amended:
        self.of.scopes[json["name"]] = scope
        self.of.asked.append(json["name"])
        if self.of.breaks_at == json["name"]:
            raise RuntimeError
        for speaker, name, stamp in self.stamps:
            if name == json["name"]:
                changed = {**json, **({} if stamp is None else {"max_direct_response_body_size_bytes": stamp})}
                unlucky = Problem(code="unlucky", message="13", object=speaker.key, place=speaker.place)
                problems = (unlucky,) if stamp == 13 else ()
                return Amended(
                    json=changed, met=frozenset({speaker.key}), problems=problems, sights=frozenset({f"saw {name}"})
                )
        return Amended(json=json)

    def problems(self, met: frozenset[ObjectKey], *, sights: frozenset[object]) -> Iterator[Problem]:
        self.of.sights = sights
        if self.of.breaks_at == "problems":
            raise RuntimeError
        for speaker, _, _ in self.stamps:
            if speaker.key not in met:
                yield Problem(code="lonely", message="nobody is called so", object=speaker.key)


def speaker(name: str, *notes: tuple[str, Any], namespace: str = "shop") -> Reading:
    return Reading(manifest=manifest("Stamp", name, namespace=namespace), notes=notes)


def holder(name: str, *routes: str, namespace: str = "shop", row: Any = ROUTE_CONFIGURATION) -> Reading:
    of = manifest("Route", name, namespace=namespace)
    scope = Scope(namespace=namespace)
    drafts = [Draft(json={"@type": row.url, "name": each}, scope=scope, path=("spec", each)) for each in routes]
    encoded = ((each, codec.encode(each.json, origin=of.key).resource) for each in drafts)
    items = (item_of(of, draft, each, position=0) for draft, each in encoded if each is not None)
    return Reading(manifest=of, items=tuple(items))


@dataclass
class World:
    stamping: Stamping = field(default_factory=Stamping)
    faults: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.amending = Amending([self.stamping], fault=self.faults.append)

    def amend(self, *readings: Reading) -> Revised:
        self.stamping.asked.clear()
        return self.amending.amend({each.manifest.key: each for each in readings})


@pytest.fixture
def world() -> World:
    return World()


def items(revised: Revised) -> tuple[Item, ...]:
    return tuple(chain.from_iterable(revised.made.values()))


def sizes(revised: Revised) -> dict[str, Any]:
    found = ((each.resource.name, codec.to_json(each.resource)) for each in items(revised))
    return {name: json.get("max_direct_response_body_size_bytes") for name, json in found}


def codes(revised: Revised) -> list[tuple[str, str]]:
    return [(each.code, each.object.name if each.object else "") for each in revised.problems]


def test_without_notes_nothing_is_asked_and_nothing_changes(world: World) -> None:
    a, b = holder("a", "a1", "a2"), holder("b", "b1")
    assert items(world.amend(a, b)) == (*a.items, *b.items)
    assert (world.stamping.planned, world.stamping.asked) == (0, [])


def test_a_note_changes_what_it_speaks_of_in_its_namespace_and_nothing_else(world: World) -> None:
    a, b, far = holder("a", "a1", "a2"), holder("b", "b1"), holder("a", "a1", namespace="bank")
    revised = world.amend(a, speaker("s", ("a1", 5)), b, far)
    assert [each.resource.name for each in items(revised)] == ["a1", "a2", "b1", "a1"]
    changed, *others = items(revised)
    assert others == [a.items[1], *b.items, *far.items]
    assert codec.to_json(changed.resource)["max_direct_response_body_size_bytes"] == 5
    assert (changed.manifest, changed.path, changed.scope) == (a.manifest, a.items[0].path, a.items[0].scope)
    assert changed.resource.origin == a.manifest.key
    assert revised.met == {manifest("Stamp", "s", namespace="shop").key: {(ROUTE_CONFIGURATION, "a1")}}
    assert world.stamping.asked == ["a1", "a2", "b1"]


def test_a_plan_is_told_who_gets_a_resource_and_hears_again_what_it_saw_in_its_namespace(world: World) -> None:
    speakers = (speaker("s", ("a1", 5), ("b1", 6)), speaker("t", ("a1", 7), namespace="bank"))
    a, b, far = holder("a", "a1"), holder("b", "b1"), holder("a", "a1", namespace="bank")
    world.amend(a, b, speakers[0])
    assert world.stamping.scopes == {each: Scope(namespace="shop") for each in ("a1", "b1")}
    assert world.stamping.sights == {"saw a1", "saw b1"}
    world.amend(a, speakers[0])
    assert world.stamping.sights == {"saw a1"}
    world.amend(b, far, *speakers)
    assert world.stamping.sights == {"saw a1"}


def test_what_did_not_change_is_not_amended_again_and_stays_the_same_object(world: World) -> None:
    a, b, s = holder("a", "a1"), holder("b", "b1"), speaker("s", ("a1", 5))
    before = world.amend(a, b, s)
    after = world.amend(a, b, s)
    assert (items(after), world.stamping.asked, world.stamping.planned) == (items(before), [], 1)
    # Another order is no change, nor is what happens elsewhere.
    after = world.amend(s, a, b, holder("c", "c1", namespace="bank"), speaker("t", ("x", 1), namespace="bank"))
    assert (items(after)[:2], world.stamping.asked) == (items(before), ["c1"])
    assert world.stamping.planned == 2


def test_another_object_alone_is_amended_when_the_notes_are_the_same(world: World) -> None:
    a, s = holder("a", "a1"), speaker("s", ("a1", 5))
    before = world.amend(a, holder("b", "b1"), s)
    after = world.amend(a, holder("b", "b2"), s)
    assert world.stamping.asked == ["b2"]
    assert items(after)[0] is items(before)[0]


def test_another_note_that_says_the_same_encodes_nothing_and_leaves_the_same_object(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = holder("a", "a1"), holder("b", "b1")
    before = world.amend(a, b, speaker("s", ("a1", 5), ("b1", 6)))
    encoded: list[Any] = []
    monkeypatch.setattr(codec, "encode", _counting(encoded))
    after = world.amend(a, b, speaker("s", ("a1", 5), ("b1", 7)))
    assert (world.stamping.asked, sizes(after)) == (["a1", "b1"], {"a1": 5, "b1": 7})
    assert items(after)[0] is items(before)[0]
    assert [each["name"] for each in encoded] == ["b1"]
    # The object is another, and says the same: a new item with the same resource.
    again = world.amend(holder("a", "a1"), b, speaker("s", ("a1", 5), ("b1", 7)))
    assert items(again)[0].resource is not items(after)[0].resource
    assert items(again)[1] is items(after)[1]
    assert [each["name"] for each in encoded] == ["b1", "a1", "a1"]


def _counting(encoded: list[Any]) -> Any:
    encode = codec.encode

    def count(json: Any, **how: Any) -> codec.Encoded:
        encoded.append(json)
        return encode(json, **how)

    return count


def test_an_object_of_which_another_part_changed_is_amended_without_encoding(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading takes over what it encoded before; so does this."""
    a, s = holder("a", "a1"), speaker("s", ("a1", 5))
    before = world.amend(a, s)
    labels = Scope(namespace="shop", labels=frozenset({("app", "edge")}))
    moved = Reading(
        manifest=manifest("Route", "a", namespace="shop"),
        items=tuple(replace(each, scope=labels, path=("elsewhere",)) for each in a.items),
    )
    monkeypatch.setattr(codec, "encode", None)
    (after,) = items(world.amend(moved, s))
    assert after.resource is items(before)[0].resource
    assert (after.scope, after.path) == (labels, ("elsewhere",))


def test_when_the_note_is_gone_what_the_owner_wrote_is_back(world: World) -> None:
    a = holder("a", "a1")
    world.amend(a, speaker("s", ("a1", 5)))
    assert items(world.amend(a)) == a.items


def test_what_is_changed_into_the_same_is_the_same_object(world: World) -> None:
    a = holder("a", "a1")
    assert items(world.amend(a, speaker("s", ("a1", None)))) == a.items


def test_types_of_which_no_note_may_speak_are_not_shown(world: World) -> None:
    clusters = holder("c", "a1", row=CLUSTER)
    revised = world.amend(clusters, speaker("s", ("a1", 5)))
    assert (items(revised), world.stamping.asked) == (clusters.items, [])
    assert codes(revised) == [("lonely", "s")]


def test_what_cannot_be_done_is_told_of_who_says_it(world: World) -> None:
    revised = world.amend(holder("a", "a1", "a2"), speaker("s", ("a1", 13)), speaker("t", ("nobody", 1)))
    assert codes(revised) == [("lonely", "t"), ("unlucky", "s")]


def test_what_does_not_fit_leaves_the_resource_as_it_is(world: World) -> None:
    a = holder("a", "a1")
    revised = world.amend(a, speaker("s", ("a1", "many")))
    assert items(revised) == a.items
    (problem,) = revised.problems
    assert (problem.code, problem.object) == ("not-amended", manifest("Stamp", "s", namespace="shop").key)
    assert problem.message.startswith(
        'what it says does not fit into the RouteConfiguration "a1" of Route shop/a, which stays as it is written there'
    )
    assert "many" not in problem.message


@pytest.mark.parametrize("at", ["plan", "a1", "problems"])
def test_a_fault_of_this_program_reaches_nobody_else_and_what_was_served_stays(world: World, at: str) -> None:
    a, b, far = holder("a", "a1"), holder("b", "b1"), holder("f", "f1", namespace="bank")
    others = (far, speaker("t", ("f1", 3), namespace="bank"))
    before = world.amend(a, b, speaker("s", ("a1", 5), ("b1", 5)), *others)
    assert not before.problems
    world.stamping.breaks_at = at
    after = world.amend(a, b, speaker("s", ("a1", 6), ("b1", 6)), *others)
    served = {"plan": {"a1": 5, "b1": 5}, "a1": {"a1": 5, "b1": 6}, "problems": {"a1": 6, "b1": 6}}
    assert sizes(after) == {**served[at], "f1": 3}
    assert {code for code, _ in codes(after)} == {"internal-error"}
    assert world.faults
    world.stamping.breaks_at = ""
    after = world.amend(a, b, speaker("s", ("a1", 7), ("b1", 7)), *others)
    assert (sizes(after), after.problems) == ({"a1": 7, "b1": 7, "f1": 3}, ())


def test_a_fault_at_an_object_that_is_new_leaves_it_as_its_owner_wrote_it(world: World) -> None:
    world.stamping.breaks_at = "a1"
    a = holder("a", "a1")
    revised = world.amend(a, speaker("s", ("a1", 5)))
    assert items(revised) == a.items
    assert codes(revised) == [("lonely", "s"), ("internal-error", "a")]


def test_it_is_known_what_an_object_speaks_of_and_what_it_spoke_of_before(world: World) -> None:
    a, b = holder("a", "a1"), holder("b", "b1")
    key = manifest("Stamp", "s", namespace="shop").key
    a1, b1 = (ROUTE_CONFIGURATION, "a1"), (ROUTE_CONFIGURATION, "b1")
    assert world.amending.names_of(key) == set()
    world.amend(a, b, speaker("s", ("a1", 5)))
    assert world.amending.names_of(key) == {a1}
    world.amend(a, b, speaker("s", ("b1", 5)))
    assert world.amending.names_of(key) == {a1, b1}
    world.amend(a, b)
    assert world.amending.names_of(key) == {b1}


def test_what_was_met_before_is_remembered_within_bounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BEFORE", 2)
    a = holder("a", "a1")
    for name in ("s", "t", "u"):
        world.amend(a, speaker(name, ("a1", 5)))
        world.amend(a)
    keys = [manifest("Stamp", each, namespace="shop").key for each in ("s", "t", "u")]
    assert [bool(world.amending.names_of(each)) for each in keys] == [False, True, True]


def test_another_version_of_an_object_that_says_the_same_keeps_the_plan_and_all_that_came_of_it(world: World) -> None:
    def version(column: int, *notes: tuple[str, Any]) -> Reading:
        said = speaker("s", *notes)
        return replace(said, manifest=replace(said.manifest, place=Place("s.yaml", 3, column)))

    a = holder("a", "a1")
    before = world.amend(a, version(1, ("a1", 13), ("x", 1)))
    newer = version(2, ("a1", 13), ("x", 1))
    after = world.amend(a, newer)
    assert (world.stamping.asked, world.stamping.planned) == ([], 1)
    assert items(after)[0] is items(before)[0]
    # What is told of it is told of the version that there is.
    assert codes(after) == codes(before) != []
    assert all(each.place is newer.manifest.place for each in after.problems)
    world.amend(a, version(2, ("a1", 13), ("x", 2)))
    assert (world.stamping.asked, world.stamping.planned) == (["a1"], 2)


def test_who_is_not_heard_changes_nothing_and_is_told_why(world: World) -> None:
    a, s, t = holder("a", "a1", "a2"), speaker("s", ("a1", 5)), speaker("t", ("a2", 6))
    readings = {each.manifest.key: each for each in (a, s, t)}
    why = Problem(code="not-heard", message="for a reason", object=s.manifest.key)
    revised = world.amending.amend(readings, unheard={s.manifest.key: why})
    assert (sizes(revised), revised.problems) == ({"a1": None, "a2": 6}, (why,))
    assert items(revised)[0] is a.items[0]
    revised = world.amending.amend(readings)
    assert (sizes(revised), revised.problems) == ({"a1": 5, "a2": 6}, ())
