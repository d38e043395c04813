"""The server ends and comes back: what an Envoy has stays, whatever became of the manifests meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from legation.envoy import codec
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT as ENDPOINTS
from legation.transports import Policy
from tests.features.stage import SHOP, cluster, eds_cluster, endpoints, listener, route, staged


def broken() -> dict[str, Any]:
    body = eds_cluster("web")
    body["spec"]["config"]["connect_timeuot"] = "1s"
    return body


BROKEN_SHOP = (*SHOP[:2], broken(), SHOP[3])


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_with_a_state_folder_a_broken_manifest_is_served_in_its_last_good_version(
    tmp_path: Path, *, delta: bool
) -> None:
    async with staged(SHOP, state_dir=tmp_path) as stage:
        port = stage.plane.xds_port
        async with stage.envoy() as before:
            await before.has("routes", {"shop"})
            version = before.holds("clusters")
    async with staged(BROKEN_SHOP, state_dir=tmp_path, port=port) as stage, stage.envoy(delta=delta) as fresh:
        await fresh.has("routes", {"shop"})
        assert fresh.holds("clusters") == version


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_without_one_an_envoy_that_comes_back_keeps_what_a_broken_manifest_could_have_held(
    *, delta: bool
) -> None:
    async with staged(SHOP) as stage:
        port = stage.plane.xds_port
        envoy = stage.envoy(delta=delta)
        envoy.connect()
        await envoy.has("routes", {"shop"})
        await envoy.disconnect()
    async with staged(BROKEN_SHOP, port=port) as stage:
        assert "no-good-version" in {each.code for each in stage.plane.problems()}
        envoy.connect()
        stage.apply(endpoints("web", 81))
        changed = codec.encode({"@type": ENDPOINTS.url, **endpoints("web", 81)["spec"]["config"]}).resource
        assert changed is not None
        await envoy.has("endpoints", {"web": changed.version})
        assert set(envoy.holds("clusters")) == {"web"}
        stage.apply(eds_cluster("web"), cluster("new"))
        await envoy.has("clusters", {"web", "new"})
        assert not envoy.violations
        await envoy.disconnect()


STORE = (listener("front", "shop"), route("shop", "store"), eds_cluster("store"), endpoints("store", 80))
"""The same shop over another cluster."""
UNHURRIED = Policy(removal_grace=1.0, drain_grace=0.1)


@pytest.mark.parametrize("delta", [False, True], ids=["sotw", "delta"])
async def test_what_changed_while_the_server_was_away_is_removed_last(tmp_path: Path, *, delta: bool) -> None:
    async with staged(SHOP, state_dir=tmp_path) as stage:
        port = stage.plane.xds_port
        envoy = stage.envoy(delta=delta)
        envoy.connect()
        await envoy.has("routes", {"shop"})
        await envoy.disconnect()
    async with staged(STORE, state_dir=tmp_path, port=port, policy=UNHURRIED) as stage:
        envoy.connect()
        await envoy.has("clusters", {"store"})
        assert not envoy.violations
        await envoy.disconnect()
