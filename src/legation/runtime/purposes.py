"""What is there under a name that is mentioned, and is of another kind than the one that is taken. Pure.

Envoy refuses a Secret that holds no certificate where one is to come from it, and an ExtensionConfig of a type that is
not listed where it is mentioned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from legation.envoy.findings import quote
from legation.model.objects import FieldPath
from legation.model.problems import Level, Problem
from legation.model.resource import Name
from legation.model.resource_types import EXTENSION_CONFIG, SECRET, ResourceType
from legation.runtime.dangling import place_of
from legation.runtime.item import Item
from legation.runtime.rechecking import Rechecking
from legation.runtime.shelf import Shelf
from legation.translate.faults import fault


def misused(shelf: Shelf, shelves: Mapping[ResourceType, Shelf], *, known: Rechecking) -> Iterator[Problem]:
    """Yield a warning for each mention of something that is of another kind.

    Args:
        shelf: What mentions.
        shelves: What there is, by type.
        known: Remembers which mentions fit.
    """
    for row in (EXTENSION_CONFIG, SECRET):
        target, mentions = shelves.get(row), shelf.references.get(row.name, {})
        if target is None:
            continue
        loose = {
            (item, name): other
            for (name, _), items in mentions.items()
            for item, other in _loose(items, target.claims.get(name, ()), known)
        }
        for (item, name), other in sorted(loose.items(), key=lambda each: (each[0][0].rank, each[0][1])):
            yield _misused(item, other, (row, name), place_of(item, (row, name), known).path)


def _loose(items: tuple[Item, ...], claims: tuple[Item, ...], known: Rechecking) -> tuple[tuple[Item, Item], ...]:
    """Return those that take something else than one of the claims holds, each with that one."""

    def find() -> tuple[tuple[Item, Item], ...]:
        pairs = ((item, other) for other in claims for item in _unfit(items, other))
        return tuple((item, other) for item, other in pairs if other.scope.meets(item.scope))

    return known.once((_loose, items, claims), find) if claims else ()


def _unfit(items: Iterable[Item], other: Item) -> Iterator[Item]:
    """Yield those that take something else from the other one than it holds."""
    key = (other.resource.type.name, other.resource.name)
    there = other.resource.said_of_names.get(key)
    for item in items if there else ():
        wanted = item.resource.said_of_names.get(key)
        if wanted and wanted.isdisjoint(there or ()):
            yield item


def _misused(item: Item, other: Item, named: Name, path: FieldPath) -> Problem:
    row, name = named
    wanted, there = (
        " or ".join(sorted(each.resource.said_of_names.get((row.name, name), ()))) for each in (item, other)
    )
    mentioner = f"the {item.resource.type.name} {quote(item.resource.name)}"
    return fault(
        item.manifest,
        "wrong-kind",
        f"{mentioner} takes {wanted} from the {row.name} {quote(name)}, which holds {there}: Envoy refuses it",
        (*item.path, *path),
        level=Level.WARNING,
        mend="name another one, or change what this one holds",
    )
