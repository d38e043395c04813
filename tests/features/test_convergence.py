"""How long changes take to the Envoys, as the figures tell it, over real connections in every variant."""

from __future__ import annotations

from typing import Any

import pytest

from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, ROUTE_CONFIGURATION, ResourceType
from tests.features.stage import SHOP, Stage, cluster, eds_cluster, endpoints, route, staged

VARIANTS: dict[str, dict[str, Any]] = {
    "sotw-ads": {},
    "delta-ads": {"delta": True},
    "sotw-separate": {"separate": True},
    "delta-separate": {"delta": True, "separate": True},
}


def counted(stage: Stage, row: ResourceType) -> int:
    """Return how often an Envoy has accepted a change of a type."""
    found = stage.plane.statistics().feedback.convergence.get(row)
    return 0 if found is None else sum(found.counts)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
async def test_a_change_counts_once_for_each_envoy_that_was_there(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy("one", **variant) as one, stage.envoy("two", **variant) as two:
        for envoy in (one, two):
            await envoy.has("routes", {"shop"})
        assert await stage.plane.wait_accepted(timeout=10)
        assert counted(stage, CLUSTER_LOAD_ASSIGNMENT) == 0

        stage.apply(endpoints("web", 80, 81))
        assert await stage.plane.wait_accepted(timeout=10)
        assert counted(stage, CLUSTER_LOAD_ASSIGNMENT) == 2

        stage.apply(route("shop", "web", "next"), cluster("next"))
        assert await stage.plane.wait_accepted(timeout=10)
        assert counted(stage, ROUTE_CONFIGURATION) == 2


async def test_whom_a_change_finds_not_there_does_not_count() -> None:
    async with staged(SHOP) as stage:
        stage.apply(endpoints("web", 80, 81))
        async with stage.envoy() as late:
            await late.has("routes", {"shop"})
            assert await stage.plane.wait_accepted(timeout=10)
            assert counted(stage, CLUSTER_LOAD_ASSIGNMENT) == 0


async def test_what_an_envoy_asks_for_later_is_no_change_to_it() -> None:
    """Nobody wanted the endpoints when they were changed."""
    async with staged([*SHOP, endpoints("next", 80)]) as stage, stage.envoy() as envoy:
        await envoy.has("routes", {"shop"})
        stage.apply(endpoints("next", 80, 81))
        assert await stage.plane.wait_accepted(timeout=10)
        stage.apply(eds_cluster("next"))
        await envoy.has("endpoints", {"web", "next"})
        assert await stage.plane.wait_accepted(timeout=10)
        assert counted(stage, CLUSTER_LOAD_ASSIGNMENT) == 0
