"""The port of the management API over HTTP/JSON: its own one, for this machine alone, or a Unix socket.

It runs beside the ports of Envoys and ends with them. What is served there is the business of `http_app.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from legation.api.management.http_app import management_app
from legation.api.management.service import Management
from legation.http_server import HttpServer
from legation.runtime.problem_log import log_fault
from legation.transports.base import Feed


class ManagementHttp:
    """Serves the management API over HTTP. Fulfils `transports.base.Transport`, and serves no Envoy."""

    def __init__(
        self, management: Callable[[], Management], *, bind: str, port: int = 0, socket: Path | None = None
    ) -> None:
        """Take what to serve and where; it listens when it runs.

        Args:
            management: Returns what does the calls.
            bind: A loopback address.
            port: The port; 0 for a free one.
            socket: Where a Unix socket is to be in place of a port.
        """
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
        app = management_app(management, bind=self._bind, private=self._socket is not None, fault=log_fault)
        if self._socket is not None:
            return HttpServer.on_socket(app, path=self._socket, setting="--management-http-socket")
        return HttpServer(
            app, bind=self._bind, port=self._port, setting="--management-http", bind_setting="--management-bind"
        )
