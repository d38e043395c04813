"""References to names that nobody has. Pure.

Envoy waits for most of what it cannot find; for a cluster that routes inside a listener name it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from legation.envoy.findings import quote
from legation.envoy.whereabouts import whereabouts
from legation.model.names import is_glob
from legation.model.node import Scope
from legation.model.problems import Level, Problem
from legation.model.resource import EVERY
from legation.model.resource_types import BY_NAME, CLUSTER, ResourceType
from legation.runtime.item import Item
from legation.runtime.shelf import Shelf


def dangling(
    shelf: Shelf, shelves: Mapping[ResourceType, Shelf], elsewhere: Callable[[ResourceType, str], bool]
) -> Iterator[Problem]:
    """Yield a warning for each reference to something that cannot reach a workload which gets what refers to it.

    Args:
        shelf: What refers.
        shelves: What there is, by type.
        elsewhere: Says of which names somebody else tells whether they are there.
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
            yield _dangling_reference(item, row, name, target)


def _reaches(target: Shelf | None, name: str, scope: Scope) -> bool:
    """Say whether some workload can have this scope and get something of that name."""
    if target is None:
        return False
    if is_glob(name):
        return name in target.globs
    if name not in target.claims:
        return False
    return not target.labels or any(each.scope.meets(scope) for each in target.claims[name])


def _dangling_reference(item: Item, row: ResourceType, name: str, target: Shelf | None) -> Problem:
    reference = f"the {item.resource.type.name} {quote(item.resource.name)} refers to the {row.name} {quote(name)}"
    where = whereabouts(item.resource, (row, name), item.json)
    if target is not None and name in target.claims:
        message = f"{reference}, which goes to other workloads"
        mend = "give both objects selectors that fit together"
    else:
        message = f"{reference}, which no object of this namespace holds"
        nearest = target.spelling.nearest(name) if target is not None else None
        meant = f"did you mean {quote(nearest)}?" if nearest else ""
        static = "it is right if it is static in the Envoy's bootstrap" if row is CLUSTER else ""
        mend = " ".join(filter(None, (meant, static)))
    if where.needed:
        message += f"; an Envoy that does not know it refuses the {item.resource.type.name}"
    return Problem(
        code="dangling-reference",
        level=Level.WARNING,
        message=message,
        object=item.manifest.key,
        place=item.manifest.place,
        path=(*item.path, *where.path),
        mend=mend,
    )
