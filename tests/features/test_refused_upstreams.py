"""An Upstream whose cluster Envoys refuse takes no share before one accepts it: the routes are as their owner says."""

from __future__ import annotations

from typing import Any

import pytest

from legation.model.problems import Problem
from legation.testing import FakeEnvoy
from tests.features.stage import Stage, staged
from tests.features.test_upstreams import NAME, STORE, routes, shows, upstream, weights

VARIANTS = pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])


def told(stage: Stage, code: str) -> list[Problem]:
    return [each for each in stage.plane.problems() if each.code == code]


def timeout(seconds: int) -> dict[str, Any]:
    return routes({"cluster": "v1", "timeout": f"{seconds}s"})


def route_responses(envoy: FakeEnvoy) -> int:
    return sum(each.type.name == "RouteConfiguration" for each in envoy.responses)


@VARIANTS
async def test_the_owner_of_the_routes_goes_on_while_the_cluster_of_an_upstream_is_refused(*, delta: bool) -> None:
    async with staged(STORE) as stage, stage.envoy(delta=delta) as envoy:
        await shows(envoy, v1=1)
        envoy.refuse("clusters", "v2", "no good")
        (added,) = stage.apply(upstream())
        assert "no good" in await envoy.nacked("clusters")
        assert await stage.plane.wait_accepted(*stage.apply(timeout(3)), timeout=10)
        assert envoy.json("routes", NAME)["virtual_hosts"][0]["routes"][0]["route"]["timeout"] == "3s"
        (problem,) = told(stage, "not-heard")
        assert problem.object == added.key
        assert not told(stage, "held-up")
        # Nothing swings: other hosts, another Envoy that refuses it and one that comes back are no reason.
        said = route_responses(envoy)
        assert (await stage.plane.wait_accepted(*stage.apply(upstream("v2", 81)), timeout=10)).refused
        async with stage.envoy("other", delta=delta) as other:
            other.refuse("clusters", "v2", "no good")
            await other.nacked("clusters")
            await shows(other, v1=1)
        assert await stage.plane.wait_accepted(*stage.apply(timeout(4)), timeout=10)
        assert route_responses(envoy) == said + 1
        await envoy.disconnect()
        assert await stage.plane.wait_accepted(*stage.apply(timeout(5)), timeout=10)
        envoy.connect()
        await envoy.until(lambda: "5s" in str(envoy.json("routes", NAME)), "the newest routes")
        assert weights(envoy.json("routes", NAME)) == {"v1": 1}
        assert not envoy.violations
        # Its next version is offered with the share.
        envoy.accept("clusters", "v2")
        stage.apply(upstream("v2", 81, cluster={"connect_timeout": "2s"}))
        await shows(envoy, v1=100, v2=20)
        assert not told(stage, "not-heard")
        assert not envoy.violations


@VARIANTS
async def test_one_envoy_that_accepts_the_cluster_is_enough_for_the_share(*, delta: bool) -> None:
    async with staged(STORE) as stage, stage.envoy(delta=delta) as old:
        await shows(old, v1=1)
        old.refuse("clusters", "v2", "no good")
        stage.apply(upstream())
        await old.nacked("clusters")
        assert await stage.plane.wait_accepted(*stage.apply(timeout(3)), timeout=10)
        async with stage.envoy("new", delta=delta) as new:
            await shows(new, v1=100, v2=20)
            (problem,) = told(stage, "held-up")
            assert "waits at 1 Envoy for Cluster" in problem.message
            assert "Upstream default/v2 says something of it, too" in problem.mend
            assert not told(stage, "not-heard")
        assert weights(old.json("routes", NAME)) == {"v1": 1}
        assert not old.violations


@VARIANTS
async def test_an_upstream_of_which_an_older_version_was_accepted_keeps_its_share(*, delta: bool) -> None:
    async with staged([*STORE, upstream()]) as stage, stage.envoy(delta=delta) as envoy:
        await shows(envoy, v1=100, v2=20)
        envoy.refuse("clusters", "v2", "no good")
        stage.apply(upstream(cluster={"connect_timeout": "2s"}))
        await envoy.nacked("clusters")
        stage.apply(timeout(3))
        await envoy.until(lambda: "3s" in str(envoy.json("routes", NAME)), "the owner's change")
        assert weights(envoy.json("routes", NAME)) == {"v1": 100, "v2": 20}
        assert not told(stage, "not-heard")
        assert not envoy.violations
