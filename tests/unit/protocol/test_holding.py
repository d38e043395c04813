"""A collection, except for some names."""

from __future__ import annotations

from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION
from legation.model.snapshot import Collection, collect
from legation.protocol.holding import Holding, over, same
from tests.small_world import cluster, route


def clusters(**versions: int) -> Collection:
    return collect(CLUSTER, [cluster(name, version) for name, version in versions.items()])


def test_same_goes_by_content() -> None:
    assert same(None, None)
    assert same(cluster("a", 1), cluster("a", 1))
    assert not same(cluster("a", 1), cluster("a", 2))
    assert not same(cluster("a", 1), None)


def test_an_overlay_hides_changes_and_adds() -> None:
    holding = over(clusters(a=1, b=1), {"a": None, "b": cluster("b", 2), "c": cluster("c", 1)})
    assert holding.get("a") is None
    assert holding.get("b") is cluster("b", 2)
    assert holding.get("c") is cluster("c", 1)


def test_an_overlay_that_says_nothing_is_none() -> None:
    base = clusters(a=1)
    assert over(base, {"a": cluster("a", 1), "x": None}).equals(Holding(base))
    assert Holding(base).but({}).equals(Holding(base))


def test_the_version_is_that_of_the_collection_with_that_content() -> None:
    holding = over(clusters(a=1, b=1), {"a": None, "b": cluster("b", 2), "c": cluster("c", 1)})
    assert holding.version == clusters(b=2, c=1).version
    assert Holding(clusters(a=1)).version == clusters(a=1).version


def test_unlike_names_all_that_may_differ_once() -> None:
    holding = over(clusters(a=1, b=1, c=1), {"a": None})
    assert sorted(holding.unlike(clusters(a=1, b=2))) == ["a", "b", "c"]
    assert list(Holding(clusters(a=1)).unlike(clusters(a=1))) == []


def test_mentioning_finds_referrers_in_base_and_overlay() -> None:
    base = collect(ROUTE_CONFIGURATION, [route("r", 1, ("a",)), route("s", 1, ("b",)), route("every", 1, ("*",))])
    holding = over(base, {"r": None, "t": route("t", 1, ("a",))})
    assert sorted(holding.mentioning(CLUSTER, "a")) == ["every", "t"]
