"""Who may see the admin pages: who shows a token, where there is one.

It refuses to know what the pages show. The one invariant: no page is made, and no body read, for who shows none.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_WORDS = "the admin port wants a token: say where it is with --admin-token-file, or LEGATION_ADMIN_TOKEN_FILE"
LEAST = 16
"""Characters of a token: a shorter one could be guessed."""


def tokens_in(content: bytes) -> tuple[str, ...]:
    """Return the tokens of a file: a line each, so that there may be an old and a new one.

    Raises:
        ValueError: There is none, or one that could be guessed or not be sent.
    """
    try:
        lines = content.decode("ascii").split()
    except UnicodeDecodeError:
        raise ValueError("it has other characters than ASCII") from None
    if not lines:
        raise ValueError("there is no token in it")
    if any(len(each) < LEAST for each in lines):
        raise ValueError(f"a token in it is shorter than {LEAST} characters")
    return tuple(lines)


class TokenGuard:
    """Lets pass who shows one of some tokens."""

    def __init__(self, app: ASGIApp, *, tokens: Callable[[], Sequence[str]]) -> None:
        """Take what is guarded, and what returns the tokens."""
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and not self._is_good(Headers(scope=scope)):
            refused = JSONResponse({"error": _WORDS}, status_code=401, headers={"WWW-Authenticate": "Bearer"})
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_good(self, headers: Headers) -> bool:
        shown = headers.getlist("authorization")
        if len(shown) != 1:
            return False
        scheme, _, token = shown[0].partition(" ")
        digest = _digest(token.strip())
        # All are compared, each in the same time.
        found = [hmac.compare_digest(digest, _digest(each)) for each in self._tokens()]
        return scheme.lower() == "bearer" and any(found)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
