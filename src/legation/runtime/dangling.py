"""References to names that nobody has. Pure.

Envoy waits for most of what it cannot find; for a cluster that routes inside a listener name it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from legation.envoy.findings import quote
from legation.envoy.whereabouts import Whereabouts, whereabouts
from legation.model.names import is_glob
from legation.model.node import Scope
from legation.model.objects import FieldPath
from legation.model.problems import Level, Problem
from legation.model.resource import EVERY, Name
from legation.model.resource_types import BY_NAME, ResourceType
from legation.runtime.item import Item
from legation.runtime.rechecking import Rechecking
from legation.runtime.shelf import Shelf
from legation.runtime.words import OF_OBJECTS, Words
from legation.translate.faults import fault

Elsewhere: TypeAlias = Callable[[ResourceType, str], bool]
"""Says of which names somebody else tells whether they are there."""


def dangling(
    shelf: Shelf,
    shelves: Mapping[ResourceType, Shelf],
    elsewhere: Elsewhere,
    *,
    words: Words = OF_OBJECTS,
    known: Rechecking,
) -> Iterator[Problem]:
    """Yield a warning for each reference to something that cannot reach a workload which gets what refers to it.

    Args:
        shelf: What refers.
        shelves: What there is, by type.
        elsewhere: Says of which names somebody else tells whether they are there.
        words: How the missing is told.
        known: Remembers where names stand.
    """
    for type_name in sorted(shelf.references):
        row = BY_NAME[type_name]
        target = shelves.get(row)
        loose = [
            (item, name)
            for (name, _), items in shelf.unmet(row, target)
            if name != EVERY and not _reaches(target, name, items[0].scope) and not elsewhere(row, name)
            for item in items
        ]
        for item, name in sorted(loose, key=lambda each: (each[0].rank, each[1])):
            yield _dangling_reference(item, (row, name), target, words, known)


def _reaches(target: Shelf | None, name: str, scope: Scope) -> bool:
    """Say whether some workload can have this scope and get something of that name."""
    if target is None:
        return False
    if is_glob(name):
        return name in target.globs
    if name not in target.claims:
        return False
    return not target.labels or any(each.scope.meets(scope) for each in target.claims[name])


def place_of(item: Item, named: Name, known: Rechecking) -> Whereabouts:
    """Return where a resource mentions a name: to look for it takes longer than all else that is said of it."""
    return known.once((whereabouts, item, named), lambda: whereabouts(item.resource, named, item.json))


def path_of(item: Item, named: Name, known: Rechecking) -> FieldPath:
    """Return where in its object a resource mentions a name."""
    return item.named_at.get(named) or (*item.path, *place_of(item, named, known).path)


def _dangling_reference(item: Item, named: Name, target: Shelf | None, words: Words, known: Rechecking) -> Problem:
    row, name = named
    message = f"the {item.resource.type.name} {quote(item.resource.name)} refers to the {row.name} {quote(name)}"
    if target is not None and name in target.claims:
        message += ", which goes to other workloads"
        mend = "give both objects selectors that fit together"
    else:
        message += f", {words.missing}"
        mend = words.if_missing(row, target.spelling.nearest(name) if target is not None else None)
    if place_of(item, named, known).needed:
        message += f"; an Envoy that does not know it refuses the {item.resource.type.name}"
    path = path_of(item, named, known)
    return fault(item.manifest, "dangling-reference", message, path, level=Level.WARNING, mend=mend)
