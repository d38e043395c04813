"""What the ports of a server show and whom they trust: others from one connection to the next, without a restart.

It knows TLS. It refuses to know where certificates come from and when they change. The one invariant: what cannot be
used is never shown; what was shown before goes on. While there is nothing to show, no connection comes about. No
session is resumed: a resumed one would outlive the trust that it began with.

    shown = Shown()
    shown.show(Material(certificate=..., key=..., authorities=...))
    HttpServer(app, ..., tls=shown.port(Ask.OPTIONAL).context)
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from legation.texts.pem import blocks
from legation.tls.first_bytes import Told
from legation.tls.handshakes import Handshakes
from legation.tls.loading import load_pair
from legation.tls.material import Life, Material, Unusable, examine
from legation.tls.pem import Pem


class Ask(Enum):
    """Whether clients have to show a certificate."""

    NOTHING = auto()
    """They are not asked for one."""
    OPTIONAL = auto()
    """They are asked; one that is shown must be good."""
    REQUIRED = auto()
    """Without a good one no connection comes about."""


_MODES = {Ask.NOTHING: ssl.CERT_NONE, Ask.OPTIONAL: ssl.CERT_OPTIONAL, Ask.REQUIRED: ssl.CERT_REQUIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class PortTls:
    """The TLS of one port."""

    shown: Shown
    ask: Ask
    handshakes: Handshakes = field(default_factory=Handshakes, compare=False)
    """Of whoever connects there."""

    @property
    def context(self) -> ssl.SSLContext:
        """For an HTTP server; always the same object."""
        return self.shown.context_for(self.ask)


class Shown:
    """What is shown, at whatever ports."""

    def __init__(
        self, *, minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2, now: Callable[[], float] = time.time
    ) -> None:
        """Show nothing yet.

        Args:
            minimum: The oldest version of TLS that is spoken.
            now: Returns Unix seconds: what certificates are valid by.
        """
        self._minimum, self._now = minimum, now
        self._contexts: dict[Ask, _Swapped] = {}
        self._waiting: set[Callable[[], None]] = set()
        self._newest: tuple[Material, Life] | None = None

    @property
    def ready(self) -> bool:
        """Whether there is something to show."""
        return self._newest is not None

    @property
    def material(self) -> Material | None:
        """What is shown; each time another object where it is another one."""
        return None if self._newest is None else self._newest[0]

    @property
    def life(self) -> Life | None:
        """What that says of itself."""
        return None if self._newest is None else self._newest[1]

    @property
    def minimum(self) -> ssl.TLSVersion:
        """The oldest version of TLS that is spoken."""
        return self._minimum

    def port(self, ask: Ask) -> PortTls:
        """Return the TLS of a port; what cannot be used there is not shown anywhere from now on."""
        self.context_for(ask)
        return PortTls(shown=self, ask=ask)

    @property
    def context(self) -> ssl.SSLContext:
        """For a server that asks clients for nothing."""
        return self.context_for(Ask.NOTHING)

    def context_for(self, ask: Ask) -> ssl.SSLContext:
        """Return the context of a server's connections; it stays the same object."""
        if ask not in self._contexts:
            made = _Swapped(ask, minimum=self._minimum)
            if self._newest is not None:
                made.newest = made.made(self._newest[0])
            self._contexts[ask] = made
        return self._contexts[ask].context

    def show(self, material: Material) -> None:
        """Show this from the next connection on.

        Raises:
            Unusable: It cannot be used, and why; what was shown goes on.
        """
        self.put(material, examine(material, now=self._now()))

    def put(self, material: Material, life: Life) -> None:
        """Show this from the next connection on; whoever brings it has looked at it, at each part when that came.

        So trust can change while a certificate is shown that has ended, and the other way round.

        Args:
            material: What is shown from now on.
            life: What it says of itself.

        Raises:
            Unusable: OpenSSL does not take it; what was shown goes on.
        """
        if self._newest is not None and self._newest[0] == material:
            return
        # A context that a pair has failed on breaks every handshake: each pair gets contexts of its own.
        tried = {ask: each.made(material) for ask, each in self._contexts.items()} or {
            Ask.NOTHING: _Swapped(Ask.NOTHING, minimum=self._minimum).made(material)
        }
        self._newest = material, life
        for ask, each in self._contexts.items():
            # One that was asked for meanwhile has it already.
            each.newest = tried.get(ask) or each.made(material)
        for wake in tuple(self._waiting):
            wake()

    async def wait_ready(self) -> None:
        """Return when there is something to show; whoever shows it may do so in any thread."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(event.set)

        self._waiting.add(wake)
        try:
            if not self.ready:
                await event.wait()
        finally:
            self._waiting.discard(wake)


class _Forgetful(ssl.SSLContext):
    """Begins each connection with a context of its own.

    OpenSSL keeps the sessions of TLS 1.2 with the context that a connection began with, and Python cannot tell it not
    to: a client could resume one whose certificate has ended, or whose authority is not trusted any more.
    """

    fresh: Callable[[], ssl.SSLContext]

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - as ssl has it
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """Begin a connection."""
        return self.fresh().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def wrap_socket(self, *_: Any, **__: Any) -> ssl.SSLSocket:
        raise NotImplementedError("asyncio does not call it")


class _Connection(Told):
    """One whose client may have a certificate with names that Python cannot read: asyncio asks for them at once."""

    def getpeercert(self, binary_form: bool = False) -> Any:  # noqa: FBT001, FBT002 - as ssl has it
        """Return the client's certificate, or that there is nothing to be read in it."""
        try:
            return super().getpeercert(binary_form)
        except UnicodeDecodeError:
            return {}


