"""The gRPC transport: every discovery service of the table on one port, aggregated and by type, in both variants.

Beside them load reports, health (`grpc.health.v1`) and server reflection. Handlers get raw bytes; `wire.py` and its
like know what they mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health

from legation.clock import Clock, MonotonicClock
from legation.errors import TransportError
from legation.listening import LOCALHOST
from legation.model.identity import TokenChecker
from legation.model.limits import DEFAULT_LIMITS, Limits
from legation.model.node import Peer
from legation.model.resource_types import (
    ADS_DELTA_METHOD,
    ADS_SERVICE,
    ADS_SOTW_METHOD,
    RESOURCE_TYPES,
    ResourceType,
)
from legation.model.statistics import TransportStatistics
from legation.protocol.policy import Policy
from legation.protocol.terms import Variant
from legation.tls.shown import Ask, PortTls
from legation.transports import lrs
from legation.transports.base import Feed
from legation.transports.clients import Clients
from legation.transports.conduct import MOST_STREAMS, REQUEST_LIMIT, Conduct
from legation.transports.crowd import Crowd
from legation.transports.doorkeeper import Doorkeeper
from legation.transports.first_answers import AT_ONCE
from legation.transports.grpc_call import peer_of
from legation.transports.grpc_limits import options
from legation.transports.grpc_ports import open_port, start
from legation.transports.grpc_stream import GrpcStream
from legation.transports.health import DrainingHealth
from legation.transports.lookout import Lookout
from legation.transports.reception import GOODBYE, Reception
from legation.transports.reflection import LazyReflection
from legation.transports.side_services import health_methods, reflection_methods
from legation.transports.side_stream import SideStream, Talk
from legation.transports.traffic import Meter
from legation.transports.wire import Encoder

RECEIVE_LIMIT = 2 * REQUEST_LIMIT
"""Bytes of a request that gRPC itself refuses, with RESOURCE_EXHAUSTED and without a word to us: the margin is there so
that a client which asks for a little too much can be named."""

_NO_LIMIT = 2**31 - 1

_REFLECTION_SERVICE = "grpc.reflection.v1alpha.ServerReflection"

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

if TYPE_CHECKING:
    from legation.transports.grpc_call import Context

    _Handler: TypeAlias = Callable[[Any, Context], Awaitable[None]]
    _Services: TypeAlias = dict[str, dict[str, grpc.RpcMethodHandler[bytes, bytes]]]
    """By service and method."""


class GrpcTransport:
    """Serves Envoys over gRPC. Fulfils `transports.base.Transport`."""

    name = "grpc"

    def __init__(
        self,
        *,
        bind: Sequence[str] = (LOCALHOST,),
        port: int = 18000,
        policy: Policy | None = None,
        clock: Clock | None = None,
        identifier: str = "",
        shutdown_grace: float = 5.0,
        keepalive: float = 30.0,
        keepalive_timeout: float = 5.0,
        first_answers: int = AT_ONCE,
        load_interval: float = lrs.INTERVAL,
        client_status: bool = False,
        connection_age: float | None = None,
        connection_age_grace: float = 30.0,
        tls: PortTls | None = None,
        token_port: int | None = None,
        plain_port: int | None = None,
        tokens: TokenChecker | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Make a transport; it listens when it runs.

        Args:
            bind: IP addresses and host names; `localhost` is IPv4 and IPv6, `0.0.0.0` or `::` every address of both.
            port: 0 takes a free one: `port` and `addresses` tell which once it runs.
            policy: The time limits of delivery.
            clock: Where the time of deadlines comes from.
            identifier: What responses carry as `control_plane.identifier`, for people.
            shutdown_grace: Seconds in which streams must have ended after `run` is cancelled.
            keepalive: Seconds without any sign of a client after which it is asked for one.
            keepalive_timeout: Seconds within which it must answer; then its connection is closed.
            first_answers: How many clients are given their first answer at a time; the others wait for their turn.
            load_interval: Seconds between two reports of its load that an Envoy is asked for, at least 1.
            connection_age: Seconds that a connection lasts, give or take a tenth; None for ever.
            connection_age_grace: Seconds that its streams may go on after that. Envoy does not leave before they end.
            client_status: Serve the client status service, which shows what every Envoy gets to who may see it.
            tls: What the port shows, and whether clients have to show a certificate; None: nothing is encrypted. While
                there is nothing to show it does not listen.
            token_port: A second port with the same services, where clients are asked for no certificate; 0 takes a free
                one, None for none.
            plain_port: One more where nothing is encrypted, for Envoys from before TLS; likewise.
            tokens: Says whose the tokens are that come with streams; None: they are not looked at.
            limits: What clients may take of the server.
        """
        if token_port is not None and tls is None:
            raise TransportError("a port for clients with tokens needs TLS: what reads along could use them")
        self._tls = tls
        self._tokens = tokens
        self._token_port, self._plain_port = token_port, plain_port
        self._bind = tuple(bind)
        self._port = port
        self._policy = policy or Policy()
        self._clock = clock or MonotonicClock()
        self._encoder = Encoder(identifier=identifier)
        self._shutdown_grace = shutdown_grace
        self._keepalive = keepalive
        self._keepalive_timeout = keepalive_timeout
        self._first_answers = first_answers
        self._addresses: tuple[str, ...] = ()
        self._load_interval = load_interval
        self._client_status = client_status
        self._connection_age = connection_age
        self._connection_age_grace = connection_age_grace
        self._clients: Clients | None = None
        self._health = DrainingHealth()
        self._reflection: LazyReflection | None = None
        self._meter = Meter()
        self._limits = limits
        self._conduct = Conduct(self._clock)
        self._doorkeeper = Doorkeeper(
            self._clock, self._conduct, limits=limits, crowd=lambda: self._crowd, ports=self._ports
        )
        self._crowd = Crowd(self._clock, self._conduct, limits=limits, hang_up=self._doorkeeper.hang_up)
        self._reception = Reception(
            crowd=self._crowd, peer_of=self._peer_of, handshakes=None if tls is None else tls.handshakes
        )
        self._streams = self._reception.streams

    @property
    def port(self) -> int:
        """The port where it listens; before that, the one it was made with."""
        return self._port

    @property
    def token_port(self) -> int | None:
        """The port where clients are asked for no certificate; None where there is no such port."""
        return self._token_port

    @property
    def plain_port(self) -> int | None:
        """The port where nothing is encrypted, beside one with TLS; None where there is no such port."""
        return self._plain_port

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it listens, such as `127.0.0.1:18000` and `[::1]:18000`; empty before it does."""
        return self._addresses

    def statistics(self) -> TransportStatistics:
        """Return the open streams, and what has gone through since the start."""
        clients = self._clients
        return self._meter.statistics(
            clients=len(clients) if clients is not None else 0,
            streams=(stream.label for stream in self._streams),
            misbehaving=self._conduct.counts,
        )

    async def run(self, feed: Feed, *, started: Callable[[], None]) -> None:
        """Serve until cancelled, then end every stream in order within the grace.

        Args:
            feed: Where snapshots come from.
            started: Called once, when clients can connect.

        Raises:
            TransportError: An address cannot be listened on.
        """
        if self._tls is not None:
            # Before there is something to show nobody gets anything, encrypted or not.
            await self._tls.shown.wait_ready()
        clients = self._clients = Clients(
            feed, policy=self._policy, clock=self._clock, first_answers=self._first_answers, conduct=self._conduct
        )
        lookout = Lookout(
            self._clock,
            self._conduct,
            streams=self._streams,
            clients=clients,
            patience=self._limits.unread,
            hang_up=self._doorkeeper.hang_up,
        )
        looking = [asyncio.create_task(each.run()) for each in (lookout, self._crowd, self._doorkeeper)]
        server = self._server({**self._services(clients), **self._services_beside(feed)}, feed=feed)
        try:
            self._listen(server)
            await start(server)
            _log.info("listening", addresses=self._addresses)
            started()
            # Shielded: to cancel this wait would take from gRPC the future by which it knows that it has stopped.
            await asyncio.shield(asyncio.create_task(server.wait_for_termination()))
        finally:
            for each in looking:
                each.cancel()
            try:
                await self._drain(server)
            finally:
                await server.stop(None)
                clients.close()

    # The server

    def _server(self, services: _Services, *, feed: Feed) -> grpc.aio.Server:
        server = grpc.aio.server(
            options=(
                # A client keeps what is more until others have ended.
                ("grpc.max_concurrent_streams", MOST_STREAMS),
                # They all come at once when it connects: none may be turned away because many wait.
                ("grpc.server.max_pending_requests", _NO_LIMIT),
                ("grpc.server.max_pending_requests_hard_limit", _NO_LIMIT),
                ("grpc.max_receive_message_length", RECEIVE_LIMIT),
                ("grpc.keepalive_time_ms", round(self._keepalive * 1000)),
                ("grpc.keepalive_timeout_ms", round(self._keepalive_timeout * 1000)),
                # What gRPC really waits for: the option above alone leaves it at a minute.
                ("grpc.http2.ping_timeout_ms", round(self._keepalive_timeout * 1000)),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.max_pings_without_data", 0),
                # Clients may ask for signs of life as often as this, also while they have no stream.
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
                # A second server on the port is to fail, not to share it.
                ("grpc.so_reuseport", 0),
                *self._age_options(),
                *options(self._limits),
            )
        )
        reflection = self._reflection = LazyReflection((*services, health.SERVICE_NAME, _REFLECTION_SERVICE))
        beside = {
            health.SERVICE_NAME: health_methods(self._health, self._reception),
            _REFLECTION_SERVICE: reflection_methods(reflection, self._reception, feed=feed, peer_of=self._peer_of),
        }
        for service, handlers in (*services.items(), *beside.items()):
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        return server

    def _age_options(self) -> tuple[tuple[str, int], ...]:
        if self._connection_age is None:
            return ()
        # gRPC itself adds the tenth, so that those who came together do not all come back together.
        return (
            ("grpc.max_connection_age_ms", round(self._connection_age * 1000)),
            ("grpc.max_connection_age_grace_ms", round(self._connection_age_grace * 1000)),
        )

    def _services(self, clients: Clients) -> _Services:
        methods: list[tuple[str, str, ResourceType | None, Variant]] = [
            (ADS_SERVICE, ADS_SOTW_METHOD, None, Variant.SOTW),
            (ADS_SERVICE, ADS_DELTA_METHOD, None, Variant.DELTA),
        ]
        for row in RESOURCE_TYPES:
            methods += (
                (row.service, row.sotw_method, row, Variant.SOTW),
                (row.service, row.delta_method, row, Variant.DELTA),
            )
        services: _Services = {}
        for service, method, served, variant in methods:
            if method:
                handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.stream_stream_rpc_method_handler(
                    self._handler(clients, served, variant)
                )
                services.setdefault(service, {})[method] = handler
        return services

    def _services_beside(self, feed: Feed) -> _Services:
        loads = partial(lrs.LoadTalk, feed=feed, interval=self._load_interval, conduct=self._conduct)
        services: _Services = {lrs.SERVICE: {lrs.METHOD: grpc.stream_stream_rpc_method_handler(self._talking(loads))}}
        if self._client_status:
            from legation.transports import csds  # noqa: PLC0415 - few serve it, and its schema costs memory and time

            status = partial(csds.StatusTalk, feed=feed)
            fetch = partial(csds.fetch, feed=feed, peer_of=self._peer_of)
            services[csds.SERVICE] = {
                csds.STREAM: grpc.stream_stream_rpc_method_handler(self._talking(status)),
                csds.FETCH: grpc.stream_stream_rpc_method_handler(self._reception.answered(fetch)),
            }
        return services

    def _talking(self, talk: Callable[[Peer, Callable[[], None]], Talk]) -> _Handler:
        return self._reception.serving(partial(SideStream, talk=talk, meter=self._meter, conduct=self._conduct))

    def _handler(self, clients: Clients, row: ResourceType | None, variant: Variant) -> _Handler:
        return self._reception.serving(
            partial(GrpcStream, row=row, variant=variant, clients=clients, encoder=self._encoder, meter=self._meter)
        )

    def _ports(self) -> Collection[int]:
        return {int(each.rpartition(":")[2]) for each in self._addresses}

    async def _peer_of(self, context: Context) -> Peer:
        return await peer_of(context, tokens=self._tokens)

    def _listen(self, server: grpc.aio.Server) -> None:
        self._port, self._addresses = self._listen_on(server, self._port, tls=self._tls, setting="--xds-port")
        if self._token_port is not None and self._tls is not None:
            # Their handshakes count with the others: a call tells its peer, and not its port.
            tls = replace(self._tls.shown.port(Ask.NOTHING), handshakes=self._tls.handshakes)
            self._token_port, more = self._listen_on(server, self._token_port, tls=tls, setting="--xds-token-port")
            self._addresses += more
        if self._plain_port is not None:
            self._plain_port, more = self._listen_on(server, self._plain_port, tls=None, setting="--xds-plain-port")
            self._addresses += more

    def _listen_on(
        self, server: grpc.aio.Server, port: int, *, tls: PortTls | None, setting: str
    ) -> tuple[int, tuple[str, ...]]:
        argument = setting.removeprefix("--xds-").replace("-", "_")
        return open_port(
            server,
            self._bind,
            port,
            tls=tls,
            port_setting=f"{setting} (in a program: {argument}=; 0 takes a free one)",
            bind_setting="--xds-bind (in a program: bind=)",
        )

    # The end

    async def _drain(self, server: grpc.aio.Server) -> None:
        """Let the clients go: what is being written is finished, every stream is closed, and all that is read.

        gRPC alone would wait the whole grace for streams that never end by themselves. And it hangs up on a client that
        has heard GOAWAY as soon as its last stream has ended, whether what was written there has been read or not: what
        is still on its way is lost. So the streams end first. With GOAWAY gRPC then asks for a sign of life, which a
        client gives when it has read all that came before, and hangs up after that sign.
        """
        until = self._clock.now() + self._shutdown_grace
        self._reception.leaving = True
        watchers = asyncio.create_task(self._health.drain())
        if self._reflection is not None:
            self._reflection.leave()
        for stream in self._streams:
            stream.finish()
        await self._wait((watchers, *(stream.writer for stream in self._streams)), until)
        handlers = [stream.handler for stream in self._streams]
        for stream in self._streams:
            stream.end("UNAVAILABLE", GOODBYE)
        await self._wait(handlers, until)
        # When the grace is over this cuts off the clients that do not read.
        await server.stop(max(0.0, until - self._clock.now()))
        await watchers

    async def _wait(self, tasks: Iterable[asyncio.Task[None] | None], until: float) -> None:
        waited = [task for task in tasks if task is not None]
        if waited:
            await asyncio.wait(waited, timeout=max(0.0, until - self._clock.now()))
