"""Which workload gets what: from the items of all objects to one snapshot for each group of workloads. Pure.

Everything here is a value once it is made, but for what it remembers of its own answers. An assembly takes over from
the one before it what stands on the same items, so that a change costs what it touches.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

from legation.model.names import glob_of
from legation.model.node import Scope, Workload
from legation.model.objects import FieldPath, ManifestObject
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection, Snapshot, collect
from legation.translate.spelling import Spelling

Labels: TypeAlias = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """One encoded resource, who gets it, and the object that says so. Compared by identity."""

    resource: Resource
    scope: Scope
    manifest: ManifestObject
    """Its seniority decides who has a name that several claim."""
    path: FieldPath = ()
    """Where in the object the resource stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incomplete:
    """Types of which something may be missing, because nobody knows what a broken object or file held."""

    everywhere: frozenset[ResourceType] = frozenset()
    namespaces: Mapping[str, frozenset[ResourceType]] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, namespace: str) -> frozenset[ResourceType]:
        """Return the types that are incomplete for the workloads of that namespace."""
        return self.everywhere | self.namespaces.get(namespace, frozenset())


COMPLETE = Incomplete()


class Shelf:
    """The items of one type in one namespace, and the collections that workloads get of them."""

    def __init__(self, row: ResourceType, items: tuple[Item, ...]) -> None:
        self.row = row
        self.items = items
        self.claims = _claims(items)
        """Name -> those who claim it, the senior first."""
        self.contested = tuple(claims for claims in self.claims.values() if len(claims) > 1)
        """The claims of names that several want."""
        self.labels: Labels = frozenset().union(*{item.scope.labels for item in items})
        """Every label that a selector here mentions."""
        self._collections: dict[Labels, Collection] = {}

    @cached_property
    def spelling(self) -> Spelling:
        """Finds the claimed name that resembles one which is not."""
        return Spelling(tuple(self.claims))

    @cached_property
    def globs(self) -> frozenset[str]:
        """The globs that claimed names fall under."""
        return frozenset(map(glob_of, self.claims))

    def collection(self, labels: Labels) -> Collection:
        """Return what a workload with these labels gets: of each name the senior claim that is meant for it."""
        labels &= self.labels
        found = self._collections.get(labels)
        if found is None:
            winners = (_winner(claims, labels) for claims in self.claims.values())
            got = [each for each in winners if each is not None]
            found = collect(self.row, (each.resource for each in _at_peace(got)))
            self._collections[labels] = found
        return found


class Assembly:
    """All items at one moment, and the snapshot of each group of workloads made of them.

    A group is what selectors can tell apart: a namespace, and those of a workload's labels that some selector in that
    namespace mentions. Snapshots are built at the first question and kept; what did not change since `previous` (the
    items of a type in a namespace are the same Python objects) is taken over from there.
    """

    def __init__(
        self, items: Iterable[Item] = (), *, incomplete: Incomplete = COMPLETE, previous: Assembly | None = None
    ) -> None:
        self.incomplete = incomplete
        self.shelves: Shelves = _shelves(items, {} if previous is None else previous.shelves)
        """Namespace -> type -> the items there."""
        self.labels: Mapping[str, Labels] = {
            namespace: frozenset().union(*(shelf.labels for shelf in shelves.values()))
            for namespace, shelves in self.shelves.items()
        }
        """Namespace -> every label that a selector there mentions."""
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


Shelves: TypeAlias = Mapping[str, Mapping[ResourceType, Shelf]]


def _shelves(items: Iterable[Item], previous: Shelves) -> Shelves:
    sorted_out: dict[str, dict[ResourceType, list[Item]]] = {}
    for item in items:
        sorted_out.setdefault(item.scope.namespace, {}).setdefault(item.resource.type, []).append(item)
    return {
        namespace: {
            row: _shelf(row, tuple(members), previous.get(namespace, {}).get(row)) for row, members in rows.items()
        }
        for namespace, rows in sorted_out.items()
    }


def _shelf(row: ResourceType, items: tuple[Item, ...], previous: Shelf | None) -> Shelf:
    if previous is not None and previous.items == items:
        return previous
    shelf = Shelf(row, items)
    # To index names is dear, and they change less often than what stands behind them.
    if previous is not None and "spelling" in vars(previous) and previous.claims.keys() == shelf.claims.keys():
        shelf.spelling = previous.spelling
    return shelf


def _claims(items: tuple[Item, ...]) -> Mapping[str, tuple[Item, ...]]:
    claims: dict[str, tuple[Item, ...]] = {}
    for item in items:
        name = item.resource.name
        others = claims.get(name)
        if others is None:
            claims[name] = (item,)
        else:
            claims[name] = tuple(sorted((*others, item), key=lambda each: each.manifest.seniority))
    return claims


def _winner(claims: tuple[Item, ...], labels: Labels) -> Item | None:
    for item in claims:
        if item.scope.labels <= labels:
            return item
    return None


def _at_peace(items: list[Item]) -> Iterable[Item]:
    """Return those that claim nothing (the address of a listener) which a senior one has."""
    claiming = [item for item in items if item.resource.claims]
    if len(claiming) < 2:
        return items
    owners: dict[str, Item] = {}
    lost: set[Item] = set()
    for item in sorted(claiming, key=lambda each: each.manifest.seniority):
        if owners.keys().isdisjoint(item.resource.claims):
            owners |= dict.fromkeys(item.resource.claims, item)
        else:
            lost.add(item)
    return [item for item in items if item not in lost]
