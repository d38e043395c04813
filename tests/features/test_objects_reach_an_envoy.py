"""`apply(object)`, then an Envoy has it: over real gRPC, in all four variants of the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from legation.model.node import Node
from tests.features.stage import SHOP, cluster, eds_cluster, endpoints, listener, route, staged

VARIANTS: dict[str, dict[str, Any]] = {
    "sotw-ads": {},
    "delta-ads": {"delta": True},
    "sotw-separate": {"separate": True},
    "delta-separate": {"delta": True, "separate": True},
}


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> dict[str, Any]:
    return VARIANTS[request.param]


async def test_what_is_there_is_delivered(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("listeners", {"front"})
        await envoy.has("routes", {"shop"})
        await envoy.has("clusters", {"web"})
        await envoy.has("endpoints", {"web"})
        assert not envoy.violations


async def test_what_is_put_in_later_is_delivered_and_accepted(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("routes", {"shop"})
        changed = stage.apply(route("shop", "web", "next"), cluster("next"))
        answer = await stage.plane.wait_accepted(*changed, timeout=10)
        assert str(answer) == "accepted by edge"
        assert set(envoy.holds("clusters")) == {"web", "next"}
        assert not envoy.violations


async def test_a_change_of_one_object_sends_nothing_else() -> None:
    async with staged([*SHOP, cluster("other")]) as stage, stage.envoy(delta=True) as envoy:
        await envoy.has("routes", {"shop"})
        await stage.plane.wait_accepted(timeout=10)
        said = len(envoy.responses)
        changed = stage.apply(cluster("other", seconds=2))
        assert await stage.plane.wait_accepted(*changed, timeout=10)
        assert [each.names for each in envoy.responses[said:]] == [("other",)]


async def test_a_cluster_and_its_route_are_renamed_without_a_gap(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("routes", {"shop"})
        stage.apply(route("shop", "renamed"), eds_cluster("renamed"), endpoints("renamed", 80))
        stage.delete(eds_cluster("web"), endpoints("web"))
        await envoy.has("clusters", {"renamed"})
        assert await stage.plane.wait_accepted(timeout=10)
        assert not envoy.violations


async def test_what_is_deleted_is_taken_away(variant: dict[str, Any]) -> None:
    async with staged([*SHOP, cluster("other")]) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("clusters", {"web", "other"})
        stage.delete(cluster("other"))
        await envoy.has("clusters", {"web"})
        assert await stage.plane.wait_accepted(timeout=10)


async def test_a_broken_object_takes_nothing_away_and_stops_no_other(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("clusters", {"web"})
        before = envoy.holds("clusters")["web"]
        broken = eds_cluster("web")
        broken["spec"]["config"]["connect_timeuot"] = "1s"
        stage.apply(broken, cluster("other"))
        await envoy.has("clusters", {"web", "other"})
        assert envoy.holds("clusters")["web"] == before
        assert "unknown-field" in {each.code for each in stage.plane.problems()}


async def test_who_is_refused_without_a_name_is_found_and_waited_for_until_then(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("routes", {"shop"})
        envoy.refuse("clusters", "c3", "no good", whole=True, silent=True)
        keys = stage.apply(*(cluster(f"c{number}") for number in range(6)))
        answer = await stage.plane.wait_accepted(*keys, timeout=10)
        assert [(each.node, each.resource.name) for each in answer.refused] == [("edge", "c3")]
        await envoy.has("clusters", {"web", "c0", "c1", "c2", "c4", "c5"})
        (problem,) = (each for each in stage.plane.problems() if each.code in {"refused", "parked"})
        assert (problem.code, problem.object) == ("refused", keys[3].key)
        (refused,) = (each for proxy in stage.plane.proxies() for row in proxy.types for each in row.refused)
        assert (refused.name, refused.together, refused.parked) == ("c3", 1, None)
        mended = stage.apply(cluster("c3", seconds=2))
        envoy.accept("clusters", "c3")
        assert await stage.plane.wait_accepted(*mended, timeout=10)
        assert not {"refused", "parked"} & {each.code for each in stage.plane.problems()}


async def test_a_refused_resource_is_traced_to_its_object_and_the_others_are_delivered(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("routes", {"shop"})
        envoy.refuse("clusters", "bad", "malformed IP address")
        bad, good = stage.apply(cluster("bad"), cluster("good"))
        answer = await stage.plane.wait_accepted(bad, timeout=10)
        assert [(each.node, each.resource.name) for each in answer.refused] == [("edge", "bad")]
        assert await stage.plane.wait_accepted(good, timeout=10)
        (problem,) = (each for each in stage.plane.problems() if each.code == "refused")
        assert problem.object == bad.key
        assert "malformed IP address" in problem.message
        envoy.accept("clusters", "bad")
        mended = stage.apply(cluster("bad", seconds=2))
        assert await stage.plane.wait_accepted(*mended, timeout=10)
        assert "refused" not in {each.code for each in stage.plane.problems()}


async def test_two_envoys_get_what_their_labels_select() -> None:
    objects = [cluster("all"), cluster("front", labels={"app": "front"})]
    async with staged(objects) as stage:
        labelled = Node(id="front-1", metadata={"labels": {"app": "front"}})
        async with stage.envoy() as plain, stage.envoy(labelled) as front:
            await plain.has("clusters", {"all"})
            await front.has("clusters", {"all", "front"})
            assert [proxy.group for proxy in stage.plane.proxies()] == ["default", "default/app=front"]


async def test_a_pod_that_appears_gives_its_envoy_what_its_labels_select() -> None:
    objects = [cluster("all"), cluster("front", labels={"app": "front"})]
    async with staged(objects) as stage, stage.envoy("front-1.default") as envoy:
        await envoy.has("clusters", {"all"})
        metadata = {"name": "front-1", "labels": {"app": "front"}}
        stage.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        await envoy.has("clusters", {"all", "front"})


async def test_an_envoy_that_comes_back_gets_what_changed_meanwhile(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("routes", {"shop"})
        await envoy.disconnect()
        stage.apply(endpoints("web", 80, 81), cluster("new"))
        await stage.plane.wait_accepted(timeout=10)
        envoy.connect()
        await envoy.has("clusters", {"web", "new"})
        assert await stage.plane.wait_accepted(timeout=10)
        assert not envoy.violations


async def test_what_goes_while_a_delta_envoy_is_away_goes_last() -> None:
    async with staged(SHOP) as stage, stage.envoy(delta=True) as envoy:
        await envoy.has("routes", {"shop"})
        await envoy.disconnect()
        stage.apply(route("shop", "renamed"), eds_cluster("renamed"), endpoints("renamed", 80))
        stage.delete(eds_cluster("web"), endpoints("web"))
        await stage.plane.wait_accepted(timeout=10)
        envoy.connect()
        await envoy.has("clusters", {"renamed"})
        assert not envoy.violations


async def test_a_listener_and_all_behind_it_can_be_replaced_at_once(variant: dict[str, Any]) -> None:
    async with staged(SHOP) as stage, stage.envoy(**variant) as envoy:
        await envoy.has("routes", {"shop"})
        stage.delete(*SHOP)
        stage.apply(listener("side", "other"), route("other", "api"), eds_cluster("api"), endpoints("api", 81))
        await envoy.has("listeners", {"side"})
        envoy.finish_draining()
        await envoy.has("clusters", {"api"})
        assert not envoy.violations
