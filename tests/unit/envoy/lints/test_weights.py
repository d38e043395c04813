from __future__ import annotations

from typing import Any

import pytest

from tests.unit.envoy.lints.telling import host, route, routes, told

PLACE = "virtual_hosts[0].routes[0].route.weighted_clusters"


def weighted(*clusters: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return routes(host(route(route={"weighted_clusters": {"clusters": list(clusters), **fields}})))


@pytest.mark.parametrize(
    ("clusters", "expected"),
    [
        ([{"name": "a", "weight": 0}, {"name": "b", "weight": 0}], [f"error all-weights-zero {PLACE}.clusters"]),
        ([{"name": "a", "weight": 0}, {"name": "b", "weight": 1}], []),
        ([{"name": "a", "weight": 1}, {"name": "b"}], [f"error missing-field {PLACE}.clusters[1]"]),
        (
            [{"name": "a", "weight": 2**31}, {"name": "b", "weight": 2**31}],
            [f"error weights-too-large {PLACE}.clusters"],
        ),
        ([{"name": "a", "weight": 2**31}, {"name": "b", "weight": 2**31 - 1}], []),
        ([{"weight": 1}], [f"error missing-field {PLACE}.clusters[0]"]),
        ([{"cluster_header": "x-cluster", "weight": 1}], []),
        (
            [{"name": "a", "cluster_header": "x-cluster", "weight": 1}],
            [f"error either-or {PLACE}.clusters[0].cluster_header"],
        ),
    ],
)
def test_weights_of_clusters(clusters: list[dict[str, Any]], expected: list[str]) -> None:
    assert told(weighted(*clusters)) == expected
