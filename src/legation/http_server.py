"""A small HTTP server inside the event loop of its caller: no signal handlers, no access log, cancellation stops it.

It listens on a port, or on a Unix socket that only the user may open who runs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from legation.http_connection import BODY_PATIENCE, HEAD_PATIENCE, PatientConnection, Strangers
from legation.listening import close_at, listen, listen_at, port_of
from legation.model.limits import DEFAULT_LIMITS, Limits
from legation.tls.first_bytes import Telling
from legation.tls.handshakes import Handshakes

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_LAST_ANSWERS = 1
"""Seconds that open requests have to end when the server is stopped."""

QUIET = 60.0
"""Seconds in which the server says the same thing once: whoever speaks no HTTP to it can do so in a loop."""


class SeldomTheSame(logging.Filter):
    """Lets each message pass once in a while."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether it has not been said for some time; its text counts, not what is filled in."""
        now = time.monotonic()
        self._said = {text: at for text, at in self._said.items() if now - at < QUIET}
        return self._said.setdefault(record.msg, now) == now


# uvicorn has one logger for all servers of a process; to add the filter once more changes nothing.
_SELDOM = SeldomTheSame()


class HttpServer:
    """One application on one port, or at one path."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        bind: str,
        port: int,
        setting: str,
        keep_alive: float = 5.0,
        tls: ssl.SSLContext | None = None,
        connections: int | None = None,
        path: Path | None = None,
        bind_setting: str = "",
        patience: tuple[float, float] = (HEAD_PATIENCE, BODY_PATIENCE),
        limits: Limits = DEFAULT_LIMITS,
        handshakes: Handshakes | None = None,
    ) -> None:
        """Take what to serve and where; nothing is opened yet.

        Args:
            app: The application.
            bind: A host name or an IP address; `localhost` is both families.
            port: 0 takes any free one.
            setting: What the names of the two settings begin with: `--health` of `--health-bind` and `--health-port`.
            keep_alive: Seconds after which a connection is closed on which nobody asks.
            tls: What encrypts the connections; None: nothing does.
            connections: With more than that one leaves on which nothing is answered; if each is being answered, the
                newcomer is told 503. None: there is no limit.
            path: Of a Unix socket, in place of the port; see `on_socket`.
            bind_setting: The name of that setting, where it is another one.
            patience: Seconds in which a TLS handshake and the head of a request must have come, and then its body.
            limits: How large the head of a request may be, and how many connections of one address may be open on
                which nothing was served yet.
            handshakes: Is told of connections with TLS; None: nobody is.
        """
        self._handshakes = handshakes
        self._app = app
        self._bind = bind
        self._setting = setting
        self._keep_alive = keep_alive
        self._tls = tls
        self._connections = connections
        self._path = path
        self._patience = patience
        self._limits = limits
        self._bind_setting = bind_setting or f"{setting}-bind"
        self.port = port
        """Where it listens: the chosen port once it has started."""

    @classmethod
    def on_socket(cls, app: ASGIApp, *, path: Path, setting: str, keep_alive: float = 5.0) -> HttpServer:
        """Return one that listens on a Unix socket.

        Args:
            app: The application.
            path: Where; only the user may open it who runs this.
            setting: The name of the setting: `--management-http-socket`.
            keep_alive: Seconds after which a connection is closed on which nobody asks.
        """
        return cls(app, bind="", port=0, setting=setting, keep_alive=keep_alive, path=path)

    @property
    def url(self) -> str:
        """What a person opens."""
        if self._path is not None:
            return f"unix:{self._path}"
        host = f"[{self._bind}]" if ":" in self._bind else self._bind
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}"

    async def run(self, *, started: Callable[[], None]) -> None:
        """Serve until cancelled.

        Args:
            started: Called once, when requests are answered.

        Raises:
            TransportError: The port cannot be listened on.
        """
        with self._listening() as sockets:
            await self._serve(sockets, started=started)

    @contextlib.contextmanager
    def _listening(self) -> Iterator[list[socket.socket]]:
        if self._path is not None:
            opened = listen_at(self._path, setting=self._setting)
            try:
                yield [opened]
            finally:
                close_at(self._path, opened)
            return
        sockets = listen(
            (self._bind,),
            self.port,
            port_setting=f"{self._setting}-port",
            bind_setting=self._bind_setting,
        )
        self.port = port_of(sockets)
        try:
            yield sockets
        finally:
            for each in sockets:
                each.close()

    async def _serve(self, sockets: list[socket.socket], *, started: Callable[[], None]) -> None:
        config = _config(
            self._app,
            keep_alive=self._keep_alive,
            connections=self._connections,
            header_bytes=self._limits.header_bytes,
        )
        server = _Server(
            config,
            started=started,
            tls=self._tls,
            patience=self._patience,
            handshakes=self._handshakes,
            strangers=None if self._path is not None else Strangers(self._limits.strange_connections),
        )
        try:
            await server.serve(sockets=sockets)
        finally:
            if server.started:
                await _accept_no_more(sockets)
                await server.shutdown(sockets=sockets)


async def _accept_no_more(sockets: list[socket.socket]) -> None:
    """Leave whoever connects now to the system, and have those connected for good who were accepted just now.

    asyncio forgets a connection that it has accepted and not set up yet when its server is closed: nobody closes it.
    """
    for each in sockets:
        asyncio.get_running_loop().remove_reader(each)
    for _ in range(3):  # a task begins, it makes the transport, that tells the protocol
        await asyncio.sleep(0)


def _config(app: ASGIApp, *, keep_alive: float, connections: int | None, header_bytes: int) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").addFilter(_SELDOM)
    return uvicorn.Config(
        app,
        http=PatientConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=math.ceil(keep_alive),
        timeout_graceful_shutdown=_LAST_ANSWERS,
        limit_concurrency=connections,
        h11_max_incomplete_event_size=header_bytes,
    )


class _Server(uvicorn.Server):
    """uvicorn's server, without what belongs to a program of its own."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        started: Callable[[], None],
        tls: ssl.SSLContext | None,
        patience: tuple[float, float],
        strangers: Strangers | None,
        handshakes: Handshakes | None,
    ) -> None:
        super().__init__(config)
        self._handshakes = handshakes
        self._strangers = strangers
        self._tell_started = started
        self._tls = tls
        self._patience = patience

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the program."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take connections; uvicorn itself would wait a minute for the end of each TLS handshake."""
        head, body = self._patience
        connection = functools.partial(
            PatientConnection,
            self.config,
            self.server_state,
            self.lifespan.state,
            head_patience=head,
            body_patience=body,
            strangers=self._strangers,
            handshakes=self._handshakes,
        )
        loop, tls = asyncio.get_running_loop(), self._tls
        if tls is not None and (handshakes := self._handshakes) is not None:
            # A connection is made before its handshake, and is told of it only after that.
            tls = Telling.of(tls, came=lambda: handshakes.begin(now=loop.time()))
        self.servers = [
            await loop.create_server(
                connection,
                sock=each,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else head,
                backlog=self.config.backlog,
            )
            for each in sockets or ()
        ]
        self.started = True

    async def main_loop(self) -> None:
        """Wait for the cancellation; uvicorn's own loop would wake ten times a second to look at the time."""
        self._tell_started()
        await asyncio.get_running_loop().create_future()
