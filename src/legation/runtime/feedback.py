"""What each Envoy was sent, accepted and refused, traced back to the objects that it came from.

Everything here is told by events; nothing is asked of a client but the two questions of `transports.base.Client`. What
an Envoy has to say about a refusal is kept in its own words, cut so that no content of a resource is in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Protocol, TypeAlias, assert_never

from legation.clock import Clock
from legation.model import snapshot
from legation.model.events import Accepted, Event, Refused, Sent, Subscribed
from legation.model.node import Node
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.runtime.nack_words import show_words
from legation.runtime.proxy_status import ProxyStatus, RefusedResource, TypeStatus
from legation.transports.base import Client, Peer

Name: TypeAlias = tuple[ResourceType, str]
"""The type and the name of a resource."""
RefusedName: TypeAlias = tuple[ResourceType, str, ObjectKey | None]
"""Type, name and origin of a resource that is refused."""

SHOWN_SUSPECTS = 5
"""Names that a problem tells of where Envoy may have meant any of many resources."""

MOST_OUTSTANDING = 64
"""Responses without an answer that are remembered one by one of a type: the oldest, and the last of the others."""


class Place(Protocol):
    """Where a client sits, as far as it matters here."""

    @property
    def snapshot(self) -> snapshot.Snapshot | None:
        """What the client is to get."""
        ...

    @property
    def group(self) -> str:
        """The group's name."""
        ...

    def names(self) -> Collection[Name]:
        """Return all that the client is to get, and all that is to be taken from it."""
        ...


