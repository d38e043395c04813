"""What would be wrong if an object were another one, or new: asked before anybody stores it. Pure.

It puts the object beside those that it could clash with or refers to, and has the same checks look at these alone that
look at everything when it is served. So the words are the same, and a question costs what the object itself is worth.
It refuses to know who asks. The one invariant: nothing that is served is touched; an answer changes nothing.

What objects say of the resources of others (`Note`) is not tried out: what is wrong with that shows in the status.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from legation.model.names import is_glob
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import DUPLICATE_ADDRESS, DUPLICATE_NAME, Level, Problem
from legation.model.resource import Resource
from legation.model.resource_types import BY_NAME, ResourceType
from legation.runtime.assemble import Assembly, Shelves
from legation.runtime.check import check, nowhere
from legation.runtime.dangling import Elsewhere
from legation.runtime.expiry import outlook
from legation.runtime.item import NO_KINDS, Item, Kinds
from legation.runtime.last_good import Readings
from legation.runtime.read import Reading
from legation.runtime.route_filters import takers_of
from legation.runtime.selecting import Ready, Selecting
from legation.runtime.shelf import Shelf
from legation.runtime.upcoming import Upcoming

CLASHES = frozenset({DUPLICATE_NAME, DUPLICATE_ADDRESS})
"""Codes of problems that are about what another object has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """All that is served at one moment, for questions about one object more."""

    read: Callable[[ManifestObject, Reading | None], Reading]
    """Reads an object; an error of this program is a problem of that object."""
    forget: Callable[[Iterable[ObjectKey]], None] = lambda _: None
    """Forgets what that found out about objects."""
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
    said: Callable[[ObjectKey], Collection[Problem]] | None = None
    """Returns what is wrong with an object as it is served; None: nobody knows."""
    upcoming: Upcoming = field(default_factory=Upcoming)
    """What is stored and not served yet."""

    def by_itself(self) -> WhatIf:
        """Return the same for an object in itself: nothing that is there is looked at, and nothing is missed."""
        return WhatIf(
            read=self.read, assembly=Assembly(), elsewhere=_everywhere, any_label=self.any_label, now=self.now
        )

    def problems(self, manifest: ManifestObject) -> tuple[Problem, ...]:
        """Return what would be wrong with the object; what it takes from others is a warning."""
        return self.together([manifest])[0]

    def read_ahead(self, manifests: Iterable[ManifestObject]) -> None:
        """Read objects and keep what was found out, where that is kept."""
        for each in manifests:
            self.read(each, self.readings.get(each.key))

    def together(self, manifests: Sequence[ManifestObject]) -> tuple[tuple[Problem, ...], ...]:
        """Return what would be wrong with each of some objects if all of them were served; their keys differ."""
        read = {each.key: self.read(each, self.readings.get(each.key)) for each in manifests}
        whole = {
            key: each
            for key, each in read.items()
            if self.assembly is not None and not each.broken and (key.group, key.kind) not in self.any_label
        }
        completed = Selecting(any_label=self.any_label).complete(whole, self.ready).readings
        items = {key: completed[key].items for key in whole}
        self.upcoming.look_at({key: whole[key].manifest for key in items if self._is_news(key, items[key])}, items)
        # One object has no others beside it.
        beside = Assembly(items) if len(items) > 1 else Assembly()
        return tuple(
            (*each.problems, *(self._among_others(key, items, beside) if key in items else ()))
            for key, each in read.items()
        )

    def _is_news(self, key: ObjectKey, items: Sequence[Item]) -> bool:
        """Say whether it is something else to others than what is served of it."""
        served = self.assembly.made.get(key, ()) if self.assembly is not None else ()
        return key in self.upcoming or not _is_same_to_others(items, served)

    def _among_others(
        self, key: ObjectKey, every: Mapping[ObjectKey, tuple[Item, ...]], beside: Assembly
    ) -> Iterator[Problem]:
        items, served = every[key], self.assembly or Assembly()
        soon = self.upcoming.made(key)
        own = served.made.get(key, ()) if soon is None else soon
        if soon is None and self.said is not None and not self.said(key) and _is_same_to_others(items, own):
            yield from outlook(items, now=self.now).problems
            return
        found, new = self._neighbours(served, every), _Neighbours(beside.shelves, self.elsewhere, but=(key,))

        def elsewhere(row: ResourceType, name: str) -> bool:
            return any(each.elsewhere(row, name) for each in (*found, new))

        others = {each for item in items for neighbours in found for each in neighbours.of(item)}
        beside_it = {each for item in items for each in new.of(item)}
        # Most objects by far make one thing that speaks of nothing: there is nothing to hold it against.
        alone = not others and not beside_it and len(items) == 1 and _speaks_of_nothing(items[0].resource)
        after = () if alone else _checked({*others, *beside_it, *items}, elsewhere)
        yield from (each for each in after if each.object == key)
        yield from outlook(items, now=self.now).problems
        # What those that are new with it lose is told of themselves.
        lost = [each for each in after if _is_of_others(each, key) and each.object not in every]
        if lost:
            # What the others have against each other already is not this object's doing.
            before = set(_checked({*others, *own}, elsewhere))
            yield from (_taken(each, key) for each in lost if each not in before)

    def _neighbours(self, served: Assembly, every: Mapping[ObjectKey, object]) -> tuple[_Neighbours, ...]:
        """Return those that are there, or will be: of an object that will be another, only what it will be."""
        if not self.upcoming:
            return (_Neighbours(served.shelves, self.elsewhere, but=every),)
        return (
            _Neighbours(self.upcoming.shelves, self.elsewhere, but=every, likely=False),
            _Neighbours(served.shelves, self.elsewhere, but=_Either(every, self.upcoming)),
        )


