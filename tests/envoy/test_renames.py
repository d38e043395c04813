"""Everything is renamed twenty times under load: clusters of both kinds, routes, a listener on its address."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from demo.load import Load
from demo.programs import free_ports
from tests.envoy.renamed import Fleet
from tests.envoy.world import World

RENAMES = 20
DRAIN = ("--drain-time-s", "5", "--drain-strategy", "immediate")
"""Old listeners outlive their slowest request."""
GRACES = ("--removal-grace", "4s", "--drain-grace", "7s")
"""The same for legation: longer than a delayed request, and than Envoy's draining."""


@pytest.mark.timeout(180)
async def test_everything_is_renamed_twenty_times_and_no_request_fails(world: World, variant: str) -> None:
    """Kept and new connections, delayed requests, an EDS and a static cluster, inline routes, a moved listener."""
    routed, inline, moved = map(int, free_ports(3))
    fleet = Fleet(backends=world.backends, routed=routed, inline=inline, moved=moved)
    for file in world.manifests.iterdir():
        file.unlink()
    world.save("fleet.yaml", *fleet.manifests(0))
    await world.serve(*GRACES)
    await world.start_envoy(await world.bootstrap(variant), *DRAIN)
    async with _loads((routed, "/slow"), (routed, "/"), (inline, "/"), (moved, "/")) as (slow, *quick):
        for number in range(1, RENAMES + 1):
            world.save("fleet.yaml", *fleet.manifests(number))
            await world.clusters(has=fleet.clusters(number))
            await _listeners(world, fleet.listeners(number))
            for load in quick:
                await world.more_answers(load, 30)
        old = [name for number in range(RENAMES) for name in fleet.clusters(number)]
        await world.clusters(has=fleet.clusters(RENAMES), lacks=old)
        await world.more_answers(slow, 4)
        for load in quick:
            await world.shares(load, blue=0.5, green=0.5)
    await world.no_problems()


@contextlib.asynccontextmanager
async def _loads(*places: tuple[int, str]) -> AsyncIterator[list[Load]]:
    """Send requests to these ports and paths; at the end none may have failed."""
    async with contextlib.AsyncExitStack() as stack:
        loads = [await stack.enter_async_context(Load(port, path=path)) for port, path in places]
        yield loads
    failures = {place: load.failures for place, load in zip(places, loads, strict=True) if load.failures}
    assert not failures


async def _listeners(world: World, names: set[str]) -> None:
    """Wait until Envoy listens under these names and no others."""

    async def right() -> bool:
        found = json.loads(await world.envoy.ask("/listeners?format=json")).get("listener_statuses", [])
        return {each["name"] for each in found} == names

    await world.until(right, f"listeners {names}")
