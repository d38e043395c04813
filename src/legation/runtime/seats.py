"""Tables and seats: the clients of a group, what it gets, and what leaves it. `hub` sets them up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from itertools import islice
from typing import Generic, Protocol, TypeVar

from legation.model.events import Event, Subscribed
from legation.model.loads import ClusterLoad
from legation.model.node import Node, Peer
from legation.model.objects import ObjectKey
from legation.model.resource import Name
from legation.model.resource_types import CLUSTER, RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import Snapshot
from legation.model.verdicts import Verdicts
from legation.runtime.account import Account
from legation.runtime.loads import Loads
from legation.transports.base import Client, Refusal

Group = TypeVar("Group", bound=Hashable)
"""What tells groups apart. Its `str` is the group's name for people."""
_NOTHING: frozenset[str] = frozenset()
MOST_LEAVING = 10_000
"""Names that a group remembers of what it does not get any more; all that its newest change took away, if more."""


class Tables(Protocol[Group]):
    """What a seat asks of the hub."""

    def tell(self, group: Group, collection: ResourceCollection) -> None:
        """Note that a client of the group is told this."""
        ...

    def remembered(self, group: Group, row: ResourceType, version: str) -> ResourceCollection | None:
        """Return what a version stood for."""
        ...

    def ask(self, group: Group, row: ResourceType, names: Collection[str]) -> None:
        """Note what a client asks for by name."""
        ...

    def free(self, table: Table[Group]) -> None:
        """Forget a table that nobody sits at any more."""
        ...


class Table(Generic[Group]):
    """A group with clients in it."""

    __slots__ = ("group", "leaving", "seats", "snapshot", "verdicts")

    def __init__(self, group: Group, snapshot: Snapshot | None) -> None:
        self.group = group
        self.snapshot = snapshot
        self.seats: dict[Sitter[Group], None] = {}
        self.verdicts = Verdicts()
        if snapshot is not None:
            self.verdicts.follow(snapshot)
        self.leaving: dict[Name, ObjectKey | None] = {}
        """What went, and from which object it came; some of it may be there again, or held by nobody."""

    def renew(self, snapshot: Snapshot | None) -> bool:
        """Take the newest snapshot and tell who sits here. Returns whether it is another one."""
        before, self.snapshot = self.snapshot, snapshot
        if snapshot is before:
            return False
        self.note_leaving(before)
        if snapshot is not None:
            self.verdicts.follow(snapshot)
        for seat in tuple(self.seats):
            seat.renewed()
        return True

    def succeed(self, before: Table[Group]) -> None:
        """Take over what is known of clients that come from another table."""
        self.remember(before.leaving)
        self.note_leaving(before.snapshot)
        self.verdicts.learn(before.verdicts)

    def note_leaving(self, before: Snapshot | None) -> None:
        """Remember what was there before and is not now."""
        now = self.snapshot
        if before is not None and now is not None:
            self.remember(
                {
                    (row, name): before[row].resources[name].origin
                    for row in RESOURCE_TYPES
                    for name in now[row].since(before[row]).removed
                }
            )

    def remember(self, gone: Mapping[Name, ObjectKey | None]) -> None:
        """Remember these as the newest, and forget the oldest beyond the bound."""
        for name in gone:
            self.leaving.pop(name, None)
        self.leaving.update(gone)
        excess = len(self.leaving) - max(MOST_LEAVING, len(gone))
        for name in list(islice(self.leaving, max(0, excess))):
            del self.leaving[name]

    def forget_left(self) -> None:
        """Forget what is there again or held by nobody; O(leaving x clients)."""
        now = self.snapshot
        self.leaving = {
            (row, name): origin
            for (row, name), origin in self.leaving.items()
            if (now is None or now.get(row, name) is None) and any(seat.holds(row, name) for seat in self.seats)
        }


