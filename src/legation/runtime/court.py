"""Asks the judge about what waits for a verdict, and has what is served made anew when there is one.

What waits and for how long is decided in `judged`; this is the shell that asks. One question at a time, beside
everything else: nothing is served later because somebody asks. Whatever the judge does, be it that it fails, answers
half of the question or never comes back, what has waited long enough goes on, and so does the asking.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from legation.clock import Clock, set_or
from legation.judging.verdict import Cause, Verdict, no_judge
from legation.model.resource import Resource
from legation.runtime.judged import Judged
from legation.runtime.problem_log import log_fault

MOST_AT_A_TIME = 500
"""So many resources make one question: what was judged is served while the next ones are."""
AGAIN = 60.0
"""Seconds after which it is asked again about what there was no judge for."""
LIMITS = 3.0
"""A question is given up after so many times as long as an object waits at most: a judge has its own patience."""

_FAILS = no_judge("legation itself fails to ask an Envoy", mend="its log tells where; report it")
_SILENT = no_judge("Envoy does not answer at all", mend="see what it waits for on this machine, or set --dry-run off")


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
        self._limit = limit
        self._decided = decided
        self._wanted = asyncio.Event()
        """Whether there may be something else to ask."""
        self._other_due = asyncio.Event()
        """Whether something else may wait."""
        self._again_at = 0.0
        self._running: set[asyncio.Future[Any]] = set()

    def open_book(self, handled: int) -> None:
        """Say how late it is, and how much has been handled, before the book is read."""
        self.book.open(now=self._clock.now(), handled=handled)

    def look(self) -> None:
        """Look at what waits now."""
        self._wanted.set()
        self._other_due.set()

    async def run(self) -> None:
        """Ask until cancelled; then the judge is ended."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._let_go())
                group.create_task(self._ask_on())
        finally:
            await self._wait_for(asyncio.ensure_future(self._judge.close()), self._limit)

    async def _let_go(self) -> None:
        """Have go on what has waited long enough, whatever the judge does."""
        while True:
            self._other_due.clear()
            if self.book.note_late(self._clock.now()):
                self._decided()
            await set_or(self._other_due, self.book.due, clock=self._clock)

    async def _ask_on(self) -> None:
        while True:
            self._wanted.clear()
            if questions := self.book.open_questions(MOST_AT_A_TIME):
                await self._ask(questions)
            elif not self.book.unasked:
                await self._wanted.wait()
            elif self._clock.now() < self._again_at:
                await set_or(self._wanted, self._again_at, clock=self._clock)
            elif questions := self.book.open_again(MOST_AT_A_TIME):
                await self._ask(questions)

    async def _ask(self, questions: Sequence[Resource]) -> None:
        """Bring one question before the judge, and wait for the answer."""
        asking = asyncio.ensure_future(self._judge.judge(questions))
        try:
            await self._wait_for(asking, LIMITS * self._limit)
            answers = _answers(asking) if asking.done() else dict.fromkeys(questions, _SILENT)
        finally:
            asking.cancel()
            await self._wait_for(asking, self._limit)
        verdicts = {each: answers.get(each, _FAILS) for each in questions}
        if any(each.cause is Cause.JUDGE for each in verdicts.values()):
            self._again_at = self._clock.now() + AGAIN
        if self.book.note(verdicts):
            self._decided()

    async def _wait_for(self, task: asyncio.Future[Any], seconds: float) -> None:
        """Return when it is done, or so many seconds have passed."""
        done = asyncio.Event()
        if not task.done():
            self._running.add(task)  # so that it is not lost before its end
            task.add_done_callback(self._running.discard)
            task.add_done_callback(lambda _: done.set())
            await set_or(done, self._clock.now() + seconds, clock=self._clock)


def _answers(asked: asyncio.Future[Mapping[Resource, Verdict]]) -> Mapping[Resource, Verdict]:
    """Return what came out of a question, however it ended."""
    error = None if asked.cancelled() else asked.exception()
    if isinstance(error, Exception):
        log_fault(error)
    return asked.result() if error is None and not asked.cancelled() else {}
