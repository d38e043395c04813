"""Links: what resources take from files of the same set, as references, for the rules of delivery go by these.

The codec knows as references only what a control plane is asked for. What people wrote into files themselves asks for
files (`path_config_source`): those of the set are found by the end of the path, for nobody here knows where Envoy sees
the folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from weakref import WeakKeyDictionary

from legation.envoy.config_sources import Taken, taken
from legation.model.resource import EVERY, Name, Resource, content_version
from legation.model.resource_types import SCOPED_ROUTE
from legation.model.snapshot import Snapshot, collect
from legation.transports.files.file_set import FileSet, PlannedFile


class Links:
    """Makes references of the paths in resources, and looks into each of them once."""

    def __init__(self) -> None:
        self._taken: WeakKeyDictionary[Resource, tuple[Taken, ...]] = WeakKeyDictionary()
        self._linked: WeakKeyDictionary[Resource, tuple[frozenset[Name], Resource]] = WeakKeyDictionary()

    def link(self, file_set: FileSet) -> FileSet:
        """Return the same files, with references between what is in them."""
        collections = []
        for collection in file_set.snapshot.collections.values():
            members = [self._link(each, file_set.files) for each in collection]
            changed = any(one is not other for one, other in zip(members, collection, strict=True))
            collections.append(collect(collection.type, members) if changed else collection)
        snapshot = Snapshot.of(collections, incomplete=file_set.snapshot.incomplete)
        return FileSet(snapshot=snapshot, files=file_set.files)

    def _link(self, resource: Resource, files: Mapping[str, PlannedFile]) -> Resource:
        named = self._taken.get(resource)
        if named is None:
            named = self._taken[resource] = taken(resource)
        paths = [each.path for each in named if each.path]
        if not paths:
            return resource
        names = frozenset(name for path in paths for name in _members(path, files))
        known = self._linked.get(resource)
        if known is None or known[0] != names:
            known = self._linked[resource] = (names, referring(resource, names))
        return known[1]


def _members(path: str, files: Mapping[str, PlannedFile]) -> Iterator[Name]:
    """Yield what is in the file of which Envoy knows that path; nothing where it is none of these."""
    rest = path
    while rest:
        if rest in files:
            yield from files[rest].members
            return
        rest = rest.partition("/")[2]


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
