"""The port of the management API over gRPC: its own one, for this machine alone, or a Unix socket, or both.

It runs beside the ports of Envoys and ends with them. Health and reflection are served with it, so that `grpcurl` works
without the proto file. What the calls do is the business of `service.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

import grpc
import grpc.aio
import structlog
from google.protobuf.message_factory import GetMessageClass
from google.rpc import code_pb2
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2_grpc

from legation.api.management.calls import Caller
from legation.api.management.grpc_socket import open_at
from legation.api.management.grpc_status import DETAILS, fitting
from legation.api.management.methods import SERVICE, call_name
from legation.api.management.refused import Refused
from legation.api.management.service import Management
from legation.clock import Clock, MonotonicClock
from legation.errors import TransportError
from legation.listening import addresses_of, listen, port_of, remove_at
from legation.transports.base import Feed
from legation.transports.health import DrainingHealth
from legation.transports.reflection import LazyReflection

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
    ) -> None:
        """Take what to serve and where; it listens when it runs.

        Args:
            management: Returns what does the calls.
            bind: A loopback address.
            port: The port; 0 for a free one, None for none.
            socket: Where the Unix socket is to be; None for none.
            shutdown_grace: Seconds in which calls must have ended after `run` is cancelled.
            clock: What that is measured by.
            read_within: Seconds that a stream waits for a reader who takes nothing.
        """
        self._management = management
        self._bind = bind
        self._port = port
        self._socket = socket
        self._shutdown_grace = shutdown_grace
        self._clock = clock or MonotonicClock()
        self._read_within = read_within
        self._health = DrainingHealth()
        self._reflection = LazyReflection((SERVICE.full_name, health.SERVICE_NAME, _REFLECTION_SERVICE))

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
        server = self._server()
        try:
            self._listen(server)
            starting = asyncio.create_task(server.start())
            try:
                await asyncio.shield(starting)
            finally:
                # A start that is cancelled half-way goes on inside gRPC, which then logs an error.
                await starting
            started()
            # Shielded: to cancel this wait would take from gRPC the future by which it knows that it has stopped.
            await asyncio.shield(asyncio.create_task(server.wait_for_termination()))
        finally:
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
            )
        )
        handlers = {each.name: self._handler(each) for each in SERVICE.methods}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        add_reflection: Callable[[LazyReflection, grpc.aio.Server], None] = (
            reflection_pb2_grpc.add_ServerReflectionServicer_to_server
        )
        add_reflection(self._reflection, server)
        return server

    def _listen(self, server: grpc.aio.Server) -> None:
        if self._port is not None:
            # gRPC only says that it failed: what can be wrong has shown with sockets of our own by then.
            sockets = listen(
                (self._bind,), self._port, port_setting="--management-port", bind_setting="--management-bind"
            )
            addresses, self._port = addresses_of(sockets), port_of(sockets)
            for each in sockets:
                each.close()
            for address in addresses:
                try:
                    server.add_insecure_port(address)
                except RuntimeError as error:
                    words = f"{address} cannot be listened on; is the port taken by another program?"
                    raise TransportError(words) from error
        if self._socket is not None:
            open_at(self._socket, server.add_insecure_port, setting="--management-socket")

    # Calls

    def _handler(self, method: Any) -> grpc.RpcMethodHandler[Any, Any]:
        name = call_name(method)
        request: Any = GetMessageClass(method.input_type)
        response: Any = GetMessageClass(method.output_type)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._streaming(name),
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(name), request_deserializer=request.FromString, response_serializer=response.SerializeToString
        )

    def _unary(self, name: str) -> Callable[[Any, _Context], Awaitable[Any]]:
        async def answer(request: Any, context: _Context) -> Any:
            answered = await self._answered(name, request, context)
            if isinstance(answered, Refused):
                await _abort(context, answered)
            return answered

        return answer

    async def _answered(self, name: str, request: Any, context: _Context) -> Any:
        try:
            return await getattr(self._management(), name)(request, _caller(context))
        except Refused as refused:
            # gRPC keeps what an abort raises in a circle: behind this error stands all that was under way.
            return Refused(refused.status)

    def _streaming(self, name: str) -> Callable[[Any, _Context], Awaitable[None]]:
        async def answer(request: Any, context: _Context) -> None:
            events: AsyncGenerator[Any, None] = getattr(self._management(), name)(request, _caller(context))
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


def _caller(context: _Context) -> Caller:
    # gRPC quotes the brackets of IPv6.
    peer = unquote(context.peer())
    return Caller(peer=peer, over="grpc", private=peer.startswith("unix:"))


async def _abort(context: _Context, refused: Refused) -> None:
    status = fitting(refused.status)
    await context.abort(_STATUSES[status.code], status.message, ((DETAILS, status.SerializeToString()),))


def _slow(seconds: float) -> Refused:
    words = f"nothing of this stream was read for {seconds:g} s; read faster, and resume with the last token"
    # Clients take a stream up again that ends so.
    return Refused.of(code_pb2.UNAVAILABLE, words, reason="SLOW_READER")
