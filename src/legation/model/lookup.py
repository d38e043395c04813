"""What is found in a collection by more than its name: the members of a glob, the virtual hosts behind an alias.

Each index is built at the first question, O(all), and lasts as long as its collection, for every client that gets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from legation.model.hosts import serving
from legation.model.names import glob_of
from legation.model.snapshot import Collection

_globs: WeakKeyDictionary[Collection, Mapping[str, tuple[str, ...]]] = WeakKeyDictionary()
_aliases: WeakKeyDictionary[Collection, Mapping[str, str]] = WeakKeyDictionary()


def members(collection: Collection, glob: str) -> tuple[str, ...]:
    """Return the names in the collection that fall under the glob."""
    index = _globs.get(collection)
    if index is None:
        index = _globs[collection] = _by_glob(collection)
    return index.get(glob, ())


def behind(collection: Collection, asked: str) -> frozenset[str]:
    """Return the names of the resources in the collection that have this alias, or a domain that it belongs to."""
    index = _aliases.get(collection)
    if index is None:
        index = _aliases[collection] = {alias: resource.name for resource in collection for alias in resource.aliases}
    return serving(asked, index)


def _by_glob(collection: Collection) -> Mapping[str, tuple[str, ...]]:
    index: dict[str, list[str]] = {}
    for name in collection.resources:
        if glob := glob_of(name):
            index.setdefault(glob, []).append(name)
    return {glob: tuple(names) for glob, names in index.items()}
