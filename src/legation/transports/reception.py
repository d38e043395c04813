"""Reception: where each gRPC call comes in. It gets its place among the others, is proven, and is served.

It refuses to know what the call is about. The one invariant: whatever a call waits for, it has its place meanwhile, and
can be ended: a flood of calls that have to be looked at, or that ask nothing, is held off wherever it knocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar
from urllib.parse import unquote

import grpc
import grpc.aio

from legation.errors import RemoteProtocolError
from legation.model.identity import NO_PROOF, Proof
from legation.model.node import Peer
from legation.tls.handshakes import Handshakes
from legation.transports.crowd import Crowd, Place
from legation.transports.grpc_call import GrpcCall, authorization_of
from legation.transports.grpc_tls import certificate_of, count_used, has_ended

GOODBYE = "the server shuts down; connect again"
_EXPIRED = "the client certificate of this connection has expired; connect again with a newer one"

if TYPE_CHECKING:
    from legation.transports.grpc_call import Context

    Handler: TypeAlias = Callable[[Any, Context], Awaitable[None]]
    Read: TypeAlias = Callable[[], Awaitable[Any]]
    """Reads the next message; None: there is no more."""
    Talk: TypeAlias = Callable[[Context, Read], Coroutine[Any, Any, None]]

T = TypeVar("T")


class Make(Protocol):
    """Makes the stream of a call."""

    def __call__(self, context: Context, *, peer: Peer) -> GrpcCall:
        """Return the stream, of a peer that is proven as far as it can be."""
        ...


class Reception:
    """The calls of one transport."""

    def __init__(
        self,
        *,
        crowd: Crowd,
        peer_of: Callable[[Context], Coroutine[Any, Any, Peer]] | None = None,
        handshakes: Handshakes | None = None,
    ) -> None:
        """Begin with nobody.

        Args:
            crowd: Where calls have their places.
            peer_of: Finds out whom a call comes from, which may take its time; None: nobody proves anything.
            handshakes: Is told of connections with TLS on which there is a call; None: nobody is.
        """
        self._crowd = crowd
        self._peer_of = peer_of or _unproven
        self._handshakes = handshakes
        self.streams: set[GrpcCall] = set()
        """Those that are served."""
        self.leaving = False
        """Whether the server goes: whoever comes now is told so."""

    def serving(self, make: Make) -> Handler:
        """Return what serves calls by the streams that are made so."""

        async def serve(_requests: Any, context: Context) -> None:
            arrival = _Arrival()
            # Until that is looked at it has not been read from: it is not the one who is slow.
            place = await self._enter(context, arrival, looking=bool(authorization_of(context)))
            try:
                peer = await arrival.finish(self._peer_of(context))
                if self.leaving:
                    await context.abort(grpc.StatusCode.UNAVAILABLE, GOODBYE)
                if peer is None:
                    await arrival.abort(context)
                    return
                try:
                    place.seen(proven=bool(peer.proof))
                except RemoteProtocolError as refusal:
                    await context.abort(grpc.StatusCode[refusal.status], str(refusal))
                await self._serve(make(context, peer=peer), place)
            finally:
                place.leave()

        return serve

    def talking(self, talk: Talk) -> Handler:
        """Return what serves calls of a service that is no business of its own, such as health."""

        async def serve(_requests: Any, context: Context) -> None:
            arrival = _Arrival()
            place = await self._enter(context, arrival)

            async def read() -> Any:
                message: Any = await context.read()
                place.asked()
                return None if message is grpc.aio.EOF else message

            async def speak() -> bool:
                await talk(context, read)
                return True

            try:
                if await arrival.finish(speak()) is None:
                    await arrival.abort(context)
            finally:
                place.leave()

        return serve

    def answered(self, answer: Callable[[Any, Any], Awaitable[Any]]) -> Handler:
        """Return what serves calls with one request and one answer."""

        async def talk(context: Context, read: Read) -> None:
            if (question := await read()) is not None:
                await context.write(await answer(question, context))

        return self.talking(talk)

    def told(self, tell: Callable[[Any, Any], Awaitable[None]]) -> Handler:
        """Return what serves calls with one request and many answers, which are written there."""

        async def talk(context: Context, read: Read) -> None:
            if (question := await read()) is not None:
                await tell(question, context)

        return self.talking(talk)

    async def _enter(self, context: Context, arrival: _Arrival, *, looking: bool = False) -> Place:
        if self._handshakes is not None:
            count_used(context, self._handshakes)
        certificate = certificate_of(context)
        proof = NO_PROOF if certificate is None else Proof(certificate=certificate)
        peer = Peer(address=unquote(context.peer()), transport="grpc", proof=proof)
        if has_ended(context):
            # Streams from before end with it: they come back on a connection with a newer certificate. Without that a
            # client would try for ever on this one.
            self._crowd.hang_up(peer)
            await context.abort(grpc.StatusCode.UNAVAILABLE, _EXPIRED)
        try:
            return self._crowd.enter(peer, end=arrival.end, looking=looking)
        except RemoteProtocolError as refusal:
            return await context.abort(grpc.StatusCode[refusal.status], str(refusal))

    async def _serve(self, stream: GrpcCall, place: Place) -> None:
        if stream.peer.proof:
            place.known()
        stream.place, place.end = place, stream.end
        self.streams.add(stream)
        try:
            await stream.serve()
        finally:
            self.streams.discard(stream)


async def _unproven(context: Context) -> Peer:
    return Peer(address=unquote(context.peer()), transport="grpc")


class _Arrival:
    """A call that can be ended while it does something."""

    def __init__(self) -> None:
        self._status, self._words = "", ""
        self._ended = asyncio.Event()

    def end(self, status: str, words: str) -> None:
        self._status, self._words = status, words
        self._ended.set()

    async def abort(self, context: Context) -> None:
        await context.abort(grpc.StatusCode[self._status], self._words)

    async def finish(self, doing: Coroutine[Any, Any, T]) -> T | None:
        """Return what that returns; None if the call is ended before."""
        done = asyncio.ensure_future(doing)
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((done, ended), return_when=asyncio.FIRST_COMPLETED)
            return done.result() if done.done() else None
        finally:
            done.cancel()
            ended.cancel()
