"""Which workload gets what: from the items of all objects to one snapshot for each group of workloads. Pure.

Everything here is a value once it is made, but for what it remembers of its own answers. An assembly takes over from
the one before it what stands on the same items, so that a change costs what it touches; `shelf.py` knows how.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from legation.model.indexes import sorted_out
from legation.model.node import Workload
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot
from legation.runtime.item import NOTHING, Item, Labels, Made
from legation.runtime.shelf import Shelf, in_order


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """Types of which something may be missing, because nobody knows what a broken object or file held."""

    everywhere: frozenset[ResourceType] = frozenset()
    namespaces: Mapping[str, frozenset[ResourceType]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, namespace: str) -> frozenset[ResourceType]:
        """Return the types that are incomplete for the workloads of that namespace."""
        return self.everywhere | self.namespaces.get(namespace, frozenset())


COMPLETE = Incomplete()


Shelves: TypeAlias = Mapping[str, Mapping[ResourceType, Shelf]]
"""Namespace -> type -> the items there."""


class Assembly:
    """All items at one moment, and the snapshot of each group of workloads made of them.

    A group is what selectors can tell apart: a namespace, and those of a workload's labels that some selector in that
    namespace mentions. Snapshots are built at the first question and kept; what did not change since `previous` (the
    items of a type in a namespace are the same Python objects) is taken over from there.
    """

    def __init__(
        self, made: Made = NOTHING, *, incomplete: Incomplete = COMPLETE, previous: Assembly | None = None
    ) -> None:
        """Take all items.

        Args:
            made: All that there is.
            incomplete: What may be missing.
            previous: What there was before.
        """
        self.incomplete = incomplete
        self.made = made
        came, went = _difference(NOTHING if previous is None else previous.made, made)
        self.shelves: Shelves = shelves_after({} if previous is None else previous.shelves, came, went)
        self.labels: Mapping[str, Labels] = {
            namespace: frozenset().union(*(shelf.labels for shelf in shelves.values()))
            for namespace, shelves in self.shelves.items()
        }
        """Namespace -> every label that a selector there mentions."""
        self.dated: tuple[Item, ...] = _dated(() if previous is None else previous.dated, came, went)
        """The items with certificates, whose time comes and goes; the same tuple while these are the same items."""
        self._snapshots: dict[tuple[str, Labels], Snapshot] = {}

    def snapshot_for(self, workload: Workload) -> Snapshot:
        """Return what the workload gets. Two workloads of one group get the same Python object."""
        group = (workload.namespace, self._mentioned(workload))
        found = self._snapshots.get(group)
        if found is None:
            shelves = self.shelves.get(workload.namespace, {}).values()
            collections = (shelf.collection(workload.labels) for shelf in shelves)
            found = Snapshot.of(collections, incomplete=self.incomplete.of(workload.namespace))
            self._snapshots[group] = found
        return found

    def told_apart(self, workload: Workload) -> Workload:
        """Return the workload with no labels but those that make its group."""
        return Workload(namespace=workload.namespace, labels=self._mentioned(workload))

    def group_of(self, workload: Workload) -> str:
        """Return the name of the workload's group, for people: `shop`, or `shop/app=edge,tier=front`."""
        labels = ",".join(f"{key}={value}" for key, value in sorted(self._mentioned(workload)))
        return f"{workload.namespace}/{labels}" if labels else workload.namespace

    def _mentioned(self, workload: Workload) -> Labels:
        return workload.labels & self.labels.get(workload.namespace, frozenset())


def _difference(before: Made, made: Made) -> tuple[list[Item], list[Item]]:
    """Return the items that came and those that went."""
    came: list[Item] = []
    went: list[Item] = []
    for key in before.keys() | made.keys():
        old, new = before.get(key, ()), made.get(key, ())
        if old is not new:
            there, here = set(old), set(new)
            came += (item for item in new if item not in there)
            went += (item for item in old if item not in here)
    return came, went


def _dated(before: tuple[Item, ...], came: Iterable[Item], went: Collection[Item]) -> tuple[Item, ...]:
    gone = frozenset(before).intersection(went)
    new = [item for item in came if item.resource.validity]
    return in_order((*(item for item in before if item not in gone), *new)) if gone or new else before


def shelves_after(previous: Shelves, came: Iterable[Item], went: Iterable[Item]) -> Shelves:
    """Return all shelves when some items have come and some have gone."""
    more, less = _by_shelf(came), _by_shelf(went)
    shelves = {namespace: dict(rows) for namespace, rows in previous.items()}
    for namespace, row in more.keys() | less.keys():
        rows = shelves.setdefault(namespace, {})
        shelf = rows.get(row, Shelf(row)).changed(more.get((namespace, row), ()), less.get((namespace, row), ()))
        rows[row] = shelf
        if not shelf:
            del rows[row]
        if not rows:
            del shelves[namespace]
    return shelves


def _by_shelf(items: Iterable[Item]) -> Mapping[tuple[str, ResourceType], Collection[Item]]:
    return sorted_out(((item.scope.namespace, item.resource.type), item) for item in items)
