"""A TrafficSplit in the directory moves the requests of a real Envoy, step by step, and none fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.envoy.numbered import HEADER, NumberedLoad
from tests.envoy.world import World

STEPS = (0, 25, 50, 75, 100)
WRITTEN = 40
"""Of a hundred requests those for green where no split says otherwise."""
REQUESTS = 100
"""At each step. Their numbers are in a row, so chance has no part in it."""
TOLERANCE = 0.03
"""Envoy's worker may answer one or two more before it hears of what its main thread has counted."""


def split(green: int) -> dict[str, Any]:
    """Return the split that gives green so many of a hundred requests."""
    backends = [{"service": "blue", "weight": 100 - green}, {"service": "green", "weight": green}]
    return {
        "apiVersion": "split.smi-spec.io/v1alpha4",
        "kind": "TrafficSplit",
        "metadata": {"name": "colours"},
        "spec": {"service": "front", "backends": backends},
    }


def in_objects(world: World) -> None:
    """Have everything in objects of its own kind, and a weighted route that goes by numbers."""
    world.edit("route.yaml", r"weight: \d+", f"weight: {100 - WRITTEN}", f"weight: {WRITTEN}")
    world.edit("route.yaml", r"weighted_clusters:", f"weighted_clusters:\n            header_name: {HEADER}")


def in_config_map(world: World) -> None:
    """Have the same in a ConfigMap of files, in which one names the other where an Envoy would read it from a disk."""
    in_objects(world)
    kinds = {"Cluster": "cds", "Endpoint": "eds", "Listener": "lds", "Route": "rds"}
    messages = {
        "Cluster": "cluster.v3.Cluster",
        "Endpoint": "endpoint.v3.ClusterLoadAssignment",
        "Listener": "listener.v3.Listener",
        "Route": "route.v3.RouteConfiguration",
    }
    files: dict[str, list[dict[str, Any]]] = {f"{file}.yaml": [] for file in kinds.values()}
    for path in sorted(world.manifests.iterdir()):
        for each in yaml.safe_load_all(path.read_text()):
            typed = {"@type": f"type.googleapis.com/envoy.config.{messages[each['kind']]}"}
            files[f"{kinds[each['kind']]}.yaml"].append(typed | each["spec"]["config"])
        path.unlink()
    for cluster in files["cds.yaml"]:
        cluster["eds_cluster_config"]["eds_config"] = on_disk("eds.yaml")
    (listener,) = files["lds.yaml"]
    listener["filter_chains"][0]["filters"][0]["typed_config"]["rds"]["config_source"] = on_disk("rds.yaml")
    world.save(
        "files.yaml",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "files", "labels": {"legation.dev/xds": "true"}},
            "data": {name: yaml.safe_dump({"resources": every}) for name, every in files.items()},
        },
    )


def on_disk(file: str) -> dict[str, Any]:
    """Return where an Envoy with the files on its disk finds one of them."""
    return {"path_config_source": {"path": f"/nowhere/current/{file}"}, "resource_api_version": "V3"}


@pytest.mark.parametrize("written", [in_objects, in_config_map])
async def test_a_split_moves_the_requests_and_none_fails(
    world: World, variant: str, written: Callable[[World], None]
) -> None:
    """From one backend to the other; without the split the weights that are written hold again."""
    written(world)
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    port = await world.until(lambda: world.envoy.listener_port("front"), "its port")
    async with NumberedLoad(port) as load:
        await answered(world, load, green=WRITTEN, changes=0)
        for changes, green in enumerate(STEPS, start=1):
            world.save("split.yaml", split(green))
            await answered(world, load, green=green, changes=changes)
        (world.manifests / "split.yaml").unlink()
        await answered(world, load, green=WRITTEN, changes=len(STEPS) + 1)
    assert not load.failures, load.failures
    refused = await world.envoy.statistics(r"\.update_rejected$")
    assert not any(refused.values()), refused
    await world.no_problems()


async def answered(world: World, load: NumberedLoad, *, green: int, changes: int) -> None:
    """Wait until Envoy has taken so many changes of the routes, and look at who answers the next requests."""
    statistic = "http.front.rds.colours.config_reload"

    async def taken() -> bool:
        return (await world.envoy.statistics(f"^{statistic}$")).get(statistic) == changes + 1

    await world.until(taken, f"{changes} changes of the routes, the last with {green} for green")
    first = load.sent
    shares = await world.until(lambda: seen(load, first), f"answers, failures {load.failures}")
    assert shares.get("green", 0) == pytest.approx(green / 100, abs=TOLERANCE)
    assert shares.get("blue", 0) == pytest.approx(1 - green / 100, abs=TOLERANCE)


async def seen(load: NumberedLoad, first: int) -> dict[str, float] | None:
    """Return the shares of the requests from this number on, once all of them are answered."""
    return load.shares_of(first, REQUESTS)
