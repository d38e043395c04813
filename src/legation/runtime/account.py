"""The account of one client: what it was sent, accepted and refused of each type, and how it stands to each resource.

Everything here is told by events; nothing is asked of a client but what stands in `transports.base.Client`. What an
Envoy has to say about a refusal is kept in its own words, cut so that no content of a resource is in them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from enum import Enum
from typing import Protocol, assert_never

from legation.model import snapshot
from legation.model.client_config import ConfigStatus, ResourceConfig
from legation.model.events import Accepted, Event, Refused, Sent, Subscribed
from legation.model.loads import ClusterLoad
from legation.model.node import Node, Peer
from legation.model.proxy_status import ProxyStatus, RefusedResource, TypeStatus
from legation.model.resource import Name, Resource
from legation.model.resource_types import ResourceType
from legation.runtime.type_account import TypeAccount
from legation.transports.base import Client


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

    def leaving(self, row: ResourceType) -> Iterable[str]:
        """Yield the names of that type that are to be taken from it, if it holds them."""
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


class Books(Protocol):
    """Where an account is kept, as far as it matters here."""

    def now(self) -> float:
        """Return the moment, by the clock of all accounts."""
        ...

    def count(self, event: Event) -> None:
        """Count an event of any client."""
        ...

    def accepted(self, event: Accepted, now: float, *, since: float) -> None:
        """Note that a client accepted something that knows of changes since a moment."""
        ...

    def tell(self, account: Account, *, afresh: bool, refusals: bool) -> None:
        """Have everybody who watches look at the account.

        Args:
            account: The account.
            afresh: Other names than before may concern it.
            refusals: What it refuses may have changed.
        """
        ...

    def forget(self, account: Account) -> None:
        """Drop an account that is closed."""
        ...

    def touch(self, resources: Iterable[Resource]) -> None:
        """Note that somebody may stand differently to these than before."""
        ...

    def changed(self, before: snapshot.Snapshot | None, after: snapshot.Snapshot | None) -> None:
        """Note that somebody is to get something else than before; None: nothing may be said to it, or it is gone."""
        ...


class Account:
    """What one client was sent and said."""

    __slots__ = ("_books", "_types", "client", "closed", "node", "peer", "place", "since")

    def __init__(self, books: Books, place: Place, *, peer: Peer, node: Node, client: Client) -> None:
        self._books = books
        self._types: dict[ResourceType, TypeAccount] = {}
        self.place = place
        self.peer = peer
        self.node = node
        self.client = client
        self.since = books.now()
        self.closed = False
        """Whether the client is gone."""

    def report(self, event: Event) -> None:
        """Take an event of the client's streams."""
        entry = self._types.get(event.type)
        if entry is None:
            entry = self._types[event.type] = TypeAccount(event.type)
        refused_before = len(entry.refused)
        unseen = bool(entry.unseen)
        asks_anew = isinstance(event, Subscribed) and refused_before > 0
        match event:
            case Sent():
                entry.take_sent(event, self._books.now())
            case Accepted():
                now = self._books.now()
                entry.take_accepted(event, now)
                # A change of which it did not want to know yet is none to it.
                self._books.accepted(event, now, since=max(self.since, entry.asked_at))
            case Subscribed():
                entry.take_subscribed(event, self._books.now())
            case Refused():
                entry.take_refused(event, self._books.now())
            case _:
                assert_never(event)
        self._books.count(event)
        self._books.touch(self._concerned(event))
        refusals = isinstance(event, Refused) or refused_before != len(entry.refused) or unseen or asks_anew
        if isinstance(event, Sent) and not (event.removed or refusals):
            # How it stands to what went out changes with its answer.
            return
        self._books.tell(self, afresh=isinstance(event, Subscribed), refusals=refusals)

    def _concerned(self, event: Event) -> Iterable[Resource]:
        """Return the resources to which the client stands differently after the event."""
        match event:
            case Sent() | Accepted():
                return event.resources
            case Refused():
                return (*event.suspects, *event.parked, *event.doubted)
            case Subscribed():
                content = self.place.snapshot
                if content is None:
                    return ()
                if event.wildcard:
                    return content[event.type]
                return filter(None, map(content[event.type].get, event.names))
            case _:
                assert_never(event)

    def renewed(self) -> None:
        """Note that the client is to get something else from now on."""
        refusals = any(entry.refused or entry.unseen for entry in self._types.values())
        content = self.place.snapshot
        if refusals and content is not None:
            for entry in self._types.values():
                entry.forget_gone(content)
        self._books.tell(self, afresh=True, refusals=refusals)

    def close(self) -> None:
        """Forget the client: it is gone."""
        self.closed = True
        self._books.forget(self)
        self._books.changed(self.place.snapshot, None)
        self.renewed()

    def standing(self, row: ResourceType, name: str) -> Standing:
        """Return how the client stands to the resource of that name now."""
        content = self.place.snapshot
        wanted = content.get(row, name) if content is not None else None
        held = self.client.accepted(row, name)
        if wanted is None:
            return Standing.UNCONCERNED if held is None else Standing.WAITING
        asked = self.client.subscribes(row, name)
        if asked and row in self._types and self._types[row].refuses_unseen(name, wanted.version):
            return Standing.REFUSED
        if held is not None and held.version == wanted.version:
            return Standing.ACCEPTED
        if not asked:
            return Standing.UNCONCERNED
        refused = self._types[row].refused.get(name) if row in self._types else None
        return Standing.REFUSED if refused is not None and refused.version == wanted.version else Standing.WAITING

    def has_all(self, collection: snapshot.Collection) -> bool:
        """Say whether the client asked for all of a type, and accepted exactly this as the last that it was told."""
        entry = self._types.get(collection.type)
        return (
            entry is not None
            and entry.wildcard
            and entry.accepted == collection.version
            and not entry.outstanding
            and not entry.refused
            and not entry.unseen
        )

    @property
    def connected_for(self) -> float:
        """The seconds since the client came."""
        return self._books.now() - self.since

    def accepted_ago(self, row: ResourceType, name: str) -> float | None:
        """Return the seconds since the client accepted what it has of that name; None: nobody remembers."""
        moment = self._types[row].moments.of(name) if row in self._types else None
        return None if moment is None else self._books.now() - moment

    def asked_types(self) -> tuple[ResourceType, ...]:
        """Return the types that the client asked for, in the order of delivery."""
        return tuple(sorted(self._types, key=lambda each: each.order))

    def refused(self, row: ResourceType | None = None) -> Iterator[RefusedResource]:
        """Yield what the client refuses of what it is to get now, and asks for."""
        content = self.place.snapshot
        for each in self._types if row is None else (row,):
            entry = self._types[each]
            if not (entry.refused or entry.unseen):
                continue
            for refused in (*entry.refused.values(), *self._unseen(entry)):
                wanted = content.get(each, refused.name) if content is not None else None
                same = wanted is not None and wanted.version == refused.version
                if same and self.client.subscribes(each, refused.name):
                    yield refused

    def _unseen(self, entry: TypeAccount) -> Iterable[RefusedResource]:
        """Return what was taken without a look, when it is known that nobody finds out more."""
        every = [each for each in entry.unseen.values() if each.name not in entry.refused]
        known = [each for each in every if each.parked is None]
        held = ((each, self.client.accepted(each.type, each.name)) for each in every)
        settled = all(has is not None and has.version == each.version for each, has in held if each.parked is not None)
        return every if settled else known

    def refuses(self) -> Iterator[ResourceType]:
        """Yield the types of which the client refuses something now; O(what it refuses)."""
        return (row for row, entry in self._types.items() if (entry.refused or entry.unseen) and any(self.refused(row)))

    def waits(self) -> Iterator[ResourceType]:
        """Yield the types of which the client has not answered all responses yet."""
        return (row for row, entry in self._types.items() if entry.outstanding)

    def silent(self) -> Iterator[ResourceType]:
        """Yield the types of which the client has not answered a response for long."""
        now = self._books.now()
        return (row for row, entry in self._types.items() if entry.is_silent(now))

    def status(self, now: float, loads: Iterable[ClusterLoad] = ()) -> ProxyStatus:
        """Return the account as a record, with the load that the client reported last."""
        return ProxyStatus(
            node=self.node,
            peer=self.peer,
            group=self.place.group,
            connected_for=now - self.since,
            waits=self.place.snapshot is None,
            loads=tuple(loads),
            types=tuple(self._type_status(row, now) for row in sorted(self._types, key=lambda each: each.order)),
        )

    def resources(self) -> Iterator[ResourceConfig]:
        """Yield what the client is to get of that which it asked for, type by type, and what became of it."""
        content, now = self.place.snapshot, self._books.now()
        for row in sorted(self._types, key=lambda each: each.order) if content is not None else ():
            entry, last = self._types[row], self._types[row].last_refusal
            for resource in content[row] if content is not None else ():
                status = self._config_status(resource)
                if status is not None:
                    refused = entry.refusal_of(resource.name) if status is ConfigStatus.ERROR else None
                    yield ResourceConfig(
                        resource=resource,
                        status=status,
                        sent_ago=None if entry.sent_at is None else now - entry.sent_at,
                        words="" if refused is None else refused.words,
                        refused_ago=0.0 if refused is None or last is None else now - last.ago,
                    )

    def _config_status(self, resource: Resource) -> ConfigStatus | None:
        match self.standing(resource.type, resource.name):
            case Standing.ACCEPTED:
                return ConfigStatus.SYNCED
            case Standing.REFUSED:
                return ConfigStatus.ERROR
            case Standing.UNCONCERNED:
                return None
            case Standing.WAITING:
                sent = self.client.sent(resource.type, resource.name)
                return ConfigStatus.STALE if sent and sent.version == resource.version else ConfigStatus.NOT_SENT

    def _type_status(self, row: ResourceType, now: float) -> TypeStatus:
        entry = self._types[row]
        return entry.status(now, whole=self._whole(row, entry), refused=tuple(self.refused(row)))

    def _whole(self, row: ResourceType, entry: TypeAccount) -> str:
        """Return the version of what the client is to get, if it holds all of that which it asked for; else nothing.

        It need not have been sent: a client brings it along from another stream, or a change that it refused was taken
        back.
        """
        content = self.place.snapshot
        if content is None or entry.outstanding:
            return ""
        wanted = content[row]
        held = False
        for name in wanted.resources:
            standing = self.standing(row, name)
            if standing in {Standing.REFUSED, Standing.WAITING}:
                return ""
            held = held or standing is Standing.ACCEPTED
        if any(self.client.accepted(row, name) for name in self.place.leaving(row)):
            return ""
        return wanted.version if held else ""
