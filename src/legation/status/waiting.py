"""To wait for an event or for a moment, whichever comes first."""

from __future__ import annotations

import asyncio
import math

from legation.clock import Clock


async def set_or(event: asyncio.Event, moment: float, *, clock: Clock) -> None:
    """Return when the event is set or the moment has come; inf never comes."""
    if moment == math.inf:
        await event.wait()
        return
    waiting = asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep_until(moment))
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
