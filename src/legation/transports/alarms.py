"""Alarms: many moments, one sleeper. A thousand clients with a deadline each cost a thousand entries of a heap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count

from legation.clock import Clock

_FEW = 64
"""So many entries are not worth a look at which were cancelled."""


class Alarm:
    """One moment at which something is called, unless it is cancelled before."""

    __slots__ = ("call", "moment")

    def __init__(self, moment: float, call: Callable[[], None]) -> None:
        self.moment = moment
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        """Forget it. Costs nothing; whatever it would have called is let go at once."""
        self.call = None


class Alarms:
    """Calls back at moments of a clock, in the event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[tuple[float, int, Alarm]] = []
        self._room = _FEW
        self._ticket = count()
        self._sleeper: asyncio.Task[None] | None = None

    def at(self, moment: float, call: Callable[[], None]) -> Alarm:
        """Call at that moment, or at the next turn of the event loop if it has passed. The call must not raise."""
        if len(self._entries) >= self._room:
            self._sweep()
        alarm = Alarm(moment, call)
        heappush(self._entries, (moment, next(self._ticket), alarm))
        if self._entries[0][2] is alarm:
            self.close()
            self._sleeper = asyncio.get_running_loop().create_task(self._sleep())
        return alarm

    def close(self) -> None:
        """Stop sleeping: nothing is called any more, until a new alarm is set."""
        if self._sleeper is not None:
            self._sleeper.cancel()
            self._sleeper = None

    def _sweep(self) -> None:
        """Let go of what was cancelled: a client can set and cancel an alarm for minutes ahead at every change."""
        self._entries = [entry for entry in self._entries if entry[2].call is not None]
        heapify(self._entries)
        self._room = max(_FEW, 2 * len(self._entries))

    async def _sleep(self) -> None:
        while self._entries:
            await self._clock.sleep_until(self._entries[0][0])
            now = self._clock.now()
            due = []
            while self._entries and self._entries[0][0] <= now:
                due.append(heappop(self._entries)[2])
            for alarm in due:
                if alarm.call is not None:
                    alarm.call()
        self._sleeper = None
