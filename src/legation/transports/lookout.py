"""Lookout: finds the clients that do not read what is written to them, never answer, or cannot ask for all they need.

They harm themselves alone.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

from legation.clock import Clock
from legation.model.limits import DEFAULT_LIMITS
from legation.model.node import Node, Peer
from legation.transports.conduct import Conduct, Wrong
from legation.transports.grpc_call import GrpcCall

INTERVAL = 60.0
"""Seconds between two looks: who has not read a response from one to the next does not read."""
UNANSWERED = 300.0
"""Seconds that a response may be unanswered. Envoy answers clusters when they are warm, within 15 seconds mostly."""
STREAMS_BY_DEFAULT = 1024
"""Requests that Envoy makes of one cluster at a time, and a stream is one, unless `circuit_breakers` say otherwise: an
Envoy that stays at just so many waits in silence for those that it may not open.

Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/circuit_breaker.proto
"""


class Answering(Protocol):
    """A client, as far as it matters here."""

    peer: Peer
    node: Node

    def silent_since(self) -> float | None:
        """Return when the oldest response went out that is not answered; None: all are."""
        ...


class Lookout:
    """Looks at all streams and clients of a transport, now and then: nothing is noted down in between."""

    def __init__(
        self,
        clock: Clock,
        conduct: Conduct,
        *,
        streams: Iterable[GrpcCall],
        clients: Iterable[Answering],
        patience: float = DEFAULT_LIMITS.unread,
        hang_up: Callable[[Peer], None] | None = None,
    ) -> None:
        """Take what to look at, and whom to tell.

        Args:
            clock: Where the time comes from.
            conduct: Who is told.
            streams: All streams.
            clients: All clients.
            patience: Seconds that a response may be on its way unread.
            hang_up: Closes the connection of who has not read one by then; None: nobody does.
        """
        self._patience = patience
        self._hang_up = hang_up
        self._clock = clock
        self._conduct = conduct
        self._streams = streams
        self._clients = clients
        self._writers: dict[GrpcCall, asyncio.Task[None]] = {}
        self._held_back: set[tuple[str, str]] = set()
        """The hosts and node ids that had just so many streams at the last look."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep_until(self._clock.now() + min(INTERVAL, self._patience))
            self.look()

    def look(self) -> None:
        """Name them."""
        self._look_at_writers()
        self._look_at_answers()
        self._look_at_streams()

    def _look_at_writers(self) -> None:
        before = self._writers
        now = self._clock.now()
        # What waits until others of its host have read is not unread.
        self._writers = {
            stream: stream.writer
            for stream in self._streams
            if stream.writer is not None and stream.unread_since is not None
        }
        for stream, writer in self._writers.items():
            if before.get(stream) is writer:
                words = "it does not read its response; it is told the newest when it does"
                self._conduct.note(Wrong.UNREAD, stream.peer, stream.node_id, words)
            since = stream.unread_since
            if self._hang_up is not None and since is not None and now - since >= self._patience:
                # To end the stream would change nothing: its end is not read either, and all would stay in memory.
                self._hang_up(stream.peer)

    def _look_at_answers(self) -> None:
        limit = self._clock.now() - UNANSWERED
        for client in self._clients:
            since = client.silent_since()
            if since is not None and since < limit:
                words = "it has not answered a response for minutes, neither with ACK nor with NACK"
                self._conduct.note(Wrong.UNANSWERED, client.peer, client.node.id, words)

    def _look_at_streams(self) -> None:
        # One Envoy may spread them over several connections. Fleets share a node id, and side streams have none.
        numbers = Counter((stream.peer.ip, stream.node_id) for stream in self._streams if stream.node_id)
        before, self._held_back = self._held_back, {who for who, each in numbers.items() if each == STREAMS_BY_DEFAULT}
        named = {(stream.peer.ip, stream.node_id): stream for stream in self._streams}
        for who in before & self._held_back:
            words = (
                f"it stays at {STREAMS_BY_DEFAULT} streams, so Envoy's circuit breaker holds others back; raise"
                " max_requests in the circuit_breakers of the cluster that it reaches us by"
            )
            self._conduct.note(Wrong.STREAMS, named[who].peer, named[who].node_id, words)
