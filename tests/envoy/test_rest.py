"""A real Envoy that polls over REST for everything."""

from __future__ import annotations

from typing import Any

import yaml

from demo.programs import free_ports
from demo.stage import legation
from tests.envoy.polling import poll
from tests.envoy.world import AT_ONCE, GRACES, World


async def _start(world: World, *, patience: str = "10s") -> None:
    """Serve over REST and start an Envoy there."""
    (port,) = free_ports(1)
    poll(world.manifests, patience=patience)
    await world.serve("--rest-port", str(port), *GRACES)
    printed = await legation("bootstrap", "--node", "test", "--xds", f"localhost:{port}", "--rest")
    bootstrap: dict[str, Any] = yaml.safe_load(printed)
    for source in (bootstrap["dynamic_resources"][each]["api_config_source"] for each in ("cds_config", "lds_config")):
        source.update(refresh_delay="0.1s", request_timeout=patience)
    await world.start_envoy(bootstrap, *AT_ONCE)


async def _stat(world: World, name: str) -> int:
    """Return one of Envoy's counters."""
    _, _, count = (await world.envoy.ask(f"/stats?filter=^{name}$")).partition(": ")
    return int(count or 0)


async def test_a_polling_envoy_serves_and_changes_arrive_without_a_failed_poll(world: World) -> None:
    """A held poll is answered before Envoy's time limit: it counts no failure, and no request fails meanwhile."""
    await _start(world, patience="1s")
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0, green=1)
        world.edit("green.yaml", r"name: green\b", *["name: emerald"] * 4)
        world.edit("route.yaml", r"name: green\b", "name: emerald")
        await world.clusters(has=("blue", "emerald"), lacks=("green",))
        await world.shares(load, blue=0, green=1)

        async def polled_again() -> bool:
            return await _stat(world, "listener_manager.lds.update_attempt") > 10

        await world.until(polled_again, "many polls")
    assert await _stat(world, "cluster_manager.cds.update_failure") == 0
    assert await _stat(world, "listener_manager.lds.update_failure") == 0
    table = await world.proxies()
    assert "test" in table
    assert "RouteConfiguration" in table
    await world.no_problems()


async def test_a_listener_that_envoy_refuses_stops_no_other(world: World) -> None:
    """Envoy says nothing of a refusal over REST; it is seen by the version that stays."""
    await _start(world)
    async with world.load() as load:
        await world.shares(load, blue=1, green=0)
        good = yaml.safe_load((world.manifests / "listener.yaml").read_text())
        # Nobody can listen on an address of another machine.
        good["metadata"]["name"] = good["spec"]["config"]["name"] = "bad"
        good["spec"]["config"]["address"]["socket_address"]["address"] = "192.0.2.1"
        world.save("bad.yaml", good)
        await world.problem("bad", "refuse")
        world.edit("route.yaml", r"weight: \d+", "weight: 0", "weight: 100")
        await world.shares(load, blue=0, green=1)
        # A bad one and a good one in one response: who is to blame is found.
        good["spec"]["config"]["stat_prefix"] = "bad"
        world.save("bad.yaml", good)
        world.edit("listener.yaml", "stat_prefix: front", "stat_prefix: entrance")

        async def renamed() -> bool:
            return "entrance" in await world.envoy.ask("/config_dump?resource=dynamic_listeners")

        await world.until(renamed, "the changed listener")
        await world.problem("Listener default/bad", "refuse")
        (world.manifests / "bad.yaml").unlink()
        await world.no_problems()
