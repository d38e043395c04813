"""Who may go on, one at a time: of several names that wait, each in its turn, however many wait by one of them.

It belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator


class Turns:
    """A place that one may have at a time."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """Who is to be next stands first."""

    @contextlib.asynccontextmanager
    async def taken(self, name: str) -> AsyncIterator[None]:
        """Have the place until the block ends, after one of each other name that waits already."""
        if self._taken:
            await self._wait(name)
        self._taken = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, name: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # It may have been told just now.
            if turn.done() and not turn.cancelled():
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        self._taken = False
        while self._waiting and not self._taken:
            name = next(iter(self._waiting))
            waiting = self._waiting.pop(name)
            turn = waiting.popleft()
            if waiting:
                self._waiting[name] = waiting
            if not turn.done():
                turn.set_result(None)
                self._taken = True
