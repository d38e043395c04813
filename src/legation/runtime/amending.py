"""What is served, with what notes say of it: a TrafficSplit's weights, an Upstream's share. No I/O.

The notes of a namespace make plans, and these amend the resources there. It knows nothing of what notes say. A plan is
made anew when one of its notes says something else, and an object is amended anew when it or a plan of its namespace is
another.
What they do not change stays the same Python object, and so does what they change in the same way as before. A fault of
this program at it is a problem, and what was served stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

from legation.envoy import codec
from legation.envoy.findings import quote
from legation.model.objects import ManifestObject, ObjectKey, is_same_json
from legation.model.problems import Level, Problem, own_fault
from legation.model.resource import Name
from legation.model.resource_types import ResourceType
from legation.runtime.item import NOTHING, Item, Made
from legation.runtime.last_good import Readings
from legation.runtime.problem_log import log_fault
from legation.runtime.read import Reading
from legation.translate.amenders import AMENDERS
from legation.translate.base import Amended, Amender, Note, Plan

NOBODY: Mapping[ObjectKey, Problem] = MappingProxyType({})
MOST_BEFORE = 1000
"""Objects of which it is remembered what they met before."""
_NO_ROWS: frozenset[ResourceType] = frozenset()
_Words: TypeAlias = tuple[tuple[object, tuple[object, ...]], ...]
"""The notes of each object by value, with all else of it that plans depend on: its seniority, which its key is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """What is served at one moment."""

    made: Made = field(default_factory=lambda: NOTHING, repr=False)
    """What each object makes, with what notes say of it."""
    met: Mapping[ObjectKey, frozenset[Name]] = field(default_factory=dict)
    """Of each object with notes that found something that they speak of: the resources in which they did."""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Said:
    """What the notes of one namespace say."""

    speakers: tuple[ManifestObject, ...]
    """Those that hold the notes, in the versions of which the plans were made; newer ones may say the same."""
    words: _Words
    plans: tuple[tuple[frozenset[ResourceType], Plan], ...] = ()
    """Each with the types of the resources that it may speak of."""
    problems: tuple[Problem, ...] = ()

    @cached_property
    def rows(self) -> frozenset[ResourceType]:
        """The types of the resources that any of them may speak of."""
        return frozenset().union(*(rows for rows, _ in self.plans))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Entry:
    """What became of one resource that plans may speak of."""

    before: Item
    after: Item
    """The same object where nothing is said of it."""
    amended: Amended
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Page:
    """What became of one object."""

    reading: Reading
    said: _Said
    items: tuple[Item, ...]
    entries: Mapping[Name, _Entry]
    problems: tuple[Problem, ...] = ()


