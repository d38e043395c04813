"""What is there under a name that is mentioned, and is of another kind than the one that is taken. Pure.

Envoy refuses a Secret that holds no certificate where one is to come from it, and an ExtensionConfig of a type that is
not listed where it is mentioned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from legation.envoy.findings import quote
from legation.envoy.whereabouts import whereabouts
from legation.model.problems import Level, Problem
from legation.model.resource_types import EXTENSION_CONFIG, SECRET, ResourceType
from legation.runtime.item import Item
from legation.runtime.shelf import Shelf


def misused(shelf: Shelf, shelves: Mapping[ResourceType, Shelf]) -> Iterator[Problem]:
    """Yield a warning for each mention of something that is of another kind.

    Args:
        shelf: What mentions.
        shelves: What there is, by type.
    """
    for row in (EXTENSION_CONFIG, SECRET):
        target, mentions = shelves.get(row), shelf.references.get(row.name, {})
        if target is None:
            continue
        loose = {
            (item, name): other
            for (name, _), items in mentions.items()
            for other in target.claims.get(name, ())
            for item in _unfit(items, other)
            if other.scope.meets(item.scope)
        }
        for (item, name), other in sorted(loose.items(), key=lambda each: (each[0][0].rank, each[0][1])):
            yield _misused(item, other, row, name)


def _unfit(items: Iterable[Item], other: Item) -> Iterator[Item]:
    """Yield those that take something else from the other one than it holds."""
    key = (other.resource.type.name, other.resource.name)
    there = other.resource.details.get(key)
    for item in items if there else ():
        wanted = item.resource.details.get(key)
        if wanted and wanted.isdisjoint(there or ()):
            yield item


def _misused(item: Item, other: Item, row: ResourceType, name: str) -> Problem:
    wanted, there = (" or ".join(sorted(each.resource.details.get((row.name, name), ()))) for each in (item, other))
    mentioner = f"the {item.resource.type.name} {quote(item.resource.name)}"
    return Problem(
        code="wrong-kind",
        level=Level.WARNING,
        message=f"{mentioner} takes {wanted} from the {row.name} {quote(name)}, which holds {there}: Envoy refuses it",
        object=item.manifest.key,
        place=item.manifest.place,
        path=(*item.path, *whereabouts(item.resource, (row, name), item.json).path),
        mend="name another one, or change what this one holds",
    )
