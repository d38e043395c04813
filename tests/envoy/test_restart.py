"""A restart of the server: Envoys go on, and nothing that was good is lost, not even behind a broken manifest."""

from __future__ import annotations

from tests.envoy.world import World


async def test_a_restart_with_a_state_folder_and_a_broken_manifest_loses_nothing(world: World, variant: str) -> None:
    """The last good version of the broken object is served by the new process, under load."""
    state = world.folder / "state"
    await world.serve("--state-dir", state)
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        world.edit("route.yaml", r"weight: \d+", "weight: 50", "weight: 50")
        await world.shares(load, blue=0.5, green=0.5)
        assert await world.stop_serving() == 0
        world.edit("route.yaml", r"weighted_clusters", "weighted_cluster")
        world.edit("green.yaml", r"eds_cluster_config", "eds_cluster_confi")
        await world.more_answers(load)
        await world.serve("--state-dir", state)
        await world.problem("weighted_cluster")
        await world.problem("eds_cluster_confi")
        world.save("fresh.yaml", _fresh())
        await world.clusters(has=("blue", "green", "fresh"))
        await world.more_answers(load)
        await world.shares(load, blue=0.5, green=0.5)
        world.edit("green.yaml", r"eds_cluster_confi\b", "eds_cluster_config")
        world.edit("route.yaml", r"weighted_cluster\b", "weighted_clusters")
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0, green=1)
    await world.no_problems()


async def test_without_a_state_folder_nothing_is_removed_that_a_broken_manifest_may_hold(
    world: World, variant: str
) -> None:
    """The new process cannot know what the broken file held, and takes nothing away from Envoy."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        assert await world.stop_serving() == 0
        world.edit("blue.yaml", r"eds_cluster_config", "eds_cluster_confi")
        await world.serve()
        await world.problem("eds_cluster_confi")
        world.save("fresh.yaml", _fresh())
        if variant == "delta":  # in state of the world a new cluster cannot be sent without a word on the others
            await world.clusters(has=("blue", "green", "fresh"))
        await world.more_answers(load)
        world.edit("blue.yaml", r"eds_cluster_confi\b", "eds_cluster_config")
        await world.clusters(has=("blue", "green", "fresh"))
        await world.no_problems()
        await world.more_answers(load)


async def test_a_server_that_comes_back_with_new_names_removes_the_old_ones_last(world: World) -> None:
    """A delta Envoy tells what it holds from before the restart; in state of the world it tells a version only."""
    await world.serve("--state-dir", world.folder / "state")
    await world.start_envoy(await world.bootstrap("delta"))
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        assert await world.stop_serving() == 0
        world.edit("blue.yaml", r"name: blue\b", *["name: azure"] * 4)
        world.edit("route.yaml", r"name: blue,", "name: azure,")
        await world.serve("--state-dir", world.folder / "state", "--removal-grace", "1s")
        await world.clusters(has=("azure", "green"), lacks=("blue",))
        await world.more_answers(load)


async def test_a_killed_server_that_comes_back_pushes_nothing_that_had_not_changed(world: World, variant: str) -> None:
    """No request fails, Envoy loads nothing anew, and no list is empty in between."""
    await world.serve()
    await world.start_envoy(await world.bootstrap(variant))
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        await world.count_to({f"cluster.{name}.membership_change": 1 for name in ("blue", "green")})
        before = await world.envoy.statistics(_LOADED)
        assert before["cluster_manager.cds.version"]
        await world.kill_serving()
        await world.more_answers(load)
        await world.serve()

        async def reconnected() -> bool:
            return "test" in await world.proxies()

        await world.until(reconnected, "the Envoy that comes back")
        if variant == "sotw":
            # Who asks for names is answered, and takes the same endpoints for no change.
            asked = ("cluster.blue.update_success", "cluster.green.update_success")
            before |= {name: before[name] + 1 for name in asked}
            await world.count_to({name: before[name] for name in asked})
        # What is answered after a change has passed everything that the server had to say before.
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0, green=1)
        after = await world.envoy.statistics(_LOADED)
    routes = "http.front.rds.colours"
    assert after.pop(f"{routes}.config_reload") == before.pop(f"{routes}.config_reload") + 1
    assert after.pop(f"{routes}.version") != before.pop(f"{routes}.version")
    assert after == before


_LOADED = (
    r"^cluster_manager\.(cds\.(version|update_success)|cluster_(added|modified|removed))$"
    r"|^listener_manager\.(lds\.(version|update_success)|listener_(added|modified|removed))$"
    r"|^cluster\.(blue|green)\.(version|update_success|membership_change)$"
    r"|^http\.front\.rds\.colours\.(version|config_reload)$"
)
"""What Envoy has taken from its control plane."""


def _fresh() -> dict[str, object]:
    host = {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 9}}}}
    hosts = {"cluster_name": "fresh", "endpoints": [{"lb_endpoints": [host]}]}
    config = {"name": "fresh", "type": "STATIC", "connect_timeout": "1s", "load_assignment": hosts}
    return {"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": {"name": "fresh"}, "spec": {"config": config}}
