from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.model.objects import ManifestObject
from legation.texts.edits import Edit, apply
from legation.translate.splitting import SplitPlan
from tests.unit.translate.splits import (
    V2_ROUTE_CONFIGURATION,
    group,
    host,
    notes,
    route,
    routes_of,
    split,
    weights_in,
)

HEADERS = [{"header": {"key": "x-cluster-id", "value": "123"}}]


def plan(*objects: ManifestObject, ordered: bool = False) -> SplitPlan:
    return SplitPlan.of(notes(*objects), ordered=ordered)


def codes(plan: SplitPlan, *values: Any) -> list[str]:
    edited = [plan.edits(each) for each in values]
    met = frozenset().union(*(each.met for each in edited))
    return [each.code for one in edited for each in one.problems] + [each.code for each in plan.problems(met)]


def podinfo() -> dict[str, Any]:
    """Return what a file of crossover's users holds."""
    green = {"name": "green", "weight": 50, "request_headers_to_add": HEADERS}

    def split_route(prefix: str) -> Any:
        clusters = [copy.deepcopy(green), {"name": "blue", "weight": 50}]
        return {"match": {"prefix": prefix}, "route": {"weighted_clusters": {"clusters": clusters}}}

    hosts = [host(split_route("/a"), split_route("/")), host(split_route("/"), name="other")]
    routes = {"@type": V2_ROUTE_CONFIGURATION, "name": "podinfo", "virtual_hosts": hosts}
    return {"version_info": "0", "resources": [routes]}


@pytest.mark.parametrize(
    ("version", "weights"),
    [
        ("v1alpha1", {"green": "20", "blue": "80", "red": "5"}),
        ("v1alpha2", {"green": 20, "blue": 80, "red": 5}),
        ("v1alpha4", {"green": 20, "blue": 80, "red": 5}),
    ],
)
def test_the_drop_in_contract(version: str, weights: Any) -> None:
    """Both routes of the host are split, headers stay, no cluster is added, the other host stays."""
    before = podinfo()
    expected = podinfo()
    for each in expected["resources"][0]["virtual_hosts"][0]["routes"]:
        green, blue = each["route"]["weighted_clusters"]["clusters"]
        green["weight"], blue["weight"] = 20, 80

    amended = plan(split(version=version, weights=weights)).amend(before)

    assert amended.json == expected
    assert amended.json["version_info"] == "0"
    assert before == podinfo()
    assert [(each.code, each.path) for each in amended.problems] == [("split-backend-unknown", ("spec", "backends", 2))]


@pytest.mark.parametrize(
    ("version", "canary", "primary"), [("v1alpha1", "25", "75"), ("v1alpha2", 25, 75), ("v1alpha3", 25, 75)]
)
def test_flagger_with_a_host(version: str, canary: Any, primary: Any) -> None:
    """The virtual host is called as the first of the canary's hosts."""
    value = routes_of(host(route(**{"podinfo-primary": 100, "podinfo-canary": 0}), name="www.example.com"))
    made = split(
        version=version, service="www.example.com", weights={"podinfo-canary": canary, "podinfo-primary": primary}
    )
    assert weights_in(plan(made).amend(value).json) == [75, 25]
    assert not codes(plan(made), value)


def test_what_no_split_speaks_of_stays_the_same_object() -> None:
    value = routes_of(host(route(green=1), name="other"))
    assert plan(split(weights={"green": 2})).amend(value).json is value
    same = routes_of(host(route(green=2)))
    assert plan(split(weights={"green": 2})).amend(same).json is same


def test_edits_say_where_the_numbers_stand() -> None:
    edited = plan(split(weights={"green": 1, "blue": 0})).edits(
        {"resources": [routes_of(host(route(green=5, blue=0)))]}
    )
    path = ("resources", 0, "virtual_hosts", 0, "routes", 0, "route", "weighted_clusters", "clusters", 0, "weight")
    assert edited.edits == (Edit(path=path, value=1),)


