"""The port of the management API over gRPC: its own one, or a Unix socket, or both.

It runs beside the ports of Envoys and ends with them. Health and reflection are served with it, so that `grpcurl` works
without the proto file. What the calls do is the business of `service.py`, who calls that of `authentication.py`. The
one invariant: of who is to prove something and has not, no request is even read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from google.rpc import code_pb2
from grpc_health.v1 import health

from legation.api.management.authentication import Doorman
from legation.api.management.calls import Caller
from legation.api.management.grpc_socket import open_at
from legation.api.management.grpc_status import DETAILS, fitting
from legation.api.management.methods import SERVICE, call_name
from legation.api.management.refused import Refused
from legation.api.management.service import Management
from legation.clock import Clock, MonotonicClock
from legation.listening import remove_at
from legation.model.limits import DEFAULT_LIMITS, Limits
from legation.tls.shown import PortTls
from legation.transports import grpc_limits
from legation.transports.base import Feed
from legation.transports.conduct import Conduct
from legation.transports.crowd import Crowd
from legation.transports.doorkeeper import Doorkeeper
from legation.transports.grpc_call import authorization_of
from legation.transports.grpc_ports import open_port, start
from legation.transports.grpc_tls import certificate_of
from legation.transports.health import DrainingHealth
from legation.transports.reception import Reception
from legation.transports.reflection import LazyReflection
from legation.transports.side_services import health_methods, reflection_methods

RECEIVE_LIMIT = 4 * 1024 * 1024
"""Bytes of a request: gRPC's own limit."""
MOST_CALLS = 1000
"""Calls at a time on one connection; a client keeps what is more until others have ended."""
READ_WITHIN = 60.0
"""Seconds that a stream waits for a reader who takes nothing."""

_STATUSES = {each.value[0]: each for each in grpc.StatusCode}
_REFLECTION_SERVICE = "grpc.reflection.v1alpha.ServerReflection"

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

