"""A TrafficSplit moves the weights of routes that others wrote, in a directory or in a ConfigMap, at Envoys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from legation.control_plane import ControlPlane
from legation.sources.directory import DirectorySource
from legation.testing import FakeEnvoy
from tests.features.stage import SHOP, SOON, bootes, cluster, eds_cluster, endpoints, listener, staged

NAME = "shop"
BOTH = (cluster("web-primary"), cluster("web-canary"))


def routes(*weights: int) -> dict[str, Any]:
    """Return the Route of the owner, who wrote these weights."""
    pairs = zip(("web-primary", "web-canary"), weights, strict=True)
    weighted = {"clusters": [{"name": name, "weight": weight} for name, weight in pairs]}
    match = {"match": {"prefix": "/"}, "route": {"weighted_clusters": weighted}}
    return bootes(
        "Route", NAME, {"name": NAME, "virtual_hosts": [{"name": "web", "domains": ["*"], "routes": [match]}]}
    )


def split(primary: object, canary: object, *, service: str = "web") -> dict[str, Any]:
    backends = [{"service": "web-primary", "weight": primary}, {"service": "web-canary", "weight": canary}]
    return {
        "apiVersion": "split.smi-spec.io/v1alpha2",
        "kind": "TrafficSplit",
        "metadata": {"name": "web"},
        "spec": {"service": service, "backends": backends},
    }


STORE = (listener("front", NAME), routes(100, 0), *BOTH)


def weights(envoy: FakeEnvoy) -> list[int]:
    if NAME not in envoy.holds("routes"):
        return []
    (host,) = envoy.json("routes", NAME)["virtual_hosts"]
    return [each.get("weight", 0) for each in host["routes"][0]["route"]["weighted_clusters"]["clusters"]]


async def shows(envoy: FakeEnvoy, *wanted: int) -> None:
    await envoy.until(lambda: weights(envoy) == list(wanted), f"weights {wanted}")


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_a_split_in_a_directory_moves_the_weights_and_its_end_brings_the_owners_back(
    tmp_path: Path, *, delta: bool
) -> None:
    (tmp_path / "shop.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": STORE}))
    saved = tmp_path / "split.json"
    async with ControlPlane([DirectorySource(tmp_path)], xds_bind="127.0.0.1", xds_port=0, policy=SOON) as plane:
        await plane.wait_ready()
        async with FakeEnvoy(f"127.0.0.1:{plane.xds_port}", node="edge", delta=delta) as envoy:
            await shows(envoy, 100, 0)
            for primary, canary in ((75, 25), (50, 50), (25, 75), (0, 100)):
                said = len(envoy.responses)
                saved.write_text(json.dumps(split(primary, canary)))
                await shows(envoy, primary, canary)
                assert {each.type.name for each in envoy.responses[said:]} == {"RouteConfiguration"}
            assert plane.problems() == ()
            saved.unlink()
            await shows(envoy, 100, 0)
            assert not envoy.violations


async def test_to_wait_for_a_split_is_to_wait_for_the_routes_that_it_changes() -> None:
    async with staged(STORE) as stage, stage.envoy() as envoy:
        await shows(envoy, 100, 0)
        changed = stage.apply(split(75, 25))
        assert str(await stage.plane.wait_accepted(*changed, timeout=10)) == "accepted by edge"
        assert weights(envoy) == [75, 25]
        envoy.refuse("routes", NAME, "no good")
        changed = stage.apply(split(50, 50))
        answer = await stage.plane.wait_accepted(*changed, timeout=10)
        assert [(each.node, each.resource.name) for each in answer.refused] == [("edge", NAME)]
        envoy.accept("routes", NAME)
        stage.delete(split(50, 50))
        assert str(await stage.plane.wait_accepted(*changed, timeout=10)) == "accepted by edge"
        assert weights(envoy) == [100, 0]


async def test_a_broken_split_keeps_its_last_weights_and_is_told() -> None:
    async with staged([*STORE, split(75, 25)]) as stage, stage.envoy() as envoy:
        await shows(envoy, 75, 25)
        (broken,) = stage.apply(split("many", 25), cluster("more"))[:1]
        await envoy.has("clusters", {"web-primary", "web-canary", "more"})
        assert weights(envoy) == [75, 25]
        assert {each.code for each in stage.plane.problems() if each.object == broken.key} == {"invalid-weight"}
        # The owner changes something else: the split holds for that, too.
        stage.apply(routes(1, 1))
        stage.apply(split("500m", "1500m"))
        await shows(envoy, 1, 3)


async def test_a_split_that_speaks_of_nothing_is_told() -> None:
    async with staged([*STORE, split(75, 25, service="wbe")]) as stage, stage.envoy() as envoy:
        await shows(envoy, 100, 0)
        assert "split-without-host" in {each.code for each in stage.plane.problems()}


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_an_envoy_that_comes_back_after_a_restart_gets_the_new_weights(tmp_path: Path, *, delta: bool) -> None:
    before = [*STORE, split(75, 25)]
    async with staged(before, state_dir=tmp_path) as stage:
        port = stage.plane.xds_port
        envoy = stage.envoy(delta=delta)
        envoy.connect()
        await shows(envoy, 75, 25)
        await stage.plane.wait_accepted(timeout=10)
        await envoy.disconnect()
    after = [listener("front", NAME), routes(100, 0), *BOTH, split(50, 50), cluster("more")]
    async with staged(after, state_dir=tmp_path, port=port) as stage:
        envoy.connect()
        await shows(envoy, 50, 50)
        await envoy.has("clusters", {"web-primary", "web-canary", "more"})
        assert await stage.plane.wait_accepted(timeout=10)
        assert not envoy.violations
        await envoy.disconnect()


def config_map(*resources: dict[str, Any], selector: str = "") -> dict[str, Any]:
    annotations = {"legation.dev/workload-selector": selector} if selector else {}
    metadata = {"name": "edge", "labels": {"legation.dev/xds": "true"}, "annotations": annotations}
    text = json.dumps({"resources": [*resources]})
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"all.json": text}}


def resource(body: dict[str, Any]) -> dict[str, Any]:
    """Return the resource of an object of bootes."""
    names = {
        "Cluster": "cluster.v3.Cluster",
        "Endpoint": "endpoint.v3.ClusterLoadAssignment",
        "Listener": "listener.v3.Listener",
        "Route": "route.v3.RouteConfiguration",
    }
    return {"@type": f"type.googleapis.com/envoy.config.{names[body['kind']]}", **body["spec"]["config"]}


async def test_the_files_of_a_config_map_are_served_and_split() -> None:
    files = config_map(*map(resource, STORE))
    async with staged([files]) as stage, stage.envoy() as envoy:
        await shows(envoy, 100, 0)
        changed = stage.apply(split(75, 25))
        assert await stage.plane.wait_accepted(*changed, timeout=10)
        assert weights(envoy) == [75, 25]
        without = {**files, "metadata": {**files["metadata"], "labels": {}}}
        stage.apply(without)
        await envoy.has("listeners", set())
        assert not envoy.violations


async def test_a_broken_config_map_is_served_as_it_was_last_good() -> None:
    files = config_map(*map(resource, (*SHOP[:1], eds_cluster("web"), endpoints("web", 80))))
    async with staged([files, SHOP[1]]) as stage, stage.envoy() as envoy:
        await envoy.has("routes", {"shop"})
        stage.apply({**files, "data": {"all.json": '{"resources": ['}}, cluster("more"))
        await envoy.has("clusters", {"web", "more"})
        assert set(envoy.holds("listeners")) == {"front"}
        assert "yaml-syntax" in {each.code for each in stage.plane.problems()}