class Standing(Enum):
    """How a client stands to one resource."""

    UNCONCERNED = "unconcerned"
    """It is not to get it, or did not ask for it; and it does not hold it."""
    ACCEPTED = "accepted"
    """It accepted exactly the version that it is to get."""
    REFUSED = "refused"
    """It refused exactly that version."""
    WAITING = "waiting"
    """It has not answered yet, or still holds what is to be taken from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackStatistics:
    """The Envoys connected now, and counts since the start by type."""

    proxies: int
    sent: Mapping[ResourceType, int]
    """Responses that went out."""
    accepted: Mapping[ResourceType, int]
    """Responses that were acknowledged."""
    refused: Mapping[ResourceType, int]
    """Responses that were refused."""


class Watcher(Protocol):
    """Called after everything that happens to a client."""

    def __call__(self, account: Account, *, afresh: bool) -> None:
        """Look at the account; afresh if other names than before may concern it."""
        ...


class Feedback:
    """The accounts of all clients."""

    def __init__(
        self,
        *,
        clock: Clock,
        refusals_changed: Callable[[], None] | None = None,
        accepted_whole: Callable[[str, snapshot.Collection], None] | None = None,
    ) -> None:
        """Begin without clients.

        Args:
            clock: Tells since when.
            refusals_changed: Called when `refusals` may have changed.
            accepted_whole: Called with the name of a group and its newest collection when a client of it has accepted
                all of that which it asked for.
        """
        self.clock = clock
        self.refusals_changed = refusals_changed
        self.accepted_whole = accepted_whole
        self.accounts: dict[Account, None] = {}
        self.watchers: dict[Watcher, None] = {}
        self.counts: dict[type[Event], Counter[ResourceType]] = {each: Counter() for each in (Sent, Accepted, Refused)}

    def open(self, place: Place, *, peer: Peer, node: Node, client: Client) -> Account:
        """Open the account of a client that has just come."""
        account = Account(self, place, peer=peer, node=node, client=client)
        self.accounts[account] = None
        return account

    def proxies(self) -> tuple[ProxyStatus, ...]:
        """Return how far each Envoy is, by node id."""
        now = self.clock.now()
        return tuple(account.status(now) for account in sorted(self.accounts, key=lambda each: each.node.id))

    def statistics(self) -> FeedbackStatistics:
        """Return the counts."""
        return FeedbackStatistics(
            proxies=len(self.accounts),
            sent=dict(self.counts[Sent]),
            accepted=dict(self.counts[Accepted]),
            refused=dict(self.counts[Refused]),
        )

    def refusals(self) -> Mapping[RefusedName, Problem]:
        """Return a problem for each resource that some Envoy refuses; O(refused resources x clients).

        Where Envoy did not say which of several resources it means, there is one problem for all, without a name.
        """
        named: dict[RefusedName, list[RefusedResource]] = {}
        unnamed: dict[RefusedName, list[RefusedResource]] = {}
        for account in self.accounts:
            for refused in account.refused():
                if refused.parked is None:
                    named.setdefault((refused.type, refused.name, refused.origin), []).append(refused)
                else:
                    unnamed.setdefault((refused.type, "", None), []).append(refused)
        return {
            **{key: self._named_problem(refused) for key, refused in named.items()},
            **{key: _unnamed_problem(refused) for key, refused in unnamed.items()},
        }

    def _named_problem(self, refused: list[RefusedResource]) -> Problem:
        row, name = refused[0].type, refused[0].name
        versions = {each.version for each in refused}
        held = (account.client.accepted(row, name) for account in self.accounts)
        told = len(refused) + sum(1 for resource in held if resource is not None and resource.version in versions)
        return Problem(
            code="refused",
            message=f'{row.name} "{name}" is refused by {len(refused)} of {told} Envoys: {refused[0].words}',
            object=refused[0].origin,
        )


def _unnamed_problem(refused: list[RefusedResource]) -> Problem:
    names = sorted({each.name for each in refused})
    shown = ", ".join(names[:SHOWN_SUSPECTS]) + (", ..." if len(names) > SHOWN_SUSPECTS else "")
    first = refused[0]
    told = f"; {first.parked.value}" if first.parked is not None else ""
    return Problem(
        code="parked",
        message=f"an Envoy refuses some of {len(names)} {first.type.name} resources{told}: {first.words}",
        mend=f"look at {shown}",
    )


@dataclass(slots=True)
class _TypeAccount:
    wildcard: bool = False
    names: int = 0
    sent: str = ""
    accepted: str = ""
    outstanding: dict[str, float] = field(default_factory=dict)
    """Nonce of each response that is not answered -> when it went out."""
    refused: dict[str, RefusedResource] = field(default_factory=dict)

    def sent_as(self, nonce: str, now: float) -> None:
        """Note a response. A client that never answers must not cost more and more."""
        self.outstanding[nonce] = now
        if len(self.outstanding) > MOST_OUTSTANDING:
            # The oldest says for how long an answer has been waited for.
            del self.outstanding[next(islice(self.outstanding, 1, None))]

    def answered(self, nonce: str) -> None:
        """Drop the response of that nonce and those before it."""
        if nonce in self.outstanding:
            nonces = list(self.outstanding)
            for each in nonces[: nonces.index(nonce) + 1]:
                del self.outstanding[each]

    def offered(self, resources: Collection[Resource]) -> None:
        """Take refusals back: what is offered again, or was accepted after all, is not refused."""
        if self.refused:
            for resource in resources:
                refused = self.refused.get(resource.name)
                # The version before, sent once more, takes nothing back.
                if refused is not None and refused.version == resource.version:
                    del self.refused[resource.name]


class Account:
    """What one client was sent and said."""

    __slots__ = ("_feedback", "_types", "client", "node", "peer", "place", "since")

    def __init__(self, feedback: Feedback, place: Place, *, peer: Peer, node: Node, client: Client) -> None:
        self._feedback = feedback
        self._types: dict[ResourceType, _TypeAccount] = {}
        self.place = place
        self.peer = peer
        self.node = node
        self.client = client
        self.since = feedback.clock.now()

    def report(self, event: Event) -> None:
        """Take an event of the client's streams."""
        entry = self._types.setdefault(event.type, _TypeAccount())
        refused_before = len(entry.refused)
        match event:
            case Subscribed():
                entry.wildcard, entry.names = event.wildcard, len(event.names)
            case Sent():
                self._sent(entry, event)
            case Accepted():
                self._accepted(entry, event)
            case Refused():
                self._refused(entry, event)
            case _:
                assert_never(event)
        feedback = self._feedback
        if type(event) in feedback.counts:
            feedback.counts[type(event)][event.type] += 1
        self._tell(
            afresh=isinstance(event, Subscribed),
            refusals=isinstance(event, Refused) or refused_before != len(entry.refused),
        )

    def renewed(self) -> None:
        """Note that the client is to get something else from now on."""
        refusals = any(entry.refused for entry in self._types.values())
        content = self.place.snapshot
        if refusals and content is not None:
            for row, entry in self._types.items():
                entry.refused = {name: each for name, each in entry.refused.items() if content.get(row, name)}
        self._tell(afresh=True, refusals=refusals)

    def close(self) -> None:
        """Forget the client: it is gone."""
        del self._feedback.accounts[self]
        self.renewed()

    @property
    def closed(self) -> bool:
        """Whether the client is gone."""
        return self not in self._feedback.accounts

    def standing(self, row: ResourceType, name: str) -> Standing:
        """Return how the client stands to the resource of that name now."""
        content = self.place.snapshot
        wanted = content.get(row, name) if content is not None else None
        held = self.client.accepted(row, name)
        if wanted is None:
            return Standing.UNCONCERNED if held is None else Standing.WAITING
        if held is not None and held.version == wanted.version:
            return Standing.ACCEPTED
        if not self.client.subscribes(row, name):
            return Standing.UNCONCERNED
        refused = self._types[row].refused.get(name) if row in self._types else None
        return Standing.REFUSED if refused is not None and refused.version == wanted.version else Standing.WAITING

    def refused(self, row: ResourceType | None = None) -> Iterator[RefusedResource]:
        """Yield what the client refuses of what it is to get now."""
        content = self.place.snapshot
        for each in self._types if row is None else (row,):
            for refused in self._types[each].refused.values():
                wanted = content.get(each, refused.name) if content is not None else None
                if wanted is not None and wanted.version == refused.version:
                    yield refused

    def status(self, now: float) -> ProxyStatus:
        """Return the account as a record."""
        return ProxyStatus(
            node=self.node,
            peer=self.peer,
            group=self.place.group,
            connected_for=now - self.since,
            types=tuple(self._type_status(row, now) for row in sorted(self._types, key=lambda each: each.order)),
        )

    def _type_status(self, row: ResourceType, now: float) -> TypeStatus:
        entry = self._types[row]
        refused = tuple(self.refused(row))
        # What was refused and taken back since was never taken: the client holds what it accepted.
        taken_back = not refused and not entry.outstanding
        return TypeStatus(
            type=row,
            wildcard=entry.wildcard,
            names=entry.names,
            sent=(entry.accepted or entry.sent) if taken_back else entry.sent,
            accepted=entry.accepted,
            pending_for=now - min(entry.outstanding.values()) if entry.outstanding else None,
            refused=refused,
        )

    def _sent(self, entry: _TypeAccount, event: Sent) -> None:
        entry.sent = event.version
        entry.sent_as(event.nonce, self._feedback.clock.now())
        entry.offered(event.resources)

    def _accepted(self, entry: _TypeAccount, event: Accepted) -> None:
        entry.accepted = event.version
        entry.answered(event.nonce)
        entry.offered(event.resources)
        content = self.place.snapshot
        if self._feedback.accepted_whole and content is not None and content[event.type].version == event.version:
            self._feedback.accepted_whole(self.place.group, content[event.type])

    def _refused(self, entry: _TypeAccount, event: Refused) -> None:
        entry.answered(event.nonce)
        words = show_words(event.message, secret=event.type.secret)
        for resource in (*event.suspects, *event.parked):
            parked = resource in event.parked
            entry.refused[resource.name] = RefusedResource(
                type=event.type,
                name=resource.name,
                version=resource.version,
                words=words,
                origin=resource.origin,
                together=len(event.parked) if parked else 1,
                parked=event.why_parked if parked else None,
            )

    def _tell(self, *, afresh: bool, refusals: bool) -> None:
        for watcher in tuple(self._feedback.watchers):
            watcher(self, afresh=afresh)
        if refusals and self._feedback.refusals_changed:
            self._feedback.refusals_changed()
