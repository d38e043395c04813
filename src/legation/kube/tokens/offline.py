"""Whose a token is, by its signature: nobody is asked about it.

It cannot see that a Pod or a service account was deleted: who uses it compares the Pod that a token names with those
that there are. The one invariant: what is believed was read from the very bytes whose signature was good.

Source: https://www.rfc-editor.org/rfc/rfc8725 (best practices)
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from enum import Enum

from jwt import PyJWS, PyJWTError

from legation.kube.tokens.claims import Claims, judged, key_name
from legation.kube.tokens.keys import ALGORITHMS, Keys
from legation.model.identity import Flaw, TokenProof

NOT_SIGNED = Flaw(words="no key of this cluster has signed it; is it of another cluster?")
_OTHER_ISSUER = Flaw(words="another issuer made it; is it of another cluster?")
_UNCLEAR = Flaw(words="it is of no service account of Kubernetes, or contradicts itself about whose it is")
_NO_KEYS = Flaw(words="the keys to check it with are not known at the moment; try again", passing=True)


class Signature(Enum):
    """What there is to say of a signature."""

    GOOD = "good"
    FORGED = "forged"
    """It names a key that has not made it."""
    UNKNOWN = "unknown"
    """It names no key that is known."""


class Signatures:
    """Looks at signatures."""

    def __init__(self, keys: Keys) -> None:
        """Take what to look with."""
        self.keys = keys
        self._library = PyJWS(algorithms=sorted(ALGORITHMS), options={"enforce_minimum_key_length": True})

    async def look(self, token: str) -> tuple[Signature, object]:
        """Return what there is to say of the signature of a token; if it is good, with what it has signed."""
        name = key_name(token)
        key = None if name is None else await self.keys.key(name)
        if key is None:
            return Signature.UNKNOWN, None
        try:
            found = self._library.decode_complete(token, key, algorithms=[key.algorithm_name])
            payload: object = json.loads(found["payload"])
        except (PyJWTError, ValueError, TypeError, RecursionError):
            return Signature.FORGED, None
        return Signature.GOOD, payload


class Offline:
    """Says whose tokens are, by their signatures alone."""

    def __init__(self, signatures: Signatures, *, audience: str, now: Callable[[], float] = time.time) -> None:
        """Take what to look with.

        Args:
            signatures: Looks at them.
            audience: Whom tokens must be for.
            now: Returns Unix seconds: what tokens expire by.
        """
        self._signatures, self._audience, self._now = signatures, audience, now

    async def judge(self, token: str, _: Claims) -> TokenProof | Flaw:
        """Look at one token."""
        signature, payload = await self._signatures.look(token)
        if signature is Signature.GOOD:
            return self._proof(payload)
        keys = self._signatures.keys
        # A key that is new may be known to their source alone, and that cannot be read.
        is_early = signature is Signature.UNKNOWN and (not keys.are_known or bool(keys.trouble))
        return _NO_KEYS if is_early and key_name(token) is not None else NOT_SIGNED

    def _proof(self, payload: object) -> TokenProof | Flaw:
        claims = judged(payload, audience=self._audience, now=self._now())
        if isinstance(claims, Flaw):
            return claims
        if claims.issuer != self._signatures.keys.issuer:
            return _OTHER_ISSUER
        return claims.proof() or _UNCLEAR
