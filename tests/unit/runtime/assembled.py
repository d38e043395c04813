"""Items put together, as if each object had made those that name it."""

from __future__ import annotations

from collections.abc import Iterable

from legation.model.objects import ObjectKey
from legation.runtime.assemble import COMPLETE, Assembly, Incomplete
from legation.runtime.item import Item


def assembly(items: Iterable[Item], *, incomplete: Incomplete = COMPLETE, previous: Assembly | None = None) -> Assembly:
    """Return all of these, and what workloads get of them."""
    made: dict[ObjectKey, tuple[Item, ...]] = {}
    for item in items:
        key = item.manifest.key
        made[key] = (*made.get(key, ()), item)
    return Assembly(made, incomplete=incomplete, previous=previous)
