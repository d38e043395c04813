"""ManualClock: time that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count


class ManualClock:
    """A `legation.clock.Clock` whose time passes only by `advance`.

    Example:
        clock = ManualClock()
        waiting = asyncio.create_task(clock.sleep_until(5.0))
        await clock.advance(5.0)  # the sleeper has run by now
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._ticket = count()

    def now(self) -> float:
        """Return the present moment in seconds."""
        return self._now

    @property
    def sleepers(self) -> int:
        """How many callers wait for a moment."""
        return sum(not sleeper.done() for _, _, sleeper in self._sleepers)

    async def sleep_until(self, moment: float) -> None:
        """Return when `advance` has reached the moment; at once when it already has."""
        if moment <= self._now:
            # As a real sleep of no length does: the others have a turn.
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (moment, next(self._ticket), woken))
        await woken

    def step(self, seconds: float) -> None:
        """Let time pass in one jump and mark the sleepers who are due, earliest first; they run at the next turn."""
        self._now += seconds
        self._wake()

    async def advance(self, seconds: float) -> None:
        """Let time pass, moment by moment: each sleeper wakes at its own moment and runs before time goes on.

        A sleeper who waits again for a moment inside these seconds wakes again. Each moment gives the other tasks a
        few turns of the event loop; work that needs more than those (I/O) is waited for by its own condition.
        """
        end = self._now + seconds
        await _turns()
        while (moment := self._next_moment()) is not None and moment <= end:
            self._now = moment
            self._wake()
            await _turns()
        self._now = end

    def _next_moment(self) -> float | None:
        while self._sleepers and self._sleepers[0][2].done():
            heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def _wake(self) -> None:
        while (moment := self._next_moment()) is not None and moment <= self._now:
            heappop(self._sleepers)[2].set_result(None)


async def _turns(number: int = 10) -> None:
    for _ in range(number):
        await asyncio.sleep(0)