def test_routes_inside_a_listener_in_camel_case() -> None:
    inner = {
        "virtualHosts": [
            {
                "name": "podinfo",
                "routes": [
                    {
                        "match": {"prefix": "/"},
                        "route": {"weightedClusters": {"clusters": [{"name": "green", "weight": 1}], "totalWeight": 1}},
                    }
                ],
            }
        ]
    }
    listener = {
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "main",
        "filterChains": [{"filters": [{"name": "hcm", "typedConfig": {"routeConfig": inner}}]}],
    }
    new = plan(split(weights={"green": 7})).amend(listener).json
    weighted = new["filterChains"][0]["filters"][0]["typedConfig"]["routeConfig"]["virtualHosts"][0]["routes"][0]
    assert weighted["route"]["weightedClusters"] == {"clusters": [{"name": "green", "weight": 7}], "totalWeight": 7}


def test_a_virtual_host_by_itself() -> None:
    value = {
        "@type": "type.googleapis.com/envoy.config.route.v3.VirtualHost",
        **host(route(green=1), name="main/podinfo"),
    }
    amended = plan(split(weights={"green": 7})).amend(value)
    assert weights_in(amended.json) == [7]
    assert amended.met


def test_every_host_of_the_name_is_split() -> None:
    value = [routes_of(host(route(green=1))), routes_of(host(route(green=2)), host(route(green=3), name="b"))]
    assert weights_in(apply(value, plan(split(weights={"green": 7})).edits(value).edits)) == [7, 7, 3]


def test_without_the_split_the_written_weights_are_there() -> None:
    assert plan().amend(podinfo()).json == podinfo()


# ------------------------------------------------------------------------------------------------ what does not fit


def test_no_virtual_host_of_the_name_is_told() -> None:
    made = plan(split(weights={"green": 1}))
    assert codes(made, routes_of(host(name="other"))) == ["split-without-host"]
    assert codes(made) == ["split-without-host"]
    assert codes(made, routes_of(host(name="other")), routes_of(host(route(green=5)))) == []


def test_a_virtual_host_without_weights_is_told() -> None:
    value = routes_of(host({"match": {"prefix": "/"}, "route": {"cluster": "green"}}))
    made = plan(split(weights={"green": 1}))
    assert codes(made, value) == ["split-without-weights"]
    (problem,) = made.edits(value, what="file rds.yaml").problems
    assert "virtual_hosts[0] of file rds.yaml" in problem.message


def test_a_host_that_only_redirects_is_none_of_the_splits_business() -> None:
    redirect = routes_of(host({"match": {"prefix": "/"}, "redirect": {"https_redirect": True}}))
    assert codes(plan(split(weights={"green": 1})), redirect, routes_of(host(route(green=5)))) == []


def test_a_plain_route_beside_a_weighted_one_is_nothing_to_tell() -> None:
    value = routes_of(host(route(green=1), {"match": {"prefix": "/h"}, "route": {"cluster": "green"}}))
    assert codes(plan(split(weights={"green": 1})), value) == []


def test_a_backend_that_only_some_routes_have_is_nothing_to_tell() -> None:
    value = routes_of(host(route(green=1), route(blue=1)))
    assert codes(plan(split(weights={"green": 1, "blue": 2})), value) == []


def test_a_cluster_that_the_split_does_not_name_is_told_once() -> None:
    value = routes_of(host(route(green=1), *[route(green=1, red=5, pink=5) for _ in range(9)]))
    edited = plan(split(weights={"green": 1})).edits(value)
    (problem,) = edited.problems
    assert problem.code == "split-cluster-unnamed"
    assert '"red", "pink"' in problem.message
    assert "in virtual_hosts[0].routes[1], " in problem.message
    assert "and 6 more" in problem.message
    assert 'RouteConfiguration "main"' in problem.message


def test_all_zero_keeps_what_is_written() -> None:
    value = routes_of(host(route(green=50, blue=50), route(green=50, red=1)))
    made = plan(split(weights={"green": 0, "blue": 0, "pink": 1}))
    amended = made.amend(value)
    assert weights_in(amended.json) == [50, 50, 0, 1]
    problem = amended.problems[0]
    assert (problem.code, problem.level) == ("split-all-zero", "error")
    assert "virtual_hosts[0].routes[0]" in problem.message


