"""What was found out about tokens, for a while and up to a number. Pure.

A token is known by its digest alone. Those that prove nothing are kept apart: however many are shown, none that proves
something is forgotten for them.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from legation.model.identity import Flaw, TokenProof


@dataclass(slots=True)
class Good:
    """A token that proved something."""

    proof: TokenProof
    again: float
    """The moment, by the clock, from which it is to be asked about once more."""


class Remembered:
    """All of them."""

    def __init__(self, *, good: int, bad: int, bad_for: float) -> None:
        """Remember nothing yet.

        Args:
            good: How many that prove something.
            bad: How many that prove nothing.
            bad_for: Seconds for which those are remembered.
        """
        self._most_good, self._most_bad, self._bad_for = good, bad, bad_for
        self._good: OrderedDict[bytes, Good] = OrderedDict()
        self._bad: OrderedDict[bytes, tuple[Flaw, float]] = OrderedDict()

    @staticmethod
    def digest(token: str) -> bytes:
        """Return what a token is known by."""
        return hashlib.sha256(token.encode(errors="surrogatepass")).digest()

    def good(self, digest: bytes, *, now: float) -> Good | None:
        """Return what one proved, if it did and has not expired; `now`: Unix seconds."""
        found = self._good.get(digest)
        if found is None:
            return None
        if found.proof.ends is not None and found.proof.ends <= now:
            del self._good[digest]
            return None
        self._good.move_to_end(digest)
        return found

    def bad(self, digest: bytes, *, moment: float) -> Flaw | None:
        """Return why one proves nothing, if that was found out not long before a moment of the clock."""
        flaw, until = self._bad.get(digest, (None, 0.0))
        if flaw is not None and until <= moment:
            del self._bad[digest]
            return None
        return flaw

    def keep(self, digest: bytes, proof: TokenProof, *, again: float) -> None:
        """Remember that it proved something."""
        self._bad.pop(digest, None)
        self._good[digest] = Good(proof, again)
        self._good.move_to_end(digest)
        if len(self._good) > self._most_good:
            self._good.popitem(last=False)

    def refuse(self, digest: bytes, flaw: Flaw, *, moment: float) -> None:
        """Remember that it proves nothing (any more)."""
        self._good.pop(digest, None)
        self._bad[digest] = flaw, moment + self._bad_for
        self._bad.move_to_end(digest)
        if len(self._bad) > self._most_bad:
            self._bad.popitem(last=False)

    def __len__(self) -> int:
        return len(self._good) + len(self._bad)
