"""Ledger: what was said to one client of one type, and what became of it.

It tells three things apart: what was *sent* last, what the client *accepted* last, and what is *unanswered* in between.
An answer speaks only for names of which no later response said anything. While nothing is unanswered and nothing was
refused, sent and accepted are the same content.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import TypeAlias

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import EMPTY, Collection
from legation.protocol.holding import Holding, just, over, same
from legation.protocol.refusals import Refusals
from legation.protocol.unanswered import Unanswered, newest

MERGE_ABOVE = 16
"""So many unanswered responses are told apart; beyond that the oldest two become one, so that a client that never
answers costs no more than one that does."""

Verdict: TypeAlias = tuple[tuple[Resource, ...], tuple[Resource, ...]]
"""Who is to blame, and what else is not offered again because some of it may be."""


class Ledger:
    """The books about one client and one type."""

    __slots__ = ("accepted", "brought", "maybe", "refusals", "sent", "unanswered")

    def __init__(self, row: ResourceType) -> None:
        self.sent = just(EMPTY[row])
        """What the client holds if it takes all that was said."""
        self.accepted = self.sent
        self.unanswered: list[Unanswered] = []
        self.refusals: Refusals | None = None
        """What the client refused; None if it never did."""
        self.maybe: dict[str, Resource] = {}
        """What the client may hold because it refused the response that brought or removed it."""
        self.brought: Holding | None = None
        """What the client had when its stream began, until the target is known to lack nothing of it by mistake."""

    # What goes out

    def record(self, entry: Unanswered) -> None:
        """Write down a response."""
        self.sent = entry.view
        # What is to be removed is not accepted from now on, whatever is answered: only the entry remembers it.
        if entry.removed:
            self.accepted = self.accepted.but(dict.fromkeys(entry.removed))
            for name in entry.removed:
                self.maybe.pop(name, None)
        self.unanswered.append(entry)
        if len(self.unanswered) > MERGE_ABOVE:
            oldest, next_oldest = self.unanswered[:2]
            self.unanswered[:2] = [oldest.followed_by(next_oldest)]

    def settle(self, view: Holding, *, silent: Iterable[str] = ()) -> None:
        """Move on to a view that differs from what was sent in nothing that the client must be told.

        Args:
            view: What the client is to be taken to hold.
            silent: Names that went away and cannot be told (state of the world).
        """
        self.sent = view
        gone = dict.fromkeys(silent)
        self.accepted = self.accepted.but(gone) if self.unanswered else view
        for name in gone:
            self.maybe.pop(name, None)

    def inherit(self, held: Holding) -> None:
        """Take the client's word for what it has already."""
        self.sent = self.accepted = self.brought = held

    def inherited(self, name: str) -> bool:
        """Say whether the client brought that along from another stream, and nothing was said of it on this one."""
        was = self.brought.get(name) if self.brought is not None else None
        return was is not None and self.sent.get(name) is was

    # What comes back

    def entry(self, nonce: str) -> Unanswered | None:
        """Return the unanswered response of that nonce, or None."""
        for each in self.unanswered:
            if each.nonce == nonce:
                return each
        return None

    def accept(self, nonce: str, *, cumulative: bool) -> Unanswered:
        """Write down that the client took a response. Returns what its answer speaks for."""
        entry = self._answered(nonce, cumulative=cumulative)
        if self.refusals:
            self.refusals.take(entry.changed)
        if self.maybe:
            self.maybe = {name: each for name, each in self.maybe.items() if not entry.speaks_of(name)}
        if self.unanswered or self.maybe:
            self.accepted = self.accepted.but(entry.changed)
        else:
            self.accepted = self.sent
        return entry

    def refuse(self, nonce: str, *, cumulative: bool) -> Unanswered:
        """Write down that the client refused a response. Returns what its answer speaks for.

        What was new in it counts as not sent, and a removal in it is neither done nor undone for sure.
        """
        entry = self._answered(nonce, cumulative=cumulative)
        self.maybe = newest(self.maybe, entry.removed)
        self.sent = self.sent.but({name: self.accepted.get(name) for name in (*entry.changed, *entry.removed)})
        return entry

    def blame(self, names: Iterable[str], entry: Unanswered) -> Verdict:
        """Write down whom the client named in a refused response: they are not offered again as they are.

        The client may have taken the others. So they are offered again, or taken back, whatever it had before.
        """
        suspects = {name: entry.changed[name] for name in names if name in entry.changed}
        refusals = self._hear(entry)
        if suspects:
            self._convict(suspects)
        elif not refusals.count():
            return (), self._park(entry)
        self._doubt({name: each for name, each in entry.changed.items() if name not in suspects})
        return tuple(suspects.values()), ()

    def suspect(self, entry: Unanswered, *, judged: bool) -> Verdict:
        """Write down that a response was refused and nobody was named: what was new in it is tried by halves.

        Args:
            entry: The response.
            judged: Whether it held nothing else that the client has not accepted.
        """
        refusals = self._hear(entry)
        known = {name: each for name, each in entry.changed.items() if same(self.accepted.get(name), each)}
        suspects = {name: each for name, each in entry.changed.items() if name not in known}
        more = refusals.count()
        if not suspects:
            # It refuses what it accepted before: to try that tells nothing.
            refusals.put_aside(known, certain=False)
            return (), tuple(known.values())
        self._doubt(known)
        if judged and len(suspects) == 1:
            self._convict(suspects)
            return tuple(suspects.values()), ()
        self.maybe.update(suspects)
        refusals.split(suspects, judged=judged)
        return (), (() if more else self._park(entry))

    def stop(self, entry: Unanswered) -> None:
        """Say nothing more of this type until the content changes."""
        self._hear(entry).stopped = True

    def reconsider(self, target: Collection) -> None:
        """Take what the client is to get now: what was refused may have changed."""
        if self.refusals is not None:
            self.unsettle(self.refusals.reconsider(target))

    def try_alone(self, proved: Mapping[str, Resource]) -> None:
        """Offer each of these alone, for another client refused it, and after what else is tried."""
        if self.refusals is None:
            self.refusals = Refusals()
        self.refusals.try_alone(proved)

    def pass_over(self, waiting: Container[str], view: Mapping[str, Resource | None]) -> bool:
        """Take out of the trial what has its turn and may not go, or needs not. Returns whether others have it then."""
        if not self.refusals or not self.refusals.trying or self.unanswered:
            return False
        idle = [
            name
            for name in self.refusals.tried
            if self.refusals.on_offer(name) and (name in waiting or same(view.get(name), self.sent.get(name)))
        ]
        self.refusals.acquit(idle)
        return bool(idle)

    def unsettle(self, names: Iterable[str]) -> None:
        """Let these be told anew where nobody knows whether the client took them from a response that it refused."""
        self.sent = self.sent.but(dict.fromkeys(name for name in names if name in self.maybe and self._can_say(name)))

    def _can_say(self, name: str) -> bool:
        # Of what a client brought along from another stream the content is not known.
        accepted = self.accepted.get(name)
        return accepted is None or bool(accepted.body)

    def _hear(self, entry: Unanswered) -> Refusals:
        if self.refusals is None:
            self.refusals = Refusals()
        if entry.view.base.resources:
            # Else it is one of many with one name each: its content is what was looked at last.
            self.refusals.heard(entry.view.base)
        return self.refusals

    def _convict(self, suspects: Mapping[str, Resource]) -> None:
        if self.refusals is not None:
            self.refusals.put_aside(suspects, certain=True)
        self.maybe = {name: each for name, each in self.maybe.items() if not same(each, suspects.get(name))}

    def _doubt(self, innocent: Mapping[str, Resource]) -> None:
        self.maybe.update(innocent)
        self.sent = self.sent.but(dict.fromkeys(innocent))

    def _park(self, entry: Unanswered) -> tuple[Resource, ...]:
        """Put aside all that is tried."""
        refusals = self._hear(entry)
        parked = refusals.tried
        refusals.put_aside(parked, certain=False)
        self.unsettle(parked)
        return tuple(parked.values())

    def _answered(self, nonce: str, *, cumulative: bool) -> Unanswered:
        if len(self.unanswered) == 1:
            return self.unanswered.pop()
        at = next(index for index, each in enumerate(self.unanswered) if each.nonce == nonce)
        earlier, answered, later = self.unanswered[:at], self.unanswered[at], self.unanswered[at + 1 :]
        if cumulative:
            for each in reversed(earlier):
                answered = each.followed_by(answered)
            earlier = []
        for each in later:
            answered.forget((*each.changed, *each.removed))
        for each in earlier:
            each.forget((*answered.changed, *answered.removed))
        self.unanswered = [*earlier, *later]
        return answered

    # What the client asks for

    def renew(self, names: Iterable[str]) -> None:
        """The client asks for names that it did not want before: it holds nothing under them, whatever was sent."""
        gone: dict[str, Resource | None] = dict.fromkeys(names)
        self.sent, self.accepted = self.sent.but(gone), self.accepted.but(gone)
        self.drop(gone)

    def widen(self, names: Iterable[str]) -> None:
        """The client wants everything from now on: what it holds is what it had under these names."""
        names = tuple(names)
        nothing = EMPTY[self.sent.base.type]
        self.sent = over(nothing, {name: self.sent.get(name) for name in names})
        self.accepted = over(nothing, {name: self.accepted.get(name) for name in names})

    def drop(self, names: Iterable[str]) -> None:
        """The client does not want these names any more: a late answer must not revive them."""
        if self.refusals:
            self.refusals.forget(names)
        for name in names:
            self.maybe.pop(name, None)
        for entry in self.unanswered:
            entry.forget(names)

    # What the client may hold

    def uncertain_names(self) -> Iterator[str]:
        """Yield the names, some of them twice, that were sent and are not answered, or that were refused."""
        yield from (resource.name for resource in self._in_the_air())
        if self.refusals:
            yield from (*self.refusals.aside, *self.refusals.tried)

    @property
    def settled(self) -> bool:
        """Whether the client holds what it was sent, and nothing else."""
        return self.accepted is self.sent and not (self.unanswered or self.maybe or self.brought)

    @property
    def empty(self) -> bool:
        """Whether the client holds nothing that we know of, and nothing is on its way."""
        return not (self.accepted.base.resources or self.accepted.overlay or self.unanswered or self.maybe)

    def holding(self, name: str) -> Resource | None:
        """Return what the client is to be left with under that name while it may not be told another version."""
        sent = self.sent.get(name)
        if sent is None and self._can_say(name):
            return self.accepted.get(name)
        return sent

    def holds(self, name: str) -> bool:
        """Say whether the client surely holds some version of that name."""
        return self.accepted.get(name) is not None

    def being_removed(self) -> Mapping[str, Resource]:
        """Return what the client was told to remove and has not answered."""
        return {name: each for entry in self.unanswered for name, each in entry.removed.items()}

    def claiming(self, claim: str) -> Iterator[str]:
        """Yield the names of what the client may hold and claims that."""
        yield from self.sent.claiming(claim)
        if self.accepted is not self.sent:
            yield from self.accepted.claiming(claim)

    def users(self, row: ResourceType, name: str, *, covers: Callable[[str], bool]) -> Iterator[Resource]:
        """Yield, some of it twice, what the client may hold now and may use that resource of another type."""
        for holding in (self.sent,) if self.accepted is self.sent else (self.sent, self.accepted):
            found = map(holding.get, filter(covers, holding.mentioning(row, name)))
            yield from (resource for resource in found if resource is not None)
        yield from (resource for resource in self._in_the_air() if resource.mentions(row, name))

    def _in_the_air(self) -> Iterator[Resource]:
        for entry in self.unanswered:
            yield from entry.changed.values()
            yield from entry.removed.values()
        yield from self.maybe.values()
