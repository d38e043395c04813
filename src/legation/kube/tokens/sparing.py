"""Questions to an API server that has others to serve: few at a time, and none for a moment where nobody answers.

It refuses to know what is asked. The one invariant: what was not asked is a passing flaw.
"""

from __future__ import annotations

import asyncio

from legation.clock import Clock
from legation.kube.tokens.claims import Claims
from legation.kube.tokens.judging import Judge
from legation.model.identity import Flaw, TokenProof

_AT_ONCE = 16
_PAUSE = 1.0
"""Seconds for which nothing is asked where nobody has answered: who waits is told so, and none waits for long."""
_ANY = "legation-asks-whether-anybody-answers"
"""In place of a token: whoever answers says that it is none."""
_TROUBLE_LASTS = 120.0
"""Seconds after which it is not told any more that nobody answered, where nobody has asked since."""


class Sparing:
    """Asks somebody about tokens, and not too much."""

    def __init__(self, judge: Judge, *, clock: Clock, at_once: int = _AT_ONCE) -> None:
        """Take whom to ask, and how many questions at a time."""
        self._judge, self._clock = judge, clock
        self._turn = asyncio.Semaphore(at_once)
        self._silence: tuple[float, Flaw] | None = None

    @property
    def trouble(self) -> Flaw | None:
        """Why nobody could tell, the last time that somebody was asked; None where there was an answer."""
        silence = self._silence
        return silence[1] if silence is not None and self._clock.now() < silence[0] + _TROUBLE_LASTS else None

    async def look(self) -> None:
        """Find out whether somebody answers again, where nobody did: perhaps nobody shows an unknown token for long."""
        if self.trouble is not None:
            await self.judge(_ANY, Claims(issuer="", subject="", ends=0.0))

    async def judge(self, token: str, claims: Claims) -> TokenProof | Flaw:
        """Find out whose a token is, if it can be asked now."""
        async with self._turn:
            if self._silence is not None and self._clock.now() < self._silence[0] + _PAUSE:
                return self._silence[1]
            found = await self._judge.judge(token, claims)
            is_silence = isinstance(found, Flaw) and found.passing
            self._silence = (self._clock.now(), found) if isinstance(found, Flaw) and is_silence else None
            return found
