"""Connections to the API server, made anew when what they were made from has changed.

It knows the HTTP client's transport: no cookies, no redirects, no environment, no log of requests. It refuses to know
what is asked over it. Invariant: what was lent stays open until it is given back, even when it is out of date.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import AsyncIterator

import httpx2

from legation.errors import KubeUnreachable
from legation.kube.connection import Connection
from legation.kube.failures import ssl_reason
from legation.kube.tls import context_for
from legation.small_files import stamps, why
from legation.tls.pem import Pem

_IDLE = httpx2.Limits(max_connections=None, max_keepalive_connections=8, keepalive_expiry=60.0)
"""Each watch has a connection of its own, so their number has no limit; the API server keeps idle ones for 90 s."""

_KEEP_ALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""A watch may hear nothing for long: so one learns within a minute that the other side has gone without a word.

Not so behind a proxy: the HTTP client sets these options on none of its connections to one."""


class Wires:
    """The transport for new requests, and older ones that are still in use."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._newest: _Wire | None = None
        self._tried: object = None
        self._all: set[_Wire] = set()

    @contextlib.asynccontextmanager
    async def lent(self, certificate: Pem, key: Pem) -> AsyncIterator[httpx2.AsyncHTTPTransport]:
        """Lend the transport for one request and its answer, with a client certificate if there is one.

        Raises:
            KubeUnreachable: The first one cannot be made: a certificate cannot be read or used.
        """
        wire = self._wire(certificate, key)
        wire.users += 1
        try:
            await self._tidy()
            yield wire.transport
        finally:
            wire.users -= 1
            await self._tidy()

    async def aclose(self) -> None:
        """Close all connections, whoever uses them."""
        self._newest = self._tried = None
        while self._all:
            await self._all.pop().transport.aclose()

    def _wire(self, certificate: Pem, key: Pem) -> _Wire:
        files = [file for pem in (self._connection.authority, certificate, key) for file in pem.watched]
        made_from = (certificate, key, stamps(files))
        if self._newest is None or made_from != self._tried:
            try:
                wire = _Wire(_transport(self._connection, certificate, key))
            except (OSError, ValueError) as error:
                # Somebody is just writing the files, perhaps: the old ones served until now.
                if self._newest is None:
                    raise KubeUnreachable(self._words(error)) from error
            else:
                self._newest = wire
                self._all.add(wire)
            self._tried = made_from
        return self._newest

    async def _tidy(self) -> None:
        for wire in [each for each in self._all if each is not self._newest and not each.users]:
            self._all.discard(wire)
            await wire.transport.aclose()

    def _words(self, error: OSError | ValueError) -> str:
        start = f"the API server at {self._connection.server} cannot be reached"
        if isinstance(error, ssl.SSLError):
            return f"{start}: a certificate or key for it cannot be used ({ssl_reason(error) or 'it is not PEM'})"
        if isinstance(error, OSError):
            return f"{start}: {error.filename or 'a certificate'} cannot be read: {why(error)}"
        return f"{start}: {error}"


class _Wire:
    def __init__(self, transport: httpx2.AsyncHTTPTransport) -> None:
        self.transport = transport
        self.users = 0


def _transport(connection: Connection, certificate: Pem, key: Pem) -> httpx2.AsyncHTTPTransport:
    return httpx2.AsyncHTTPTransport(
        verify=context_for(connection, certificate=certificate, key=key),
        limits=_IDLE,
        proxy=httpx2.Proxy(connection.proxy) if connection.proxy else None,
        socket_options=list(_socket_options()),
    )


def _socket_options() -> list[tuple[int, int, int]]:
    # Not every system has all of them.
    found = [
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in _KEEP_ALIVE.items()
        if hasattr(socket, name)
    ]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *found]