class Amending:
    """All plans at one moment, and what became of each object that they speak of."""

    def __init__(
        self,
        amenders: Iterable[Amender] = AMENDERS,
        *,
        fault: Callable[[Exception], None] = log_fault,
        unknown_fields: Level = Level.ERROR,
    ) -> None:
        """Begin without notes.

        Args:
            amenders: Who makes plans of notes.
            fault: Is told of an error of this program itself.
            unknown_fields: See `Rules`.
        """
        self._amenders = tuple(amenders)
        self._fault = fault
        self._unknown_fields = unknown_fields
        self._said: dict[str, _Said] = {}
        self._pages: dict[ObjectKey, _Page] = {}
        self._met: Mapping[ObjectKey, frozenset[Name]] = {}
        self._met_before: dict[ObjectKey, frozenset[Name]] = {}
        """What an object met last before it met what it meets now; the newest last."""

    def names_of(self, key: ObjectKey) -> frozenset[Name]:
        """Return the resources that an object speaks of in its notes, and those that it spoke of before."""
        return self._met.get(key, frozenset()) | self._met_before.get(key, frozenset())

    def amend(self, readings: Readings, *, unheard: Mapping[ObjectKey, Problem] = NOBODY) -> Revised:
        """Return what is served of all good readings: a look at each of them, and work where notes are concerned.

        Args:
            readings: The good readings.
            unheard: The objects whose notes are left out, and why.
        """
        self._said = self._hear(each for key, each in readings.items() if each.notes and key not in unheard)
        self._pages = {} if not self._said else dict(self._write(readings))
        met = _met(self._pages.values())
        self._remember(met)
        problems = (*self._of_plans(frozenset(met), _sights(self._pages)), *_of_pages(self._pages.values()))
        told = (*unheard.values(), *(_at_newest(each, readings) for each in problems))
        return Revised(made=self._made(readings), met=met, problems=tuple(dict.fromkeys(told)))

    def _made(self, readings: Readings) -> Made:
        made = {key: reading.items for key, reading in readings.items()}
        return MappingProxyType(made | {key: page.items for key, page in self._pages.items()})

    def _remember(self, met: Mapping[ObjectKey, frozenset[Name]]) -> None:
        for key, names in self._met.items():
            if met.get(key) != names:
                self._met_before.pop(key, None)
                self._met_before[key] = names
        while len(self._met_before) > MOST_BEFORE:
            del self._met_before[next(iter(self._met_before))]
        self._met = met

    # What is said

    def _hear(self, speaking: Iterable[Reading]) -> dict[str, _Said]:
        found: dict[str, list[Reading]] = {}
        for each in speaking:
            found.setdefault(each.manifest.key.namespace, []).append(each)
        return {namespace: self._take(namespace, those) for namespace, those in found.items()}

    def _take(self, namespace: str, speaking: list[Reading]) -> _Said:
        before = self._said.get(namespace)
        readings = sorted(speaking, key=lambda each: each.manifest.key)
        words = tuple((each.manifest.seniority, each.notes) for each in readings)
        if before is not None and before.words == words:
            return before
        speakers = tuple(each.manifest for each in readings)
        notes = tuple(Note(manifest=each.manifest, value=value) for each in readings for value in each.notes)
        try:
            made = [(each.rows, each.plan(notes)) for each in self._amenders]
        except Exception as error:  # noqa: BLE001 - a fault of this program in one namespace must not reach the others
            self._fault(error)
            plans = () if before is None else before.plans
            return _Said(speakers=speakers, words=words, plans=plans, problems=tuple(map(_fault_at, speakers)))
        plans = tuple((rows, plan) for rows, plan in made if plan is not None)
        return _Said(speakers=speakers, words=words, plans=plans)

    def _of_plans(self, met: frozenset[ObjectKey], sights: Mapping[str, frozenset[object]]) -> Iterator[Problem]:
        for namespace, said in self._said.items():
            yield from said.problems
            for _, plan in said.plans:
                try:
                    yield from tuple(plan.problems(met, sights=sights.get(namespace, frozenset())))
                except Exception as error:  # noqa: BLE001 - that it cannot be told must not keep it from being served
                    self._fault(error)
                    yield from map(_fault_at, said.speakers)

    # What becomes of what there is

    def _write(self, readings: Readings) -> Iterator[tuple[ObjectKey, _Page]]:
        # Every object comes by here, and most hold nothing that anybody may speak of.
        rows = {namespace: said.rows for namespace, said in self._said.items()}
        for key, reading in readings.items():
            concerned = rows.get(key.namespace, _NO_ROWS)
            for item in reading.items if concerned else ():
                if item.resource.type in concerned:
                    yield key, self._page(reading, self._said[key.namespace], self._pages.get(key))
                    break

    def _page(self, reading: Reading, said: _Said, before: _Page | None) -> _Page:
        if before is not None and before.reading is reading and before.said is said:
            return before
        entries: Mapping[Name, _Entry] = {} if before is None else before.entries
        try:
            made = {entry.before: entry for entry in self._entries(reading, said, entries)}
        except Exception as error:  # noqa: BLE001 - a fault of this program in one object must not reach the others
            self._fault(error)
            items = before.items if before is not None and before.reading is reading else reading.items
            fault = _fault_at(reading.manifest)
            return _Page(reading=reading, said=said, items=items, entries=entries, problems=(fault,))
        return _Page(
            reading=reading,
            said=said,
            items=tuple(made[item].after if item in made else item for item in reading.items),
            entries={_name(item): entry for item, entry in made.items()},
        )

    def _entries(self, reading: Reading, said: _Said, before: Mapping[Name, _Entry]) -> Iterator[_Entry]:
        for item in reading.items:
            if item.resource.type in said.rows:
                yield _entry(item, said, before.get(_name(item)), unknown_fields=self._unknown_fields)


