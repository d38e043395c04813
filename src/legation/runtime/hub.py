"""The newest snapshot of each group of clients, and who sits there: what transports read from.

The hub decides nothing. Which group a client belongs to, and what a group gets, are two functions that it is made with;
it asks them when a client comes and when it is told that the answers may be new. A group exists while somebody sits in
it. All of this happens in the event loop, and nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Generic

from legation.model.node import Node, Peer
from legation.model.objects import ObjectKey
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import Snapshot
from legation.runtime.account import Account, Name
from legation.runtime.deliveries import Crowd
from legation.runtime.feedback import Feedback
from legation.runtime.seats import ClientSeat, Group, ReporterSeat, Sitter, Table
from legation.runtime.told import Told
from legation.transports.base import Client, Refusal


class Hub(Generic[Group]):
    """Fulfils `transports.base.Feed`."""

    def __init__(
        self,
        *,
        group_of: Callable[[Peer, Node], Group],
        snapshot_of: Callable[[Group], Snapshot | None],
        feedback: Feedback,
        recall: Callable[[Group, ResourceType, str], ResourceCollection | None] | None = None,
        regroup: Callable[[Peer, Node, Group, Snapshot | None], Group] | None = None,
        want: Callable[[Group, ResourceType, Collection[str]], bool] | None = None,
        returns: Callable[[Group], bool] | None = None,
    ) -> None:
        """Make an empty hub.

        Args:
            group_of: Says where a client belongs, or raises `transports.base.Refusal`.
            snapshot_of: Says what a group gets; None while nothing may be said.
            feedback: Takes what the clients have to say.
            recall: Says what a version of a group stood for before the program began.
            regroup: Says where a client belongs that sat in this group and got this; it never refuses. None: where it
                would belong if it came now.
            returns: Says whether somebody may come back to a group, so that it matters what it was told and which load
                it reports. None: to any.
            want: Takes what clients of a group ask for by name; says whether somebody may get something else for it.
        """
        self._group_of = group_of
        self._regroup = regroup or (lambda peer, node, _group, _snapshot: group_of(peer, node))
        self._want = want
        self._returns = returns
        self._snapshot_of = snapshot_of
        self._feedback = feedback
        self._recall = recall
        self._told: Told[Group] = Told()
        self._tables: dict[Group, Table[Group]] = {}

    @property
    def groups(self) -> Collection[Group]:
        """The groups in which somebody sits."""
        return self._tables.keys()

    def admit(self, peer: Peer, node: Node, *, client: Client, wake: Callable[[], None]) -> ClientSeat[Group]:
        """Give a client a place; see `transports.base.Feed`."""
        seat = ClientSeat(self, self._table(self._group_of(peer, node)), peer=peer, node=node, client=client, wake=wake)
        seat.account = self._feedback.open(seat, peer=peer, node=node, client=client)
        return seat

    def clients(self) -> Sequence[Account]:
        """Return every client; see `transports.base.Feed`."""
        return tuple(self._feedback.accounts)

    def admit_reporter(self, peer: Peer, node: Node, *, wake: Callable[[], None]) -> ReporterSeat[Group]:
        """Give a client a place that reports its load; see `transports.base.Feed`."""
        group = self._group_of(peer, node)
        if self._returns is not None and not self._returns(group):
            # It has nothing to report before it is told anything, and tries again by itself.
            raise Refusal("UNAVAILABLE", f"load is not taken yet: {group}; report again later")
        return ReporterSeat(self, self._table(group), peer=peer, node=node, wake=wake, loads=self._feedback.loads)

    def publish(self, groups: Iterable[Group] | None = None) -> int:
        """Fetch the newest snapshots, wake those for whom it is another one, and return how many groups that were.

        Args:
            groups: Those that may have changed; one in which nobody sits costs nothing. None for all.
        """
        tables = tuple(self._tables.values()) if groups is None else map(self._tables.get, groups)
        return sum(self._renew(table) for table in tables if table is not None)

    def _renew(self, table: Table[Group]) -> bool:
        before = table.snapshot
        if not table.renew(self._snapshot_of(table.group)):
            return False
        self._feedback.changed(before, table.snapshot)
        return True

    def reseat(self) -> None:
        """Ask anew where each client belongs, and do what `publish` does; O(clients)."""
        moves = [(seat, table) for table in self._tables.values() for seat in table.seats]
        self._tables = {}
        for seat, _ in moves:
            before = seat.table
            seat.sit(self._table(self._regroup(seat.peer, seat.node, before.group, before.snapshot)))
        for table, before in {(seat.table, before): None for seat, before in moves}:
            table.succeed(before)
            if table.snapshot is not before.snapshot:
                self._feedback.changed(before.snapshot, table.snapshot)
        for seat, before in moves:
            if isinstance(seat, ClientSeat) and (seat.table.group != before.group or before.snapshot is None):
                seat.ask_again()
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

    def _table(self, group: Group) -> Table[Group]:
        table = self._tables.get(group)
        if table is None:
            table = self._tables[group] = Table(group, self._snapshot_of(group))
        return table

    def tell(self, group: Group, collection: ResourceCollection) -> None:
        """Note that a client of the group is told this; see `transports.base.Seat`."""
        if self._returns is None or self._returns(group):
            self._told.keep(group, collection)

    def remembered(self, group: Group, row: ResourceType, version: str) -> ResourceCollection | None:
        """Return what a version stood for; see `transports.base.Seat`."""
        found = self._told.find(group, row, version)
        return self._recall(group, row, version) if found is None and self._recall else found

    def ask(self, group: Group, row: ResourceType, names: Collection[str]) -> None:
        """Note what a client asks for by name: it may be made for it, at once."""
        if self._want is not None and self._want(group, row, names):
            self.publish()

    def crowds(self) -> Iterable[Crowd]:
        """Return the clients of each group that gets something."""
        for table in self._tables.values():
            if table.snapshot is not None:
                accounts = tuple(each.account for each in table.seats if isinstance(each, ClientSeat))
                yield Crowd(snapshot=table.snapshot, accounts=accounts)

    def seats(self) -> Iterable[ClientSeat[Group]]:
        """Return where each client sits."""
        return (each for table in self._tables.values() for each in table.seats if isinstance(each, ClientSeat))

    def sitting(self, group: Group) -> Collection[Sitter[Group]]:
        """Return who sits in a group."""
        table = self._tables.get(group)
        return () if table is None else tuple(table.seats)

    def free(self, table: Table[Group]) -> None:
        """Forget a table that nobody sits at any more."""
        if not table.seats and self._tables.get(table.group) is table:
            del self._tables[table.group]
