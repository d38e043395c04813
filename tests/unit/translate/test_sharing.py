"""Whose share comes into which route, and what is told where none does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from legation.model.node import Scope
from legation.model.objects import ManifestObject
from legation.model.resource_types import CLUSTER, LISTENER
from legation.translate.amenders import AMENDERS
from legation.translate.sharing import SharePlan
from tests.unit.translate import splits
from tests.unit.translate.splits import host, routes_of
from tests.unit.translate.upstreams import notes, route, upstream, weighted

EVERYONE = Scope(namespace="default")
EDGE = Scope(namespace="default", labels=frozenset({("app", "edge")}))
BACK = Scope(namespace="default", labels=frozenset({("app", "back")}))
ROUTES = [{"configuration": "main"}]


def plan(*objects: ManifestObject) -> SharePlan:
    return SharePlan.of(notes(*objects))


def clusters(value: Any) -> list[Any]:
    """Return what each route has in the place of its clusters."""
    found = []
    for each in value["virtual_hosts"]:
        for one in each["routes"]:
            action = one.get("route", {})
            entries = action.get("weighted_clusters", {}).get("clusters", [])
            found.append({entry["name"]: entry["weight"] for entry in entries} or action.get("cluster"))
    return found


def told(of: SharePlan, *values: Mapping[str, Any], scope: Scope = EVERYONE) -> list[tuple[str, Any, str, str]]:
    """Return what is told when all these have been looked at."""
    seen = [of.amend(each, scope=scope) for each in values]
    met = frozenset().union(*(each.met for each in seen))
    sights = frozenset[object]().union(*(each.sights for each in seen))
    return [(each.code, each.path[1:], each.message, each.mend) for each in of.problems(met, sights=sights)]


MAIN = routes_of(
    host(route("a", cluster="v1"), route("b", cluster="other"), name="web"),
    host(route("a", cluster="v1"), route(weighted_clusters=weighted(v1=1, v4=1)), name="api"),
)


@pytest.mark.parametrize(
    ("pick", "where"),
    [
        ({"configuration": "main"}, (0, 1, 2, 3)),
        ({"virtualHost": "web"}, (0, 1)),
        ({"name": "a"}, (0, 2)),
        ({"cluster": "v1"}, (0, 2, 3)),
        ({"configuration": "main", "virtualHost": "api", "name": "a"}, (2,)),
        ({"configuration": "main", "virtualHost": "api", "cluster": "v4"}, (3,)),
        ({"configuration": "other"}, ()),
        ({"configuration": "main", "name": "c"}, ()),
    ],
    ids=str,
)
def test_a_choice_means_the_routes_that_have_all_its_names(pick: Any, where: tuple[int, ...]) -> None:
    amended = plan(upstream(weight=20, routes=[pick])).amend(MAIN, scope=EVERYONE)
    shared = [{"v1": 100, "v2": 20}, {"other": 100, "v2": 20}, {"v1": 100, "v2": 20}, {"v1": 1, "v4": 1, "v2": 20}]
    written = clusters(MAIN)
    assert clusters(amended.json) == [(shared if at in where else written)[at] for at in range(4)]
    assert (amended.json is MAIN) == (not where)
    assert amended.met == ({upstream().key} if where else frozenset())


def test_a_route_that_several_choices_mean_is_shared_once() -> None:
    of = plan(upstream(weight=20, routes=[{"name": "a"}, {"virtualHost": "web"}]))
    assert clusters(of.amend(MAIN, scope=EVERYONE).json)[:2] == [{"v1": 100, "v2": 20}, {"other": 100, "v2": 20}]


def test_several_upstreams_join_in_the_order_of_their_age() -> None:
    old = upstream("zz", weight=3, baseWeight=10, routes=ROUTES, created="2024-01-01T00:00:00Z")
    new = upstream("aa", weight=4, routes=ROUTES, created="2025-01-01T00:00:00Z")
    for objects in ((old, new), (new, old)):
        found = clusters(plan(*objects).amend(MAIN, scope=EVERYONE).json)
        assert list(found[0].items()) == [("v1", 10), ("zz", 3), ("aa", 4)]
        assert told(plan(*objects), MAIN)[0][:2] == ("upstream-base-weight", ("baseWeight",))


def test_routes_in_a_listener_and_virtual_hosts_by_themselves_are_shared() -> None:
    of = plan(upstream(weight=20, routes=ROUTES))
    inline = {"name": "main", "virtualHosts": MAIN["virtual_hosts"]}
    listener = {"filter_chains": [{"filters": [{"typed_config": {"routeConfig": inline}}]}]}
    found = of.amend(listener, scope=EVERYONE).json
    found = found["filter_chains"][0]["filters"][0]["typed_config"]["routeConfig"]
    assert clusters({"virtual_hosts": found["virtualHosts"]})[0] == {"v1": 100, "v2": 20}
    alone = {
        "@type": "type.googleapis.com/envoy.config.route.v3.VirtualHost",
        "name": "main/web",
        "routes": [route(cluster="v1")],
    }
    assert clusters({"virtual_hosts": [of.amend(alone, scope=EVERYONE).json]}) == [{"v1": 100, "v2": 20}]
    other = {"@type": CLUSTER.url, "name": "main", "metadata": {"virtual_hosts": MAIN["virtual_hosts"]}}
    assert of.amend(other, scope=EVERYONE).json is other


@pytest.mark.parametrize(
    ("asked", "scope", "shared", "codes"),
    [
        ({}, EVERYONE, True, []),
        ({}, EDGE, True, []),
        ({"app": "edge"}, EDGE, True, []),
        ({"app": "edge"}, EVERYONE, False, ["upstream-route-too-wide"]),
        ({"app": "edge"}, BACK, False, ["upstream-without-route"]),
    ],
)
def test_no_route_names_the_cluster_where_an_envoy_may_not_have_it(
    asked: Any, scope: Scope, codes: list[str], *, shared: bool
) -> None:
    of = plan(upstream(weight=20, routes=ROUTES, workloadSelector={"labels": asked}))
    assert (of.amend(MAIN, scope=scope).json is not MAIN) == shared
    assert [each[0] for each in told(of, MAIN, scope=scope)] == codes


@pytest.mark.parametrize(
    ("pick", "words", "mend"),
    [
        ({"configuration": "mian"}, 'of RouteConfiguration "mian"', 'did you mean "main"?'),
        ({"configuration": "other"}, 'of RouteConfiguration "other"', "there are RouteConfigurations main"),
        ({"virtualHost": "wbe"}, 'of virtual host "wbe"', 'did you mean "web"?'),
        ({"configuration": "main", "name": "x"}, 'of RouteConfiguration "main" and named "x"', "there are routes a, b"),
        ({"cluster": "v11"}, 'to cluster "v11"', 'did you mean "v1"?'),
    ],
)
def test_a_choice_that_means_nothing_is_told_with_the_nearest_names(pick: Any, words: str, mend: str) -> None:
    found = told(plan(upstream(weight=1, routes=[{"name": "a"}, pick])), MAIN, routes_of(name=""))
    assert found == [("upstream-without-route", ("routes", 1), f"no route of namespace default is {words}", mend)]


def test_where_there_are_no_routes_that_is_told() -> None:
    (found,) = told(plan(upstream(weight=1, routes=ROUTES)))
    assert "no Envoy that gets the upstream gets routes of this namespace" in found[3]
    unnamed = routes_of(host(route(cluster="v1")))
    (found,) = told(plan(upstream(weight=1, routes=[{"name": "a"}])), unnamed)
    assert found[3] == "the routes there have no names"


REDIRECT = {"match": {"prefix": "/old"}, "name": "old", "redirect": {"path_redirect": "/"}}


def test_a_route_that_cannot_be_shared_is_told_where_it_is_meant_alone() -> None:
    routes = routes_of(host(REDIRECT, route("a", cluster="v1")))
    assert told(plan(upstream(weight=1, routes=ROUTES)), routes) == []
    for value, pick in ((routes, {"name": "old"}), (routes_of(host(REDIRECT)), {"configuration": "main"})):
        (found,) = told(plan(upstream(weight=1, routes=[pick])), value)
        assert found[:2] == ("upstream-without-share", ("routes", 0))
        assert found[2].endswith(': virtual_hosts[0].routes[0] of RouteConfiguration "main"')


def test_weights_that_are_more_than_envoy_takes_are_told() -> None:
    routes = routes_of(host(route(weighted_clusters=weighted(v1=2**32 - 1))))
    (found,) = told(plan(upstream(weight=1, routes=ROUTES)), routes)
    assert found[0] == "upstream-without-share"


def test_routes_that_stand_in_listeners_are_a_warning_once() -> None:
    inline = {"name": "main", "virtual_hosts": MAIN["virtual_hosts"]}
    chains = [{"filters": [{"typed_config": {"route_config": inline}}]}]
    listeners = [{"@type": LISTENER.url, "name": name, "filter_chains": chains} for name in ("front", "back")]
    of = plan(upstream(weight=20, routes=[*ROUTES, {"name": "a"}]))
    (found,) = told(of, *listeners, MAIN)
    assert found[:2] == ("upstream-inline-routes", ("routes",))
    assert found[2].endswith(': Listener "back", Listener "front"')
    assert told(of, MAIN) == []
    # Where it takes no share nothing changes, so nothing is drained.
    narrow = plan(upstream(weight=20, routes=ROUTES, workloadSelector={"labels": {"app": "edge"}}))
    assert [each[0] for each in told(narrow, listeners[0])] == ["upstream-route-too-wide"]


def test_a_split_sets_the_weight_of_an_upstream_that_joined_before() -> None:
    split = splits.split(service="web", weights={"v1": 9, "v2": 1})
    everything = [*splits.notes(split), *notes(upstream(weight=20, routes=ROUTES))]
    value: Mapping[str, Any] = MAIN
    for amender in AMENDERS:
        made = amender.plan(everything)
        assert made is not None
        value = made.amend(value, scope=EVERYONE).json
    assert clusters(value)[:3] == [{"v1": 9, "v2": 1}, {"other": 100, "v2": 1}, {"v1": 100, "v2": 20}]


@pytest.mark.parametrize("value", [{}, {"virtual_hosts": [1, {"routes": [1, {"route": 1}, {"name": 1}]}]}], ids=str)
def test_what_is_of_another_shape_is_left(value: Any) -> None:
    of = plan(upstream(weight=1, routes=[{"name": "a"}, {"virtualHost": "b"}, {"cluster": "c"}]))
    assert of.amend(value, scope=EVERYONE).json is value
