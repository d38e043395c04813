from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.model.resource_types import CLUSTER, RESOURCE_TYPES
from legation.runtime.last_good import LastGood, Settled
from legation.runtime.read import Reading
from tests.manifests import manifest

UNKNOWN_FILE = (
    "b.yaml: nobody knows all that this file held: until it is mended, an Envoy that reconnects keeps all that it has"
)


def good(name: str = "backend", **fields: Any) -> ManifestObject:
    return manifest("Cluster", name, **fields)


def bad(name: str = "backend", **fields: Any) -> ManifestObject:
    return manifest("Cluster", name, broken=True, **fields)


def foreign(name: str = "theirs", **fields: Any) -> ManifestObject:
    return manifest("Certificate", name, broken=True, **fields)


class Reader:
    """Reads objects by their mark: what says `broken` is broken."""

    def __init__(self) -> None:
        self.read: list[ManifestObject] = []

    def __call__(self, of: ManifestObject, previous: Reading | None) -> Reading:
        assert previous is None or previous.manifest.key == of.key
        self.read.append(of)
        broken = "broken" in of.body
        return Reading(
            manifest=of,
            broken=broken,
            problems=(Problem(code="bad", message="it is broken", object=of.key),) if broken else (),
            may_hold=frozenset({CLUSTER}) if of.key.kind == "Cluster" else frozenset(),
        )


def by_key(objects: Iterable[ManifestObject]) -> dict[ObjectKey, ManifestObject]:
    return {each.key: each for each in objects}


class House:
    """One life of the program: settle what lies in the directory, and see what is served."""

    def __init__(self, records: dict[str, Any] | None = None) -> None:
        self.reader = Reader()
        self.records = records if records is not None else {}
        self.last_good = LastGood(self.records, read=self.reader)
        self.settled = Settled(readings={})

    def settle(self, *objects: ManifestObject, broken: Iterable[str] = ()) -> list[ManifestObject]:
        self.settled = self.last_good.settle(by_key(objects), broken=frozenset(broken))
        for name, record in self.last_good.take_changes().items():
            if record is None:
                del self.records[name]
            else:
                self.records[name] = json.loads(json.dumps(record))
        return [reading.manifest for reading in self.settled.readings.values()]

    def restart(self) -> House:
        return House(self.records)

    @property
    def codes(self) -> list[str]:
        return [problem.code for problem in self.settled.problems]

    @property
    def may_miss(self) -> frozenset[Any]:
        return self.settled.incomplete.of("default")


def test_what_is_good_is_served() -> None:
    """The newest version of each, and nothing else is said."""
    house = House()
    one, two = good("one"), good("two")

    assert house.settle(one, two) == [one, two]
    assert house.codes == []
    assert not house.may_miss


def test_a_broken_version_is_replaced_by_the_last_good_one() -> None:
    """Until it is mended; its problem is told all the while."""
    house = House()
    first, mended = good(), good()
    house.settle(first)

    assert house.settle(bad()) == [first]
    assert house.settle(bad()) == [first]
    assert house.codes == ["bad"]
    assert not house.may_miss
    assert house.settle(mended) == [mended]
    assert house.codes == []


def test_a_broken_object_never_stops_another() -> None:
    """Its neighbour in the same file changes, comes and goes meanwhile."""
    house = House()
    first = good("a")
    house.settle(first, good("b"))
    newer = good("b")

    assert house.settle(bad("a"), newer) == [first, newer]
    assert house.settle(bad("a")) == [first]


def test_an_object_that_is_deleted_is_gone() -> None:
    """A file that is whole and lacks it, or is no more, says so; also while the object was broken."""
    house = House()
    house.settle(good("a"), good("b", file="b.yaml"))

    assert house.settle(bad("a")) != []
    assert house.settle() == []


def test_an_object_of_a_broken_file_is_not_gone() -> None:
    """What the unreadable part holds may be the object: it stays as last seen, and that is said once for the file."""
    house = House()
    a, b, other = good("a"), good("b"), good("c", file="c.yaml")
    house.settle(a, b, other)

    assert house.settle(a, other, broken=["a.yaml"]) == [a, other, b]
    assert house.settle(broken=["a.yaml"]) == [a, b]
    assert str(house.settled.problems[0]) == (
        "a.yaml: 2 objects that were in this file before stay as last seen, because a part of it cannot be used "
        "(mend the file; what is not in it then is gone)"
    )
    assert house.settle(b) == [b]
    assert house.codes == []
    assert not house.may_miss


