"""One gRPC stream of xDS: reads requests, writes one response at a time, and ends with words that help.

While nothing happens a stream is one waiting read; what writes exists only while there is something to write.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import structlog

from legation.errors import RemoteProtocolError
from legation.model.node import Peer
from legation.model.resource_types import ADS_SERVICE, BY_URL, ResourceType
from legation.protocol.messages import Response
from legation.protocol.terms import Variant
from legation.transports.clients import Clients
from legation.transports.conduct import MOST_NAMES, Wrong, shown
from legation.transports.grpc_call import GrpcCall
from legation.transports.served_client import INTERNAL_WORDS, ServedClient
from legation.transports.traffic import UNKNOWN_TYPE, Meter
from legation.transports.wire import Encoder
from legation.transports.wire_requests import DeltaIncoming, Incoming, SotwIncoming

ADS = "ADS"
"""What an aggregated stream is called in statistics and logs, where others have the name of their type."""

_INCOMING: dict[Variant, type[Incoming]] = {Variant.SOTW: SotwIncoming, Variant.DELTA: DeltaIncoming}

_MOST_UNKNOWN_TYPES = 20
"""How many unknown type URLs are remembered, and so logged, of one stream."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()

if TYPE_CHECKING:
    from legation.transports.grpc_call import Context


class GrpcStream(GrpcCall):
    """One stream. Fulfils `served_client.Stream`."""

    __slots__ = (
        "_answered",
        "_client",
        "_clients",
        "_encoder",
        "_meter",
        "_row",
        "_unknown",
        "_variant",
    )

    def __init__(
        self,
        context: Context,
        *,
        row: ResourceType | None,
        variant: Variant,
        clients: Clients,
        encoder: Encoder,
        meter: Meter,
        peer: Peer | None = None,
    ) -> None:
        """Make the stream of a call.

        Args:
            context: The call.
            row: The type of the service that was called; None: all types (ADS).
            variant: What the method speaks.
            clients: Where the stream finds its client.
            encoder: What makes bytes of responses.
            meter: What counts messages.
            peer: Whom the call comes from, with what it has proven; None: nothing.
        """
        super().__init__(context, conduct=clients.conduct, peer=peer)
        self._row = row
        self._variant = variant
        self._clients = clients
        self._encoder = encoder
        self._meter = meter
        self._client: ServedClient | None = None
        self._unknown: set[str] = set()
        self._answered = False

    @property
    def label(self) -> tuple[str, str]:
        """What the stream carries, and its variant."""
        return (self._row.name if self._row else ADS, self._variant.value)

    @property
    def node_id(self) -> str:
        """Who the client says it is."""
        return self._client.node.id if self._client else ""

    @property
    def aggregated(self) -> bool:
        """Whether it carries every type."""
        return self._row is None

    @property
    def busy(self) -> bool:
        """Whether it is writing a response, or will not write any more."""
        return self.writer is not None or self._done

    def send(self, response: Response) -> None:
        """Begin to write."""
        self.writer = asyncio.get_running_loop().create_task(self._write(response))

    # What comes in

    async def _receive(self, data: bytes) -> float:
        """Take a request, and return how many seconds the next one has to wait."""
        try:
            incoming = _INCOMING[self._variant](data)
        except RemoteProtocolError:
            self._meter.received(UNKNOWN_TYPE, len(data))
            raise
        row = self._row_of(incoming.type_url)
        self._meter.received(row.name if row else UNKNOWN_TYPE, len(data))
        client = await self._client_of(incoming)
        if row is None:
            self._note_unknown(client, incoming.type_url)
            return self._conduct.spend(self._peer, client.node.id, size=len(data))
        if incoming.names > MOST_NAMES:
            raise self._conduct.too_much(
                Wrong.NAMES,
                self._peer,
                client.node.id,
                f"the request has {incoming.names} names; at most {MOST_NAMES} are read. Ask for fewer, or for `*`",
            )
        return client.receive(self, incoming.request(row), variant=self._variant, size=len(data))

    def _row_of(self, url: str) -> ResourceType | None:
        """Return the type that a request is about; None: one that we do not know."""
        if self._row is None:
            if not url:
                raise RemoteProtocolError(
                    "INVALID_ARGUMENT", f"type_url is empty; every request to {ADS_SERVICE} names its type"
                )
            return BY_URL.get(url)
        if url and url != self._row.url:
            raise RemoteProtocolError(
                "INVALID_ARGUMENT",
                f"type_url is {url!r}, but {self._row.service} serves {self._row.url} only; ask the service of that"
                f" type, or {ADS_SERVICE}",
            )
        return self._row

    async def _client_of(self, incoming: Incoming) -> ServedClient:
        """Return the client, which the first request of the stream names; later ones may, and then the same (A1.5)."""
        node_id, client = incoming.node_id, self._client
        if client is None:
            if node_id is None:
                raise RemoteProtocolError(
                    "INVALID_ARGUMENT", "the first request of the stream has no node; it must say node.id"
                )
            self._conduct.check_node(self._peer, node_id, size=incoming.node_size)
            self.claimed = node_id
            await self._clients.arrive(self._peer, node_id)
            client = self._client = self._clients.join(self, peer=self._peer, node=incoming.node())
        elif node_id is not None and node_id != client.node.id:
            raise RemoteProtocolError(
                "INVALID_ARGUMENT",
                f"node.id changed from {client.node.id!r} to {node_id!r}; a node keeps its id for the whole stream",
            )
        return client

    def _note_unknown(self, client: ServedClient, url: str) -> None:
        """Say once that a type is asked for that will never be answered; the other types go on (A1.11)."""
        url = shown(url)
        if url not in self._unknown and len(self._unknown) < _MOST_UNKNOWN_TYPES:
            self._unknown.add(url)
            if self._conduct.may_log_refusal(self._peer):
                _log.warning("unknown type", type_url=url, node=client.node.id, peer=self._peer.address)

    # What goes out

    @property
    def _done(self) -> bool:
        # gRPC clients take a stream for failed that ends before its first response (A1.14).
        return self._gone or self._ending is not None or (self._finishing and self._answered)

    async def _write(self, response: Response) -> None:
        try:
            async with self.place.room() as taken:
                data = self._encoder.encode(response)
                taken(len(data))
                await self._context.write(data)
            self._answered = True
            self._meter.sent(response.type.name, len(data))
        except grpc.aio.BaseError:
            # The call is over; the read hears of it.
            self._gone = True
        except Exception:  # noqa: BLE001 - a bug must not reach other streams, whatever it is
            _log.exception("response failed", peer=self._peer.address, stream=self.label)
            self.end("INTERNAL", INTERNAL_WORDS)
        finally:
            self.writer = None
        if self._client is not None:
            self._client.written()

    # The end

    def _leave(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            self._clients.leave(client, self)