def test_one_backend_with_two_entries_is_told() -> None:
    value = routes_of(host({"route": {"weighted_clusters": {"clusters": [{"name": "a.b"}, {"name": "a_b"}]}}}))
    assert codes(plan(split(weights={"a.b": 1})), value) == ["split-cluster-twice"]


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        [[]],
        {"virtual_hosts": [host()]},
        {"virtual_hosts": [{"name": "podinfo", "routes": {"a": 1}}]},
        {"virtual_hosts": [host([], "a", {"route": []}, {"route": {"weighted_clusters": [1]}})]},
        {"virtual_hosts": [host({"route": {"weighted_clusters": {"clusters": [1, None, {"name": 5}]}}})]},
    ],
    ids=repr,
)
def test_what_is_of_another_shape_stays(value: Any) -> None:
    assert not plan(split(weights={"green": 1})).edits(value).edits


# ------------------------------------------------------------------------------------------------------ several splits


def test_splits_of_different_services_have_their_own_hosts() -> None:
    value = routes_of(host(route(green=1), name="a"), host(route(green=1), name="b"))
    made = plan(split("a", service="a", weights={"green": 5}), split("b", service="b", weights={"green": 6}))
    assert weights_in(made.amend(value).json) == [5, 6]
    assert not codes(made, value)


def test_of_two_splits_of_one_service_the_senior_one_counts() -> None:
    young = split("a", weights={"green": 1}, created="2024-01-01T00:00:00Z")
    old = split("b", weights={"green": 2}, created="2023-01-01T00:00:00Z")
    value = routes_of(host(route(green=50), route(green=50)))
    amended = plan(young, old).amend(value)

    assert weights_in(amended.json) == [2, 2]
    (problem,) = amended.problems
    assert (problem.code, problem.object, problem.level) == ("split-conflict", young.key, "error")
    assert str(old.key) in problem.message
    assert amended.met == {young.key, old.key}
    assert weights_in(plan(young, old, ordered=True).amend(value).json) == [1, 1]


# ------------------------------------------------------------------------------------------------------------- matches

API = group("api", {"name": "api", "pathRegex": "/api/.*", "methods": ["*"]})


def test_only_routes_whose_requests_all_match_are_split() -> None:
    value = routes_of(
        host(route({"prefix": "/api/v1"}, green=50), route({"prefix": "/api/"}, green=50), route(green=50))
    )
    made = plan(split(weights={"green": 1}, groups=("api",)), API)
    assert weights_in(made.amend(value).json) == [1, 1, 50]
    # What matches never comes to the last route.
    assert not codes(made, value)


def test_a_route_that_may_take_others_is_not_split_and_told() -> None:
    value = routes_of(host(route(green=50)))
    amended = plan(split(weights={"green": 1}, groups=("api",)), API).amend(value)
    assert amended.json is value
    (problem,) = amended.problems
    assert (problem.code, problem.level) == ("split-route-too-wide", "warning")
    assert problem.path == ("spec", "matches")
    assert "a route of its own" in problem.mend


def test_what_an_earlier_route_takes_only_in_part_still_comes_further_down() -> None:
    some = {"prefix": "/api/", "runtime_fraction": {}}
    value = routes_of(host(route(some, green=50), route(green=50)))
    made = plan(split(weights={"green": 1}, groups=("api",)), API)
    assert weights_in(made.amend(value).json) == [1, 50]
    assert codes(made, value) == ["split-route-too-wide"]


def test_matches_that_no_route_has_are_told() -> None:
    value = routes_of(host(route({"prefix": "/shop"}, green=50)))
    assert codes(plan(split(weights={"green": 1}, groups=("api",)), API), value) == ["split-without-route"]


def test_headers_and_methods_have_to_match_too() -> None:
    canary = group("canary", {"methods": ["GET", "HEAD"], "headers": {"X-Canary": "always"}})
    header = {"name": "x-canary", "string_match": {"exact": "always"}}
    get = {"name": ":method", "string_match": {"exact": "GET"}}
    value = routes_of(
        host(
            route({"prefix": "/", "headers": [header, get]}, green=5),
            route({"prefix": "/", "headers": [header]}, green=5),
        )
    )
    made = plan(split(weights={"green": 1}, groups=("canary",)), canary)
    assert weights_in(made.amend(value).json) == [1, 5]
    assert codes(made, value) == ["split-route-too-wide"]


def test_several_groups_are_one() -> None:
    value = routes_of(host(route({"path": "/metrics"}, green=50), route({"prefix": "/api/"}, green=50)))
    metrics = group("metrics", {"pathRegex": "/metrics"})
    made = plan(split(weights={"green": 1}, groups=("metrics", "api")), API, metrics)
    assert weights_in(made.amend(value).json) == [1, 1]


