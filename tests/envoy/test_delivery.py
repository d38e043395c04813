"""What is saved reaches a real Envoy, and requests go on meanwhile."""

from __future__ import annotations

import pytest

from tests.envoy.world import AT_ONCE, GRACES, World


async def test_the_first_configuration_arrives_and_requests_pass(world: World, variant: str) -> None:
    """From nothing to traffic."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
    table = await world.proxies()
    assert "test" in table
    assert "RouteConfiguration" in table


async def test_an_envoy_that_started_first_is_served_when_the_server_comes(world: World) -> None:
    """Envoy waits for its control plane."""
    await world.serve()
    bootstrap = await world.bootstrap("delta")
    assert await world.stop_serving() == 0
    envoy = world.launch_envoy(bootstrap)
    await world.until(lambda: envoy.ask("/server_info"), "Envoy's admin port")
    await world.serve()
    await envoy.until(envoy.ready)


async def test_weights_shift_under_load_without_a_failure(world: World, variant: str) -> None:
    """The whole way from one backend to the other."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        for blue, green in ((75, 25), (50, 50), (25, 75), (0, 100)):
            world.edit("route.yaml", r"weight: \d+", f"weight: {blue}", f"weight: {green}")
            await world.shares(load, blue=blue / 100, green=green / 100)


async def test_a_cluster_and_its_route_are_renamed_under_load_without_a_failure(world: World, variant: str) -> None:
    """File by file, the old names first to go; in the end Envoy has the new names only."""
    await world.serve(*GRACES)
    await world.start_envoy(await world.bootstrap(variant), *AT_ONCE)
    world.edit("route.yaml", r"weight: \d+", "weight: 50", "weight: 50")
    async with world.load() as load:
        await world.shares(load, blue=0.5, green=0.5)
        world.edit("green.yaml", r"name: green\b", *["name: emerald"] * 4)
        await world.more_answers(load)
        world.edit("route.yaml", r"name: (green|colours)\b", "name: colours", "name: paints", "name: emerald")
        await world.clusters(has=("blue", "emerald"))
        world.edit("listener.yaml", r"name: colours\b", "name: paints")
        await world.clusters(has=("blue", "emerald"), lacks=("green",))
        await world.more_answers(load)
        await world.shares(load, blue=0.5, green=0.5)
    await world.no_problems()


@pytest.mark.parametrize("order", [("green.yaml", "route.yaml"), ("route.yaml", "green.yaml")], ids="-".join)
async def test_a_rename_that_is_saved_all_at_once_costs_no_request(
    world: World, variant: str, order: tuple[str, str]
) -> None:
    """As a checkout or a mounted ConfigMap does it: no time between the files, in either order."""
    names = {"green.yaml": 4, "route.yaml": 1}
    await world.serve(*GRACES)
    await world.start_envoy(await world.bootstrap(variant))
    world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
    old = "green"
    async with world.load() as load:
        await world.shares(load, blue=0, green=1)
        for new in ("emerald", "jade", "lime"):
            for file in order:
                world.edit(file, rf"name: {old}\b", *[f"name: {new}"] * names[file])
            await world.clusters(has=(new,), lacks=(old,))
            await world.more_answers(load)
            old = new


async def test_many_renames_one_after_the_other_cost_no_request(world: World, variant: str) -> None:
    """Names change faster than Envoy gives the old ones back."""
    await world.serve(*GRACES)
    await world.start_envoy(await world.bootstrap(variant))
    old = "blue"
    async with world.load() as load:
        for number in range(8):
            new = f"blue-{number}"
            world.edit("blue.yaml", rf"name: {old}$", *[f"name: {new}"] * 2)
            world.edit("route.yaml", rf"name: {old},", f"name: {new},")
            await world.clusters(has=(new,))
            await world.more_answers(load, 50)
            old = new
        await world.clusters(has=(old,), lacks=[f"blue-{number}" for number in range(7)])
        await world.more_answers(load)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("api_type", ["GRPC", "DELTA_GRPC"])
async def test_streams_of_their_own_for_each_type_are_served(world: World, api_type: str, host: str) -> None:
    """No aggregated stream at all, as the Envoys of some older systems are set up.

    By its name the server has two addresses here: Envoy spreads its streams over two connections.
    """
    own = f"{{api_config_source: {{api_type: {api_type}, transport_api_version: V3, grpc_services: "
    own += "[{envoy_grpc: {cluster_name: xds_cluster}}]}, resource_api_version: V3}"
    for file, count in (("blue.yaml", 1), ("green.yaml", 1), ("listener.yaml", 1)):
        world.edit(file, r"\{ads: \{\}, resource_api_version: V3\}", *[own] * count)
    await world.serve(*GRACES)
    bootstrap = await world.bootstrap("delta", host=host)
    source = bootstrap["dynamic_resources"].pop("ads_config") | {"api_type": api_type}
    for name in ("cds_config", "lds_config"):
        config = bootstrap["dynamic_resources"][name]
        del config["ads"]
        config["api_config_source"] = source
    await world.start_envoy(bootstrap)
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        world.edit("route.yaml", r"weight: \d+", "weight: 50", "weight: 50")
        await world.shares(load, blue=0.5, green=0.5)
        world.edit("green.yaml", r"name: green\b", *["name: emerald"] * 4)
        world.edit("route.yaml", r"name: green\b", "name: emerald")
        await world.clusters(has=("blue", "emerald"), lacks=("green",))
        await world.more_answers(load)
        await world.shares(load, blue=0.5, green=0.5)
