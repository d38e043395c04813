"""An Upstream takes its share of a real Envoy's requests, moves to other hosts and goes, and no request fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.backends import backend
from tests.envoy.world import World

ONLY_BLUE = r"weighted_clusters:\n(.*\n)+"


def upstream(*hosts: Mapping[str, Any], weight: int = 100, **more: Any) -> dict[str, Any]:
    """Return the one that takes as many requests as the cluster of the route."""
    return {
        "apiVersion": "legation.dev/v1alpha1",
        "kind": "Upstream",
        "metadata": {"name": "guest"},
        "spec": {"hosts": list(hosts), "weight": weight, "routes": [{"configuration": "colours"}], **more},
    }


def at(port: int, address: str = "127.0.0.1", **more: int) -> dict[str, Any]:
    return {"address": address, "port": port, **more}


async def cluster_changes(world: World) -> dict[str, int]:
    """Return how many clusters were added, changed and removed."""
    found = await world.envoy.statistics(r"^cluster_manager\.cluster_(added|modified|removed)$")
    return {name.rpartition("_")[2]: int(count) for name, count in found.items()}


async def test_an_upstream_comes_moves_and_goes_under_load_without_a_failure(world: World, variant: str) -> None:
    """Another host, or another weight, leaves the cluster with its connections as it is."""
    world.edit("route.yaml", ONLY_BLUE, "cluster: blue\n")
    await world.serve("--removal-grace", "1s")
    await world.start_envoy(await world.bootstrap(variant))
    green = at(world.backends["green"])
    before = await cluster_changes(world)
    async with backend("lime") as port, world.load() as load:
        lime = at(port)
        await world.shares(load, blue=1, green=0)
        world.save("guest.yaml", upstream(green))
        await world.shares(load, blue=0.5, green=0.5)
        world.save("guest.yaml", upstream(green, lime))
        await world.shares(load, blue=0.5, green=0.25, lime=0.25)
        world.save("guest.yaml", upstream({**green, "weight": 1}, {**lime, "weight": 9}, weight=300))
        await world.shares(load, blue=0.25, green=0.075, lime=0.675)
        world.save("guest.yaml", upstream(lime))
        await world.shares(load, blue=0.5, green=0, lime=0.5)
        assert await cluster_changes(world) == {**before, "added": before["added"] + 1}
        (world.manifests / "guest.yaml").unlink()
        await world.clusters(has=("blue",), lacks=("guest",))
        await world.shares(load, blue=1, lime=0)
    refused = await world.envoy.statistics(r"\.update_rejected$")
    assert not any(refused.values()), refused
    await world.no_problems()


async def test_an_upstream_of_a_dns_name_takes_all_that_the_owner_says_of_its_cluster(
    world: World, variant: str
) -> None:
    """It is resolved by Envoy; with a base of 0 it gets everything."""
    world.edit("route.yaml", ONLY_BLUE, "cluster: blue\n")
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        host = at(world.backends["green"], "localhost")
        options = {"dnsLookupFamily": "V4_ONLY", "connect_timeout": "2s", "alt_stat_name": "visitor"}
        world.save("guest.yaml", upstream(host, baseWeight=0, cluster=options))
        await world.shares(load, blue=0, green=1)
        assert (await world.envoy.statistics(r"^cluster\.visitor\.membership_healthy$")).popitem()[1] == 1
    await world.no_problems()


async def test_the_owner_of_the_routes_goes_on_while_envoy_refuses_the_cluster_of_an_upstream(
    world: World, variant: str
) -> None:
    world.edit("route.yaml", ONLY_BLUE, "cluster: blue\n")
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with backend("lime") as port, world.load() as load:
        await world.shares(load, blue=1, green=0)
        # This Envoy was not built with it.
        world.save("guest.yaml", upstream(at(port), cluster={"cluster_type": {"name": "envoy.clusters.imaginary"}}))
        await world.problem('Cluster "guest" is refused')
        await world.problem("Upstream default/guest", "left out", 'an Envoy refuses its Cluster "guest"')
        world.edit("route.yaml", "cluster: blue\n", "cluster: green\n")
        await world.shares(load, blue=0, green=1)
        world.save("guest.yaml", upstream(at(port)))
        await world.shares(load, green=0.5, lime=0.5)
    await world.no_problems()