class Sitter(Generic[Group]):
    """Whoever sits at a table and wants to know what is new."""

    __slots__ = ("_hub", "dismissed", "node", "peer", "table", "wake")

    def __init__(
        self,
        hub: Tables[Group],
        table: Table[Group],
        *,
        peer: Peer,
        node: Node,
        wake: Callable[[], None],
    ) -> None:
        self._hub = hub
        self.table = table
        self.peer = peer
        self.node = node
        self.wake = wake
        self.dismissed: Refusal | None = None
        """Why whoever sits here may not be here any more."""
        table.seats[self] = None

    @property
    def snapshot(self) -> Snapshot | None:
        """What the group gets; None while nothing may be said."""
        return self.table.snapshot

    @property
    def group(self) -> str:
        """The group's name, for people."""
        return str(self.table.group)

    def holds(self, row: ResourceType, name: str) -> bool:  # noqa: ARG002 - who only reports holds nothing
        """Say whether whoever sits here has that resource."""
        return False

    def sit(self, table: Table[Group]) -> None:
        """Move to a table."""
        self.table = table
        table.seats[self] = None

    def renewed(self) -> None:
        """Tell whoever sits here that the snapshot is another one."""
        self.wake()

    def dismiss(self, refusal: Refusal) -> None:
        """Tell whoever sits here that it may not be here any more."""
        self.dismissed = refusal
        self.wake()

    def leave(self) -> None:
        """Give the place back."""
        self.table.seats.pop(self, None)
        self._hub.free(self.table)


class ReporterSeat(Sitter[Group]):
    """Fulfils `transports.base.LoadSeat`."""

    __slots__ = ("_loads", "_reporter")

    def __init__(
        self,
        hub: Tables[Group],
        table: Table[Group],
        *,
        peer: Peer,
        node: Node,
        wake: Callable[[], None],
        loads: Loads,
    ) -> None:
        super().__init__(hub, table, peer=peer, node=node, wake=wake)
        self._loads = loads
        self._reporter = loads.open(peer, node)

    @property
    def clusters(self) -> Collection[str] | None:
        """The clusters of the group; see `transports.base.LoadSeat`."""
        return None if self.snapshot is None else self.snapshot[CLUSTER].resources.keys()

    def report(self, loads: Iterable[ClusterLoad]) -> None:
        """Take a report; see `transports.base.LoadSeat`."""
        self._loads.take(self._reporter, loads, group=self.group, known=self.clusters or ())

    def leave(self) -> None:
        """Give the place back."""
        super().leave()
        self._loads.close(self._reporter)


class ClientSeat(Sitter[Group]):
    """Fulfils `transports.base.Seat`."""

    __slots__ = ("_asked", "account", "client")
    account: Account

    def __init__(
        self,
        hub: Tables[Group],
        table: Table[Group],
        *,
        peer: Peer,
        node: Node,
        client: Client,
        wake: Callable[[], None],
    ) -> None:
        super().__init__(hub, table, peer=peer, node=node, wake=wake)
        self.client = client
        self._asked: dict[ResourceType, frozenset[str]] = {}
        """What the last stream of a type asked for by name."""

    @property
    def since(self) -> float:
        """When the client came."""
        return self.account.since

    @property
    def verdicts(self) -> Verdicts:
        """What clients of the group refused; see `transports.base.Seat`."""
        return self.table.verdicts

    def holds(self, row: ResourceType, name: str) -> bool:
        """Say whether the client has accepted that resource, in any version."""
        return self.client.accepted(row, name) is not None

    def names(self) -> Collection[Name]:
        """Return all that the client is to get or to lose; see `account.Place`."""
        held = self.snapshot.collections.values() if self.snapshot else ()
        return [*((each.type, each.name) for collection in held for each in collection), *self.table.leaving]

    def leaving(self, row: ResourceType) -> Iterable[str]:
        """Yield what the client is to lose of a type; see `account.Place`."""
        return (name for each, name in self.table.leaving if each is row)

    def tell(self, collection: ResourceCollection) -> None:
        """Note what the client is told; see `transports.base.Seat`."""
        self._hub.tell(self.table.group, collection)

    def remembered(self, row: ResourceType, version: str) -> ResourceCollection | None:
        """Return what a version stood for; see `transports.base.Seat`."""
        return self._hub.remembered(self.table.group, row, version)

    def report(self, event: Event) -> None:
        """Take what the client's stream has to say."""
        if isinstance(event, Subscribed) and event.names:
            # A gateway asks for thousands of names, one after the other.
            new = event.names - self._asked.get(event.type, _NOTHING)
            self._asked[event.type] = event.names
            if new:
                self._hub.ask(self.table.group, event.type, new)
        self.account.report(event)

    def ask_again(self) -> None:
        """Ask for all that the client asks for by name: it sits elsewhere now."""
        for row in self._asked:
            self._hub.ask(self.table.group, row, self.client.asked(row))

    def dismiss(self, refusal: Refusal) -> None:
        """Close all streams of the client."""
        self.dismissed = refusal
        self.client.dismiss(refusal.status, str(refusal))

    def renewed(self) -> None:
        """Tell the client, and who watches it."""
        super().renewed()
        self.account.renewed()

    def leave(self) -> None:
        """Give the place back, and close the account."""
        super().leave()
        self.account.close()
