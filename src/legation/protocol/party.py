"""Party: the client's side of one type on one stream. What it wants, what it was told and has, what it is owed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from legation.model.events import Event, Subscribed
from legation.model.names import is_glob
from legation.model.resource_types import ResourceType
from legation.model.snapshot import EMPTY, Collection
from legation.protocol.holding import Holding, over
from legation.protocol.ledger import Ledger
from legation.protocol.meaning import named
from legation.protocol.messages import ResourceError
from legation.protocol.pending import Pending, View
from legation.protocol.subscription import Change, Subscription
from legation.protocol.terms import Terms

Recall: TypeAlias = Callable[[ResourceType, str], Collection | None]
"""Returns the collection that a version stood for; None: nobody remembers it."""


class Party(ABC):
    """One client, of one type on one stream."""

    __slots__ = (
        "answered",
        "apart",
        "claims",
        "forced",
        "hoping",
        "leaving",
        "ledger",
        "newcomer",
        "requested",
        "row",
        "subscription",
        "terms",
        "uncertain",
    )

    def __init__(self, row: ResourceType, *, terms: Terms) -> None:
        """Begin with a client that has not said anything of this type."""
        self.row = row
        self.terms = terms
        self.subscription = Subscription(legacy_wildcard=row.wildcard, aliased=row.aliased)
        self.ledger = Ledger(row)
        self.forced: set[str] = set()
        """Names that the client is owed although nothing about them changed."""
        self.apart = False
        """One of many of its type, with one name each: it remembers of a view what is its own, and no collection."""
        self.requested = False
        self.claims: str | Mapping[str, str] = ""
        """What the client said of what it brought along from another stream, while nobody knows what that is: a
        version (state of the world), or the version of each name (delta)."""
        self.newcomer = False
        """The client began without anything of this type: it has not been served on another stream before."""
        self.answered = False
        """It was told something, or has everything."""
        self.leaving: dict[str, float] = {}
        """Names that nothing refers to any more, and when they may be removed."""
        self.hoping: dict[str, tuple[str, dict[float, float]]] = {}
        """Names that wait for something that does not exist: in which version, and for each patience until when."""
        self.uncertain: frozenset[str] = frozenset()
        """Names that it asked for and that may exist: somebody may only be unable to read them at the moment."""

    # What it wants

    def covers(self, name: str) -> bool:
        """Say whether the client wants that resource."""
        return self.subscription.covers(name)

    def _take(self, change: Change, *, held: Iterable[str] = ()) -> tuple[Event, ...]:
        """Write down a changed subscription; what the client says that it holds is not owed to it."""
        if not change:
            return ()
        if change.widened:
            self.ledger.widen(self.spread(self.subscription.names) | self.subscription.reached)
        self.ledger.renew(self.spread(change.uncovered))
        self.drop(name for name in self._dropped(change) if not self.covers(name))
        if self.ledger.refusals:
            self.ledger.refusals.renew(self.spread(change.asked))
        self.forced = {name for name in self.forced if self.covers(name)} | change.asked.difference(held)
        if change.everything and self.answered and not change.widened:
            # `*` anew: everything is owed, also what the client has (A4.4).
            holding = self.ledger.sent
            self.forced |= {name for name in (*holding.base.resources, *holding.overlay) if holding.get(name)}
        if change.everything:
            self.answered = False
        return (Subscribed(type=self.row, names=self.subscription.names, wildcard=self.subscription.wildcard),)

    def spread(self, names: frozenset[str]) -> frozenset[str]:
        """Return these names, and all that was sent of what those of them stand for that are globs."""
        globs = (name for name in names if name in self.subscription.globs)
        return names.union(*(named(glob, self.ledger.sent) for glob in globs))

    def _dropped(self, change: Change) -> Iterable[str]:
        """Return the names that were taken back, and what else may have been covered by them or by the wildcard."""
        if not (change.lost_wildcard or any(map(is_glob, change.dropped))):
            return change.dropped
        return {*change.dropped, *self.ledger.uncertain_names(), *self.leaving, *self.hoping}

    def drop(self, names: Iterable[str]) -> None:
        """Forget what the client does not want any more."""
        names = tuple(names)
        self.ledger.drop(names)
        for name in names:
            self.leaving.pop(name, None)
            self.hoping.pop(name, None)

    @abstractmethod
    def follow(self, target: Collection) -> None:
        """Find out what the names that the client asked by stand for in the newest collection; mostly themselves."""

    def force(self, names: Iterable[str]) -> None:
        """Owe the client again what it was sent under these names, or below these globs, and threw away.

        Of a glob that it asked for itself it is owed an answer even if there is nothing below it.
        """
        for name in names:
            if name in self.subscription.globs:
                self.forced.add(name)
            else:
                self.forced.update(filter(self.covers, named(name, self.ledger.sent)))

    # What it has

    @property
    def own_name(self) -> str | None:
        """The name that a machine apart speaks of; None for all others."""
        return self.subscription.only if self.apart else None

    def unlike(self, target: Collection) -> Iterable[str]:
        """Return the names whose content may be another in the target than what the client was sent."""
        own = self.own_name
        return self.ledger.sent.unlike(target) if own is None else (own,)

    def own(self, holding: Holding) -> Holding:
        """Return what is remembered of a view."""
        own = self.own_name if self.apart else None
        return holding if own is None else over(EMPTY[self.row], {own: holding.get(own)})

    @abstractmethod
    def resume(self, target: Collection, recall: Recall) -> None:
        """Find out what the client brought along, by its claims, and begin with that as sent and accepted.

        Args:
            target: What the client is to have now.
            recall: Returns what a version stood for, as far as somebody remembers it.
        """

    # What of it is not there

    def reconsider(self, *, incomplete: bool) -> None:
        """What was uncertain can be told when the snapshot is complete again."""
        if self.uncertain and not incomplete:
            self.forced |= set(filter(self.covers, self.uncertain))
            self.uncertain = frozenset()

    def keep_silent(self, view: View, pending: Pending) -> Pending:
        """Return it without the names that are not there; they are owed no answer any more."""
        self.forced -= set(pending.missing)
        if view.incomplete:
            self.uncertain |= set(pending.missing)
        return Pending(pending.changed, pending.removed, left=pending.left, size=pending.size)

    def errors(self, view: View, pending: Pending) -> tuple[ResourceError, ...]:
        """Return what a response with that says of names that are not there (A8.11)."""
        if not self.terms.tell_errors:
            return ()
        if view.incomplete:
            self.uncertain |= set(pending.missing)
        return tuple(ResourceError(name, unavailable=view.incomplete) for name in pending.missing)
