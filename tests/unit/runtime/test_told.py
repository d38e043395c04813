"""What versions stood for, in bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from legation.model.resource_types import CLUSTER, LISTENER
from legation.model.snapshot import Collection, collect
from legation.runtime import told
from legation.runtime.told import MOST_VERSIONS, Told
from tests.small_world import cluster, listener

if TYPE_CHECKING:
    import pytest


def clusters(*names: str) -> Collection:
    return collect(CLUSTER, map(cluster, names))


def test_a_version_is_known_to_the_group_that_was_told_it() -> None:
    kept: Told[str] = Told()
    kept.keep("edge", clusters("a"))
    found = kept.find("edge", CLUSTER, clusters("a").version)
    assert found is not None
    assert [*found.resources] == ["a"]
    assert kept.find("edge", CLUSTER, clusters("b").version) is None
    assert kept.find("inner", CLUSTER, clusters("a").version) is None
    assert kept.find("edge", LISTENER, clusters("a").version) is None


def test_what_was_told_last_is_remembered_longest() -> None:
    kept: Told[str] = Told()
    versions = [clusters(str(number)) for number in range(MOST_VERSIONS + 1)]
    for collection in versions[:-1]:
        kept.keep("edge", collection)
    kept.keep("edge", versions[0])
    kept.keep("edge", versions[-1])
    known = [kept.find("edge", CLUSTER, each.version) is not None for each in versions]
    assert known == [True, False, *[True] * (MOST_VERSIONS - 1)]


def test_the_group_that_was_told_something_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "MOST_MEMBERS", 8)
    kept: Told[str] = Told()
    one, other = clusters("a", "b"), collect(LISTENER, [listener("l"), listener("m")])
    kept.keep("edge", one)
    kept.keep("inner", one)
    kept.keep("edge", other)
    assert kept.find("edge", CLUSTER, one.version) is None
    assert kept.find("inner", CLUSTER, one.version) is not None
    assert kept.find("edge", LISTENER, other.version) is not None


def test_what_is_larger_than_the_bound_is_remembered_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told, "MOST_MEMBERS", 2)
    kept: Told[str] = Told()
    kept.keep("edge", clusters("a"))
    kept.keep("edge", clusters("a", "b", "c"))
    assert kept.find("edge", CLUSTER, clusters("a").version) is None
    assert kept.find("edge", CLUSTER, clusters("a", "b", "c").version) is not None