if TYPE_CHECKING:
    _Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class ManagementServer:
    """Serves the management API over gRPC. Fulfils `transports.base.Transport`, and serves no Envoy."""

    name = "management"

    def __init__(
        self,
        management: Callable[[], Management],
        *,
        bind: str,
        port: int | None,
        socket: Path | None,
        shutdown_grace: float = 5.0,
        clock: Clock | None = None,
        read_within: float = READ_WITHIN,
        doorman: Doorman | None = None,
        tls: PortTls | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        """Take what to serve and where; it listens when it runs.

        Args:
            management: Returns what does the calls.
            bind: The address; one that others reach needs TLS, and a doorman who checks.
            port: The port; 0 for a free one, None for none.
            socket: Where the Unix socket is to be; None for none.
            shutdown_grace: Seconds in which calls must have ended after `run` is cancelled.
            clock: What that is measured by.
            read_within: Seconds that a stream waits for a reader who takes nothing.
            doorman: Finds out who calls; None: whoever reaches it may.
            tls: What the port shows, and whom it trusts; None: it has no TLS. The socket never has.
            limits: What those may take who have not called yet.
        """
        self._doorman = doorman or Doorman()
        self._tls = tls
        self._limits = limits
        self._management = management
        self._bind = bind
        self._port = port
        self._socket = socket
        self._shutdown_grace = shutdown_grace
        self._clock = clock or MonotonicClock()
        self._read_within = read_within
        self._health = DrainingHealth()
        conduct = Conduct(self._clock)
        self._doorkeeper = Doorkeeper(self._clock, conduct, limits=limits, crowd=lambda: self._crowd, ports=self._ports)
        self._crowd = Crowd(self._clock, conduct, limits=limits, hang_up=self._doorkeeper.hang_up)
        self._reception = Reception(crowd=self._crowd, handshakes=None if tls is None else tls.handshakes)
        self._reflection = _Reflection(
            (SERVICE.full_name, health.SERVICE_NAME, _REFLECTION_SERVICE), caller=self._caller
        )

    @property
    def port(self) -> int | None:
        """The port where it listens, None without one."""
        return self._port

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where a client finds it: `localhost:18005`, `unix:/run/legation.sock`."""
        host = f"[{self._bind}]" if ":" in self._bind else self._bind
        return (
            *((f"{host}:{self._port}",) if self._port is not None else ()),
            *((f"unix:{self._socket}",) if self._socket is not None else ()),
        )

    async def run(self, _feed: Feed, *, started: Callable[[], None]) -> None:
        """Serve until cancelled, then let the calls end within the grace.

        Args:
            _feed: Where transports get snapshots from; this one needs none.
            started: Called once, when clients can connect.

        Raises:
            TransportError: The port or the socket cannot be had.
        """
        if self._tls is not None:
            await self._tls.shown.wait_ready()
        server = self._server()
        looking = [asyncio.create_task(each.run()) for each in (self._crowd, self._doorkeeper)]
        try:
            self._listen(server)
            await start(server)
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
                if self._socket is not None:
                    remove_at(self._socket)

    async def _drain(self, server: grpc.aio.Server) -> None:
        until = self._clock.now() + self._shutdown_grace
        watchers = asyncio.create_task(self._health.drain())
        self._reflection.leave()
        self._management().leave()
        await asyncio.wait((watchers,), timeout=self._shutdown_grace)
        await server.stop(max(0.0, until - self._clock.now()))
        watchers.cancel()

    def _server(self) -> grpc.aio.Server:
        server = grpc.aio.server(
            options=(
                ("grpc.max_concurrent_streams", MOST_CALLS),
                ("grpc.max_receive_message_length", RECEIVE_LIMIT),
                # A second server on the port is to fail, not to share it.
                ("grpc.so_reuseport", 0),
                *grpc_limits.options(self._limits),
            )
        )
        handlers = {each.name: self._handler(each) for each in SERVICE.methods}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))
        beside = {
            health.SERVICE_NAME: health_methods(self._health, self._reception),
            _REFLECTION_SERVICE: reflection_methods(self._reflection, self._reception),
        }
        for service, methods in beside.items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))
        return server

    def _ports(self) -> tuple[int, ...]:
        return () if self._port is None else (self._port,)

    def _listen(self, server: grpc.aio.Server) -> None:
        if self._port is not None:
            self._port, _ = open_port(
                server,
                (self._bind,),
                self._port,
                tls=self._tls,
                port_setting="--management-port",
                bind_setting="--management-bind",
            )
        if self._socket is not None:
            open_at(self._socket, server.add_insecure_port, setting="--management-socket")

    # Calls

    def _handler(self, method: Any) -> grpc.RpcMethodHandler[Any, Any]:
        name = call_name(method)
        request: Any = GetMessageClass(method.input_type)
        response: Any = GetMessageClass(method.output_type)
        # Bytes: who may not call has nothing read of what they send. Whoever calls has to bring it in time: on the wire
        # a call with one request is the same as a stream.
        if method.server_streaming:
            talk = self._reception.told(self._streaming(name, method.name, request))
        else:
            talk = self._reception.answered(self._unary(name, method.name, request))
        return grpc.stream_stream_rpc_method_handler(talk, response_serializer=response.SerializeToString)

    def _unary(self, name: str, call: str, kind: Any) -> Callable[[bytes, _Context], Awaitable[Any]]:
        async def answer(request: bytes, context: _Context) -> Any:
            answered = await self._answered(name, call, kind, request, context)
            if isinstance(answered, Refused):
                await _abort(context, answered)
            return answered

        return answer

    async def _answered(self, name: str, call: str, kind: Any, request: bytes, context: _Context) -> Any:
        try:
            caller = await self._caller(call, context)
            return await getattr(self._management(), name)(_read(kind, request), caller)
        except Refused as refused:
            # gRPC keeps what an abort raises in a circle: behind this error stands all that was under way.
            return Refused(refused.status)

    async def _caller(self, call: str, context: _Context) -> Caller:
        # gRPC quotes the brackets of IPv6.
        peer = unquote(context.peer())
        private = peer.startswith("unix:")
        return await self._doorman.caller(
            call,
            peer=peer,
            over="grpc",
            certificate=None if private else certificate_of(context),
            headers=authorization_of(context),
            private=private,
            secured=self._tls is not None and not private,
        )

    def _streaming(self, name: str, call: str, kind: Any) -> Callable[[bytes, _Context], Awaitable[None]]:
        async def answer(request: bytes, context: _Context) -> None:
            try:
                caller = await self._caller(call, context)
                events: AsyncGenerator[Any, None] = getattr(self._management(), name)(_read(kind, request), caller)
            except Refused as refused:
                await _abort(context, refused)
                return
            reader = _Reader(events, patience=self._read_within)
            try:
                async for event in events:
                    with reader.reading():
                        await context.write(event)
                    if reader.gave_up is not None:
                        break
            except Refused as refused:
                await _abort(context, refused)
            except grpc.aio.BaseError:
                # The client has gone.
                return
            finally:
                await (reader.gave_up or events.aclose())
            if reader.gave_up is not None:
                await _abort(context, _slow(self._read_within))

        return answer


class _Reflection(LazyReflection):
    """Reflection for those who may call."""

    def __init__(self, service_names: tuple[str, ...], *, caller: Callable[[str, _Context], Awaitable[Caller]]) -> None:
        super().__init__(service_names)
        self._caller = caller

    async def ServerReflectionInfo(  # type: ignore[override]  # noqa: N802 - the method of the service, no coroutine
        self, request_iterator: Any, unused_context: Any
    ) -> AsyncIterator[Any]:
        """Answer each question."""
        try:
            await self._caller("ServerReflectionInfo", unused_context)
        except Refused as refused:
            await _abort(unused_context, refused)
            return
        async for answer in super().ServerReflectionInfo(request_iterator, unused_context):
            yield answer


class _Reader:
    """Who reads a stream: for one who reads nothing, what the stream holds is given back.

    gRPC takes no status while a message waits to be read. So he is told why when he reads on.
    """

    def __init__(self, events: AsyncGenerator[Any, None], *, patience: float) -> None:
        self._events = events
        self._patience = patience
        self.gave_up: asyncio.Future[None] | None = None

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Wait in a block for a message to be taken."""
        patience = asyncio.get_running_loop().call_later(self._patience, self._give_up)
        try:
            yield
        finally:
            patience.cancel()

    def _give_up(self) -> None:
        self.gave_up = asyncio.ensure_future(self._events.aclose())


def _read(kind: Any, request: bytes) -> Any:
    try:
        return kind.FromString(request)
    except DecodeError:
        words = "the request is no message of this method"
        raise Refused.of(code_pb2.INVALID_ARGUMENT, words, reason="NO_MESSAGE") from None


async def _abort(context: _Context, refused: Refused) -> None:
    status = fitting(refused.status)
    await context.abort(_STATUSES[status.code], status.message, ((DETAILS, status.SerializeToString()),))


def _slow(seconds: float) -> Refused:
    words = f"nothing of this stream was read for {seconds:g} s; read faster, and resume with the last token"
    # Clients take a stream up again that ends so.
    return Refused.of(code_pb2.UNAVAILABLE, words, reason="SLOW_READER")
