"""Books: what an Envoy that reads files has of a snapshot, as far as its files tell. It does no I/O.

Nobody hears what Envoy says of a file: what stands there, and had its time to be read, counts as accepted. It refuses
to know how files come to stand there.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from itertools import count

from legation.model.events import Accepted, Event, Sent, Subscribed
from legation.model.resource import Name, Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    """What would be one response, were there a stream."""

    type: ResourceType
    version: str
    nonce: str
    resources: tuple[Resource, ...]
    removed: tuple[str, ...]


class Books:
    """One Envoy, which wants all that there are files for."""

    def __init__(self) -> None:
        """Begin with an Envoy that has nothing."""
        self._snapshot = Snapshot.of()
        self._wanted: dict[Name, Resource] = {}
        self._held: dict[Name, Resource] = {}
        self._rows: dict[ResourceType, None] = {}
        """The types of which there was a file."""
        self._open: dict[ResourceType, _Message] = {}
        """What was sent and is not accepted yet."""
        self._nonces = count(1)

    def subscribes(self, row: ResourceType, name: str) -> bool:
        """Say whether there is a file that is to have that resource."""
        return (row, name) in self._wanted

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        """Return the resource of that name that counts as accepted, or None."""
        return self._held.get((row, name))

    def sent(self, row: ResourceType, name: str) -> Resource | None:
        """Return the resource of that name that is on its way or stands there, or None."""
        return self._wanted.get((row, name)) or self._held.get((row, name))

    def offer(self, snapshot: Snapshot, names: Iterable[Name], *, waiting: Container[Name] = ()) -> list[Event]:
        """Take what is newest, and return what is sent of it.

        Args:
            snapshot: What the Envoy is to get.
            names: The resources of it that there are files for.
            waiting: Those that stay as they are, or do not come, for what they need is not there.
        """
        self._snapshot = snapshot
        found = {each: self._held.get(each) if each in waiting else snapshot.get(*each) for each in names}
        self._wanted = {name: resource for name, resource in found.items() if resource is not None}
        changed: dict[ResourceType, list[Resource]] = {}
        for name, resource in self._wanted.items():
            held = self._held.get(name)
            if held is None or held.fingerprint != resource.fingerprint:
                changed.setdefault(name[0], []).append(resource)
        new = dict.fromkeys(row for row, _ in self._wanted if row not in self._rows)
        self._rows |= new
        self._open = {row: self._to_send(row, resources) for row, resources in changed.items()}
        return [*map(_subscribed, _in_order(new)), *map(_sent, self._opened())]

    def complete(self) -> list[Event]:
        """Take note that all that is wanted stands there, and return what is accepted."""
        opened, self._open = self._opened(), {}
        self._held |= {(each.type, resource.name): resource for each in opened for resource in each.resources}
        return [*map(_accepted, opened)]

    def settle(self) -> list[Event]:
        """Take note that nothing else stands there, and return what was taken away."""
        gone: dict[ResourceType, list[str]] = {}
        for row, name in self._held.keys() - self._wanted.keys():
            gone.setdefault(row, []).append(name)
            del self._held[row, name]
        sent = [self._to_send(row, (), removed=gone[row]) for row in _in_order(gone)]
        return [event for each in sent for event in (_sent(each), _accepted(each))]

    def introduce(self) -> list[Event]:
        """Return what somebody has to know who has not heard anything of it."""
        events: list[Event] = [*map(_subscribed, _in_order(self._rows))]
        for row in _in_order(self._rows):
            held = [resource for (each, _), resource in self._held.items() if each is row]
            if held:
                sent = self._to_send(row, held)
                events += (_sent(sent), _accepted(sent))
        self._open = {row: self._to_send(row, each.resources) for row, each in self._open.items()}
        return [*events, *map(_sent, self._opened())]

    def _opened(self) -> list[_Message]:
        return [self._open[row] for row in _in_order(self._open)]

    def _to_send(self, row: ResourceType, resources: Iterable[Resource], removed: Iterable[str] = ()) -> _Message:
        return _Message(
            type=row,
            version=self._snapshot[row].version,
            nonce=str(next(self._nonces)),
            resources=tuple(resources),
            removed=tuple(sorted(removed)),
        )


def _in_order(rows: Iterable[ResourceType]) -> list[ResourceType]:
    return sorted(rows, key=lambda each: each.order)


def _subscribed(row: ResourceType) -> Event:
    return Subscribed(type=row, names=frozenset(), wildcard=True)


def _sent(it: _Message) -> Event:
    return Sent(type=it.type, version=it.version, nonce=it.nonce, resources=it.resources, removed=it.removed)


def _accepted(it: _Message) -> Event:
    return Accepted(type=it.type, version=it.version, nonce=it.nonce, resources=it.resources, removed=it.removed)
