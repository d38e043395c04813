"""Resting: a pause that ends at its moment, or soon after somebody heard of the API server elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from legation.clock import Clock, set_or


class Resting:
    """The pauses of one who asks again and again."""

    def __init__(self, clock: Clock, chance: Callable[[], float]) -> None:
        self._clock = clock
        self._chance = chance
        self._hurried = asyncio.Event()
        self._within = 0.0

    def hurry(self, *, within: float) -> None:
        """End a pause within so many seconds, if there is one."""
        self._within = within
        self._hurried.set()

    async def until(self, moment: float) -> None:
        """Return at that moment at the latest."""
        self._hurried.clear()
        await set_or(self._hurried, moment, clock=self._clock)
        if self._hurried.is_set():
            # Many were hurried at this moment.
            await self._clock.sleep_until(min(moment, self._clock.now() + self._chance() * self._within))
