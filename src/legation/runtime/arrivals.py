"""What is remembered of who comes: who was not served and why, and who may not be here any more.

It decides nothing: `admission` does. Whoever is refused for its identity is remembered here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import structlog

from legation.clock import Clock
from legation.model.node import Node, Peer
from legation.model.proxy_status import Denied as Record
from legation.runtime.admitting import Admitting
from legation.runtime.denied import Denied
from legation.runtime.groups import AnyGroup, Expected
from legation.runtime.identity_rules import Identity
from legation.runtime.turned_away import TurnedAway
from legation.transports.base import Refusal

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Sitter(Protocol):
    """Who has a place."""

    @property
    def peer(self) -> Peer:
        """Whom the connection comes from."""
        ...

    @property
    def node(self) -> Node:
        """Who it says it is."""
        ...

    def dismiss(self, refusal: Refusal) -> None:
        """Close all of its streams."""
        ...


class Arrivals:
    """Remembers who was not served."""

    def __init__(
        self,
        clock: Clock,
        *,
        admitting: Admitting,
        waiting: Callable[[], None],
        sitters: Callable[[], Iterable[Sitter]],
    ) -> None:
        """Begin with nobody.

        Args:
            clock: What tells how long ago something was.
            admitting: Says who may be whom.
            waiting: Called when those who wait are to be looked at: somebody comes who has to, or the rules are others.
            sitters: Tells who was admitted and is here.
        """
        self._admitting = admitting
        self._waiting = waiting
        self._sitters = sitters
        self.turned_away = TurnedAway(clock)
        """Whose Pod is not known, or is elsewhere."""
        self.denied = Denied(clock)
        """Who has not proven to be whom it says."""

    def note(self, peer: Peer, node: Node, found: AnyGroup | Refusal) -> None:
        """Take where somebody belongs who comes or moves, or why nowhere."""
        if isinstance(found, Refusal):
            self.refuse(peer, node, found)
            return
        would = self._admitting.would_refuse(peer, node)
        if would is not None and self.denied.note(peer, node, would, served=True):
            _log.warning("would be refused", node=node.id, peer=peer.address, status=would.status, reason=str(would))
        if isinstance(found, Expected):
            self._waiting()
        else:
            self.turned_away.forget(node)

    def refuse(self, peer: Peer, node: Node, refusal: Refusal) -> None:
        """Take who is refused, and why."""
        if refusal.cause:
            self.denied.note(peer, node, refusal)
        else:
            self.turned_away.note(peer, node, refusal)

    def records(self) -> tuple[Record, ...]:
        """Return who is served now and would be refused, all of them, and then who was refused lately."""
        refused = (each for each in self.denied.records() if not each.served)
        return (*self._unproven(), *refused)

    def unproven(self) -> int:
        """Return how many are served now that would be refused: none, where refusals are not only reported."""
        return sum(1 for _ in self._unproven())

    def _unproven(self) -> Iterator[Record]:
        # From who is here, and not from what is remembered: streams live for weeks.
        for each in self._sitters() if self._admitting.reports else ():
            would = self._admitting.would_refuse(each.peer, each.node)
            if would is not None:
                yield Record(
                    node=each.node,
                    peer=each.peer,
                    cause=would.cause,
                    status=would.status,
                    words=str(would),
                    served=True,
                    times=1,
                    ago=0.0,
                )

    def identify(self, identity: Identity | None) -> None:
        """Have all prove who they are by other rules: streams end that are not allowed by these."""
        self._admitting.identity = identity
        self.revoke()
        self._waiting()

    def revoke(self) -> None:
        """Dismiss all who may not be here any more."""
        for each in self._sitters():
            refusal = self._admitting.revoked(each.peer, each.node)
            if refusal is not None:
                # That a Pod ends is nothing to worry about.
                tell = _log.warning if refusal.cause else _log.info
                tell("not admitted any more", node=each.node.id, peer=each.peer.address, reason=str(refusal))
                if refusal.cause:
                    self.denied.note(each.peer, each.node, refusal)
                each.dismiss(refusal)
