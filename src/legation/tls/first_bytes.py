"""Tells of connections with TLS on which anything came: who only looks whether a port is open sends nothing.

It knows the ssl module. It refuses to know what is made of it. The one invariant: it changes no handshake.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable


class Told(ssl.SSLObject):
    """A connection that can tell when its first bytes have come."""

    came: Callable[[], None] | None = None
    """Called once, then."""
    _begun = False

    def do_handshake(self) -> None:
        """Go on with it: asyncio does so once when it accepts, and then when bytes have come."""
        if self._begun and self.came is not None:
            tell, self.came = self.came, None
            tell()
        self._begun = True
        super().do_handshake()


class Telling(ssl.SSLContext):
    """Begins connections as another context does, and tells of those on which something came."""

    _inner: ssl.SSLContext
    _came: Callable[[], None]

    @classmethod
    def of(cls, inner: ssl.SSLContext, *, came: Callable[[], None]) -> Telling:
        """Return one.

        Args:
            inner: What begins the connections; those of a `legation.tls.shown.Shown` can tell.
            came: Called once for each, when its first bytes have come.
        """
        made = cls(ssl.PROTOCOL_TLS_SERVER)
        made._inner, made._came = inner, came
        return made

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as ssl has it
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a connection."""
        begun = self._inner.wrap_bio(incoming, outgoing, server_side, server_hostname, session)
        if isinstance(begun, Told):
            begun.came = self._came
        return begun