def test_a_split_with_matches_goes_before_one_without() -> None:
    """Each has its routes, and nobody lost anything."""
    value = routes_of(host(route({"prefix": "/api/"}, green=50), route(green=50)))
    made = plan(split("a", weights={"green": 1}), split("b", weights={"green": 2}, groups=("api",)), API, ordered=True)
    assert weights_in(made.amend(value).json) == [2, 1]
    assert not codes(made, value)


def test_without_its_group_a_split_splits_nothing() -> None:
    value = routes_of(host(route(green=50)))
    made = plan(split(weights={"green": 1}, groups=("api", "gone")), API)
    assert made.amend(value).json is value
    (problem,) = made.problems(frozenset())
    assert (problem.code, problem.path, problem.level) == ("split-without-group", ("spec", "matches", 1), "warning")


# ---------------------------------------------------------------------------------------------------------- properties

NAMES = st.sampled_from(["green", "blue", "a.b", "a_b", "podinfo", "other"])
WEIGHTS: st.SearchStrategy[Any] = st.one_of(
    st.integers(0, 2**33), st.sampled_from(["5", "x", None, True, 1.0, 1.5, [], {}])
)
JUNK = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 9), st.text("ab", max_size=2)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
CLUSTERS = st.lists(JUNK | st.fixed_dictionaries({"name": NAMES}, optional={"weight": WEIGHTS, "x": JUNK}), max_size=4)
WEIGHTED = JUNK | st.fixed_dictionaries(
    {"clusters": CLUSTERS}, optional={"total_weight": WEIGHTS, "totalWeight": WEIGHTS}
)
MATCHES = JUNK | st.sampled_from([{"prefix": "/"}, {"prefix": "/api/"}, {"path": "/api/x"}])
ACTIONS = JUNK | st.fixed_dictionaries({}, optional={"weighted_clusters": WEIGHTED, "weightedClusters": WEIGHTED})
ROUTES = JUNK | st.fixed_dictionaries({"match": MATCHES, "route": ACTIONS})
HOSTS = JUNK | st.fixed_dictionaries({"name": NAMES, "routes": JUNK | st.lists(ROUTES, max_size=3)})
VALUES = st.recursive(
    st.fixed_dictionaries({"virtual_hosts": st.lists(HOSTS, max_size=3)})
    | st.fixed_dictionaries({"virtualHosts": st.lists(HOSTS, max_size=3)}),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["resources", "a"]), inner),
    max_leaves=3,
)


def without_weights(value: Any) -> Any:
    if isinstance(value, dict):
        numbers = {"weight", "total_weight", "totalWeight"}
        return {key: without_weights(each) for key, each in value.items() if key not in numbers}
    return [without_weights(each) for each in value] if isinstance(value, list) else value


@given(
    value=VALUES,
    weights=st.dictionaries(NAMES, st.integers(0, 2**40) | st.sampled_from(["500m", "1e3"]), min_size=1).filter(
        lambda weights: any(weights.values())
    ),
    groups=st.sampled_from([(), ("api",)]),
)
def test_nothing_but_weights_changes(value: Any, weights: Any, groups: Any) -> None:
    before = copy.deepcopy(value)
    made = plan(split(weights=weights, groups=groups), split("b", service="other", weights=weights), API)
    edited = made.edits(value)
    new = apply(value, edited.edits)

    assert value == before
    assert repr(without_weights(new)) == repr(without_weights(before))
    assert len({each.path for each in edited.edits}) == len(edited.edits)
    assert all(0 <= each.value < 2**32 for each in edited.edits)
    assert made.edits(new).edits == ()


@given(values=st.lists(st.integers(0, 2**40), min_size=2, max_size=4).filter(any))
def test_shares_are_those_of_the_split(values: list[int]) -> None:
    weights = {f"c{index}": weight for index, weight in enumerate(values)}
    new = plan(split(weights=weights)).amend(routes_of(host(route(**dict.fromkeys(weights, 1))))).json
    made = weights_in(new)
    assert 0 < sum(made) < 2**32
    assert [each / sum(made) for each in made] == pytest.approx([each / sum(values) for each in values], abs=1e-6)
