"""Snapshots of objects with what is made by name added: each is made once, and after that only what changed in it.

It refuses to know what the names stand for: it asks what there is for a namespace. Invariant: whoever looks seldom gets
the same as who looks after every change. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from weakref import WeakKeyDictionary

from legation.model.resource import Name, Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection as ResourceCollection
from legation.model.snapshot import Snapshot, revise

_MOST_CHANGES = 10_000
"""Changes that are remembered, for snapshots that nobody asked about since."""


class Making(Protocol):
    """What is made by name, and for whom."""

    def named_in(self, snapshot: Snapshot) -> Iterator[Name]:
        """Yield what is made of that which the snapshot refers to and does not hold."""
        ...

    def wanted_beside(self, snapshot: Snapshot, namespace: str) -> Iterator[Name]:
        """Yield what is made of that which Envoys of the namespace ask for and the snapshot does not hold."""
        ...

    def resource_for(self, namespace: str, name: Name) -> Resource | None:
        """Return what Envoys of the namespace get under a name that is made."""
        ...

    def is_unknown(self, namespace: str, name: Name) -> bool:
        """Say whether there is something of that name for the namespace, and nobody knows what it was."""
        ...


@dataclass(slots=True, kw_only=True)
class _Completed:
    """What was added to one snapshot for one namespace, and up to which change."""

    names: frozenset[Name]
    unknown: frozenset[Name]
    """Those of which nobody knows what they were."""
    epoch: int
    seen: int
    snapshot: Snapshot | None
    """None: it is that one itself, which would never be freed if it were held here."""


@dataclass(slots=True)
class _Changes:
    """What was made anew, in order, so that who looks again sees what it missed."""

    names: list[Name] = field(default_factory=list)
    epoch: int = 0
    """Counts the times when all must be looked at anew."""

    def all_anew(self) -> None:
        self.epoch += 1
        self.names.clear()

    def add(self, name: Name) -> None:
        self.names.append(name)
        if len(self.names) > _MOST_CHANGES:
            self.all_anew()


class Completing:
    """The snapshots that were completed, for as long as somebody has them."""

    def __init__(self, making: Making) -> None:
        """Begin with none.

        Args:
            making: Says what is made, and for whom.
        """
        self._making = making
        self._changes = _Changes()
        self._completed: WeakKeyDictionary[Snapshot, dict[str, _Completed]] = WeakKeyDictionary()

    def note(self, name: Name) -> None:
        """Take note that something else is made under a name, or for others."""
        self._changes.add(name)

    def note_all(self) -> None:
        """Take note that anything may be another."""
        self._changes.all_anew()

    def complete(self, snapshot: Snapshot, namespace: str) -> Snapshot:
        """Return the snapshot with what Envoys of that namespace get by name."""
        held = self._completed.setdefault(snapshot, {})
        done = held.get(namespace)
        making, changes = self._making, self._changes
        if done is None or done.epoch != changes.epoch:
            names = frozenset(making.named_in(snapshot))
            fresh = names.union(making.wanted_beside(snapshot, namespace))
            onto, unknown = snapshot, frozenset[Name]()
        elif done.seen == len(changes.names):
            return done.snapshot or snapshot
        else:
            names, onto = done.names, done.snapshot or snapshot
            missed = changes.names[done.seen :]
            wanted = set(making.wanted_beside(snapshot, namespace))
            fresh = names.intersection(missed).union(wanted.intersection(missed))
            unknown = done.unknown - fresh
        unknown |= {name for name in fresh if making.is_unknown(namespace, name)}
        collections = {**onto.collections, **self._revised(onto, fresh, namespace)}
        incomplete = snapshot.incomplete | {row for row, _ in unknown}
        whole = Snapshot.of(collections.values(), incomplete=incomplete)
        held[namespace] = _Completed(
            names=names,
            unknown=unknown,
            epoch=changes.epoch,
            seen=len(changes.names),
            snapshot=None if whole is snapshot else whole,
        )
        return whole

    def _revised(
        self, snapshot: Snapshot, names: Iterable[Name], namespace: str
    ) -> Mapping[ResourceType, ResourceCollection]:
        changed: dict[ResourceType, dict[str, Resource]] = {}
        removed: dict[ResourceType, list[str]] = {}
        for row, name in names:
            resource = self._making.resource_for(namespace, (row, name))
            if resource is not None:
                changed.setdefault(row, {})[name] = resource
            else:
                removed.setdefault(row, []).append(name)
        rows = changed.keys() | removed.keys()
        return {row: revise(snapshot[row], changed.get(row, {}), removed.get(row, ())) for row in rows}
