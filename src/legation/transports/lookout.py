"""Lookout: finds the clients that do not read what is written to them, or never answer. They harm themselves alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol

from legation.clock import Clock
from legation.model.node import Node, Peer
from legation.transports.conduct import Conduct, Wrong
from legation.transports.grpc_call import GrpcCall

INTERVAL = 60.0
"""Seconds between two looks: who has not read a response from one to the next does not read."""
UNANSWERED = 300.0
"""Seconds that a response may be unanswered. Envoy answers clusters when they are warm, within 15 seconds mostly."""


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
        self, clock: Clock, conduct: Conduct, *, streams: Iterable[GrpcCall], clients: Iterable[Answering]
    ) -> None:
        """Take what to look at, and whom to tell."""
        self._clock = clock
        self._conduct = conduct
        self._streams = streams
        self._clients = clients
        self._writers: dict[GrpcCall, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep_until(self._clock.now() + INTERVAL)
            self.look()

    def look(self) -> None:
        """Name those who do neither."""
        before = self._writers
        self._writers = {stream: stream.writer for stream in self._streams if stream.writer is not None}
        for stream, writer in self._writers.items():
            if before.get(stream) is writer:
                words = "it does not read its response; it is told the newest when it does"
                self._conduct.note(Wrong.UNREAD, stream.peer, stream.node_id, words)
        limit = self._clock.now() - UNANSWERED
        for client in self._clients:
            since = client.silent_since()
            if since is not None and since < limit:
                words = "it has not answered a response for minutes, neither with ACK nor with NACK"
                self._conduct.note(Wrong.UNANSWERED, client.peer, client.node.id, words)
