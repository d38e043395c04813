"""The names that there are in place of those that nobody has."""

from __future__ import annotations

import pytest

from legation.model.node import Scope
from legation.translate import share_misses
from legation.translate.share_misses import Looked, Names
from legation.translate.shares import RoutePick
from tests.unit.translate.splits import host, routes_of
from tests.unit.translate.upstreams import route, weighted

EVERYONE = Scope(namespace="default")
EDGE = Scope(namespace="default", labels=frozenset({("app", "edge")}))
BACK = Scope(namespace="default", labels=frozenset({("app", "back")}))

LOOKED = (
    Looked(
        json=routes_of(
            host(route("a", cluster="v1"), route("b", weighted_clusters=weighted(v2=1, v3=1)), name="web"),
            host(name="bare"),
        ),
        scope=EVERYONE,
    ),
    Looked(json=routes_of(host(route("c", cluster="v4"), name="api"), name="edge"), scope=EDGE),
)


@pytest.mark.parametrize(
    ("pick", "what", "names"),
    [
        (RoutePick(configuration="x", route="a"), "RouteConfigurations", ("edge", "main")),
        (RoutePick(configuration="main", virtual_host="x"), "virtual hosts", ("bare", "web")),
        (RoutePick(virtual_host="web", route="x"), "routes", ("a", "b")),
        (RoutePick(virtual_host="bare", route="x"), "routes", ()),
        (RoutePick(route="b", cluster="x"), "clusters", ("v2", "v3")),
        (RoutePick(cluster="x"), "clusters", ("v1", "v2", "v3", "v4")),
    ],
)
def test_the_search_goes_on_where_names_fit_and_tells_those_where_it_ends(
    pick: RoutePick, what: str, names: tuple[str, ...]
) -> None:
    miss = Names(LOOKED).nearest(pick, EVERYONE)
    assert (miss.what, miss.names) == (what, names)
    assert miss.asked == "x"


def test_what_no_common_envoy_gets_is_left_out() -> None:
    assert Names(LOOKED).nearest(RoutePick(configuration="x"), BACK).names == ("main",)
    assert Names(LOOKED[1:]).nearest(RoutePick(configuration="x"), BACK) == ("", "", ())


def test_of_very_many_names_some_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_misses, "MOST_NAMES", 2)
    assert Names(LOOKED).nearest(RoutePick(cluster="x"), EVERYONE).names == ("v1", "v2")
