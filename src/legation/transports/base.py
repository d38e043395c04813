"""What every transport is, and the feed that it reads from. `runtime/hub.py` fulfils the feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as Names
from typing import Protocol

from legation.model.client_config import ResourceConfig
from legation.model.events import Event
from legation.model.loads import ClusterLoad
from legation.model.node import Node, Peer
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection, Snapshot
from legation.model.verdicts import Verdicts


class Refusal(Exception):
    """The feed does not admit a client. The transport closes its stream with the status and the reason."""

    def __init__(self, status: str, reason: str, *, cause: str = "") -> None:
        super().__init__(reason)
        self.status = status
        """The name of a gRPC status, such as `PERMISSION_DENIED`."""
        self.cause = cause
        """A slug, where it is about what the client has proven to be: such as `no-proof`."""


class Client(Protocol):
    """What a transport lets others ask about a client that it serves, at no cost to it, and its dismissal."""

    def subscribes(self, row: ResourceType, name: str) -> bool:
        """Say whether the client asked for that resource, by name or by a wildcard."""
        ...

    def asked(self, row: ResourceType) -> frozenset[str]:
        """Return what the client asks for by name."""
        ...

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        """Return what the client last accepted under that name, or None."""
        ...

    def sent(self, row: ResourceType, name: str) -> Resource | None:
        """Return what the client was last sent under that name and did not refuse, or None."""
        ...

    def dismiss(self, status: str, words: str) -> None:
        """Close every stream of the client with that gRPC status."""
        ...


class Seat(Protocol):
    """One client's place: what it is to get, and where what it says goes."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot of the client's group; None while nothing may be said (the sources are not synced)."""
        ...

    @property
    def group(self) -> str:
        """The group's name, for people."""
        ...

    @property
    def verdicts(self) -> Verdicts:
        """What clients of the group refused, for its clients to write to and to read."""
        ...

    def tell(self, collection: Collection) -> None:
        """Note that the client is told all of a type in state of the world: that is what the version stands for."""
        ...

    def remembered(self, row: ResourceType, version: str) -> Collection | None:
        """Return what a version stood for that a client of the group was told; None if nobody remembers it."""
        ...

    def report(self, event: Event) -> None:
        """Take what the client's stream has to say."""
        ...

    def leave(self) -> None:
        """Give the place back: the client is gone, all that was kept for it is freed."""
        ...


class LoadSeat(Protocol):
    """The place of a client that reports its load."""

    @property
    def clusters(self) -> Names[str] | None:
        """The names of the clusters that it gets; None while nothing may be said (the sources are not synced)."""
        ...

    @property
    def dismissed(self) -> Refusal | None:
        """Why the client may not be here any more; the feed wakes it then. None: it may."""
        ...

    def report(self, loads: Iterable[ClusterLoad]) -> None:
        """Take a report: one interval of some clusters."""
        ...

    def leave(self) -> None:
        """Give the place back: the client is gone."""
        ...


class ClientConfig(Protocol):
    """A client of any transport, as the client status service shows it."""

    @property
    def node(self) -> Node:
        """Who it says it is."""
        ...

    def resources(self) -> Iterator[ResourceConfig]:
        """Yield what it is to get of that which it asked for, and what became of it."""
        ...


class Feed(Protocol):
    """Where a transport gets snapshots from, and where what clients tell goes."""

    def admit(self, peer: Peer, node: Node, *, client: Client, wake: Callable[[], None]) -> Seat:
        """Give a client a place.

        Args:
            peer: Whom the connection comes from.
            node: Who the client says it is.
            client: What may be asked about it.
            wake: Called in the event loop whenever `Seat.snapshot` has become another object. It must not block.

        Raises:
            Refusal: This peer may not be this node.
        """
        ...

    def clients(self, peer: Peer) -> Sequence[ClientConfig]:
        """Return every client that is connected now and that this peer may see."""
        ...

    def require_proof(self, peer: Peer) -> None:
        """Look at who asks something that is about no node of its own.

        Raises:
            Refusal: It has proven nothing, and that is asked of it.
        """
        ...

    def admit_reporter(self, peer: Peer, node: Node, *, wake: Callable[[], None]) -> LoadSeat:
        """Give a client a place that reports its load; the rest is as in `admit`.

        Raises:
            Refusal: This peer may not be this node.
        """
        ...


class Transport(Protocol):
    """How Envoys get snapshots. Construction does no I/O."""

    @property
    def name(self) -> str:
        """A short name for logs and metrics."""
        ...

    async def run(self, feed: Feed, *, started: Callable[[], None]) -> None:
        """Serve until cancelled, then drain: end every stream in order within the grace that it was made with.

        Args:
            feed: Where snapshots come from.
            started: Called once, when clients can connect.

        Raises:
            TransportError: The port cannot be bound.
        """
        ...
