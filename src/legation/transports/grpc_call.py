"""The life of one gRPC call that is a stream: it reads until the client goes, a rule is broken or we end it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

import grpc
import structlog

from legation.errors import RemoteProtocolError
from legation.model.identity import TokenChecker
from legation.model.node import Peer
from legation.transports.base import Refusal
from legation.transports.conduct import Conduct, shown
from legation.transports.crowd import UNCOUNTED, Place, Uncounted
from legation.transports.grpc_tls import certificate_of
from legation.transports.proving import HEADER, prove
from legation.transports.served_client import INTERNAL_WORDS

_LONGEST_WORDS = 1000
"""Characters. The status message travels in a trailer, whose size clients limit."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

if TYPE_CHECKING:
    # The stubs have type parameters here that the class has not at run time.
    Context: TypeAlias = grpc.aio.ServicerContext[bytes, bytes]
    _Called: TypeAlias = grpc.aio.ServicerContext[Any, Any]


async def peer_of(context: Context, *, tokens: TokenChecker | None) -> Peer:
    """Return whom a call comes from, with what it proves: by its connection, and by the token that came with it."""
    proof = await prove(certificate_of(context), authorization_of(context), tokens=tokens)
    return Peer(address=unquote(context.peer()), transport="grpc", proof=proof)


def authorization_of(context: _Called) -> tuple[str, ...]:
    """Return the values of the header that came with a call by which it proves something."""
    shown = (value for key, value in context.invocation_metadata() or () if key == HEADER)
    return tuple(value if isinstance(value, str) else value.decode("latin-1") for value in shown)


class GrpcCall(ABC):
    """One call. What is read and written is the business of those who inherit."""

    __slots__ = (
        "_begun",
        "_conduct",
        "_context",
        "_ending",
        "_finishing",
        "_gone",
        "_peer",
        "claimed",
        "handler",
        "place",
        "writer",
    )

    def __init__(self, context: Context, *, conduct: Conduct, peer: Peer | None = None) -> None:
        self._context = context
        self._conduct = conduct
        # Who is not told has proven nothing.
        self._peer = Peer(address=unquote(context.peer()), transport="grpc") if peer is None else peer
        self._ending: tuple[str, str] | None = None
        self._begun = False
        self._finishing = False
        self._gone = False
        self.place: Place | Uncounted = UNCOUNTED
        """Its place among the streams of all."""
        self.claimed = ""
        """Who the client said it is, whether it was admitted or not: for the log."""
        self.handler: asyncio.Task[None] | None = None
        """What serves the stream."""
        self.writer: asyncio.Task[None] | None = None
        """What writes at this moment."""

    @property
    def peer(self) -> Peer:
        """Whom the call comes from."""
        return self._peer

    @property
    def node_id(self) -> str:
        """Who the client says it is; empty while it has not said so, or nobody asks."""
        return ""

    @property
    def unread_since(self) -> float | None:
        """Since when a response is on its way and not read; None: none is."""
        return self.place.unread_since

    @property
    @abstractmethod
    def label(self) -> tuple[str, str]:
        """What the stream carries, and its variant."""

    @abstractmethod
    async def _receive(self, data: bytes) -> float:
        """Take a message.

        Returns:
            How many seconds the next one has to wait: mostly none.

        Raises:
            RemoteProtocolError: It breaks a rule.
            Refusal: The client is not admitted.
        """

    @abstractmethod
    def _leave(self) -> None:
        """Give back what is kept for the client."""

    async def serve(self) -> None:
        """Serve until the client goes away, breaks a rule, or `end` is called."""
        self.handler = asyncio.current_task()
        try:
            # Sent first and alone: the status of an early end could otherwise meet the first response half-way, and
            # gRPC would send them twice.
            await self._context.send_initial_metadata(())
            self._begun = True
            while self._ending is None and isinstance(data := await self._context.read(), bytes):  # and not EOF
                self.place.asked()
                self._conduct.check_request(self._peer, self.node_id, size=len(data))
                pause = await self._receive(data)
                self.place.known()
                if pause:
                    # Who asks too much is not read from: what it has to say waits where it is.
                    await self._conduct.pause(pause)
        except asyncio.CancelledError:
            if self._ending is None or self.handler is None:
                # The client has gone.
                raise
            self.handler.uncancel()
        except grpc.aio.BaseError:
            self._gone = True
        except (RemoteProtocolError, Refusal) as refusal:
            self._refuse(refusal)
        except Exception:  # noqa: BLE001 - a bug must not reach other streams, whatever it is
            _log.exception("stream failed", peer=self._peer.address, stream=self.label)
            self._ending = ("INTERNAL", INTERNAL_WORDS)
        finally:
            # Nothing is written from here on but the status: the call may be gone.
            if self.writer is not None:
                self.writer.cancel()
            self._leave()
        if self._ending is not None and not self._gone:
            status, words = self._ending
            await self._context.abort(grpc.StatusCode[status], words)

    def finish(self) -> None:
        """Write what has to be written yet, and then nothing more."""
        self._finishing = True

    def end(self, status: str, words: str) -> None:
        """Close the stream with that gRPC status; the first to say so is heard."""
        if self._ending is None:
            self._ending = (status, words)
            # While its head is on the way it would be sent twice; the end comes after that.
            if self.handler is not None and self._begun:
                self.handler.cancel()

    def _refuse(self, refusal: RemoteProtocolError | Refusal) -> None:
        status, words = refusal.status, str(refusal)[:_LONGEST_WORDS]
        # Who asks for too much was named already.
        if status != "RESOURCE_EXHAUSTED" and self._conduct.may_log_refusal(self._peer):
            said = {"cause": refusal.cause} if isinstance(refusal, Refusal) and refusal.cause else {}
            if self.claimed:
                said["node"] = shown(self.claimed)
            _log.warning(
                "stream refused", peer=self._peer.address, stream=self.label, status=status, reason=words, **said
            )
        self._ending = (status, words)
