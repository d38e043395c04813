"""What shares make of one route: what joins, what stays."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from legation.model.node import Scope
from legation.translate.quantities import UINT32_MOST
from legation.translate.shared_routes import clusters_of, share_route
from legation.translate.shares import RoutePick, Share
from tests.unit.translate.upstreams import route, weighted


def share(cluster: str = "v2", weight: int = 20, *, base: int = 100) -> Share:
    return Share(
        cluster=cluster,
        scope=Scope(namespace="default"),
        weight=weight,
        base_weight=base,
        picks=(RoutePick(route="r"),),
    )


def test_the_cluster_that_stands_alone_counts_the_base_and_all_else_stays() -> None:
    before = {
        **route("r", cluster="v1", timeout="3s", request_mirror_policies=[{"cluster": "copy"}]),
        "typed_per_filter_config": {"a": {}},
    }
    kept = deepcopy(before)
    shared = share_route(before, [share(), share("v3", 5, base=7)])
    action = {
        "timeout": "3s",
        "request_mirror_policies": [{"cluster": "copy"}],
        "weighted_clusters": weighted(v1=100, v2=20, v3=5),
    }
    assert shared.route == {**kept, "route": action}
    assert (before, shared.was_alone) == (kept, True)


def test_weighted_clusters_get_an_entry_more_and_keep_theirs() -> None:
    entry = {"name": "v1", "weight": 3, "request_headers_to_remove": ["x"], "typed_per_filter_config": {"a": {}}}
    clusters = {"clusters": [entry, {"cluster_header": "to", "weight": 1}], "runtime_key_prefix": "p"}
    shared = share_route(route(weighted_clusters=clusters), [share()])
    assert shared.route["route"]["weighted_clusters"] == {
        "clusters": [*clusters["clusters"], {"name": "v2", "weight": 20}],
        "runtime_key_prefix": "p",
    }
    assert not shared.was_alone


def test_an_entry_of_the_upstream_that_is_there_gets_its_weight() -> None:
    entry = {"name": "v2", "weight": 0, "host_rewrite_literal": "x"}
    clusters: dict[str, Any] = {"clusters": [{"name": "v1", "weight": 3}, entry], "totalWeight": 3}
    shared = share_route(route(weightedClusters=clusters), [share()])
    assert shared.route["route"]["weightedClusters"] == {
        "clusters": [clusters["clusters"][0], {**entry, "weight": 20}],
        "totalWeight": 23,
    }


def test_the_total_is_the_new_one() -> None:
    shared = share_route(route(weighted_clusters={**weighted(v1=3, v4=7), "total_weight": 10}), [share()])
    assert shared.route["route"]["weighted_clusters"] == {**weighted(v1=3, v4=7, v2=20), "total_weight": 30}


@pytest.mark.parametrize(
    "before",
    [
        route(cluster="v2"),
        route(weighted_clusters=weighted(v1=1, v2=20)),
        route(weighted_clusters=weighted(v1=UINT32_MOST - 19)),
        route(cluster_header="to"),
        route(cluster_specifier_plugin="p"),
        {"match": {}, "redirect": {"https_redirect": True}},
        {"match": {}, "direct_response": {"status": 404}},
        route(weighted_clusters={"clusters": []}),
        route(weighted_clusters=[]),
        route(cluster=""),
        route(cluster=1),
        {"route": None},
        {},
    ],
    ids=str,
)
def test_what_is_as_it_should_be_or_cannot_be_shared_stays_the_same_object(before: Any) -> None:
    shared = share_route(before, [share()])
    assert shared.route is before
    assert bool(shared.too_much) == (str(UINT32_MOST - 19) in str(before))
    assert shared.has_clusters == (("v1" in str(before)) or ("v2" in str(before)))


def test_the_clusters_of_a_route_are_those_that_it_names() -> None:
    assert clusters_of(route(cluster="v1")) == {"v1"}
    assert clusters_of(
        route(weighted_clusters={"clusters": [*weighted(v1=1)["clusters"], {"cluster_header": "x"}]})
    ) == {"v1"}
    assert not clusters_of(route(cluster_header="x"))
    assert not clusters_of({"redirect": {}})


@pytest.mark.parametrize(
    ("room", "weights", "joined"),
    [
        (9, (5, 4), (5, 4)),
        (8, (5, 4), (5, None)),
        (4, (5, 4), (None, 4)),
        (3, (5, 4), (None, None)),
        (6, (5, 4, 1), (5, None, 1)),
    ],
    ids=str,
)
def test_where_not_all_weights_fit_the_juniors_are_left_out_first(
    room: int, weights: tuple[int, ...], joined: tuple[int | None, ...]
) -> None:
    before = route(weighted_clusters=weighted(v1=UINT32_MOST - room))
    shares = [share(f"s{at}", weight) for at, weight in enumerate(weights)]
    shared = share_route(before, shares)
    taken = {f"s{at}": weight for at, weight in enumerate(joined) if weight}
    assert shared.route["route"]["weighted_clusters"] == weighted(v1=UINT32_MOST - room, **taken)
    assert shared.too_much == {each.cluster for each in shares} - taken.keys()


def test_a_share_that_makes_an_entry_smaller_has_room_even_where_there_is_none() -> None:
    before = route(weighted_clusters=weighted(v1=UINT32_MOST - 5, v2=5))
    shared = share_route(before, [share("v2", 3), share("v3", 2), share("v4", 1)])
    assert shared.route["route"]["weighted_clusters"] == weighted(v1=UINT32_MOST - 5, v2=3, v3=2)
    assert shared.too_much == {"v4"}


def test_what_a_cluster_counts_that_stands_alone_leaves_room_for_so_many_alone() -> None:
    shared = share_route(route(cluster="v1"), [share("v2", UINT32_MOST - 1000, base=1000), share("v3", 1)])
    assert shared.route["route"]["weighted_clusters"] == weighted(v1=1000, v2=UINT32_MOST - 1000)
    assert shared.too_much == {"v3"}
