"""What would be wrong if an object were another one, or new: asked before anybody stores it. Pure.

It puts the object beside those that it could clash with or refers to, and has the same checks look at these alone that
look at everything when it is served. So the words are the same, and a question costs what the object itself is worth.
It refuses to know who asks. The one invariant: nothing that is served is touched; an answer changes nothing.

What objects say of the resources of others (`Note`) is not tried out: what is wrong with that shows in the status.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from legation.model.names import is_glob
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import DUPLICATE_ADDRESS, DUPLICATE_NAME, Level, Problem
from legation.model.resource_types import BY_NAME, ResourceType
from legation.runtime.assemble import Assembly
from legation.runtime.check import check, nowhere
from legation.runtime.dangling import Elsewhere
from legation.runtime.expiry import outlook
from legation.runtime.item import NO_KINDS, Item, Kinds
from legation.runtime.last_good import Readings
from legation.runtime.read import Reading
from legation.runtime.route_filters import takers_of
from legation.runtime.selecting import Ready, Selecting
from legation.runtime.shelf import Shelf

CLASHES = frozenset({DUPLICATE_NAME, DUPLICATE_ADDRESS})
"""Codes of problems that are about what another object has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """All that is served at one moment, for questions about one object more."""

    read: Callable[[ManifestObject, Reading | None], Reading]
    """Reads an object; an error of this program is a problem of that object."""
    assembly: Assembly | None = None
    """What is served; None: nobody knows yet."""
    readings: Readings = field(default_factory=dict)
    """The good readings: what did not change in an object is not encoded again."""
    ready: Ready | None = None
    """The Pods that selections choose from; None: nobody tells of Pods."""
    elsewhere: Elsewhere = nowhere
    """Says of which names somebody else tells whether they are there."""
    any_label: Kinds = NO_KINDS
    """Kinds whose objects are for every namespace: they are read, and held against nothing."""
    now: float = 0.0
    """The Unix time that certificates are valid at."""

    def problems(self, manifest: ManifestObject) -> tuple[Problem, ...]:
        """Return what would be wrong with the object; what it takes from others is a warning."""
        key = manifest.key
        reading = self.read(manifest, self.readings.get(key))
        if self.assembly is None or reading.broken or (key.group, key.kind) in self.any_label:
            return reading.problems
        items = Selecting(any_label=self.any_label).complete({key: reading}, self.ready).readings[key].items
        found = _Neighbours(self.assembly, self.elsewhere)
        others = {each for item in items for each in found.of(item) if each.manifest.key != key}
        after = _checked({*others, *items}, found.elsewhere)
        # What the others have against each other already is not this object's doing.
        before = set(_checked({*others, *self.assembly.made.get(key, ())}, found.elsewhere))
        return (
            *reading.problems,
            *(each for each in after if each.object == key),
            *outlook(items, now=self.now).problems,
            *(_taken(each, key) for each in after if _is_of_others(each, key) and each not in before),
        )


class _Neighbours:
    """The items that matter to one object."""

    def __init__(self, assembly: Assembly, elsewhere: Elsewhere) -> None:
        self._assembly, self._elsewhere = assembly, elsewhere
        self._globs: set[tuple[ResourceType, str]] = set()

    def of(self, item: Item) -> Iterator[Item]:
        """Yield the items that this one could clash with, that it refers to, and that what it says is for."""
        shelves = self._assembly.shelves.get(item.scope.namespace, {})
        own = shelves.get(item.resource.type)
        if own is not None:
            yield from own.claims.get(item.resource.name, ())
            for address in item.resource.claims:
                yield from own.addresses.get(address, ())
        for type_name, names in item.resource.references.items():
            target = shelves.get(BY_NAME[type_name])
            if target is not None:
                for name in names:
                    yield from self._meant(name, target)
        yield from takers_of(item, shelves)

    def elsewhere(self, row: ResourceType, name: str) -> bool:
        """Say of which names something is there although no item of it is here."""
        return (row, name) in self._globs or self._elsewhere(row, name)

    def _meant(self, name: str, target: Shelf) -> Iterable[Item]:
        if name in target.claims:
            return target.claims[name]
        if is_glob(name):
            if name in target.globs:
                self._globs.add((target.row, name))
            return ()
        if self._elsewhere(target.row, name):
            return ()
        # The words about a name that nobody has offer the one that was meant, perhaps.
        return target.claims.get(target.spelling.nearest(name) or "", ())


def _checked(items: Iterable[Item], elsewhere: Elsewhere) -> tuple[Problem, ...]:
    made: dict[ObjectKey, tuple[Item, ...]] = {}
    for item in sorted(items, key=lambda each: each.rank):
        key = item.manifest.key
        made[key] = (*made.get(key, ()), item)
    return check(Assembly(made), elsewhere=elsewhere)


def _is_of_others(problem: Problem, key: ObjectKey) -> bool:
    return problem.object != key and problem.code in CLASHES


def _taken(problem: Problem, key: ObjectKey) -> Problem:
    """Return what another object would suffer, as a warning to who writes this one."""
    return replace(
        problem,
        level=Level.WARNING,
        message=f"{problem.object} would lose by this: {problem.message}",
        object=key,
        path=(),
        place=None,
    )
