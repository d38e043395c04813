"""Collections: made anew from all members, or from what changed; equal ones are one object."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Mapping
from random import Random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from legation.model.snapshot import EMPTY, Collection, Difference, Snapshot, collect, revise
from tests.small_world import cluster, resource, static_cluster

if TYPE_CHECKING:
    import pytest

_NAMES = "abcde"
_MEMBERS = st.dictionaries(st.sampled_from(_NAMES), st.integers(1, 3))


def members(versions: Mapping[str, int], *, ttl: float | None = None) -> dict[str, Resource]:
    return {name: resource(CLUSTER, name, version, ttl=ttl) for name, version in versions.items()}


def looked_for(before: Collection, after: Collection) -> Difference:
    """Return the difference as it is found where nobody noted it."""
    changed = {
        name: each
        for name, each in after.resources.items()
        if name not in before.resources or before.resources[name].fingerprint != each.fingerprint
    }
    return Difference(
        changed=changed,
        removed=tuple(name for name in before.resources if name not in after.resources),
        size=sum(each.size for each in changed.values()),
    )


@given(_MEMBERS, _MEMBERS, st.sets(st.sampled_from(_NAMES)), st.randoms(use_true_random=False))
def test_revised_is_what_would_be_collected_of_the_members(
    first: dict[str, int], second: dict[str, int], removed: set[str], chance: Random
) -> None:
    """In whichever order the changes are told."""
    before = collect(CLUSTER, members(first).values())
    changed = members({name: version for name, version in second.items() if name not in removed})
    told = list(changed.items())
    chance.shuffle(told)
    after = revise(before, dict(told), removed)
    kept = {name: each for name, each in {**before.resources, **changed}.items() if name not in removed}
    whole = collect(CLUSTER, kept.values())
    assert after is whole
    assert [*after.resources] == sorted(kept)
    assert (after.digest, after.version) == (whole.digest, whole.version)
    found, expected = after.since(before), looked_for(before, after)
    assert [*found.changed.items()] == [*expected.changed.items()]
    assert (found.removed, found.size) == (expected.removed, expected.size)


def test_a_revision_that_changes_nothing_is_the_same_collection() -> None:
    before = collect(CLUSTER, members({"a": 1, "b": 1}).values())
    assert revise(before, {}) is before
    assert revise(before, members({"a": 1}), ["nobody"]) is before


def test_a_revision_and_its_undoing_are_the_same_collection_again() -> None:
    before = collect(CLUSTER, members({"a": 1, "b": 1}).values())
    after = revise(before, members({"a": 2, "c": 1}), ["b"])
    assert after is not before
    assert revise(after, members({"a": 1, "b": 1}), ["c"]) is before


def test_a_member_that_is_made_anew_with_the_same_content_is_no_difference() -> None:
    """But it takes the place of the old one, for its origin may be another."""
    before = collect(CLUSTER, members({"a": 1}).values())
    again = Resource(type=CLUSTER, name="a", body=b"a@1", version="1")
    after = revise(before, {"a": again})
    assert after.get("a") is again
    assert after.version == before.version
    assert not after.since(before)


def test_a_revision_does_not_look_at_what_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """The difference is noted by who makes it."""
    before = collect(CLUSTER, members(dict.fromkeys("mnopq", 1)).values())
    after = revise(before, members({"m": 2}))
    monkeypatch.delattr(Collection, "_difference")
    assert after.since(before).changed.keys() == {"m"}


def test_mortal_members_are_known_after_a_revision() -> None:
    before = collect(CLUSTER, members({"a": 1, "b": 1}).values())
    after = revise(before, members({"b": 1}, ttl=9.0))
    assert [*after.mortal] == ["b"]
    assert not revise(after, members({"b": 1})).mortal


def test_what_is_derived_of_a_revision_is_its_own() -> None:
    before = collect(CLUSTER, [cluster("a"), static_cluster("b")])
    assert before.referrers(CLUSTER_LOAD_ASSIGNMENT, "a") == ("a",)
    after = revise(before, {"b": cluster("b"), "a": static_cluster("a")})
    assert after.referrers(CLUSTER_LOAD_ASSIGNMENT, "a") == ()
    assert after.referrers(CLUSTER_LOAD_ASSIGNMENT, "b") == ("b",)


@given(st.lists(st.tuples(_MEMBERS, st.sets(st.sampled_from(_NAMES))), max_size=8))
def test_a_chain_of_revisions_is_what_it_comes_to(steps: list[tuple[dict[str, int], set[str]]]) -> None:
    current, kept = EMPTY[CLUSTER], dict[str, Resource]()
    for versions, removed in steps:
        changed = members({name: version for name, version in versions.items() if name not in removed})
        current = revise(current, changed, removed)
        kept = without({**kept, **changed}, removed)
    assert current is collect(CLUSTER, kept.values())


def without(resources: Mapping[str, Resource], names: Iterable[str]) -> dict[str, Resource]:
    return {name: each for name, each in resources.items() if name not in set(names)}


def test_a_collection_that_nobody_has_any_more_is_made_anew() -> None:
    """What is interned is not kept for that alone; a noted difference keeps nobody alive either."""
    only = members({"only-here": 1})
    before = collect(CLUSTER, only.values())
    after = revise(before, {}, ["only-here"])
    assert after is EMPTY[CLUSTER]
    gc.collect()  # what other tests left
    count = len(after._differences)
    del before
    gc.collect()
    assert len(after._differences) == count - 1


def test_snapshots_of_the_same_collections_are_one_object() -> None:
    some = collect(CLUSTER, members({"a": 1}).values())
    assert Snapshot.of([some]) is Snapshot.of([some])
    assert Snapshot.of([some]) is not Snapshot.of([some], incomplete=frozenset({CLUSTER}))
    assert Snapshot.of([revise(EMPTY[CLUSTER], members({"a": 1}))]) is Snapshot.of([some])
