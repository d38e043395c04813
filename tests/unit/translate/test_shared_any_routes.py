"""Whatever a route is and whoever shares it: nothing of its owner's is lost, and the sums are right."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from legation.model.node import Scope
from legation.translate.shared_routes import clusters_of, share_route
from legation.translate.shares import RoutePick, Share
from tests.unit.translate.upstreams import route

CLUSTERS = st.sampled_from(["v1", "v2", "v3"])
ENTRIES = st.lists(
    st.builds(
        lambda name, weight, more: {"name": name, "weight": weight, **more},
        CLUSTERS,
        st.integers(0, 5),
        st.sampled_from([{}, {"host_rewrite_literal": "x"}]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each["name"],
)


@st.composite
def routes(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a route with one cluster, or several with or without their total."""
    more = draw(st.sampled_from([{}, {"timeout": "1s"}]))
    if draw(st.booleans()):
        return route(cluster=draw(CLUSTERS), **more)
    entries = draw(ENTRIES)
    total = {"total_weight": sum(each["weight"] for each in entries)} if draw(st.booleans()) else {}
    return route(weighted_clusters={"clusters": entries, **total}, **more)


SHARES = st.lists(
    st.builds(
        lambda cluster, weight, base: Share(
            cluster=cluster,
            scope=Scope(namespace="default"),
            weight=weight,
            base_weight=base,
            picks=(RoutePick(route="r"),),
        ),
        st.sampled_from(["v2", "v3", "v4", "v5"]),
        st.integers(1, 9),
        st.sampled_from([0, 100]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.cluster,
)


@given(before=routes(), shares=SHARES)
def test_what_is_there_stays_and_every_share_is_there_with_its_weight(
    before: dict[str, Any], shares: list[Share]
) -> None:
    kept = deepcopy(before)
    after = share_route(before, shares).route
    assert before == kept
    assert clusters_of(after) == clusters_of(before) | {each.cluster for each in shares}
    action = after["route"]
    assert action.get("timeout") == before["route"].get("timeout")
    if "cluster" in action:
        assert after is before
        return
    entries = action["weighted_clusters"]["clusters"]
    weights = {each["name"]: each["weight"] for each in entries}
    assert len(weights) == len(entries)
    old = before["route"].get("weighted_clusters", {})
    for one, other in zip(old.get("clusters", ()), entries, strict=False):
        assert {**one, "weight": 0} == {**other, "weight": 0}
    alone = before["route"].get("cluster")
    for share in shares:
        assert share.cluster == alone or weights[share.cluster] == share.weight
    if "total_weight" in old:
        assert action["weighted_clusters"]["total_weight"] == sum(weights.values())
    # What is as it is to be stays the same object.
    assert alone is not None or share_route(after, shares).route is after
