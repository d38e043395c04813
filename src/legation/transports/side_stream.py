"""A gRPC stream of a service beside discovery: what is read is taken at once, and what there is to say is written."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

import grpc
import structlog

from legation.errors import RemoteProtocolError
from legation.model.node import Peer
from legation.transports.conduct import Conduct
from legation.transports.grpc_call import GrpcCall
from legation.transports.served_client import INTERNAL_WORDS
from legation.transports.traffic import Meter

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

if TYPE_CHECKING:
    from legation.transports.grpc_call import Context

VARIANT = "stream"
"""What stands in statistics where discovery has state of the world or delta."""


class Talk(Protocol):
    """What is said on such a stream."""

    @property
    def name(self) -> str:
        """The short name of the service, for logs and statistics."""
        ...

    async def receive(self, data: bytes) -> None:
        """Take a message.

        Raises:
            RemoteProtocolError: It breaks a rule.
            Refusal: The client is not admitted.
        """
        ...

    def next(self) -> Awaitable[bytes] | None:
        """Return what is to be written now, once it is made; None: nothing."""
        ...

    def close(self) -> None:
        """Give back what is kept for the client."""
        ...


class SideStream(GrpcCall):
    """One stream."""

    __slots__ = ("_meter", "_talk")

    def __init__(
        self,
        context: Context,
        *,
        talk: Callable[[Peer, Callable[[], None]], Talk],
        meter: Meter,
        conduct: Conduct,
        peer: Peer | None = None,
    ) -> None:
        """Make the stream of a call.

        Args:
            context: The call.
            talk: Makes what is said there: for whom, and what is called when there may be something to say.
            meter: What counts messages.
            conduct: How its client behaves.
            peer: Whom the call comes from, with what it has proven; None: nothing.
        """
        super().__init__(context, conduct=conduct, peer=peer)
        self._meter = meter
        self._talk = talk(self._peer, self._write_on)

    @property
    def label(self) -> tuple[str, str]:
        """The service."""
        return (self._talk.name, VARIANT)

    async def _receive(self, data: bytes) -> float:
        self._meter.received(self._talk.name, len(data))
        await self._talk.receive(data)
        self._write_on()
        # Its connection stands for it: who it is the service knows, if anybody.
        return self._conduct.spend(self._peer, self._peer.address, size=len(data))

    def _write_on(self) -> None:
        """Write what there is to say, unless that is being done."""
        if self.writer is None and not self._finishing and (said := self._talk.next()) is not None:
            self.writer = asyncio.get_running_loop().create_task(self._write(said))

    async def _write(self, said: Awaitable[bytes]) -> None:
        try:
            data = await said
            async with self.place.room() as taken:
                taken(len(data))
                await self._context.write(data)
            self._meter.sent(self._talk.name, len(data))
        except grpc.aio.BaseError:
            # The call is over; the read hears of it.
            self._gone = self._finishing = True
        except RemoteProtocolError as error:
            self.end(error.status, str(error))
        except Exception:  # noqa: BLE001 - a bug must not reach other streams, whatever it is
            _log.exception("response failed", peer=self._peer.address, stream=self.label)
            self.end("INTERNAL", INTERNAL_WORDS)
        finally:
            self.writer = None
        self._write_on()

    def _leave(self) -> None:
        self._finishing = True
        self._talk.close()
