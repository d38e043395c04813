"""Lets what follows a file look at it, on a clock that a test turns."""

from __future__ import annotations

import asyncio

from legation.cli.followed_file import LOOK_AGAIN
from legation.testing import ManualClock

PATIENCE = 30.0


async def looks(clock: ManualClock, times: int = 2) -> None:
    """Let it look so often, and come back from its thread."""
    for _ in range(times):
        await _waits(clock)
        clock.step(LOOK_AGAIN)
    await _waits(clock)


async def _waits(clock: ManualClock) -> None:
    async with asyncio.timeout(PATIENCE):
        while not clock.sleepers:  # noqa: ASYNC110 - the end of a thread is announced to nobody
            await asyncio.sleep(0.001)