def test_an_object_that_broke_and_then_became_unreadable_keeps_its_last_good_version() -> None:
    """Where it was last seen counts, not where its last good version stood."""
    house = House()
    first = good("a", file="old.yaml")
    house.settle(first)
    house.settle(bad("a", file="new.yaml"))

    assert house.settle(broken=["new.yaml"]) == [first]


def test_an_object_of_a_broken_file_that_turns_up_elsewhere_is_the_new_one() -> None:
    """It was moved while the old file was being edited."""
    house = House()
    house.settle(good("a"))
    moved = good("a", file="b.yaml")

    assert house.settle(moved, broken=["a.yaml"]) == [moved]


def test_an_object_whose_name_or_kind_was_misspelt_is_not_gone() -> None:
    """Something appears that nobody understands as something vanishes from the same file: it may be the same."""
    house = House()
    a, elsewhere = good("a"), good("b", file="b.yaml")
    house.settle(a, elsewhere)

    assert house.settle(bad("typo"), elsewhere) == [elsewhere, a]
    assert house.settle(bad("typo"), elsewhere) == [elsewhere, a]
    assert house.codes == ["bad", "kept"]
    renamed = good("typo2")
    assert house.settle(renamed, elsewhere) == [renamed, elsewhere]


def test_a_broken_object_that_lay_there_before_does_not_keep_others_alive() -> None:
    """Deleting one object from a file works though another in it is broken and was never good."""
    house = House()
    a = good("a")
    house.settle(a, bad("never-good"))

    assert house.settle(bad("never-good")) == []


def test_an_object_of_somebody_else_keeps_nothing_alive() -> None:
    """It holds nothing of ours, under whatever name."""
    house = House()
    house.settle(good("a"))

    assert house.settle(foreign()) == []
    assert not house.may_miss


def test_a_namespace_counts_however_broken_its_objects_are() -> None:
    """Its Envoys must not be taken for those of another."""
    house = House()
    house.settle(bad("a", namespace="shop"), good("b", namespace="other"))

    assert house.settled.namespaces == {"shop", "other"}


def test_only_what_changed_is_read() -> None:
    """The same Python object means the same content."""
    house = House()
    one, two = good("one"), good("two")
    house.settle(one, two)
    house.settle(one, two)
    newer = good("two")
    house.settle(one, newer)

    assert house.reader.read == [one, two, newer]


# What nobody knows ---------------------------------------------------------------------------------------------------


def test_an_object_broken_from_the_start_may_hold_something_that_envoys_have() -> None:
    """Of the types that it could hold nothing may be removed in its namespace, and the problem says so."""
    house = House()
    house.settle(bad("a", namespace="shop"), good("b", namespace="other"))

    assert house.settled.incomplete.of("shop") == {CLUSTER}
    assert not house.settled.incomplete.of("other")
    assert house.codes == ["bad", "no-good-version"]
    assert str(house.settled.problems[1]) == (
        "a.yaml:1:1: Cluster shop/a: no good version of it is known: until it is mended, an Envoy of namespace shop "
        "that reconnects keeps every Cluster that it has"
    )
    assert house.settled.problems[1].level is Level.WARNING


@pytest.mark.parametrize("after", [[], [good("a")]], ids=["deleted", "mended"])
def test_a_type_is_complete_again_when_the_object_is_mended_or_deleted(after: list[ManifestObject]) -> None:
    """Then what is served is all there is."""
    house = House()
    house.settle(bad("a"))
    assert house.may_miss

    house.settle(*after)
    assert not house.may_miss
    assert house.codes == []


def test_what_turns_up_broken_later_was_never_served() -> None:
    """The program saw the directory without it: no Envoy can hold it."""
    house = House()
    house.settle(good("a"))
    house.settle(good("a"), bad("b", file="b.yaml"))

    assert not house.may_miss
    assert house.codes == ["bad"]


def test_a_file_broken_from_the_start_may_have_held_anything() -> None:
    """For every namespace, until it is mended."""
    house = House()
    house.settle(good("a"), broken=["b.yaml"])

    assert house.may_miss == set(RESOURCE_TYPES)
    assert house.settled.incomplete.of("other") == set(RESOURCE_TYPES)
    assert [str(problem) for problem in house.settled.problems] == [UNKNOWN_FILE]
    house.settle(good("a"))
    assert not house.may_miss


def test_a_part_of_a_file_that_can_be_read_does_not_tell_what_the_rest_held() -> None:
    """One good object in it does not make the file known."""
    house = House()
    house.settle(good("a"), broken=["a.yaml"])

    assert house.may_miss == set(RESOURCE_TYPES)


