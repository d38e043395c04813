"""Polls: which stream each belongs to, how long it is held, and when a stream is over because nobody polls any more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from legation.clock import Clock
from legation.model.identity import CertificateProof, TokenProof
from legation.model.node import Peer
from legation.model.resource_types import ResourceType
from legation.protocol.messages import Response
from legation.protocol.policy import Policy
from legation.transports.alarms import Alarms
from legation.transports.base import Feed
from legation.transports.clients import Clients
from legation.transports.conduct import Conduct
from legation.transports.rest_request import RestRequest
from legation.transports.rest_stream import RestStream

_Key: TypeAlias = tuple[str, CertificateProof | None, TokenProof | None, str, ResourceType, tuple[str, ...]]
"""(address, what was proven, node id, type, names): what makes polls a stream."""


class Polls:
    """Everything that one transport keeps for its clients."""

    def __init__(
        self, feed: Feed, *, policy: Policy, clock: Clock, idle: float, conduct: Conduct | None = None
    ) -> None:
        """Take where snapshots come from, after how many idle seconds a stream is over, and who watches the clients."""
        # Who polls is back with all that it asks for at its next polls: nothing waits for some of them.
        policy = replace(policy, reopening_timeout=0.0)
        self._clients = Clients(feed, policy=policy, clock=clock, polls=True, conduct=conduct)
        self._clock = clock
        self._idle = idle
        self._alarms = Alarms(clock)
        self._streams: dict[_Key, RestStream] = {}

    @property
    def clients(self) -> int:
        """How many clients there are."""
        return len(self._clients)

    def labels(self) -> Iterator[tuple[str, str]]:
        """Yield what each stream carries, and that it does so over REST."""
        return (stream.label for stream in self._streams.values())

    async def admit(self, peer: Peer, node_id: str, *, size: int) -> None:
        """Let a poll of so many bytes in, when it may.

        Raises:
            RemoteProtocolError: Its client asks too often.
        """
        await self._clients.conduct.poll(peer, node_id, size=size)
        await self._clients.arrive(peer, node_id)

    async def answer(
        self, row: ResourceType, request: RestRequest, peer: Peer, *, patience: float, gone: asyncio.Future[Any]
    ) -> Response | None:
        """Return what a poll is answered; None where nothing is new, or nobody waits for it any more.

        Args:
            row: The type.
            request: What the poll says.
            peer: Whom it comes from.
            patience: Seconds that it may be held.
            gone: Done when the client does not wait any more.

        Raises:
            RemoteProtocolError: The request breaks the rules of the protocol, or the server failed.
            Refusal: The feed does not admit the client.
        """
        stream, waiting = self._take(row, request, peer)
        # Who has no patience is asked for too, and who has is asked for once more.
        end = partial(stream.client.after_turn, partial(stream.give_up, waiting))
        alarm = self._alarms.at(self._clock.now() + patience, end) if patience else None
        if alarm is None:
            end()
        try:
            await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stream.forget(waiting)
            if alarm is not None:
                alarm.cancel()
        return waiting.result() if waiting.done() else None

    def _take(
        self, row: ResourceType, request: RestRequest, peer: Peer
    ) -> tuple[RestStream, asyncio.Future[Response | None]]:
        """Return the stream of a poll, and what the poll waits for."""
        proof = peer.proof
        key = (peer.address, proof.certificate, proof.token, request.node_id, row, request.names)
        before = self._streams.get(key)
        if before is not None and before.client.dismissed is not None:
            # It is about to end.
            raise before.client.dismissed
        if before is not None and (waiting := before.take(request)) is not None:
            return before, waiting
        stream = RestStream(row, request.names, clock=self._clock, ended=lambda: self._drop(key, stream))
        client = self._clients.join(stream, peer=peer, node=request.node())
        self._streams[key] = stream
        self._alarms.at(stream.polled + self._idle, partial(self._look_at, key, stream))
        try:
            return stream, stream.begin(client, request)
        except Exception:
            self._drop(key, stream)
            raise
        finally:
            if before is not None:
                # After the new one has joined: the client stays what it is.
                self._leave(before)

    # The end of streams

    def close(self) -> None:
        """Answer every poll that is held, and let all streams go."""
        for key, stream in tuple(self._streams.items()):
            self._drop(key, stream)
        self._alarms.close()
        self._clients.close()

    def _look_at(self, key: _Key, stream: RestStream) -> None:
        """End a stream that was not heard of for long; else look again when it may be."""
        if self._streams.get(key) is not stream:
            return
        now = self._clock.now()
        heard = stream.polled if stream.busy else now
        if heard + self._idle <= now:
            self._drop(key, stream)
        else:
            self._alarms.at(heard + self._idle, partial(self._look_at, key, stream))

    def _drop(self, key: _Key, stream: RestStream) -> None:
        if self._streams.get(key) is stream:
            del self._streams[key]
            self._leave(stream)

    def _leave(self, stream: RestStream) -> None:
        stream.dismiss()
        self._clients.leave(stream.client, stream)