def _entry(item: Item, said: _Said, before: _Entry | None, *, unknown_fields: Level) -> _Entry:
    amended = _amended(item, said)
    if amended.json is item.json:
        return _Entry(before=item, after=item, amended=amended)
    if (
        before is not None
        and before.after is not before.before
        and before.before.resource is item.resource
        and is_same_json(before.amended.json, amended.json)
    ):
        after = before.after if before.before is item else replace(item, resource=before.after.resource)
        return _Entry(before=item, after=after, amended=amended)
    encoded = codec.encode(amended.json, origin=item.manifest.key, unknown_fields=unknown_fields)
    if encoded.resource is None:
        return _Entry(before=item, after=item, amended=amended, problems=tuple(_misfits(item, amended, said, encoded)))
    if encoded.resource.fingerprint == item.resource.fingerprint:
        return _Entry(before=item, after=item, amended=amended)
    return _Entry(before=item, after=replace(item, resource=encoded.resource), amended=amended)


def _amended(item: Item, said: _Said) -> Amended:
    """Return what all plans make of a resource, one after the other."""
    json = item.json
    met: frozenset[ObjectKey] = frozenset()
    problems: tuple[Problem, ...] = ()
    sights: frozenset[object] = frozenset()
    for rows, plan in said.plans:
        if item.resource.type in rows:
            each = plan.amend(json, scope=item.scope)
            json, met, problems = each.json, met | each.met, (*problems, *each.problems)
            sights |= each.sights
    return Amended(json=json, met=met, problems=problems, sights=sights)


def _misfits(item: Item, amended: Amended, said: _Said, encoded: codec.Encoded) -> Iterator[Problem]:
    """Yield, for each object that speaks of it, that what it says cannot be done."""
    why = next((each.message for each in encoded.findings if each.level is Level.ERROR), "it is not valid")
    for each in said.speakers:
        if each.key in amended.met:
            yield Problem(
                code="not-amended",
                message=f"what it says does not fit into the {item.resource.type.name} {quote(item.resource.name)} of "
                f"{item.manifest.key}, which stays as it is written there: {why}",
                object=each.key,
                place=each.place,
            )


def _met(pages: Iterable[_Page]) -> dict[ObjectKey, frozenset[Name]]:
    found: dict[ObjectKey, set[Name]] = {}
    for page in pages:
        for name, entry in page.entries.items():
            for key in entry.amended.met:
                found.setdefault(key, set()).add(name)
    return {key: frozenset(names) for key, names in found.items()}


def _sights(pages: Mapping[ObjectKey, _Page]) -> dict[str, frozenset[object]]:
    """Return what was seen in each namespace."""
    found: dict[str, set[object]] = {}
    for key, page in pages.items():
        for entry in page.entries.values():
            if entry.amended.sights:
                found.setdefault(key.namespace, set()).update(entry.amended.sights)
    return {namespace: frozenset(sights) for namespace, sights in found.items()}


def _of_pages(pages: Iterable[_Page]) -> Iterator[Problem]:
    for page in pages:
        yield from page.problems
        for entry in page.entries.values():
            yield from (*entry.amended.problems, *entry.problems)


def _at_newest(problem: Problem, readings: Readings) -> Problem:
    """Return a problem with the place at which its object begins now: it may be of an older version."""
    reading = None if problem.object is None else readings.get(problem.object)
    if reading is None or problem.place is reading.manifest.place:
        return problem
    return replace(problem, place=reading.manifest.place)


def _name(item: Item) -> Name:
    return (item.resource.type, item.resource.name)


def _fault_at(manifest: ManifestObject) -> Problem:
    where = "at what objects of this namespace say of others"
    return own_fault(where, mend="what was served before goes on; report it", manifest=manifest)
