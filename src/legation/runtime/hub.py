"""The newest snapshot of each group of clients, and who sits there: what transports read from.

The hub decides nothing. Which group a client belongs to, and what a group gets, are two functions that it is made with;
it asks them when a client comes and when it is told that the answers may be new. A group exists while somebody sits in
it. All of this happens in the event loop, and nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from legation.model.events import Event
from legation.model.loads import ClusterLoad
from legation.model.node import Node, Peer
from legation.model.objects import ObjectKey
from legation.model.resource_types import CLUSTER, RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import Snapshot
from legation.model.verdicts import Verdicts
from legation.runtime.account import Account, Name
from legation.runtime.feedback import Feedback
from legation.runtime.loads import Loads
from legation.runtime.told import Told
from legation.transports.base import Client

Group = TypeVar("Group", bound=Hashable)
"""What tells groups apart. Its `str` is the group's name for people."""
MOST_LEAVING = 10_000
"""Names that a group remembers of what it does not get any more; all that its newest change took away, if more."""


class Hub(Generic[Group]):
    """Fulfils `transports.base.Feed`."""

    def __init__(
        self,
        *,
        group_of: Callable[[Peer, Node], Group],
        snapshot_of: Callable[[Group], Snapshot | None],
        feedback: Feedback,
        recall: Callable[[Group, ResourceType, str], ResourceCollection | None] | None = None,
    ) -> None:
        """Make an empty hub.

        Args:
            group_of: Says where a client belongs, or raises `transports.base.Refusal`.
            snapshot_of: Says what a group gets; None while nothing may be said.
            feedback: Takes what the clients have to say.
            recall: Says what a version of a group stood for before the program began.
        """
        self._group_of = group_of
        self._snapshot_of = snapshot_of
        self._feedback = feedback
        self._recall = recall
        self._told: Told[Group] = Told()
        self._tables: dict[Group, _Table[Group]] = {}

    @property
    def groups(self) -> Collection[Group]:
        """The groups in which somebody sits."""
        return self._tables.keys()

    def admit(self, peer: Peer, node: Node, *, client: Client, wake: Callable[[], None]) -> _Seat[Group]:
        """Give a client a place; see `transports.base.Feed`."""
        seat = _Seat(self, self._table(self._group_of(peer, node)), peer=peer, node=node, client=client, wake=wake)
        seat.account = self._feedback.open(seat, peer=peer, node=node, client=client)
        return seat

    def clients(self) -> Sequence[Account]:
        """Return every client; see `transports.base.Feed`."""
        return tuple(self._feedback.accounts)

    def admit_reporter(self, peer: Peer, node: Node, *, wake: Callable[[], None]) -> _LoadSeat[Group]:
        """Give a client a place that reports its load; see `transports.base.Feed`."""
        table = self._table(self._group_of(peer, node))
        return _LoadSeat(self, table, peer=peer, node=node, wake=wake, loads=self._feedback.loads)

    def publish(self, groups: Iterable[Group] | None = None) -> int:
        """Fetch the newest snapshots, wake those for whom it is another one, and return how many groups that were.

        Args:
            groups: Those that may have changed; one in which nobody sits costs nothing. None for all.
        """
        tables = tuple(self._tables.values()) if groups is None else map(self._tables.get, groups)
        return sum(table.renew(self._snapshot_of(table.group)) for table in tables if table is not None)

    def reseat(self) -> None:
        """Ask anew where each client belongs, and do what `publish` does; O(clients)."""
        moves = [(seat, table) for table in self._tables.values() for seat in table.seats]
        self._tables = {}
        for seat, _ in moves:
            seat.sit(self._table(self._group_of(seat.peer, seat.node)))
        for table, before in {(seat.table, before): None for seat, before in moves}:
            table.remember(before.leaving)
            table.note_leaving(before.snapshot)
        for seat, before in moves:
            if seat.snapshot is not before.snapshot:
                seat.renewed()

    def leaving(self) -> Mapping[Name, ObjectKey | None]:
        """Return what a group does not get any more and one of its clients holds, and the object that each came from.

        O(what left since this was last asked x clients): who does not ask does not pay.
        """
        for table in self._tables.values():
            table.forget_left()
        return {name: origin for table in self._tables.values() for name, origin in table.leaving.items()}

    def _table(self, group: Group) -> _Table[Group]:
        table = self._tables.get(group)
        if table is None:
            table = self._tables[group] = _Table(group, self._snapshot_of(group))
        return table

    def tell(self, group: Group, collection: ResourceCollection) -> None:
        """Note that a client of the group is told this; see `transports.base.Seat`."""
        self._told.keep(group, collection)

    def remembered(self, group: Group, row: ResourceType, version: str) -> ResourceCollection | None:
        """Return what a version stood for; see `transports.base.Seat`."""
        found = self._told.find(group, row, version)
        return self._recall(group, row, version) if found is None and self._recall else found

    def free(self, table: _Table[Group]) -> None:
        """Forget a table that nobody sits at any more."""
        if not table.seats and self._tables.get(table.group) is table:
            del self._tables[table.group]


