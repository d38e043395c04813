"""The newest snapshot of each group of clients, and who sits there: what transports read from.

The hub decides nothing: it asks its content where a client belongs when that comes, and what each group gets when it is
told that the answers may be new. A group exists while somebody sits in it. All of this happens in the event loop, and
nothing here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Generic, Protocol

from legation.model.node import Node, Peer
from legation.model.objects import ObjectKey
from legation.model.resource import Name
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import Snapshot
from legation.runtime.account import Account
from legation.runtime.deliveries import Crowd
from legation.runtime.feedback import Feedback
from legation.runtime.seats import ClientSeat, Group, ReporterSeat, Sitter, Table
from legation.runtime.told import Told
from legation.transports.base import Client, Refusal


class Content(Protocol[Group]):
    """Who belongs where, and what is there. What has a body is right where all that exists is there from the start."""

    def group_of(self, peer: Peer, node: Node) -> Group:
        """Return where a client belongs that comes.

        Raises:
            Refusal: This peer may not be this node.
        """
        ...

    def snapshot_of(self, group: Group) -> Snapshot | None:
        """Return what a group gets; None while nothing may be said."""
        ...

    def regroup(self, peer: Peer, node: Node, group: Group, snapshot: Snapshot | None) -> Group:
        """Return where a client belongs that sat in a group and got that; it is never refused."""
        del group, snapshot
        return self.group_of(peer, node)

    def want(self, group: Group, row: ResourceType, names: Collection[str]) -> bool:
        """Take what clients of a group ask for by name. Returns whether somebody may get something else for it."""
        del group, row, names
        return False

    def recall(self, group: Group, row: ResourceType, version: str) -> ResourceCollection | None:
        """Return what a version of a group stood for before the program began."""
        del group, row, version
        return None

    def returns(self, group: Group) -> bool:
        """Say whether who leaves may come back to a group: then it matters what it was told, and which load it has."""
        del group
        return True


class Doors(Protocol):
    """Who may ask what of others. `admitting` fulfils it."""

    def require_proof(self, peer: Peer) -> None:
        """Refuse a peer that has proven nothing, where that is asked of it.

        Raises:
            Refusal: It has not.
        """
        ...

    def may_see(self, peer: Peer, node: Node) -> bool:
        """Say whether a peer may be shown what this node gets."""
        ...


class Hub(Generic[Group]):
    """Fulfils `transports.base.Feed`."""

    def __init__(
        self,
        content: Content[Group],
        *,
        feedback: Feedback,
        arrived: Callable[[Peer, Node, Group | Refusal], None] | None = None,
        doors: Doors | None = None,
    ) -> None:
        """Make an empty hub.

        Args:
            content: Says who belongs where, and what is there.
            feedback: Takes what the clients have to say.
            arrived: Is told of each client that comes or moves where it belongs, or why nowhere.
            doors: Says who may ask what of others; None: everybody may ask everything.
        """
        self._doors = doors
        self._content = content
        self._feedback = feedback
        self._arrived = arrived
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

    def clients(self, peer: Peer) -> Sequence[Account]:
        """Return every client that the peer may see; see `transports.base.Feed`."""
        every, doors = self._feedback.accounts, self._doors
        return tuple(each for each in every if doors is None or doors.may_see(peer, each.node))

    def require_proof(self, peer: Peer) -> None:
        """Refuse who has proven nothing; see `transports.base.Feed`."""
        try:
            if self._doors is not None:
                self._doors.require_proof(peer)
        except Refusal as refusal:
            if self._arrived is not None:
                self._arrived(peer, Node(id=""), refusal)
            raise

    def admit_reporter(self, peer: Peer, node: Node, *, wake: Callable[[], None]) -> ReporterSeat[Group]:
        """Give a client a place that reports its load; see `transports.base.Feed`."""
        group = self._group_of(peer, node)
        if not self._content.returns(group):
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
        if not table.renew(self._content.snapshot_of(table.group)):
            return False
        self._feedback.changed(before, table.snapshot)
        return True

    def reseat(self) -> None:
        """Ask anew where each client belongs, and do what `publish` does; O(clients)."""
        moves = [(seat, table) for table in self._tables.values() for seat in table.seats]
        self._tables = {}
        for seat, _ in moves:
            before = seat.table
            seat.sit(self._table(self._content.regroup(seat.peer, seat.node, before.group, before.snapshot)))
        for table, before in {(seat.table, before): None for seat, before in moves}:
            table.succeed(before)
            if table.snapshot is not before.snapshot:
                self._feedback.changed(before.snapshot, table.snapshot)
        for seat, before in moves:
            if isinstance(seat, ClientSeat) and (seat.table.group != before.group or before.snapshot is None):
                seat.ask_again()
                if self._arrived is not None:
                    self._arrived(seat.peer, seat.node, seat.table.group)
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

    def _group_of(self, peer: Peer, node: Node) -> Group:
        try:
            found = self._content.group_of(peer, node)
        except Refusal as refusal:
            if self._arrived is not None:
                self._arrived(peer, node, refusal)
            raise
        if self._arrived is not None:
            self._arrived(peer, node, found)
        return found

    def _table(self, group: Group) -> Table[Group]:
        table = self._tables.get(group)
        if table is None:
            table = self._tables[group] = Table(group, self._content.snapshot_of(group))
        return table

    def tell(self, group: Group, collection: ResourceCollection) -> None:
        """Note that a client of the group is told this; see `transports.base.Seat`."""
        if self._content.returns(group):
            self._told.keep(group, collection)

    def remembered(self, group: Group, row: ResourceType, version: str) -> ResourceCollection | None:
        """Return what a version stood for; see `transports.base.Seat`."""
        found = self._told.find(group, row, version)
        return self._content.recall(group, row, version) if found is None else found

    def ask(self, group: Group, row: ResourceType, names: Collection[str]) -> None:
        """Note what a client asks for by name: it may be made for it, at once."""
        if self._content.want(group, row, names):
            self.publish()

    def crowds(self) -> Iterable[Crowd]:
        """Return the clients of each group that gets something."""
        for group, table in self._tables.items():
            if table.snapshot is not None:
                yield Crowd(snapshot=table.snapshot, accounts=tuple(each.account for each in self.seats_of(group)))

    def sitters(self, *, but: Group) -> Sequence[Sitter[Group]]:
        """Return everybody who sits anywhere, who reports its load too, but for those in one group."""
        return tuple(seat for table in self._tables.values() if table.group != but for seat in table.seats)

    def seats(self) -> Iterable[ClientSeat[Group]]:
        """Return where each client sits."""
        return (each for group in self._tables for each in self.seats_of(group))

    def seats_of(self, group: Group) -> Collection[ClientSeat[Group]]:
        """Return where the clients of a group sit."""
        table = self._tables.get(group)
        return () if table is None else tuple(each for each in table.seats if isinstance(each, ClientSeat))

    def free(self, table: Table[Group]) -> None:
        """Forget a table that nobody sits at any more."""
        if not table.seats and self._tables.get(table.group) is table:
            del self._tables[table.group]
