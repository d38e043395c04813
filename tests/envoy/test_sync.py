"""A real Envoy that reads the files of `legation sync`: everything is renamed under its requests, and none fails."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.stage import LEGATION, legation
from tests.envoy.world import AT_ONCE, World

GRACES = ("--settle", "0.5s", "--drain-grace", "3s")
"""Longer than Envoy's draining."""


def sync(world: World, *options: str) -> None:
    """Start `legation sync` on the folder of manifests; the world ends it."""
    command = (LEGATION, "sync", world.folder / "out", "--directory", world.manifests, *GRACES, *options)
    world.begin("legation sync", *map(str, command))


async def stands(world: World, name: str) -> None:
    """Wait until a file stands there."""

    async def there() -> bool:
        return (world.folder / "out/current" / name).exists()

    await world.until(there, f"the file {name}")


async def rename(world: World, cluster: str, to: str) -> None:
    """Have a cluster, its endpoints and the route call it otherwise, file by file, the route first."""
    for file in ("route.yaml", "blue.yaml"):
        path = world.manifests / file
        text = (
            path.read_text().replace(f"name: {cluster},", f"name: {to},").replace(f"name: {cluster}\n", f"name: {to}\n")
        )
        path.write_text(text.replace(f"{{name: {cluster}}}", f"{{name: {to}}}"))
    await world.clusters(has=[to], lacks=[cluster])


@pytest.mark.parametrize("layout", ["rename", "symlink"])
async def test_objects_are_renamed_in_files_and_no_request_fails(world: World, layout: str) -> None:
    """The bootstrap is the one that `legation bootstrap --files` prints; what says `ads` is read from files."""
    sync(world, "--node", "test", "--layout", layout)
    await stands(world, "lds.json")
    told = await legation(
        "bootstrap", "--node", "test", "--files", str(world.folder / "out"), "--layout", layout, "-o", "json"
    )
    await world.start_envoy(json.loads(told), *AT_ONCE)
    async with world.load() as load:
        await world.shares(load, blue=1.0)
        before = "blue"
        for number in range(3):
            await rename(world, before, f"blue-{number}")
            before = f"blue-{number}"
            await world.more_answers(load, 20)
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, green=1.0)
    assert not load.failures
    refused = await world.envoy.statistics("update_(rejected|failure)")
    assert not any(refused.values()), refused


async def test_a_cluster_that_is_saved_before_its_endpoints_serves_when_a_route_names_it(world: World) -> None:
    """Envoy refuses a cluster whose file of endpoints does not exist, and does not look again by itself."""
    sync(world, "--node", "test")
    await stands(world, "lds.json")
    told = await legation("bootstrap", "--node", "test", "--files", str(world.folder / "out"), "-o", "json")
    await world.start_envoy(json.loads(told), *AT_ONCE)
    async with world.load() as load:
        await world.shares(load, blue=1.0)
        cluster, endpoints = yaml.safe_load_all((world.manifests / "green.yaml").read_text().replace("green", "late"))
        world.save("late-cluster.yaml", cluster)
        # Longer than a change waits for what it names (`Policy.dangling_grace`): the cluster is looked at alone, and
        # nothing that could be waited for tells of it, since it must not be written.
        await asyncio.sleep(0.3)
        world.save("late-endpoints.yaml", endpoints)
        (route,) = yaml.safe_load_all((world.manifests / "route.yaml").read_text().replace("blue", "late"))
        world.save("route.yaml", route)
        await world.shares(load, green=1.0)
    refused = await world.envoy.statistics("update_(rejected|failure)")
    assert not any(refused.values()), refused


async def test_what_a_static_listener_read_from_a_file_that_is_gone_goes_on_serving(world: World) -> None:
    listener = in_files(world, "blue", leave_out=("lds.yaml",))
    sync(world, "--config-maps", "edge")
    await stands(world, "rds.yaml")
    started = bootstrap(world.folder / "out/current")
    del listener["@type"], started["dynamic_resources"]["lds_config"]
    started["static_resources"] = {"listeners": [listener]}
    await world.start_envoy(started, *AT_ONCE)
    async with world.load() as load:
        await world.shares(load, blue=1.0)
        in_files(world, "green", leave_out=("lds.yaml", "rds.yaml"))
        await world.clusters(has=["green"])
        await world.more_answers(load, 1500)
        await world.clusters(has=["blue", "green"])
        in_files(world, "green", leave_out=("lds.yaml",))
        await world.shares(load, green=1.0)
        await world.clusters(has=["green"], lacks=["blue"])


async def test_the_files_of_a_config_map_change_together_and_no_request_fails(world: World) -> None:
    """Clusters in one file and routes in another are replaced at once by others."""
    in_files(world, "blue")
    sync(world, "--config-maps", "edge")
    await stands(world, "rds.yaml")
    await world.start_envoy(bootstrap(world.folder / "out/current"), *AT_ONCE)
    async with world.load() as load:
        await world.shares(load, blue=1.0)
        for colour in ("green", "blue", "green"):
            in_files(world, colour)
            await world.clusters(has=[colour], lacks=["green" if colour == "blue" else "blue"])
            await world.shares(load, **{colour: 1.0})
    assert not load.failures
    refused = await world.envoy.statistics("update_(rejected|failure)")
    assert not any(refused.values()), refused


def in_files(world: World, colour: str, *, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Have a ConfigMap say that this one backend is all there is, in files of clusters, routes and listeners.

    Returns the listener.
    """
    port = world.backends[colour]
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    cluster = {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": colour,
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": colour,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }
    routes = {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": "colours",
        "virtual_hosts": [
            {"name": "front", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": colour}}]}
        ],
    }
    if (world.manifests / "listener.yaml").exists():
        (world.manifests / "listener.yaml").rename(world.folder / "listener.yaml")
    (listener,) = yaml.safe_load_all((world.folder / "listener.yaml").read_text())
    config = {"@type": "type.googleapis.com/envoy.config.listener.v3.Listener", **listener["spec"]["config"]}
    source = {"path_config_source": {"path": str(world.folder / "out/current/rds.yaml")}, "resource_api_version": "V3"}
    config["filter_chains"][0]["filters"][0]["typed_config"]["rds"]["config_source"] = source
    data = {
        f"{name}.yaml": yaml.safe_dump({"resources": [each]})
        for name, each in (("cds", cluster), ("rds", routes), ("lds", config))
        if f"{name}.yaml" not in leave_out
    }
    world.save("edge.yaml", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "edge"}, "data": data})
    return config


def bootstrap(folder: Path) -> dict[str, Any]:
    """Return the bootstrap of an Envoy that reads these files."""
    sources = {
        name: {"path_config_source": {"path": str(folder / file)}, "resource_api_version": "V3"}
        for name, file in (("cds_config", "cds.yaml"), ("lds_config", "lds.yaml"))
    }
    return {
        "node": {"id": "test", "cluster": "test"},
        "dynamic_resources": sources,
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
    }
