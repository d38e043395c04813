"""Clients: who is served by one transport. The streams of one node id over one connection are one client.

They are it as long as they show the same proof: a stream that shows another or none never gets what another one has
been admitted to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import structlog

from legation.clock import Clock
from legation.errors import RemoteProtocolError
from legation.model.identity import CertificateProof, TokenProof
from legation.model.node import Node, Peer
from legation.protocol.policy import Policy
from legation.transports.alarms import Alarms
from legation.transports.base import Feed
from legation.transports.conduct import Conduct
from legation.transports.fellows import Fellows
from legation.transports.first_answers import FirstAnswers
from legation.transports.served_client import ServedClient, Stream
from legation.transports.turns import Turns

_Key: TypeAlias = tuple[str, str, CertificateProof | None, TokenProof | None]
"""(address, node id, and the two that were proven)."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Clients:
    """The clients of one transport."""

    def __init__(
        self,
        feed: Feed,
        *,
        policy: Policy,
        clock: Clock,
        polls: bool = False,
        first_answers: int | None = None,
        conduct: Conduct | None = None,
    ) -> None:
        """Begin without clients.

        Args:
            feed: Where snapshots come from.
            policy: The time limits of delivery.
            clock: Where the time of deadlines comes from.
            polls: Whether the streams are made of polls.
            first_answers: How many clients are given their first answer at a time; None for all.
            conduct: How they behave, and others on the same connections; None: only they.
        """
        self._feed = feed
        self._polls = polls
        self._policy = policy
        self._clock = clock
        self._turns = Turns()
        self._alarms = Alarms(clock)
        self._first_answers = (
            None if first_answers is None else FirstAnswers(first_answers, alarms=self._alarms, clock=clock)
        )
        self.conduct = Conduct(clock) if conduct is None else conduct
        """How they behave."""
        self._clients: dict[_Key, ServedClient] = {}
        self._fellows: Fellows[ServedClient] = Fellows()

    def __len__(self) -> int:
        return len(self._clients)

    def __iter__(self) -> Iterator[ServedClient]:
        return iter(self._clients.values())

    async def arrive(self, peer: Peer, node_id: str) -> None:
        """Let a client come: a new one when it may, another stream of one that is here at once.

        Raises:
            RemoteProtocolError: It comes too often.
        """
        if _key(peer, node_id) not in self._clients:
            await self.conduct.connect(peer, node_id)

    def join(self, stream: Stream, *, peer: Peer, node: Node) -> ServedClient:
        """Return the client that the stream belongs to: a new one if it is the first of its node over its connection.

        Raises:
            RemoteProtocolError: The node has no id.
            Refusal: The feed does not admit the client.
        """
        if not node.id:
            raise RemoteProtocolError(
                "INVALID_ARGUMENT", "node.id is empty; set node.id in the bootstrap, or start Envoy with --service-node"
            )
        key = _key(peer, node.id)
        client = self._clients.get(key)
        if client is not None and client.dismissed is not None:
            # Its other streams are about to end.
            raise client.dismissed
        if client is None:
            client = ServedClient(
                peer,
                node,
                feed=self._feed,
                policy=self._policy,
                turns=self._turns,
                alarms=self._alarms,
                clock=self._clock,
                conduct=self.conduct,
                polls=self._polls,
                first_answers=self._first_answers,
            )
            self._clients[key] = client
            if self.conduct.may_log_connection(peer, node.id):
                _log.info(
                    "client connected",
                    node=node.id,
                    peer=peer.address,
                    group=client.seat.group,
                    client=node.user_agent,
                )
        client.join(stream)
        if not stream.aggregated:
            self._fellows.add(node.id, client)
        return client

    def leave(self, client: ServedClient, stream: Stream) -> None:
        """Take the stream out of its client, which is gone with the last one."""
        if client.leave(stream):
            del self._clients[_key(client.peer, client.node.id)]
            self._fellows.remove(client.node.id, client)
            if self.conduct.may_log_connection(client.peer, client.node.id):
                _log.info("client gone", node=client.node.id, peer=client.peer.address)

    def close(self) -> None:
        """Stop the clock of the deadlines."""
        self._alarms.close()


def _key(peer: Peer, node_id: str) -> _Key:
    return peer.address, node_id, peer.proof.certificate, peer.proof.token
