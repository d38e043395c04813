"""What leaves an object and is served on, because a version that is not served yet makes it or still needs it. Pure.

An object is renamed, split or joined, or a resource moves to another one, and who makes it now waits for a verdict or
is refused: no Envoy is told to remove what it is about to get again. So it goes on as it was, until the new version is
served, or makes it no more, or is gone. What is kept refers to something that goes: that stays with it, unless the
version that waits refers to it too, for then it is taken from both. Invariant: what nobody makes under the same type
and name for the same workloads, and nothing kept alone refers to, goes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from legation.model.node import Scope
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.model.resource import Name
from legation.model.resource_types import BY_NAME, BY_URL
from legation.runtime.item import Item
from legation.runtime.read import Reading
from legation.translate.base import Selection

_Readings: TypeAlias = Mapping[ObjectKey, Reading]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Left:
    """A resource that left its object."""

    made: Item | Selection
    manifest: ManifestObject
    """The version of the object that made it."""
    name: Name
    scope: Scope
    heirs: frozenset[ObjectKey] = frozenset()
    """The objects because of which it stays."""

    @property
    def needs(self) -> Iterator[Name]:
        """What it refers to."""
        return _references(self.made) if isinstance(self.made, Item) else iter(())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Page:
    """An object with what left it."""

    base: Reading | None
    left: tuple[Left, ...]
    reading: Reading


class Leaving:
    """What left objects and stays."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.left: Mapping[ObjectKey, tuple[Left, ...]] = {}
        """By the object that made it; what did not change is the same tuple."""
        self._pages: dict[ObjectKey, _Page] = {}

    def recall(self, readings: Iterable[tuple[Reading, Mapping[Name, frozenset[ObjectKey]]]]) -> None:
        """Take what left objects before the program began.

        Args:
            readings: A version of an object, and what of it stays because of which objects.
        """
        self.left = _by_object(
            replace(each, heirs=heirs[each.name])
            for reading, heirs in readings
            for each in _parts(reading)
            if each.name in heirs
        )

    def follow(self, *, before: _Readings, good: _Readings, newest: _Readings) -> None:
        """Look at what leaves now.

        Args:
            before: What each object was served as last, without what left it.
            good: What it is served as now.
            newest: Its newest version.
        """
        pending = {key: each for key, each in newest.items() if not each.broken and good.get(key) is not each}
        broken = {heir for left in self.left.values() for each in left for heir in each.heirs if heir in newest}
        broken = {each for each in broken if newest[each].broken}
        leaving = [each for left in self.left.values() for each in left] if pending or broken else []
        if pending:
            changed = ((reading, good.get(key)) for key, reading in before.items() if good.get(key) is not reading)
            leaving += (each for reading, after in changed for each in _gone(reading, after))
        self.left = _by_object(_staying(leaving, pending, good, broken)) if leaving else {}

    def served(self, good: _Readings) -> _Readings:
        """Return all good readings, with what left each."""
        pages: dict[ObjectKey, _Page] = {}
        for key, left in self.left.items():
            page, base = self._pages.get(key), good.get(key)
            same = page is not None and page.base is base and _are_same(page.left, left)
            pages[key] = page if page is not None and same else _Page(base=base, left=left, reading=_joined(base, left))
        self._pages = pages
        return MappingProxyType({**good, **{key: page.reading for key, page in pages.items()}}) if pages else good

    def problems(self, newest: _Readings, waits: Callable[[ObjectKey], bool]) -> Iterator[Problem]:
        """Yield what stays because of an object that does not only wait: who refuses it is told beside that."""
        for key, left in self.left.items():
            for each in left:
                heir = min((heir for heir in each.heirs if not waits(heir)), default=None)
                if heir is not None:
                    row, name = each.name
                    yield Problem(
                        code="kept",
                        level=Level.WARNING,
                        object=heir,
                        place=newest[heir].manifest.place,
                        message=f'the {row.name} "{name}" stays as {key} made it, because of this object',
                        mend="mend this object; what is not needed then is gone",
                    )


