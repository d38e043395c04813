"""Which workload gets what: from the items of all objects to one snapshot for each group of workloads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from legation.model.node import Scope, Workload
from legation.model.objects import FieldPath, ManifestObject
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot


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


class Assembly:
    """All items at one moment, and the snapshot of each group of workloads made of them.

    A group is what selectors can tell apart: a namespace, and those of a workload's labels that some selector in that
    namespace mentions. Snapshots are built at the first question and kept; what did not change since `previous` (the
    items of a type in a namespace are the same Python objects) is taken over from there.
    """

    def __init__(
        self, items: Iterable[Item] = (), *, incomplete: Incomplete = COMPLETE, previous: Assembly | None = None
    ) -> None:
        raise NotImplementedError

    def snapshot_for(self, workload: Workload) -> Snapshot:
        """Return what the workload gets. Two workloads of one group get the same Python object."""
        raise NotImplementedError

    def group_of(self, workload: Workload) -> str:
        """Return the name of the workload's group, for people: `shop`, or `shop/app=edge,tier=front`."""
        raise NotImplementedError
