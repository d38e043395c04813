"""Whose routes wait at an Envoy for a cluster that this refuses learns it, whoever's the cluster is."""

from __future__ import annotations

import pytest

from legation.model.problems import Level, Problem
from tests.features.stage import Stage, cluster, listener, route, staged


def told(stage: Stage) -> list[Problem]:
    return [each for each in stage.plane.problems() if each.code == "held-up"]


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_the_owner_of_routes_is_told_that_they_wait_for_a_cluster_that_is_refused(*, delta: bool) -> None:
    shop = [listener("front", "shop"), route("shop", "v1"), cluster("v1")]
    async with staged(shop) as stage, stage.envoy(delta=delta) as envoy, stage.envoy("other", delta=delta) as other:
        await envoy.has("routes", {"shop"})
        await other.has("routes", {"shop"})
        envoy.refuse("clusters", "v2", "no good")
        (_, routes) = stage.apply(cluster("v2"), route("shop", "v1", "v2"))
        await envoy.nacked("clusters")
        await other.until(lambda: "v2" in str(other.json("routes", "shop")), "the new routes")
        assert await stage.plane.wait_accepted(routes, timeout=10, matches=lambda node, _: node.id == "other")
        answer = await stage.plane.wait_accepted(routes, timeout=0.5)
        (problem,) = told(stage)
        assert (problem.level, problem.object) == (Level.WARNING, routes.key)
        assert problem.message == (
            'RouteConfiguration "shop" waits at 1 Envoy for Cluster "v2" of Cluster default/v2, which it refuses'
        )
        assert problem.path[-3:] == ("clusters", 1, "name")
        assert answer.problems == (problem,)
        assert answer.waiting == ("edge",)
        (mended,) = stage.apply(cluster("v2", seconds=2))
        envoy.accept("clusters", "v2")
        assert await stage.plane.wait_accepted(routes, mended, timeout=10)
        assert not told(stage)
        assert not envoy.violations
