"""Tokens at a server: who looks at them, joined of its settings, and what is in the way of that.

One of these is for all ports: so a token that Envoys and clients show anywhere is looked at once.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from legation.clock import Clock
from legation.errors import SettingsError
from legation.kube.client import Client
from legation.kube.tokens.checker import Tokens
from legation.kube.tokens.guarded import Guarded
from legation.kube.tokens.judging import Judge
from legation.kube.tokens.keys import ClusterKeys, FileKeys, Keys, Source, Unread, keys_of
from legation.kube.tokens.offline import Offline, Signatures
from legation.kube.tokens.review import FORBIDDEN, TokenReviews
from legation.kube.tokens.sparing import Sparing
from legation.model.identity import Flaw, TokenProof
from legation.model.problems import Problem
from legation.settings import Identity
from legation.small_files import why

if TYPE_CHECKING:
    from legation.kube.connection import Connection

CODE = "unchecked-tokens"
"""Of the problem that is told here."""
_SUBJECT = "--token-audience"
_SEE = "see whether the API server answers"
_LOOK_AGAIN = 5.0
"""Seconds after which it is asked whether tokens can be checked again."""
_BETWEEN = 10.0
"""Seconds between two log lines: an API server that answers now and then must not fill the log."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class TokensSide:
    """Looks at the tokens that a server is shown. Fulfils `legation.model.identity.TokenChecker`."""

    def __init__(self, found: Identity, *, audience: str, connection: Connection | None, clock: Clock) -> None:
        """Take the settings; nothing is asked yet.

        Args:
            found: The settings.
            audience: Whom tokens must be for.
            connection: How to reach the cluster, if there is one.
            clock: What pauses are measured by.

        Raises:
            SettingsError: Nobody could tell whose a token is.
        """
        self._client = None if connection is None else Client(connection)
        self._keys: Keys | None = None
        self._sparing: Sparing | None = None
        match found.token_check:
            case "jwks":
                judge = self._offline(found, audience, clock)
            case _:
                judge = self._asking(found, audience, clock)
        self._tokens = Tokens(judge, audience=audience, clock=clock)
        self._clock = clock
        self._told, self._told_at = "", -math.inf

    async def check(self, token: str) -> TokenProof | Flaw:
        """Return whose a token is, or why it proves nothing."""
        found = await self._tokens.check(token)
        self._tell()
        return found

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way of looking at tokens."""
        words = self._trouble()
        if not words:
            return ()
        is_forbidden = words == FORBIDDEN.words
        step = "bind that ClusterRole to the server's service account" if is_forbidden else _SEE
        mend = f"{step}; tokens that were good before go on being so until they expire"
        return (Problem(code=CODE, message=f"tokens cannot be checked: {words}", mend=mend, subject=_SUBJECT),)

    async def run(self) -> None:
        """Find out when tokens can be checked again, until cancelled: what is over is not told any more."""
        while True:
            await self._clock.sleep_until(self._clock.now() + _LOOK_AGAIN)
            if self._sparing is not None:
                await self._sparing.look()
                self._tell()

    async def aclose(self) -> None:
        """Close what was opened."""
        await self._tokens.aclose()
        if self._client is not None:
            await self._client.aclose()

    def _tell(self) -> None:
        words, now = self._trouble(), self._clock.now()
        if words == self._told or now < self._told_at + _BETWEEN:
            return
        self._told, self._told_at = words, now
        if words:
            _log.warning("tokens cannot be checked", why=words)
        else:
            _log.info("tokens can be checked again")

    def _trouble(self) -> str:
        if self._sparing is not None:
            flaw = self._sparing.trouble
            return flaw.words if flaw is not None else ""
        return self._keys.trouble if self._keys is not None else ""

    def _asking(self, found: Identity, audience: str, clock: Clock) -> Judge:
        if found.token_jwks is not None or found.token_issuer is not None:
            name = "--token-jwks" if found.token_jwks is not None else "--token-issuer"
            raise SettingsError(name, "it is for tokens that are checked by keys; write --token-check jwks too")
        if self._client is None:
            words = "the API server is asked about tokens, and without --kubernetes there is none"
            raise SettingsError("--token-audience", f"{words}; or write --token-check jwks --token-jwks FILE")
        self._sparing = Sparing(TokenReviews(self._client, audience=audience), clock=clock)
        signatures = Signatures(Keys(ClusterKeys(self._client), clock=clock))
        return Guarded(self._sparing, signatures=signatures, clock=clock)

    def _offline(self, found: Identity, audience: str, clock: Clock) -> Judge:
        self._keys = Keys(self._source(found), clock=clock)
        return Offline(Signatures(self._keys), audience=audience)

    def _source(self, found: Identity) -> Source:
        if found.token_jwks is not None:
            if not found.token_issuer:
                words = "a file of keys does not say who issues the tokens; write what the cluster calls itself"
                raise SettingsError("--token-issuer", f"{words} (--service-account-issuer of its API server)")
            _look_at(found.token_jwks)
            return FileKeys(found.token_jwks, issuer=found.token_issuer)
        if self._client is None:
            words = "there is nowhere to get the keys from; write --token-jwks FILE, or --kubernetes"
            raise SettingsError("--token-check", words)
        return ClusterKeys(self._client, issuer=found.token_issuer or None)


def _look_at(file: Path) -> None:
    """Look at a file of keys.

    Raises:
        SettingsError: Nobody could prove anything by it.
    """
    try:
        keys_of(file.read_bytes())
    except OSError as error:
        raise SettingsError("--token-jwks", f"{file}: {why(error)}") from None
    except Unread as error:
        raise SettingsError("--token-jwks", f"{file}: {error}") from None


def tokens_side(found: Identity, *, connection: Connection | None, clock: Clock) -> TokensSide | None:
    """Return who looks at tokens; None where they prove nothing.

    Args:
        found: The settings.
        connection: How to reach the cluster, if there is one.
        clock: What pauses are measured by.

    Raises:
        SettingsError: Nobody could tell whose a token is, or the settings are about tokens that nobody looks at.
    """
    if found.token_audience is None:
        asked = {"--token-jwks": found.token_jwks, "--token-issuer": found.token_issuer}
        name = next((name for name, value in asked.items() if value is not None), None)
        if name is not None:
            raise SettingsError(name, "it is about tokens, which need an audience; write --token-audience legation")
        return None
    return TokensSide(found, audience=found.token_audience, connection=connection, clock=clock)