class _Swapped:
    """The context of a server, and the one that its next connection gets in place of it."""

    def __init__(self, ask: Ask, *, minimum: ssl.TLSVersion) -> None:
        self._ask, self._minimum = ask, minimum
        self.newest: ssl.SSLContext | None = None
        self.context = _Forgetful(ssl.PROTOCOL_TLS_SERVER)
        self.context.fresh = self._fresh
        self._set_up(self.context)

    def made(self, material: Material) -> ssl.SSLContext:
        context = self._empty()
        try:
            load_pair(context, certificate=Pem(data=material.certificate), key=Pem(data=material.key))
        except (ssl.SSLError, OSError) as error:
            # The library's words are about forms, and never hold what it was given.
            words = f"the certificate and its private key cannot be used together: {_why(error)}"
            raise Unusable(words) from None
        if self._ask is not Ask.NOTHING:
            if material.authorities is None:
                raise Unusable("clients are to show certificates, and nobody says who signs them")
            _trust(context, material.authorities)
        return context

    def _fresh(self) -> ssl.SSLContext:
        # Whether a certificate is asked for a connection takes from the context that it began with, and who may have
        # signed it from the one that it was given then (SSL_set_SSL_CTX): both say the same.
        context = self._empty()
        context.sni_callback = self._choose
        return context

    def _empty(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sslobject_class = _Connection
        self._set_up(context)
        return context

    def _set_up(self, context: ssl.SSLContext) -> None:
        context.minimum_version = self._minimum
        context.verify_mode = _MODES[self._ask]
        # As gRPC does it, and Go: whoever is named may sign, be it a root or not.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        # A ticket would outlive the certificate that it was given under.
        context.num_tickets = 0
        # And a new handshake within a connection, which TLS 1.2 has, would only cost us.
        context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> int | None:
        if self.newest is None:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = self.newest
        return None


def require_showable(material: Material) -> None:
    """Refuse a certificate and a key that OpenSSL does not take.

    Raises:
        Unusable: It does not.
    """
    _Swapped(Ask.NOTHING, minimum=ssl.TLSVersion.TLSv1_2).made(material)


def require_trustable(authorities: bytes) -> None:
    """Refuse authorities that OpenSSL does not take.

    Raises:
        Unusable: It does not.
    """
    _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), authorities)


def _trust(context: ssl.SSLContext, authorities: bytes) -> None:
    try:
        context.load_verify_locations(cadata=blocks(authorities).decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        words = f"the authorities of clients (CA) cannot be used: {_why(error)}"
        raise Unusable(words) from None
    if not context.cert_store_stats()["x509"]:
        raise Unusable("the authorities of clients (CA) are none")


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    return str(reason).lower().replace("_", " ")
