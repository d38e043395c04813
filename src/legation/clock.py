"""Time as an argument: what needs to know the time is given a Clock, so that tests can hold it still."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic time, and waiting for a moment of it."""

    def now(self) -> float:
        """Return the present moment in seconds since an arbitrary start; never goes backwards."""
        ...

    async def sleep_until(self, moment: float) -> None:
        """Return when `now()` has reached the moment; at once when it already has."""
        ...


class MonotonicClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Return the machine's monotonic time in seconds."""
        return time.monotonic()

    async def sleep_until(self, moment: float) -> None:
        """Sleep until the moment."""
        await asyncio.sleep(max(0.0, moment - self.now()))


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
