"""Fakes of the seams that tests of the shell share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

from legation.model.cluster import Cluster
from legation.model.events import Accepted, Refused, Sent, Subscribed
from legation.model.node import Node, Peer
from legation.model.objects import FieldPath, ManifestObject, Place
from legation.model.problems import Problem
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.sources.base import Inputs, SourceState
from legation.transports.base import Feed, Seat

PEER = Peer(address="ipv4:127.0.0.1:50312", transport="fake")


class FakeClient:
    """A client of a feed, without streams: a test says what it was sent and what it answers."""

    def __init__(self, feed: Feed, node: Node | str, *, peer: Peer = PEER) -> None:
        self.held: dict[tuple[ResourceType, str], Resource] = {}
        self.wanted: set[tuple[ResourceType, str]] = set()
        self.under_way: dict[tuple[ResourceType, str], Resource] = {}
        self.wildcards: set[ResourceType] = set()
        self.woken = 0
        self.dismissed: tuple[str, str] | None = None
        self._has_woken = asyncio.Event()
        self._nonces = count(1)
        node = Node(id=node) if isinstance(node, str) else node
        self.seat: Seat = feed.admit(peer, node, client=self, wake=self._wake)

    def _wake(self) -> None:
        self.woken += 1
        self._has_woken.set()

    async def wait_woken(self) -> None:
        """Return when it has been woken since this was last called."""
        await self._has_woken.wait()
        self._has_woken.clear()

    def subscribes(self, row: ResourceType, name: str) -> bool:
        return row in self.wildcards or (row, name) in self.wanted

    def asked(self, row: ResourceType) -> frozenset[str]:
        return frozenset(name for each, name in self.wanted if each is row)

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        return self.held.get((row, name))

    def sent(self, row: ResourceType, name: str) -> Resource | None:
        return self.under_way.get((row, name)) or self.accepted(row, name)

    def dismiss(self, status: str, words: str) -> None:
        self.dismissed = (status, words)

    def subscribe(self, row: ResourceType, *names: str) -> None:
        """Ask for names, or for everything where none is given."""
        if names:
            self.wanted |= {(row, name) for name in names}
        else:
            self.wildcards.add(row)
        own = frozenset(name for each, name in self.wanted if each is row)
        self.seat.report(Subscribed(type=row, names=own, wildcard=row in self.wildcards))

    def is_sent(self, row: ResourceType, *, version: str = "") -> Sent:
        """Be sent what is new or changed of a type."""
        assert self.seat.snapshot is not None
        collection = self.seat.snapshot[row]
        new = [
            each for each in collection if self.subscribes(row, each.name) and self.held.get((row, each.name)) != each
        ]
        gone = [name for each, name in self.held if each is row and collection.get(name) is None]
        sent = Sent(
            type=row,
            version=version or collection.version,
            nonce=str(next(self._nonces)),
            resources=tuple(new),
            removed=tuple(gone),
        )
        self.under_way |= {(row, each.name): each for each in new}
        self.seat.report(sent)
        return sent

    def accept(self, sent: Sent) -> None:
        """Acknowledge a response."""
        for resource in sent.resources:
            self.held[sent.type, resource.name] = resource
        for name in sent.removed:
            del self.held[sent.type, name]
        self.seat.report(
            Accepted(
                type=sent.type, version=sent.version, nonce=sent.nonce, resources=sent.resources, removed=sent.removed
            )
        )

    def refuse(self, sent: Sent, message: str, suspects: Iterable[Resource] | None = None) -> None:
        """Refuse a response: these resources of it, or all that were new."""
        named = tuple(sent.resources if suspects is None else suspects)
        self.seat.report(
            Refused(
                type=sent.type,
                version=sent.version,
                nonce=sent.nonce,
                message=message,
                suspects=named if len(named) == 1 else (),
                parked=named if len(named) != 1 else (),
            )
        )

    def take(self, row: ResourceType) -> None:
        """Be sent what is new of a type, and accept it."""
        self.accept(self.is_sent(row))


class FakeSource:
    """A source that says what a test tells it to."""

    def __init__(self, name: str = "fake source") -> None:
        self._name = name
        self._inputs: Inputs | None = None
        self._state: SourceState | None = None
        self.located: list[tuple[Place | None, FieldPath]] = []
        self.waits_for: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self._name

    @property
    def missing(self) -> tuple[str, ...]:
        return self.waits_for

    async def run(self, inputs: Inputs) -> None:
        self._inputs = inputs
        if self._state is not None:
            inputs.publish(self._state)
        await asyncio.get_running_loop().create_future()

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:
        """Every field stands ten lines below the beginning of its object."""
        self.located.append((place, path))
        return replace(place, line=place.line + 10) if place and path else place

    def publish(
        self,
        *objects: ManifestObject,
        problems: tuple[Problem, ...] = (),
        broken: Iterable[str] = (),
        cluster: Cluster | None = None,
    ) -> None:
        """Say that these are all the objects now, and what a cluster tells; the same ones are the same mapping."""
        before = {} if self._state is None else self._state.objects
        told = {each.key: each for each in objects}
        self._state = SourceState(
            objects=before if before == told else told, problems=problems, broken=frozenset(broken), cluster=cluster
        )
        if self._inputs is not None:
            self._inputs.publish(self._state)


class FakeTransport:
    """A transport without a wire: clients sit down at `feed`."""

    name = "fake"

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self._feed: Feed | None = None
        self.drained = False

    @property
    def feed(self) -> Feed:
        assert self._feed is not None
        return self._feed

    async def run(self, feed: Feed, *, started: Callable[[], None]) -> None:
        if self._error is not None:
            raise self._error
        self._feed = feed
        started()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.drained = True
