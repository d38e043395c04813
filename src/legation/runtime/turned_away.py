"""Who was turned away, for people who look for an Envoy that is not there. In bounds: anybody can knock."""

from __future__ import annotations

from dataclasses import dataclass

from legation.clock import Clock
from legation.model.node import Node, Peer
from legation.model.proxy_status import TurnedAway as Record
from legation.transports.base import Refusal

MOST = 100
"""How many are remembered: those that were turned away last."""
KEPT_FOR = 3600.0
"""Seconds for which one is."""


@dataclass(slots=True, kw_only=True)
class _Entry:
    node: Node
    peer: Peer
    status: str
    words: str
    times: int
    at: float


class TurnedAway:
    """Remembers each node id, with the last reason."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        """By node id; who was turned away last comes last."""
        self.count = 0
        """How often it happened since the start."""

    def note(self, peer: Peer, node: Node, refusal: Refusal) -> None:
        """Remember one, and why."""
        # What else it says of itself can be large, and somebody may knock under many ids.
        node = Node(id=node.id)
        before = self._entries.pop(node.id, None)
        times = 1 + (before.times if before else 0)
        self._entries[node.id] = _Entry(
            node=node, peer=peer, status=refusal.status, words=str(refusal), times=times, at=self._clock.now()
        )
        self.count += 1
        if len(self._entries) > MOST:
            del self._entries[next(iter(self._entries))]

    def forget(self, node: Node) -> None:
        """Forget one that is served after all."""
        self._entries.pop(node.id, None)

    def records(self) -> tuple[Record, ...]:
        """Return who was turned away lately, the last one first."""
        now = self._clock.now()
        return tuple(
            Record(
                node=each.node,
                peer=each.peer,
                status=each.status,
                words=each.words,
                times=each.times,
                ago=now - each.at,
            )
            for each in reversed(self._entries.values())
            if now - each.at <= KEPT_FOR
        )
