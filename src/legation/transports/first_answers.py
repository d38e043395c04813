"""FirstAnswers: how many clients are given their first answer at a time, so that each of them gets it soon (A9.5).

When thousands connect at once (this server was restarted, a site came back) and all were answered at once, all would be
slow: what they are sent waits in memory, and the last byte comes late for each of them. So they go in one after
another, in the order in which they came; nobody is turned away.
"""

from __future__ import annotations

from collections.abc import Callable

from legation.clock import Clock
from legation.transports.alarms import Alarm, Alarms

AT_ONCE = 256
"""Clients. Their answers are all that waits in memory."""

PATIENCE = 1.0
"""Seconds after which the next one goes in although a client has not read its first answer yet."""


class FirstAnswers:
    """Who may be given a first answer now."""

    def __init__(self, limit: int, *, alarms: Alarms, clock: Clock) -> None:
        self._limit = limit
        self._alarms = alarms
        self._clock = clock
        self._inside: dict[object, Alarm] = {}
        self._waiting: dict[object, Callable[[], None]] = {}
        """In the order in which they came."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def enter(self, client: object, call: Callable[[], None]) -> bool:
        """Say whether it may have its first answer now; if not, call is called when it may. Call must not raise."""
        if client in self._inside:
            return True
        if len(self._inside) >= self._limit:
            self._waiting.setdefault(client, call)
            return False
        self._let_in(client)
        return True

    def leave(self, client: object) -> None:
        """Take note that a client has read its first answer, or is gone."""
        self._waiting.pop(client, None)
        alarm = self._inside.pop(client, None)
        if alarm is not None:
            alarm.cancel()
        while self._waiting and len(self._inside) < self._limit:
            following = next(iter(self._waiting))
            call = self._waiting.pop(following)
            self._let_in(following)
            call()

    def _let_in(self, client: object) -> None:
        self._inside[client] = self._alarms.at(self._clock.now() + PATIENCE, lambda: self.leave(client))
