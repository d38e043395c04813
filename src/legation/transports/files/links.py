"""Links: what resources take from files of the same set, as references, for the rules of delivery go by these.

The codec knows as references only what a control plane is asked for. What people wrote into files themselves asks for
files (`path_config_source`): those of X
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType
from weakref import WeakKeyDictionary

from legation.envoy.config_sources import Taken, taken
from legation.model.resource import EVERY, Name, Resource, content_version
from legation.model.resource_types import SCOPED_ROUTE
from legation.model.snapshot import Snapshot, collect
from legation.transports.files.file_set import FileSet


class Links:
    """Makes references of the paths in resources, and looks into each of them once."""

    def __init__(self) -> None:
        self._taken: WeakKeyDictionary[Resource, tuple[Taken, ...]] = WeakKeyDictionary()
        self._linked: WeakKeyDictionary[Resource, tuple[frozenset[Name], Resource]] = WeakKeyDictionary()
        self._known: dict[str, tuple[Name, ...]] = {}
        """What was in each file when it was in the set last."""

    def link(self, file_set: FileSet) -> FileSet:
        """Return the same files, with references between what is in them, and who lacks a file that is none of them."""
        collections = []
        lacking: dict[Name, frozenset[str]] = {}
        self._known |= {path: file.members for path, file in file_set.files.items()}
        for collection in file_set.snapshot.collections.values():
            members = [self._link(each, file_set, lacking) for each in collection]
            changed = any(one is not other for one, other in zip(members, collection, strict=True))
            collections.append(collect(collection.type, members) if changed else collection)
        snapshot = Snapshot.of(collections, incomplete=file_set.snapshot.incomplete)
        return replace(file_set, snapshot=snapshot, lacking={**file_set.lacking, **lacking})

    def _link(self, resource: Resource, file_set: FileSet, lacking: dict[Name, frozenset[str]]) -> Resource:
        named = self._taken.get(resource)
        if named is None:
            named = self._taken[resource] = taken(resource)
        found = {path for each in named if (path := self._find(each.path, file_set)) is not None}
        if not found:
            return resource
        if missing := found & file_set.expected:
            # What was there once and is gone is not waited for: the path may be that of another folder by now.
            lacking[resource.type, resource.name] = frozenset(missing)
        names = frozenset(name for path in found for name in self._known.get(path, ()))
        known = self._linked.get(resource)
        if known is None or known[0] != names:
            known = self._linked[resource] = (names, referring(resource, names))
        return known[1]

    def _find(self, path: str, file_set: FileSet) -> str | None:
        """Return the path below the folder of the file of which Envoy knows that path; None: it is none of these."""
        rest = path
        while rest:
            if rest in self._known or rest in file_set.expected:
                return rest
            rest = rest.partition("/")[2]
        return None


def referring(resource: Resource, names: Iterable[Name]) -> Resource:
    """Return the resource with references also to these, as far as resources of its type can have them.

    It is another version then: collections of the same versions are one and the same.
    """
    added: dict[str, set[str]] = {}
    for row, name in names:
        if row is SCOPED_ROUTE:
            # No listener names one of them: it takes all that are in the file.
            added.setdefault(row.name, set()).add(EVERY)
        elif row.name in resource.type.refers:
            added.setdefault(row.name, set()).add(name)
    references = {**resource.references}
    for row_name, more in added.items():
        references[row_name] = references.get(row_name, frozenset()) | more
    if references == resource.references:
        return resource
    told = repr(sorted((row, sorted(more)) for row, more in added.items()))
    version = f"{resource.version}+{content_version(told.encode())[:8]}"
    return replace(resource, references=MappingProxyType(references), version=version)
