"""What is served at one moment, for questions about where it comes from: objects, resources, what a node gets. Pure.

It refuses to know who is connected, and how answers are shown. The one invariant: a question changes nothing of what is
served. Where every resource is asked for, those of an object that makes many stand where the object begins: to find the
line of each would take the longer the more there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from legation.model.cluster import Cluster
from legation.model.node import Node, Peer, Workload
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.resource import Name, Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot
from legation.model.trail import Chosen, Traced, TracedObject, Wanted, any_object, every
from legation.runtime.admission import admit
from legation.runtime.item import Item, Made
from legation.runtime.last_good import Readings

_LOCATED = 20
"""Resources of one object of which each is looked for in its text."""
_SHOWN_PODS = 10
_NOBODY = Peer(address="", transport="admin")


@dataclass(frozen=True, kw_only=True)
class Trail:
    """All that is served at one moment."""

    objects: Mapping[ObjectKey, ManifestObject]
    """The newest version of each, however broken."""
    settled: Readings = field(repr=False)
    """What each object makes by itself."""
    completed: Readings = field(repr=False)
    """With what is made of Pods."""
    made: Made = field(repr=False)
    """With what others say of it, for every namespace that it is for."""
    met: Mapping[ObjectKey, frozenset[Name]] = field(repr=False)
    """The objects that say something of the resources of others, and of which."""
    workloads: Mapping[str, Workload] = field(repr=False)
    """Node ids that objects describe."""
    namespaces: frozenset[str]
    cluster: Cluster | None
    place: Callable[[ManifestObject, FieldPath], Place | None]
    snapshot: Callable[[Workload], Snapshot | None]
    """Returns what a workload gets."""
    group_of: Callable[[Workload], str]
    """Returns the name of its group."""
    made_by_name: Callable[[Name], Resource | None]
    """Returns what is made of Services and Secrets under a name, for who may have it."""
    target: Callable[[ResourceType, str], object]
    """Returns what such a name stands for, or None; its `str` is for people."""
    pods: Callable[[ObjectKey], tuple[str, ...]]
    """Returns the names of the Pods that an object selects."""

    @cached_property
    def _amenders(self) -> Mapping[tuple[str, ResourceType, str], tuple[ObjectKey, ...]]:
        found: dict[tuple[str, ResourceType, str], list[ObjectKey]] = {}
        for key in sorted(self.met):
            for row, name in self.met[key]:
                found.setdefault((key.namespace, row, name), []).append(key)
        return {name: tuple(keys) for name, keys in found.items()}

    # Objects

    def traced_objects(self, wanted: Wanted = any_object) -> Iterator[TracedObject]:
        """Yield the objects that are wanted, by key."""
        return (self.traced_object(key) for key in sorted(filter(wanted, self.objects)))

    def traced_object(self, key: ObjectKey) -> TracedObject:
        """Return an object that exists."""
        newest, reading = self.objects[key], self.completed.get(key)
        names = {(each.resource.type, each.resource.name): None for each in self.made.get(key, ())}
        return TracedObject(
            manifest=newest,
            place=self.place(newest, ()),
            served=reading is not None and reading.manifest is newest,
            resources=(*names, *sorted(self.met.get(key, ()), key=_rank)),
        )

    # Resources

    def traced_items(self, chosen: Chosen = every) -> Iterator[Traced]:
        """Yield the chosen resources of every object, with those whom they are for."""
        for key in sorted(self.made):
            for item in self.made[key]:
                if not chosen(item.resource.type.name, item.resource.name):
                    continue
                yield self._of_item(item, item.resource, item.scope.namespace, labels=item.scope.labels)

    def traced(self, snapshot: Snapshot, namespace: str, chosen: Chosen = every) -> Iterator[Traced]:
        """Yield the chosen resources of a snapshot that Envoys of a namespace get, in the order of delivery."""
        for row, collection in snapshot.collections.items():
            for name, resource in collection.resources.items():
                if chosen(row.name, name):
                    yield self.trace(resource, namespace)

    def trace(self, resource: Resource, namespace: str, *, exactly: bool = False) -> Traced:
        """Return where a resource comes from that Envoys of a namespace get.

        Args:
            resource: The resource.
            namespace: Theirs.
            exactly: Look for its line however long that takes.
        """
        item = next((each for each in self._items_of(resource) if each.resource is resource), None)
        # It may be another by now.
        item = item or next(iter(self._items_of(resource)), None)
        if item is not None:
            return self._of_item(item, resource, namespace, exactly=exactly)
        target = self.target(resource.type, resource.name)
        return Traced(resource=resource, namespace=namespace, made_of=(str(target),) if target is not None else ())

    def _items_of(self, resource: Resource) -> Iterator[Item]:
        if resource.origin is not None:
            index = self._index.get(resource.origin, {})
            yield from index.get((resource.type, resource.name), ())

    @cached_property
    def _index(self) -> _Index:
        return _Index(self.made)

    def _of_item(
        self,
        item: Item,
        resource: Resource,
        namespace: str,
        *,
        labels: frozenset[tuple[str, str]] = frozenset(),
        exactly: bool = False,
    ) -> Traced:
        key = item.manifest.key
        by_itself = self.settled.get(key)
        of_pods = by_itself is not None and item.position >= len(by_itself.items)
        few = 1 < len(self.made.get(key, ())) <= _LOCATED
        return Traced(
            resource=resource,
            namespace=namespace,
            labels=labels,
            place=self.place(item.manifest, item.path if exactly or few else ()),
            path=item.path,
            stale=self.objects.get(key) is not item.manifest,
            amended_by=self._amenders.get((key.namespace, resource.type, resource.name), ()),
            made_of=_pods(self.pods(key)) if of_pods else (),
        )

    def named(self, row: ResourceType, name: str) -> Iterator[Traced]:
        """Yield the resources of a name, of whatever namespace, each with its line; O(all resources)."""
        found = False
        for key in sorted(self.made):
            for item in self.made[key]:
                if item.resource.name == name and item.resource.type is row:
                    found = True
                    scope = item.scope
                    yield self._of_item(item, item.resource, scope.namespace, labels=scope.labels, exactly=True)
        made = None if found else self.made_by_name((row, name))
        if made is not None:
            yield self.trace(made, made.origin.namespace if made.origin else "")

    # Nodes

    def workload_of(self, node: Node) -> Workload | None:
        """Return what is known of an Envoy; None while its Pod is not known."""
        return admit(
            _NOBODY,
            node,
            workloads=self.workloads,
            namespaces=self.namespaces,
            cluster=self.cluster,
            check_peer=False,
        )


class _Index:
    """The items of each object by the name of their resource, made when an object is first asked about."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self._found: dict[ObjectKey, dict[Name, tuple[Item, ...]]] = {}

    def get(self, key: ObjectKey, default: Mapping[Name, tuple[Item, ...]]) -> Mapping[Name, tuple[Item, ...]]:
        if key not in self._made:
            return default
        if key not in self._found:
            self._found[key] = _by_name(self._made[key])
        return self._found[key]


def _by_name(items: Iterable[Item]) -> dict[Name, tuple[Item, ...]]:
    found: dict[Name, tuple[Item, ...]] = {}
    for item in items:
        name = (item.resource.type, item.resource.name)
        found[name] = (*found.get(name, ()), item)
    return found


def _rank(name: Name) -> tuple[int, str]:
    return name[0].order, name[1]


def _pods(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        return ("no Pod",)
    more = len(names) - _SHOWN_PODS
    return (*(f"Pod {each}" for each in names[:_SHOWN_PODS]), *((f"{more} more Pods",) if more > 0 else ()))
