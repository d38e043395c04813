"""What the demo does, step by step: each saves manifests and waits until the answers agree with them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from demo import web
from demo.load import Load
from demo.screen import Screen
from demo.stage import Stage

DWELL = 1.5
"""Seconds that each step lasts at least, so that there is something to see."""
PATIENCE = 8.0
"""Seconds in which the answers must agree with what was saved; it takes a fraction of one."""
TOLERANCE = 0.15
"""Envoy draws by chance: four standard deviations of the shares that are looked at."""

BACKEND = "  - {{service: {}, weight: 100}}"
"""A line of the TrafficSplit."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it does, and which part of the requests each backend must answer then."""

    title: str
    act: Callable[[Stage], Awaitable[str]]
    """Does it, and returns what is to be shown below the step, if anything."""
    shares: Mapping[str, float]


async def play(stage: Stage, load: Load, screen: Screen) -> None:
    """Do all steps.

    Raises:
        TimeoutError: The answers did not come to agree with what was saved.
    """
    for step in STEPS:
        screen.begin(step.title)
        begun = time.monotonic()
        screen.note(await step.act(stage))
        await web.until(partial(_agree, load, step.shares), within=PATIENCE, what=step.title)
        await asyncio.sleep(begun + DWELL - time.monotonic())
    screen.finish()


def split(blue: int, green: int) -> Step:
    """Return the step that saves other weights in the TrafficSplit; the route is not touched."""

    async def act(stage: Stage) -> str:
        weigh(stage, blue, green)
        return ""

    return Step(f"TrafficSplit {blue}/{green}", act, {"blue": blue / 100, "green": green / 100})


def weigh(stage: Stage, blue: int, green: int) -> None:
    """Save the TrafficSplit with other weights."""
    stage.edit("split.yaml", r"weight: \d+", f"weight: {blue}", f"weight: {green}")


async def rename(stage: Stage) -> str:
    """Give a cluster and the route configuration other names: file by file, the old names first to go.

    The split names both until the route has the new one: what it does not name keeps the weight of the route.
    """

    async def passes_through_the_new_names() -> bool:
        requests = await stage.envoy.statistics(r"^cluster\.emerald\.upstream_rq_200$")
        return any(requests.values()) and '"paints"' in await stage.envoy.ask(
            "/config_dump?resource=dynamic_route_configs"
        )

    stage.edit("split.yaml", r"^.*green.*$", f"{BACKEND.format('green')}\n{BACKEND.format('emerald')}")
    stage.edit("green.yaml", r"name: green\b", *["name: emerald"] * 4)
    stage.edit("route.yaml", r"name: (green|colours)\b", "name: colours", "name: paints", "name: emerald")
    stage.edit("listener.yaml", r"name: colours\b", "name: paints")
    await web.until(passes_through_the_new_names, within=PATIENCE, what="requests through the new names")
    stage.edit("split.yaml", r"^.*green.*\n", "")
    return ""


async def break_it(stage: Stage) -> str:
    """Make a slip of the pen in the route, go on with the split, and return what legation says of it."""
    stage.edit("route.yaml", r"weighted_clusters", "weighted_cluster")
    weigh(stage, 50, 50)

    async def said() -> str:
        text = await stage.problems()
        return text if "weighted_cluster" in text else ""

    return await web.until(said, within=PATIENCE, what="the problem in `legation problems`")


async def mend(stage: Stage) -> str:
    """Save the route without the slip, and the split."""
    stage.edit("route.yaml", r"weighted_cluster\b", "weighted_clusters")
    weigh(stage, 100, 0)
    return ""


STEPS = (
    split(100, 0),
    split(75, 25),
    split(50, 50),
    split(25, 75),
    split(0, 100),
    Step("cluster and route renamed, file by file", rename, {"green": 1.0}),
    Step("route broken: last good one split 50/50", break_it, {"blue": 0.5, "green": 0.5}),
    Step("route mended, TrafficSplit 100/0", mend, {"blue": 1.0}),
)


async def _agree(load: Load, shares: Mapping[str, float]) -> bool:
    seen = load.shares()
    return all(abs(seen.get(name, 0.0) - share) <= TOLERANCE * (0 < share < 1) for name, share in shares.items())
