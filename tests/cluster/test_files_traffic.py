"""crossover's own end-to-end case, asserted: a TrafficSplit moves the requests step by step, and none fails.

The same ConfigMap is delivered in each way that there is: it says as little of the way as its owner would.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.cluster.files_for_envoy import BLUE, GREEN, NumberedLoad, backends, files, reader, routes
from tests.cluster.sidecars import Sidecars, config_map, split
from tests.cluster.stage import Stage
from tests.envoy.watching import Watching

pytestmark = pytest.mark.timeout(90)

STEPS = (0, 25, 50, 75, 100)
REQUESTS = 200
"""At each step; of a hundred in a row as many go to green as its weight says."""
TOLERANCE = 0.03


async def _at_once(_: int) -> None:
    """Nothing is written anywhere."""


async def shift(edge: Watching, sidecars: Sidecars, *, seen: Callable[[int], Awaitable[None]] = _at_once) -> None:
    """Take all requests from blue to green and look at each step who answers them.

    Args:
        edge: The Envoy.
        sidecars: In whose namespace the TrafficSplit is.
        seen: Waits until the weight has arrived where it is written.
    """
    port = await edge.until(lambda: edge.envoy.listener_port("front"), "its port")
    before = await loaded(edge)
    async with NumberedLoad(port) as load:
        for count, weight in enumerate(STEPS):
            if weight:
                sidecars.stage.apply(split(sidecars.namespace, **{BLUE: 100 - weight, GREEN: weight}))
            await seen(weight)

            async def taken(reloads: int = count) -> bool:
                return await loaded(edge) >= before + reloads

            await edge.until(taken, f"weight {weight}")
            first = load.sent

            async def answered(goal: int = first + REQUESTS) -> bool:
                return load.answered.keys() >= set(range(goal - REQUESTS, goal)) or load.failed > 0

            await edge.until(answered, "more answers")
            assert not load.failures, load.failures
            assert not load.failures, load.failures
            assert load.share(GREEN, first=first, count=REQUESTS) == pytest.approx(weight / 100, abs=TOLERANCE)
    assert not load.failures, load.failures
    assert load.answers.total() >= len(STEPS) * REQUESTS
    assert await loaded(edge) == before + len(STEPS) - 1
    refused = await edge.envoy.statistics(r"\.(update_rejected|update_failure)$")
    assert not any(refused.values()), refused


async def loaded(edge: Watching) -> int:
    """Return how often it has taken other routes."""
    return sum((await edge.envoy.statistics(r"^http\.front\.rds\.all\.config_reload$")).values())


@contextlib.asynccontextmanager
async def shop(sidecars: Sidecars, output: Path, *, http2: bool) -> AsyncIterator[dict[str, str]]:
    """Have the backends, the ConfigMap that says where they are and the TrafficSplit; give what is in the former."""
    async with backends(sidecars.stage.folder / "backends", http2=http2) as ports:
        data = files(ports, output, http2=http2)
        made = config_map(sidecars.namespace, data)
        made["metadata"]["labels"] = {"legation.dev/xds": "true"}
        sidecars.stage.apply(made, split(sidecars.namespace, **{BLUE: 100, GREEN: 0}))
        yield data


@pytest.mark.parametrize(
    ("program", "http2"), [("crossover", False), ("crossover", True), ("sync", False)], ids=["h1", "h2c", "sync-h1"]
)
async def test_by_files(sidecars: Sidecars, program: str, *, http2: bool) -> None:
    """The file of routes is that of the ConfigMap with other weights, byte for byte; the others are not touched."""
    output = sidecars.fresh()
    await sidecars.allow()
    async with shop(sidecars, output, http2=http2) as data:
        if program == "sync":
            sidecars.allow_sync()
            writes = sidecars.sync(output=output)
        else:
            writes = sidecars.crossover(output=output)
        await writes.ready()
        others = {name: number for name, number in writes.numbers().items() if name != "rds.yaml"}

        async def seen(weight: int) -> None:
            await writes.stands({**data, "rds.yaml": routes(blue=100 - weight, green=weight)})

        async with reader(output, sidecars.stage.folder / "envoy") as edge:
            await shift(edge, sidecars, seen=seen)
        assert writes.numbers().items() > others.items()
        assert await writes.stop() == 0


async def test_by_grpc(sidecars: Sidecars, stage: Stage) -> None:
    """The ConfigMap is a bridge from files: its label says that they go to who asks the server."""
    async with shop(sidecars, stage.folder, http2=False):
        await stage.serve()
        edge = await stage.envoy()
        await shift(edge, sidecars)
        await stage.replica.no_problem(stage.namespace)
