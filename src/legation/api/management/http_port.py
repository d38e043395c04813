"""The port of the management API over HTTP/JSON: its own one, or a Unix socket.

It runs beside the ports of Envoys and ends with them. What is served there is the business of `http_app.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from legation.api.management.authentication import Doorman
from legation.api.management.http_app import management_app
from legation.api.management.service import Management
from legation.http_server import HttpServer
from legation.model.limits import DEFAULT_LIMITS, Limits
from legation.runtime.problem_log import log_fault
from legation.tls.shown import PortTls
from legation.transports.base import Feed


class ManagementHttp:
    """Serves the management API over HTTP. Fulfils `transports.base.Transport`, and serves no Envoy."""

    def __init__(
        self,
        management: Callable[[], Management],
        *,
        bind: str,
        port: int = 0,
        socket: Path | None = None,
        doorman: Doorman | None = None,
        tls: PortTls | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Take what to serve and where; it listens when it runs.

        Args:
            management: Returns what does the calls.
            bind: The address; one that others reach needs TLS, and a doorman who checks.
            port: The port; 0 for a free one.
            socket: Where a Unix socket is to be in place of a port.
            doorman: Finds out who calls; None: whoever reaches it may.
            tls: What the port shows, and whom it trusts; None: it has no TLS. The socket never has.
            limits: What those may take who have not called yet.
        """
        self._doorman = doorman or Doorman()
        self._tls = tls if socket is None else None
        self._limits = limits
        self.name = "management over HTTP" + ("" if socket is None else " at its socket")
        self._management = management
        self._bind = bind
        self._port = port
        self._socket = socket
        self._server: HttpServer | None = None

    @property
    def url(self) -> str:
        """What a person opens; empty before it runs."""
        return self._server.url if self._server is not None else ""

    async def run(self, _feed: Feed, *, started: Callable[[], None]) -> None:
        """Serve until cancelled, then let the calls end.

        Args:
            _feed: Where transports get snapshots from; this one needs none.
            started: Called once, when clients can connect.

        Raises:
            TransportError: The port or the socket cannot be had.
        """
        if self._tls is not None:
            await self._tls.shown.wait_ready()
        management = self._management()
        self._server = server = self._made(management)
        serving = asyncio.create_task(server.run(started=started))
        try:
            await asyncio.shield(serving)
        finally:
            # Streams end with a reason before their connections do.
            management.leave()
            serving.cancel()
            await asyncio.wait((serving,))

    def _made(self, management: Management) -> HttpServer:
        app = management_app(
            management,
            bind=self._bind,
            private=self._socket is not None,
            fault=log_fault,
            doorman=self._doorman,
            secured=self._tls is not None,
        )
        if self._socket is not None:
            return HttpServer.on_socket(app, path=self._socket, setting="--management-http-socket")
        return HttpServer(
            app,
            bind=self._bind,
            port=self._port,
            setting="--management-http",
            bind_setting="--management-bind",
            tls=None if self._tls is None else self._tls.context,
            handshakes=None if self._tls is None else self._tls.handshakes,
            limits=self._limits,
        )
