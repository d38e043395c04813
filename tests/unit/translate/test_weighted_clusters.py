from __future__ import annotations

from typing import Any

import pytest

from legation.texts.edits import apply
from legation.translate.quantities import UINT32_MOST
from legation.translate.splits import Backend, Split
from legation.translate.weighted_clusters import Backends, Outcome, is_plain, split_weights, weights_of


def outcome(clusters: Any, total: Any = None, /, **weights: int) -> tuple[Outcome, Any]:
    """Return what becomes of the clusters of a route, and the route's weighted clusters after that."""
    backends = tuple(Backend(service=name, weight=weight, index=i) for i, (name, weight) in enumerate(weights.items()))
    weighted = {"clusters": clusters} | ({} if total is None else {"total_weight": total})
    route = {"route": {"weighted_clusters": weighted}}
    found = weights_of(route)
    assert found is not None
    made = split_weights(found, Backends(Split(service="shop", backends=backends)))
    return made, apply(route, made.edits)["route"]["weighted_clusters"]


def entry(name: str, weight: Any = 50, **more: Any) -> dict[str, Any]:
    return {"name": name, "weight": weight, **more}


def test_an_entry_gets_the_weight_of_its_backend_and_keeps_the_rest() -> None:
    headers = {"request_headers_to_add": [{"header": {"key": "a", "value": "1"}}]}
    _, after = outcome([entry("green", **headers), entry("blue")], green=20, blue=80)
    assert after == {"clusters": [entry("green", 20, **headers), entry("blue", 80)]}


def test_dots_and_underscores_are_equal() -> None:
    _, after = outcome([entry("a_b"), entry("c.d")], **{"a.b": 1, "c_d": 2})
    assert after["clusters"] == [entry("a_b", 1), entry("c.d", 2)]


def test_an_equal_name_goes_before_a_similar_one() -> None:
    _, after = outcome([entry("a_b"), entry("a.b")], **{"a.b": 1, "a_b": 2})
    assert after["clusters"] == [entry("a_b", 2), entry("a.b", 1)]


@pytest.mark.parametrize("weight", [20, "20", 20.0], ids=repr)
def test_what_is_as_it_is_to_be_is_not_edited(weight: Any) -> None:
    made, _ = outcome([entry("green", weight)], weight, green=20)
    assert made.edits == ()


@pytest.mark.parametrize("weight", [None, "many", [], True, 1.5], ids=repr)
def test_a_weight_that_cannot_be_read_is_written(weight: Any) -> None:
    _, after = outcome([entry("green", weight), {"name": "blue"}], green=1, blue=0)
    assert after["clusters"] == [entry("green", 1), entry("blue", 0)]


def test_the_total_follows_where_it_is_written() -> None:
    _, after = outcome([entry("green"), entry("blue"), entry("red", 7)], 100, green=1, blue=3)
    assert after["total_weight"] == 11


def test_what_the_split_does_not_name_stays_and_is_told() -> None:
    made, after = outcome([entry("green"), entry("red"), {"cluster_header": "x", "weight": 1}], green=1, blue=9)
    assert [each.get("weight") for each in after["clusters"]] == [1, 50, 1]
    assert made.unnamed == ("red", "")
    assert made.named == {0}


def test_each_entry_of_a_backend_gets_its_weight_and_that_is_told() -> None:
    made, after = outcome([entry("green"), entry("green"), entry("blue")], green=1, blue=2)
    assert [each["weight"] for each in after["clusters"]] == [1, 1, 2]
    assert made.twice == ("green",)


def test_a_route_never_has_no_weight_at_all() -> None:
    made, after = outcome([entry("green"), entry("blue")], 100, green=0, blue=0, red=5)
    assert made.all_zero
    assert after == {"clusters": [entry("green"), entry("blue")], "total_weight": 100}


def test_all_may_go_to_what_the_split_does_not_name() -> None:
    made, after = outcome([entry("green"), entry("red")], green=0)
    assert not made.all_zero
    assert after["clusters"] == [entry("green", 0), entry("red")]


def test_a_route_of_which_no_cluster_is_a_backend_stays() -> None:
    made, _ = outcome([entry("red", 0)], 7, green=0)
    assert made == Outcome(unnamed=("red",))


def test_what_is_too_much_for_envoy_is_made_smaller_in_proportion() -> None:
    _, after = outcome([entry("a"), entry("b"), entry("c"), entry("d")], 1, a=10**15, b=3 * 10**15, c=1)
    a, b, c, d = (each["weight"] for each in after["clusters"])
    assert (c, d) == (1, 50)
    assert b / a == pytest.approx(3, rel=1e-6)
    assert UINT32_MOST - 10 <= a + b + c + d == after["total_weight"] <= UINT32_MOST


def test_camel_case_is_the_same() -> None:
    route = {"route": {"weightedClusters": {"clusters": [entry("green")], "totalWeight": 50}}}
    found = weights_of(route)
    assert found is not None
    split = Split(service="shop", backends=(Backend(service="green", weight=1, index=0),))
    assert [each.path for each in split_weights(found, Backends(split)).edits] == [
        ("route", "weightedClusters", "clusters", 0, "weight"),
        ("route", "weightedClusters", "totalWeight"),
    ]


@pytest.mark.parametrize(
    "route",
    [
        {},
        {"route": []},
        {"route": {"cluster": "green"}},
        {"route": {"weighted_clusters": []}},
        {"route": {"weighted_clusters": {}}},
        {"route": {"weighted_clusters": {"clusters": []}}},
        {"route": {"weighted_clusters": {"clusters": {"name": "green"}}}},
        {"redirect": {}},
    ],
    ids=repr,
)
def test_what_has_no_weighted_clusters(route: Any) -> None:
    assert weights_of(route) is None


def test_a_plain_route_names_one_cluster() -> None:
    assert is_plain({"route": {"cluster": "green"}})
    assert is_plain({"route": {"clusterHeader": "x"}})
    assert not is_plain({"redirect": {}})