def _staying(leaving: Sequence[Left], pending: _Readings, good: _Readings, broken: set[ObjectKey]) -> Iterator[Left]:
    """Yield what stays, each with the objects because of which it does."""
    # Of two that claimed one name the senior was served: it is put in last.
    juniors_first = sorted(leaving, key=lambda each: each.manifest.seniority, reverse=True)
    candidates = _uncovered({(each.scope, each.name): each for each in juniors_first}.values(), good)
    heirs: dict[Left, set[ObjectKey]] = {each: set(each.heirs & broken) for each in candidates}
    by_name: dict[Name, list[Left]] = {}
    for each in candidates:
        by_name.setdefault(each.name, []).append(each)
    asked = {key: _asked(reading) for key, reading in pending.items()} if candidates else {}
    for key, name, scope in _wanted(pending, good, asked) if candidates else ():
        _inherit(by_name.get(name, ()), scope, {key}, heirs)
    ahead = [each for each in candidates if heirs[each]]
    while ahead:
        each = ahead.pop()
        for name in each.needs:
            because = {heir for heir in heirs[each] if (name, each.scope) not in asked.get(heir, ())}
            ahead += _inherit(by_name.get(name, ()), each.scope, because, heirs)
    for each in candidates:
        if heirs[each]:
            yield each if heirs[each] == each.heirs else replace(each, heirs=frozenset(heirs[each]))


def _asked(reading: Reading) -> set[tuple[Name, Scope]]:
    """Return what a version refers to."""
    return {(name, item.scope) for item in reading.items for name in _references(item)}


def _wanted(
    pending: _Readings, good: _Readings, asked: Mapping[ObjectKey, set[tuple[Name, Scope]]]
) -> Iterator[tuple[ObjectKey, Name, Scope]]:
    """Yield what each of these is about to make, and what its last version that is served alone refers to."""
    for key, reading in pending.items():
        yield from ((key, part.name, part.scope) for part in _parts(reading))
        for item in good[key].items if key in good else ():
            yield from ((key, name, item.scope) for name in _references(item) if (name, item.scope) not in asked[key])


def _inherit(
    candidates: Iterable[Left], scope: Scope, because: set[ObjectKey], heirs: Mapping[Left, set[ObjectKey]]
) -> list[Left]:
    """Have those stay that the same workloads get. Returns those that have a new reason to."""
    met = [each for each in candidates if each.scope.meets(scope) and not because <= heirs[each]]
    for each in met:
        heirs[each] |= because
    return met


def _uncovered(leaving: Collection[Left], good: _Readings) -> list[Left]:
    """Return what no object makes for all of the workloads that got it; O(all resources)."""
    made: dict[Name, list[Scope]] = {each.name: [] for each in leaving}
    for reading in good.values():
        for item in reading.items:
            name = (item.resource.type, item.resource.name)
            if name in made:
                made[name].append(item.scope)
        for part in _selected(reading):
            if part.name in made:
                made[part.name].append(part.scope)
    return [each for each in leaving if not any(_covers(scope, each.scope) for scope in made[each.name])]


def _covers(wide: Scope, narrow: Scope) -> bool:
    return wide.namespace == narrow.namespace and wide.labels <= narrow.labels


def _gone(reading: Reading, after: Reading | None) -> Iterator[Left]:
    """Yield what a version of an object made, and the one that is served now does not."""
    made = set() if after is None else {(each.name, each.scope) for each in _parts(after)}
    return (each for each in _parts(reading) if (each.name, each.scope) not in made)


def _parts(reading: Reading) -> Iterator[Left]:
    for item in reading.items:
        name = (item.resource.type, item.resource.name)
        yield Left(made=item, manifest=item.manifest, name=name, scope=item.scope)
    yield from _selected(reading)


def _selected(reading: Reading) -> Iterator[Left]:
    """Yield what is made of Pods, which has its name whoever they are."""
    for each in reading.selections:
        draft = each.draft([()] * len(each.selectors))
        row = BY_URL[str(draft.json["@type"])]
        name = (row, str(draft.json.get(row.name_field)))
        yield Left(made=each, manifest=reading.manifest, name=name, scope=draft.scope)


def _references(item: Item) -> Iterator[Name]:
    return ((BY_NAME[row], name) for row, names in item.resource.references.items() for name in names)


def _by_object(left: Iterable[Left]) -> Mapping[ObjectKey, tuple[Left, ...]]:
    found: dict[ObjectKey, list[Left]] = {}
    for each in left:
        found.setdefault(each.manifest.key, []).append(each)
    return {key: tuple(those) for key, those in found.items()}


def _are_same(one: tuple[Left, ...], other: tuple[Left, ...]) -> bool:
    return [each.made for each in one] == [each.made for each in other]


def _joined(base: Reading | None, left: tuple[Left, ...]) -> Reading:
    base = Reading(manifest=left[-1].manifest) if base is None else base
    items = [each.made for each in left if isinstance(each.made, Item)]
    stays = (replace(each, position=at, left=True) for at, each in enumerate(items, len(base.items)))
    selections = (each.made for each in left if not isinstance(each.made, Item))
    return replace(base, items=(*base.items, *stays), selections=tuple(dict.fromkeys((*base.selections, *selections))))
