"""Asks the judge about what waits for a verdict, and has what is served made anew when there is one.

What waits and for how long is decided in `judged`; this is the shell that asks. One question at a time, beside
everything else: nothing is served later because somebody asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from legation.clock import Clock, set_or
from legation.judging.verdict import Verdict
from legation.model.resource import Resource
from legation.runtime.judged import Judged

MOST_AT_A_TIME = 500
"""So many resources make one question: what was judged is served while the next ones are."""


class Asked(Protocol):
    """Who is asked: `judging.judge.Judge`."""

    async def judge(self, resources: Sequence[Resource]) -> Mapping[Resource, Verdict]:
        """Return what is said of each resource."""
        ...

    async def close(self) -> None:
        """End it."""
        ...


class Court:
    """Brings what waits in a book before a judge."""

    def __init__(self, judge: Asked, *, clock: Clock, limit: float, decided: Callable[[], None]) -> None:
        """Take the judge; nothing is asked yet.

        Args:
            judge: Who is asked.
            clock: Tells how long something has waited.
            limit: Seconds that an object waits at most.
            decided: Called when the book says something else than before.
        """
        self.book = Judged(limit=limit)
        self._judge = judge
        self._clock = clock
        self._decided = decided
        self._wanted = asyncio.Event()

    def open_book(self, handled: int) -> None:
        """Say how late it is, and how much has been handled, before the book is read."""
        self.book.now, self.book.handled = self._clock.now(), handled

    def look(self) -> None:
        """Ask about what waits now."""
        if self.book.waits:
            self._wanted.set()

    async def run(self) -> None:
        """Ask until cancelled; then the judge is ended."""
        self.look()
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                while self.book.waits:
                    await self._ask()
        finally:
            await self._judge.close()

    async def _ask(self) -> None:
        """Bring one question before the judge, and wait for the answer or until something has waited long enough."""
        answered = asyncio.Event()
        asking = asyncio.ensure_future(self._judge.judge(self.book.open_questions(MOST_AT_A_TIME)))
        asking.add_done_callback(lambda _: answered.set())
        try:
            while not answered.is_set():
                await set_or(answered, self.book.due, clock=self._clock)
                self.book.now = self._clock.now()
                if not answered.is_set() and self.book.note_late():
                    self._decided()
            self.book.note(asking.result())
            self._decided()
        finally:
            asking.cancel()
            await asyncio.wait([asking])
