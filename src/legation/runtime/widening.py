"""Objects that are for every namespace, for who comes from l7mp: one label in common was enough there. Pure.

What such an object makes is repeated for each label of its selector, in each namespace in which an Envoy may have that
label: who has several of them gets the same thing once. It refuses to know what the kinds are; where there are none,
nothing is touched. An object is widened anew when its reading or those namespaces are others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from legation.model.cluster import Cluster, Pod
from legation.model.node import DEFAULT_NAMESPACE, Scope, Workload
from legation.model.objects import ObjectKey
from legation.runtime.item import Item, Kinds, Labels
from legation.runtime.last_good import Readings, Settled
from legation.runtime.read import Reading

Where: TypeAlias = Mapping[tuple[str, str], frozenset[str]]
"""The namespaces in which an Envoy may have a label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of the Envoys that there may be, and of the labels that matter."""

    pods: Mapping[str, Pod] | None
    """None: there may be Envoys that nobody describes."""
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    namespaces: frozenset[str] = frozenset()
    labels: Labels = frozenset()

    def is_of(self, settled: Settled, cluster: Cluster | None, labels: Labels) -> bool:
        """Say whether it is what is known at that moment."""
        return (
            self.pods is (None if cluster is None else cluster.pods)
            and (self.labels, self.namespaces) == (labels, settled.namespaces)
            and self.workloads == settled.workloads
        )

    def where(self) -> Where:
        """Return where an Envoy may have each of the labels."""
        found: dict[tuple[str, str], set[str]] = {label: set() for label in self.labels}
        envoys: tuple[Workload | Pod, ...] = (*self.workloads.values(), *(self.pods or {}).values())
        for each in envoys:
            for label in each.labels & self.labels:
                found[label].add(each.namespace)
        # Who is neither described nor a Pod is in the namespace of some object, or in the default one.
        anywhere = self.namespaces | {DEFAULT_NAMESPACE} if self.pods is None else frozenset[str]()
        return {label: anywhere.union(namespaces) for label, namespaces in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Page:
    """What became of one object."""

    reading: Reading
    labels: Labels
    where: Where
    widened: Reading


class Widening:
    """The objects that are for every namespace."""

    def __init__(self, kinds: Kinds) -> None:
        """Begin without objects.

        Args:
            kinds: Those of the objects.
        """
        self._kinds = kinds
        self._known = _Known(pods=None)
        self._where: Where = {}
        self._pages: dict[ObjectKey, _Page] = {}
        self._readings: Readings = {}
        """What came in last."""
        self._widened: Readings = {}
        """What became of it."""

    def widen(self, readings: Readings, settled: Settled, cluster: Cluster | None) -> Readings:
        """Return all readings, those of such objects for every namespace.

        Where nothing is another one, what is returned is the same object as before.

        Args:
            readings: The good ones.
            settled: Tells in which namespaces there are objects, and Envoys that objects describe.
            cluster: Tells in which there are Pods.
        """
        if not self._kinds:
            return readings
        if readings is self._readings and self._known.is_of(settled, cluster, self._known.labels):
            return self._widened
        ours = {key: reading for key, reading in readings.items() if (key.group, key.kind) in self._kinds}
        asked = {key: self._labels(reading, self._pages.get(key)) for key, reading in ours.items()}
        labels = frozenset[tuple[str, str]]().union(*asked.values())
        if not self._known.is_of(settled, cluster, labels):
            self._known = _known(settled, cluster, labels)
            self._where = self._known.where()
        pages = {key: self._page(reading, asked[key], self._pages.get(key)) for key, reading in ours.items()}
        if readings is not self._readings or pages != self._pages:
            widened = {key: page.widened for key, page in pages.items()}
            self._widened = MappingProxyType({**readings, **widened}) if widened else readings
        self._readings, self._pages = readings, pages
        return self._widened

    def _labels(self, reading: Reading, before: _Page | None) -> Labels:
        if before is not None and before.reading is reading:
            return before.labels
        return frozenset[tuple[str, str]]().union(*(item.scope.labels for item in reading.items))

    def _page(self, reading: Reading, labels: Labels, before: _Page | None) -> _Page:
        where = {label: self._where[label] for label in sorted(labels)}
        if before is not None and before.reading is reading and before.where == where:
            return before
        items = tuple(each for item in reading.items for each in _repeated(item, where))
        widened = replace(reading, items=items)
        return _Page(reading=reading, labels=labels, where=where, widened=widened)


def _known(settled: Settled, cluster: Cluster | None, labels: Labels) -> _Known:
    pods = None if cluster is None else cluster.pods
    return _Known(pods=pods, workloads=settled.workloads, namespaces=settled.namespaces, labels=labels)


def _repeated(item: Item, where: Where) -> Iterator[Item]:
    for label in sorted(item.scope.labels):
        for namespace in sorted(where[label]):
            yield replace(item, scope=Scope(namespace=namespace, labels=frozenset({label})))
