"""The REST transport: Envoys that poll for JSON, each type at a path of its own.

The polls of one node from one machine are one client, with a stream for each type and set of names. So the rules of
delivery hold for them as for gRPC, as far as polls can say what became of a response.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from legation.clock import Clock, MonotonicClock
from legation.errors import RemoteProtocolError
from legation.http_connection import BODY_PATIENCE
from legation.http_server import HttpServer
from legation.listening import LOCALHOST, most_connections
from legation.model.identity import TokenChecker
from legation.model.limits import DEFAULT_LIMITS, Limits
from legation.model.node import Peer
from legation.model.resource_types import ResourceType
from legation.model.statistics import TransportStatistics
from legation.protocol.policy import Policy
from legation.tls.shown import PortTls
from legation.transports.base import Feed
from legation.transports.conduct import Conduct
from legation.transports.rest_http import Post, rest_app
from legation.transports.rest_json import RestEncoder
from legation.transports.rest_polls import Polls
from legation.transports.rest_request import read_request
from legation.transports.traffic import Meter

if TYPE_CHECKING:
    from starlette.types import Message

HOLD = 30.0
"""Seconds that a poll is held at most while nothing is new."""
IDLE = 60.0
"""Seconds without a poll after which a stream is over."""

_KEEP_ALIVE = 75.0
"""Seconds; longer than Envoys wait between two polls, or they send one on a connection that is being closed."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class RestTransport:
    """Serves Envoys over REST. Fulfils `transports.base.Transport`."""

    name = "rest"

    def __init__(
        self,
        *,
        bind: str = LOCALHOST,
        port: int = 18003,
        policy: Policy | None = None,
        clock: Clock | None = None,
        identifier: str = "",
        hold: float = HOLD,
        idle: float = IDLE,
        client_status: bool = False,
        tls: PortTls | None = None,
        limits: Limits = DEFAULT_LIMITS,
        tokens: TokenChecker | None = None,
    ) -> None:
        """Make a transport; it listens when it runs.

        Args:
            bind: An IP address or a host name; `localhost` is IPv4 and IPv6, `0.0.0.0` or `::` every address of both.
            port: 0 takes a free one: `port` tells which once it runs.
            policy: The time limits of delivery.
            clock: Where the time of deadlines comes from.
            identifier: What responses carry as `control_plane.identifier`, for people.
            hold: Seconds that a poll with no news is held at most. No poll is held longer than its client says that it
                waits, and one that says nothing is answered at once: an answer after the client's time limit is lost.
            idle: Seconds without a poll after which a stream is over and what was kept for it is freed.
            client_status: Serve the client status service, which shows what every Envoy gets to who may see it.
            tls: What the port shows, and whether clients have to show a certificate; None: nothing is encrypted. While
                there is nothing to show it does not listen.
            limits: What clients may take of the server.
            tokens: Says whose the tokens are that come with polls; None: they are not looked at.
        """
        self._policy = policy or Policy()
        self._clock = clock or MonotonicClock()
        self._encoder = RestEncoder(identifier=identifier)
        self._hold = hold
        self._idle = idle
        self._conduct = Conduct(self._clock)
        beside = self._beside() if client_status else {}
        app = rest_app(self._poll, beside, conduct=self._conduct, tokens=tokens)
        self._tls = tls
        self._http = HttpServer(
            app,
            bind=bind,
            port=port,
            setting="--rest",
            keep_alive=max(_KEEP_ALIVE, idle),
            tls=None if tls is None else tls.context,
            handshakes=None if tls is None else tls.handshakes,
            connections=most_connections(),
            patience=(limits.handshake, BODY_PATIENCE),
            limits=limits,
        )
        self._feed: Feed | None = None
        self._polls: Polls | None = None
        """None while it does not serve."""
        self._meter = Meter()

    @property
    def port(self) -> int:
        """The port where it listens; before that, the one it was made with."""
        return self._http.port

    @property
    def url(self) -> str:
        """Where it listens, for people."""
        return self._http.url

    def statistics(self) -> TransportStatistics:
        """Return the streams that polls make up, and what has gone through since the start."""
        polls = self._polls
        return self._meter.statistics(
            clients=polls.clients if polls else 0,
            streams=polls.labels() if polls else (),
            misbehaving=self._conduct.counts,
        )

    async def run(self, feed: Feed, *, started: Callable[[], None]) -> None:
        """Serve until cancelled, then answer every poll that is held.

        Args:
            feed: Where snapshots come from.
            started: Called once, when clients can connect.

        Raises:
            TransportError: The port cannot be listened on.
        """
        if self._tls is not None:
            await self._tls.shown.wait_ready()
        self._feed = feed
        polls = self._polls = Polls(
            feed, policy=self._policy, clock=self._clock, idle=self._idle, conduct=self._conduct
        )

        def listening() -> None:
            _log.info("listening", rest=self.url)
            started()

        serving = asyncio.create_task(self._http.run(started=listening))
        try:
            # Shielded: the server goes on until the polls that it holds are answered.
            await asyncio.shield(serving)
        finally:
            self._polls = None
            polls.close()
            serving.cancel()
            await asyncio.wait([serving])

    def _beside(self) -> dict[str, Post]:
        from legation.transports import csds  # noqa: PLC0415 - few serve it, and its schema costs memory and time

        async def show_clients(body: bytes, peer: Peer) -> bytes:
            if self._feed is None:
                raise RemoteProtocolError("UNAVAILABLE", "the server does not serve yet")
            return await csds.post(body, peer, feed=self._feed)

        return {csds.REST_PATH: show_clients}

    async def _poll(
        self, row: ResourceType, body: bytes, peer: Peer, *, patience: float, gone: asyncio.Future[Message]
    ) -> bytes | None:
        """See `rest_http.Poll`."""
        self._meter.received(row.name, len(body))
        polls = self._polls
        if polls is None:
            return None
        request = read_request(body, row)
        self._conduct.check_node(peer, request.node_id, size=request.node_size)
        await polls.admit(peer, request.node_id, size=len(body))
        if self._polls is None:
            return None
        response = await polls.answer(row, request, peer, patience=min(patience, self._hold), gone=gone)
        if response is None:
            return None
        data = self._encoder.encode(response)
        self._meter.sent(row.name, len(data))
        return data