def test_an_unknown_object_stays_unknown_when_its_file_breaks_or_is_half_mended() -> None:
    """First the object is broken, then the whole file, then the object again: nobody has seen a good version yet."""
    house = House()
    house.settle(bad("a"))
    house.settle(broken=["a.yaml"])
    assert house.may_miss == set(RESOURCE_TYPES)

    house.settle(bad("a"))
    assert house.may_miss == {CLUSTER}
    house.settle(good("a"))
    assert not house.may_miss


# Across a restart ----------------------------------------------------------------------------------------------------


def test_a_restart_with_a_broken_object_serves_the_last_good_version() -> None:
    """As it was, word by word."""
    first = good("a", created="2026-01-01T00:00:00Z", labels={"app": "edge"}, line=7)
    house = House()
    house.settle(first)
    house = house.restart()
    (served,) = house.settle(bad("a"))

    for field in ("key", "api_version", "body", "labels", "created", "place"):
        assert getattr(served, field) == getattr(first, field)
    assert not house.may_miss


def test_a_restart_with_a_broken_file_serves_what_it_held() -> None:
    """All of it, and nothing is said to be missing: the file was once read whole."""
    house = House()
    house.settle(good("a"), good("b"))
    house = house.restart()

    assert [each.key.name for each in house.settle(broken=["a.yaml"])] == ["a", "b"]
    assert not house.may_miss
    assert house.codes == ["kept"]


def test_a_restart_forgets_what_was_deleted_meanwhile() -> None:
    """The directory says what there is."""
    house = House()
    house.settle(good("a"), good("b"))
    house = house.restart()
    b = good("b")

    assert house.settle(b) == [b]
    assert [each.key.name for each in house.restart().settle(broken=["a.yaml"])] == ["b"]


def test_a_file_that_was_never_whole_stays_unknown_after_a_restart() -> None:
    """What was remembered of it is served, and more may be missing."""
    house = House()
    house.settle(good("a"), broken=["a.yaml"])
    house = house.restart()

    assert [each.key.name for each in house.settle(broken=["a.yaml"])] == ["a"]
    assert house.may_miss == set(RESOURCE_TYPES)


def test_a_file_with_an_object_that_was_never_good_is_not_known_whole() -> None:
    """What that object was before is not known."""
    house = House()
    house.settle(good("a"), bad("never-good"))
    house = house.restart()
    house.settle(broken=["a.yaml"])

    assert house.may_miss == set(RESOURCE_TYPES)


def test_a_file_stays_known_while_it_is_broken_over_several_restarts() -> None:
    """It was once whole, and nothing of it was forgotten since."""
    house = House()
    house.settle(good("a"))
    for _ in range(3):
        house = house.restart()
        assert [each.key.name for each in house.settle(broken=["a.yaml"])] == ["a"]
        assert not house.may_miss


def test_a_file_that_was_deleted_is_not_known_any_more() -> None:
    """One of that name that comes later is another."""
    house = House()
    house.settle(good("a"))
    house.settle()
    house = house.restart()
    house.settle(broken=["a.yaml"])

    assert house.may_miss == set(RESOURCE_TYPES)


def test_a_remembered_version_that_is_no_longer_good_is_not_served() -> None:
    """A newer program may be stricter; what Envoys hold of it is not taken away either."""
    house = House()
    house.settle(good("a"))
    (record,) = (record for name, record in house.records.items() if name.startswith("object"))
    record["body"]["broken"] = True
    house = house.restart()

    assert house.settle(bad("a")) == []
    assert house.may_miss == {CLUSTER}


def test_a_record_that_is_not_understood_is_a_problem_and_forgotten() -> None:
    """It never stops the program."""
    house = House({"object x": {"key": ["", "Pod"]}, "object y": 3})
    a = good("a")

    assert house.settle(a) == [a]
    assert house.codes == ["damaged-state", "damaged-state"]
    assert not any(name in house.records for name in ("object x", "object y"))


def test_only_what_changed_is_saved() -> None:
    """One object of many changed: one record is written."""
    house = House()
    objects = [good(f"c{index}") for index in range(5)]
    house.settle(*objects)
    house.last_good.settle(by_key([*objects[1:], good("c0", labels={"new": "yes"})]))

    assert list(house.last_good.take_changes()) == ["object bootes.io/Cluster default/c0"]
    assert house.last_good.take_changes() == {}


def test_a_restart_saves_nothing_anew_that_stayed_the_same() -> None:
    """It is read anew, and says what it said."""
    house = House()
    house.settle(good("a"), good("b"))
    house = house.restart()
    house.last_good.settle(by_key([good("a"), good("b", labels={"new": "yes"})]))

    assert list(house.last_good.take_changes()) == ["object bootes.io/Cluster default/b"]