def _is_same_to_others(items: Sequence[Item], before: Sequence[Item]) -> bool:
    """Say whether what is checked beside others is as before: most changes are of hosts, or of some time-out."""
    return len(items) == len(before) and all(map(_is_alike, items, before))


def _is_alike(one: Item, other: Item) -> bool:
    this, that = one.resource, other.resource
    return (
        this.type is that.type
        and this.name == that.name
        and one.scope == other.scope
        and one.rank == other.rank
        and this.references == that.references
        and this.claims == that.claims
        and this.said_of_names == that.said_of_names
    )


@dataclass(frozen=True, slots=True)
class _Either:
    """The keys of both."""

    one: Container[ObjectKey]
    other: Container[ObjectKey]

    def __contains__(self, key: object) -> bool:
        return key in self.one or key in self.other


class _Neighbours:
    """The items that matter to one object, of all objects but some."""

    def __init__(
        self, shelves: Shelves, elsewhere: Elsewhere, *, but: Container[ObjectKey], likely: bool = True
    ) -> None:
        self._shelves, self._elsewhere, self._but = shelves, elsewhere, but
        self._likely = likely
        """Whether what was meant by a name that nobody has is looked for."""
        self._globs: set[tuple[ResourceType, str]] = set()

    def of(self, item: Item) -> Iterator[Item]:
        """Yield the items that this one could clash with, that it refers to, and that what it says is for."""
        return (each for each in self._of(item) if each.manifest.key not in self._but)

    def _of(self, item: Item) -> Iterator[Item]:
        shelves = self._shelves.get(item.scope.namespace, {})
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
        if not self._likely or self._elsewhere(target.row, name):
            return ()
        # The words about a name that nobody has offer the one that was meant, perhaps.
        return target.claims.get(target.spelling.nearest(name) or "", ())


def _everywhere(_row: ResourceType, _name: str) -> bool:
    return True


def _speaks_of_nothing(resource: Resource) -> bool:
    return not (resource.references or resource.claims or resource.said_of_names)


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
