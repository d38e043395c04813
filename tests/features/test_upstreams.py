"""Upstreams come with a share of routes that others wrote, change and go; no Envoy ever lacks what its routes name."""

from __future__ import annotations

from typing import Any

import pytest

from legation.testing import FakeEnvoy
from tests.features.stage import bootes, cluster, listener, staged
from tests.features.test_traffic_splits import split

NAME = "shop"


def routes(action: dict[str, Any] | None = None, *, labels: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the Route of the owner, who has one cluster."""
    match = {"match": {"prefix": "/"}, "name": "all", "route": action or {"cluster": "v1"}}
    hosts = [{"name": "web", "domains": ["*"], "routes": [match]}]
    return bootes("Route", NAME, {"name": NAME, "virtual_hosts": hosts}, labels=labels)


def upstream(name: str = "v2", *ports: int, weight: int = 20, **spec: Any) -> dict[str, Any]:
    hosts = [{"address": "10.0.0.1", "port": port} for port in ports or (80,)]
    return {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "Upstream",
        "metadata": {"name": name},
        "spec": {"hosts": hosts, "weight": weight, "routes": [{"configuration": NAME}], **spec},
    }


STORE = (listener("front", NAME), routes(), cluster("v1"))


def weights(value: dict[str, Any]) -> dict[str, int]:
    """Return the weights of the first route of the first virtual host."""
    action = value["virtual_hosts"][0]["routes"][0]["route"]
    entries = action.get("weighted_clusters", {}).get("clusters", [])
    return {each["name"]: each.get("weight", 0) for each in entries} or {action["cluster"]: 1}


async def shows(envoy: FakeEnvoy, **wanted: int) -> None:
    def is_so() -> bool:
        return NAME in envoy.holds("routes") and weights(envoy.json("routes", NAME)) == wanted

    await envoy.until(is_so, f"weights {wanted}")


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_upstreams_come_and_go_and_no_route_ever_names_a_cluster_that_is_not_there(*, delta: bool) -> None:
    async with staged(STORE) as stage, stage.envoy(delta=delta) as envoy:
        await shows(envoy, v1=1)
        added = stage.apply(upstream())
        assert str(await stage.plane.wait_accepted(*added, timeout=10)) == "accepted by edge"
        assert weights(envoy.json("routes", NAME)) == {"v1": 100, "v2": 20}
        assert set(envoy.holds("endpoints")) == {"v2"}
        stage.apply(upstream("v3", weight=30))
        await shows(envoy, v1=100, v2=20, v3=30)
        stage.delete(upstream())
        stage.apply(upstream("v4", weight=1))
        await shows(envoy, v1=100, v3=30, v4=1)
        await envoy.has("clusters", {"v1", "v3", "v4"})
        stage.delete(upstream("v3"), upstream("v4"))
        await shows(envoy, v1=1)
        await envoy.has("clusters", {"v1"})
        assert not envoy.violations
        assert stage.plane.problems() == ()


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_routes_that_stand_in_a_listener_are_shared_in_the_same_order(*, delta: bool) -> None:
    front = listener("front", NAME)
    manager = front["spec"]["config"]["filter_chains"][0]["filters"][0]["typed_config"]
    del manager["rds"]
    manager["route_config"] = routes()["spec"]["config"]
    async with staged([front, cluster("v1")]) as stage, stage.envoy(delta=delta) as envoy:
        await envoy.has("listeners", {"front"})
        for change, wanted in ((stage.apply, {"v1": 100, "v2": 20}), (stage.delete, {"v1": 1})):
            change(upstream())

            def is_so(wanted: dict[str, int] = wanted) -> bool:
                (chain,) = envoy.json("listeners", "front")["filter_chains"]
                return weights(chain["filters"][0]["typed_config"]["route_config"]) == wanted

            await envoy.until(is_so, f"weights {wanted}")
        envoy.finish_draining()
        await envoy.has("clusters", {"v1"})
        assert not envoy.violations


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_other_hosts_change_nothing_but_endpoints_and_another_weight_nothing_but_routes(*, delta: bool) -> None:
    async with staged([*STORE, upstream()]) as stage, stage.envoy(delta=delta) as envoy:
        await shows(envoy, v1=100, v2=20)
        for change, row in (
            (upstream("v2", 80, 81), "ClusterLoadAssignment"),
            (upstream("v2", 80, 81, weight=7), None),
        ):
            said = len(envoy.responses)
            assert await stage.plane.wait_accepted(*stage.apply(change), timeout=10)
            assert {each.type.name for each in envoy.responses[said:]} == {row or "RouteConfiguration"}
        assert weights(envoy.json("routes", NAME)) == {"v1": 100, "v2": 7}


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_a_cluster_that_an_envoy_refuses_gets_no_share_there(*, delta: bool) -> None:
    async with staged(STORE) as stage, stage.envoy(delta=delta) as envoy:
        await shows(envoy, v1=1)
        envoy.refuse("clusters", "v2", "no good")
        stage.apply(upstream())
        assert "no good" in await envoy.nacked("clusters")
        assert weights(envoy.json("routes", NAME)) == {"v1": 1}
        assert not envoy.violations
        envoy.accept("clusters", "v2")
        stage.apply(upstream("v2", cluster={"connect_timeout": "2s"}))
        await shows(envoy, v1=100, v2=20)
        assert not envoy.violations


async def test_who_does_not_get_the_cluster_gets_no_route_that_names_it() -> None:
    edge = {"app": "edge"}
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}}
        for name in ("edge", "back")
    ]
    narrow = upstream(workloadSelector={"labels": edge})
    async with staged([*STORE, *pods]) as stage, stage.envoy("edge.default") as one, stage.envoy("back.default") as two:
        await shows(one, v1=1)
        await shows(two, v1=1)
        (changed,) = stage.apply(narrow)
        await one.has("clusters", {"v1", "v2"})
        told = {each.code: each for each in stage.plane.problems() if each.object == changed.key}
        assert told.keys() == {"upstream-route-too-wide"}
        stage.apply(routes(labels=edge))
        await shows(one, v1=100, v2=20)
        await two.has("clusters", {"v1"})
        assert not one.violations


async def test_a_broken_upstream_keeps_its_share_and_is_told() -> None:
    async with staged([*STORE, upstream()]) as stage, stage.envoy() as envoy:
        await shows(envoy, v1=100, v2=20)
        (broken,) = stage.apply(upstream(weight=-1), cluster("more"))[:1]
        await envoy.has("clusters", {"v1", "v2", "more"})
        assert weights(envoy.json("routes", NAME)) == {"v1": 100, "v2": 20}
        told = [(each.code, each.path) for each in stage.plane.problems() if each.object == broken.key]
        assert told == [("invalid-upstream", ("spec", "weight"))]
        assert not envoy.violations


async def test_a_split_that_names_the_upstream_sets_its_weight() -> None:
    weighing = split(9, 1)
    for backend, name in zip(weighing["spec"]["backends"], ("v1", "v2"), strict=True):
        backend["service"] = name
    async with staged([*STORE, upstream(), weighing]) as stage, stage.envoy() as envoy:
        await shows(envoy, v1=9, v2=1)
        stage.delete(upstream())
        await shows(envoy, v1=1)
        assert not envoy.violations
