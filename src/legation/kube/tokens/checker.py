"""Tokens: a `TokenChecker` that remembers, and asks little.

::

    tokens = Tokens(TokenReviews(client, audience="legation"), audience="legation", clock=MonotonicClock())
    await tokens.check(token)          # TokenProof, or a Flaw that says why not

Who shows a token again costs nothing; who shows one that is plainly no good costs nothing either. One question at a
time is asked about a token, however many show it. What was good stays so until it expires: it is asked about again
now and then, and while nobody answers what was said before goes on. A question that was asked goes on when nobody waits
for it any more, so that its answer is there when who asked comes back. The one invariant: what nobody has said yes to,
or whose time is over, proves nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from legation.clock import Clock
from legation.kube.tokens.claims import EXPIRED, Claims, look
from legation.kube.tokens.judging import Judge
from legation.kube.tokens.remembered import Remembered
from legation.model.identity import Flaw, TokenProof

_GOOD, _BAD = 20_000, 5_000
_BAD_FOR = 10.0
"""Seconds: a token may become good, when the API server's own cache has heard of its Pod."""
_AGAIN = 120.0
"""Seconds after which one that was good is asked about again, if somebody shows it."""
_AGAIN_AFTER_SILENCE = 30.0
"""The same, where nobody answered."""
_WAITING = 2_000
"""Tokens that may wait for their question; Envoys that find more come back a moment later. Those for which nobody waits
any more make room, the last first: it is asked about in that order, so the first may have their answer soon."""

_CROWD = Flaw(words="too many other tokens are being looked at; try again", passing=True)


class Tokens:
    """Looks at tokens."""

    def __init__(
        self,
        judge: Judge,
        *,
        audience: str,
        clock: Clock,
        now: Callable[[], float] = time.time,
        again: float = _AGAIN,
        waiting: int = _WAITING,
    ) -> None:
        """Take who finds out; nothing is asked yet.

        Args:
            judge: Who finds out.
            audience: Whom tokens must be for.
            clock: What pauses are measured by.
            now: Returns Unix seconds: what tokens expire by.
            again: Seconds after which a good one is asked about again.
            waiting: How many tokens may wait for an answer.
        """
        self._judge, self._audience = judge, audience
        self._clock, self._now = clock, now
        self._again, self._most_waiting = again, waiting
        self._known = Remembered(good=_GOOD, bad=_BAD, bad_for=_BAD_FOR)
        self._asked: dict[bytes, _Question] = {}

    async def check(self, token: str) -> TokenProof | Flaw:
        """Return whose a token is, or why it proves nothing."""
        claims = look(token, audience=self._audience, now=self._now())
        if isinstance(claims, Flaw):
            return claims
        digest = self._known.digest(token)
        before = self._known.good(digest, now=self._now())
        if before is not None and self._clock.now() < before.again:
            return before.proof
        if before is None and (flaw := self._known.bad(digest, moment=self._clock.now())) is not None:
            return flaw
        found = await self._answer(digest, token, claims)
        if isinstance(found, TokenProof):
            return found if found.ends is None or self._now() < found.ends else EXPIRED
        # It was good, and nobody says that it is not.
        if found.passing and (known := self._known.good(digest, now=self._now())) is not None:
            known.again = self._clock.now() + _AGAIN_AFTER_SILENCE
            return known.proof
        return found

    async def aclose(self) -> None:
        """End all questions."""
        tasks = [each.task for each in self._asked.values()]
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, digest: bytes, token: str, claims: Claims) -> TokenProof | Flaw:
        question = self._asked.get(digest)
        if question is None:
            if len(self._asked) >= self._most_waiting and not self._make_room():
                return _CROWD
            question = self._asked[digest] = _Question(asyncio.create_task(self._ask(digest, token, claims)))
            question.task.add_done_callback(lambda task: self._end(digest, task))
        question.waiting += 1
        try:
            return await asyncio.shield(question.task)
        finally:
            question.waiting -= 1

    def _make_room(self) -> bool:
        for digest in reversed(self._asked):
            question = self._asked[digest]
            if not question.waiting and not question.task.done():
                # Nobody may join one that is ending.
                del self._asked[digest]
                question.task.cancel()
                return True
        return False

    def _end(self, digest: bytes, task: asyncio.Task[TokenProof | Flaw]) -> None:
        if (question := self._asked.get(digest)) is not None and question.task is task:
            del self._asked[digest]
        if not task.cancelled():
            # Where nobody waits for it any more, it would be shown with all that it holds.
            task.exception()

    async def _ask(self, digest: bytes, token: str, claims: Claims) -> TokenProof | Flaw:
        found = await self._judge.judge(token, claims)
        if isinstance(found, TokenProof):
            self._known.keep(digest, found, again=self._clock.now() + self._again)
        elif not found.passing:
            self._known.refuse(digest, found, moment=self._clock.now())
        return found


@dataclass(slots=True)
class _Question:
    """One that is asked, however many wait for its answer, and also when none does any more."""

    task: asyncio.Task[TokenProof | Flaw]
    waiting: int = 0
