"""The certificate that a server shows: another one from one connection to the next, without a restart.

It knows TLS. It refuses to know where certificates come from and when they change. The one invariant: what cannot be
used is never shown; what was shown before goes on. While there is nothing to show, no connection comes about.
"""

from __future__ import annotations

import ssl

from legation.tls.loading import load_pair
from legation.tls.pem import Pem


class ShownCertificate:
    """What the connections of one server show."""

    def __init__(self) -> None:
        """Show nothing yet."""
        self.context = _context()
        """For the server; it stays the same object."""
        self.context.sni_callback = self._choose
        self._newest: ssl.SSLContext | None = None

    @property
    def ready(self) -> bool:
        """Whether there is something to show."""
        return self._newest is not None

    def show(self, certificate: bytes, key: bytes) -> None:
        """Show this from the next connection on.

        Args:
            certificate: In PEM, with those that vouch for it behind it.
            key: Its private key.

        Raises:
            ValueError: It cannot be used, and why; what was shown goes on.
        """
        # A context that a pair has failed on breaks every handshake: each pair gets one of its own.
        tried = _context()
        try:
            load_pair(tried, certificate=Pem(data=certificate), key=Pem(data=key))
        except (ssl.SSLError, OSError) as error:
            # The library's words are about forms, and never hold what it was given.
            raise ValueError(f"the certificate and its private key cannot be used together: {_why(error)}") from None
        self._newest = tried

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
        if self._newest is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self._newest
        return None


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A ticket would outlive the certificate that it was given under.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return context


def _why(error: ssl.SSLError | OSError) -> str:
    reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
    return str(reason).lower().replace("_", " ")
