"""When to look at the dates of certificates again: as soon as one of them may have begun or ended.

It refuses to know which these are, and what becomes of it. The one invariant: a clock of the machine that is set is
noticed within a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from legation.clock import Clock

AT_MOST = 60.0
"""Seconds after which the dates are looked at, for the clock of the machine may be set."""
_AT_LEAST = 1.0


class ExpiryTimer:
    """Has what is served looked at when it is time."""

    def __init__(
        self,
        clock: Clock,
        *,
        unix_time: Callable[[], float],
        due: Callable[[], float | None],
        look: Callable[[], None],
    ) -> None:
        """Take what it takes; nothing is looked at yet.

        Args:
            clock: Where moments and pauses come from.
            unix_time: Tells the time that certificates are valid at.
            due: Returns the next of their dates, in Unix seconds; None: there is none.
            look: Called when that is now.
        """
        self._clock, self._unix_time, self._due, self._look = clock, unix_time, due, look
        self._maybe_another = asyncio.Event()

    def reset(self) -> None:
        """Note that the next date may be another one."""
        self._maybe_another.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._maybe_another.wait()
            self._maybe_another.clear()
            while (due := self._due()) is not None:
                seconds = max(_AT_LEAST, due - self._unix_time())
                await self._clock.sleep_until(self._clock.now() + min(seconds, AT_MOST))
                self._look()
