"""Who was refused for what it has proven, or would have been: for the list of `legation proxies --denied`. In bounds.

Anybody can knock, so no host takes the room of others: it has a few places, and in them its own oldest goes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from legation.clock import Clock
from legation.model.node import Node, Peer
from legation.model.proxy_status import Denied as Record
from legation.transports.base import Refusal

MOST = 500
"""How many are remembered."""
MOST_OF_HOST = 20
"""Of one host."""
KEPT_FOR = 3600.0
"""Seconds for which one is."""
LONGEST_ID = 200
"""Characters of a node id."""

_Key: TypeAlias = tuple[str, str, str, bool]
"""Node id, what was shown, cause, and whether it was served nevertheless."""


@dataclass(slots=True, kw_only=True)
class _Entry:
    node: Node
    peer: Peer
    refusal: Refusal
    served: bool
    times: int
    at: float


class Denied:
    """Remembers each node id of a host and what it showed, with the last reason of each cause."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nobody."""
        self._clock = clock
        self._hosts: dict[str, dict[_Key, _Entry]] = {}
        """By host; who was refused last comes last, in both."""
        self._kept = 0
        self.counts: Counter[str] = Counter()
        """How often it happened since the start, by cause."""
        self.reported: Counter[str] = Counter()
        """The same of those that were served nevertheless."""

    def note(self, peer: Peer, node: Node, refusal: Refusal, *, served: bool = False) -> bool:
        """Remember one, and why. Returns whether that is news: it was not remembered."""
        (self.reported if served else self.counts)[refusal.cause] += 1
        host = peer.ip or peer.address
        # What else it says of itself can be large.
        node = Node(id=node.id[:LONGEST_ID])
        key = (node.id, str(peer.proof), refusal.cause, served)
        entries = self._hosts.pop(host, {})
        self._hosts[host] = entries
        before = entries.pop(key, None)
        self._kept += before is None
        entries[key] = _Entry(
            node=node,
            peer=peer,
            refusal=refusal,
            served=served,
            times=1 + (before.times if before else 0),
            at=self._clock.now(),
        )
        if len(entries) > MOST_OF_HOST:
            self._drop_first(host)
        elif self._kept > MOST:
            self._drop_first(next(iter(self._hosts)))
        return before is None

    def records(self) -> tuple[Record, ...]:
        """Return who was refused lately, the last one first."""
        now = self._clock.now()
        found = sorted((each for each in self._entries() if now - each.at <= KEPT_FOR), key=lambda each: -each.at)
        return tuple(
            Record(
                node=each.node,
                peer=each.peer,
                cause=each.refusal.cause,
                status=each.refusal.status,
                words=str(each.refusal),
                served=each.served,
                times=each.times,
                ago=now - each.at,
            )
            for each in found
        )

    def _entries(self) -> Iterator[_Entry]:
        return (each for entries in reversed(self._hosts.values()) for each in reversed(entries.values()))

    def _drop_first(self, host: str) -> None:
        entries = self._hosts[host]
        del entries[next(iter(entries))]
        self._kept -= 1
        if not entries:
            del self._hosts[host]