class _Table(Generic[Group]):
    """A group with clients in it."""

    __slots__ = ("group", "leaving", "seats", "snapshot", "verdicts")

    def __init__(self, group: Group, snapshot: Snapshot | None) -> None:
        self.group = group
        self.snapshot = snapshot
        self.seats: dict[_Sitter[Group], None] = {}
        self.verdicts = Verdicts()
        self.leaving: dict[Name, ObjectKey | None] = {}
        """What went, and from which object it came; some of it may be there again, or held by nobody."""

    def renew(self, snapshot: Snapshot | None) -> bool:
        before, self.snapshot = self.snapshot, snapshot
        if snapshot is before:
            return False
        self.note_leaving(before)
        if snapshot is not None:
            self.verdicts.forget_changed(snapshot)
        for seat in tuple(self.seats):
            seat.renewed()
        return True

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


class _Sitter(Generic[Group]):
    """Whoever sits at a table and wants to know what is new."""

    __slots__ = ("_hub", "node", "peer", "table", "wake")

    def __init__(
        self,
        hub: Hub[Group],
        table: _Table[Group],
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
        table.seats[self] = None

    @property
    def snapshot(self) -> Snapshot | None:
        return self.table.snapshot

    @property
    def group(self) -> str:
        return str(self.table.group)

    def holds(self, row: ResourceType, name: str) -> bool:  # noqa: ARG002 - who only reports holds nothing
        return False

    def sit(self, table: _Table[Group]) -> None:
        self.table = table
        table.seats[self] = None

    def renewed(self) -> None:
        self.wake()

    def leave(self) -> None:
        self.table.seats.pop(self, None)
        self._hub.free(self.table)


class _LoadSeat(_Sitter[Group]):
    """Fulfils `transports.base.LoadSeat`."""

    __slots__ = ("_loads", "_reporter")

    def __init__(
        self,
        hub: Hub[Group],
        table: _Table[Group],
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
        return None if self.snapshot is None else self.snapshot[CLUSTER].resources.keys()

    def report(self, loads: Iterable[ClusterLoad]) -> None:
        self._loads.take(self._reporter, loads, group=self.group, known=self.clusters or ())

    def leave(self) -> None:
        super().leave()
        self._loads.close(self._reporter)


class _Seat(_Sitter[Group]):
    """Fulfils `transports.base.Seat`."""

    __slots__ = ("account", "client")
    account: Account

    def __init__(
        self,
        hub: Hub[Group],
        table: _Table[Group],
        *,
        peer: Peer,
        node: Node,
        client: Client,
        wake: Callable[[], None],
    ) -> None:
        super().__init__(hub, table, peer=peer, node=node, wake=wake)
        self.client = client

    @property
    def verdicts(self) -> Verdicts:
        return self.table.verdicts

    def holds(self, row: ResourceType, name: str) -> bool:
        return self.client.accepted(row, name) is not None

    def names(self) -> Collection[Name]:
        held = self.snapshot.collections.values() if self.snapshot else ()
        return [*((each.type, each.name) for collection in held for each in collection), *self.table.leaving]

    def leaving(self, row: ResourceType) -> Iterable[str]:
        return (name for each, name in self.table.leaving if each is row)

    def tell(self, collection: ResourceCollection) -> None:
        self._hub.tell(self.table.group, collection)

    def remembered(self, row: ResourceType, version: str) -> ResourceCollection | None:
        return self._hub.remembered(self.table.group, row, version)

    def report(self, event: Event) -> None:
        self.account.report(event)

    def renewed(self) -> None:
        super().renewed()
        self.account.renewed()

    def leave(self) -> None:
        super().leave()
        self.account.close()
