"""Questions about tokens, with a guard before them: a token with a false signature is not worth one.

Whoever reaches a port of Envoys can make up tokens. The keys of the cluster tell those from what it has signed, at our
own cost; about one that names another key it is asked slowly. Where no keys are known there is no guard. The one
invariant: the guard only says no. A yes is the answer of who was asked.
"""

from __future__ import annotations

from legation.clock import Clock
from legation.kube.tokens.claims import Claims
from legation.kube.tokens.judging import Judge
from legation.kube.tokens.offline import NOT_SIGNED, Signature, Signatures
from legation.model.identity import Flaw, TokenProof

_BETWEEN = 0.1
"""Seconds between two questions about tokens whose key is not known: most are of strangers."""
_LONGEST = 5.0
"""Seconds that one of those waits for its turn."""

_CROWD = Flaw(words="too many tokens that nobody knows are being looked at; try again", passing=True)


class Guarded:
    """Asks about tokens that the cluster has signed, as far as can be told."""

    def __init__(self, judge: Judge, *, signatures: Signatures, clock: Clock) -> None:
        """Take whom to ask, what looks at a token before, and what pauses are measured by."""
        self._judge, self._signatures, self._clock = judge, signatures, clock
        self._next = clock.now()
        """When the next doubtful token may be asked about."""

    async def judge(self, token: str, claims: Claims) -> TokenProof | Flaw:
        """Find out whose a token is."""
        signature, _ = await self._signatures.look(token)
        if signature is Signature.FORGED:
            return NOT_SIGNED
        # The keys are told late perhaps, or not all of them.
        if signature is Signature.UNKNOWN and self._signatures.keys.are_known and not await self._turn():
            return _CROWD
        return await self._judge.judge(token, claims)

    async def _turn(self) -> bool:
        moment = max(self._clock.now(), self._next)
        if moment - self._clock.now() > _LONGEST:
            return False
        self._next = moment + _BETWEEN
        await self._clock.sleep_until(moment)
        return True
