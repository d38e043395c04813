"""What is made of the Pods that labels select, added to what objects make by themselves. No I/O.

It knows which Pods may be sent traffic at this moment, and refuses to know what is made of them. A resource is made
anew when its object or one of its Pods is another; what did not change stays the same Python object. A fault of this
program in one object is a problem of that object, and what was made of Pods there before stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from types import MappingProxyType
from typing import TypeAlias

from legation.envoy import codec
from legation.model.cluster import ReadyPod
from legation.model.node import Scope
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem, own_fault
from legation.runtime.item import NO_KINDS, Item, Kinds
from legation.runtime.last_good import Readings
from legation.runtime.problem_log import log_fault
from legation.runtime.read import Reading, item_of, misfit
from legation.translate.base import Selection

Pods: TypeAlias = tuple[ReadyPod, ...]
Ready: TypeAlias = Mapping[str, Pods]
"""The Pods of each namespace that may be sent traffic."""

_Selectors: TypeAlias = tuple[tuple[Scope, ...], ...]
"""Those of each selection of an object."""
_Chosen: TypeAlias = tuple[tuple[Pods, ...], ...]
"""Of each selection, the Pods of each selector."""
_NOBODY: Ready = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What is served at one moment, with what is made of Pods."""

    readings: Readings = field(repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """All that is made, before notes say something of it."""
        return tuple(chain.from_iterable(reading.items for reading in self.readings.values()))


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """What was made of some Pods."""

    pods: tuple[Pods, ...]
    encoded: codec.Encoded
    problems: tuple[Problem, ...]
    """What is to be said of these Pods."""
    misfits: tuple[Problem, ...]
    good: Item | None
    """This, or what was made of other Pods where this does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Page:
    """What became of one object."""

    reading: Reading
    selectors: _Selectors
    chosen: _Chosen
    made: Mapping[Selection, _Made]
    """What was made last; of other Pods, where this program fails at these."""
    completed: Reading
    problems: tuple[Problem, ...]
    """What is to be said of these Pods."""
    faults: tuple[Problem, ...]


class Selecting:
    """The selections of all objects, and the Pods at one moment."""

    def __init__(self, *, any_label: Kinds = NO_KINDS, fault: Callable[[Exception], None] = log_fault) -> None:
        """Begin without Pods.

        Args:
            any_label: Kinds of which an object chooses Pods of every namespace that have any one of the labels.
            fault: Is told of an error of this program itself.
        """
        self._any_label = any_label
        self._fault = fault
        self._readings: Readings = {}
        self._ready: Ready | None = None
        self._pages: dict[ObjectKey, _Page] = {}
        self._completed = Completed(readings={})

    def complete(self, readings: Readings, ready: Ready | None) -> Completed:
        """Return all good readings with what is made of Pods: a look at each that has selections, and work if it moved.

        Where nothing did, what is returned is the same object as before.

        Args:
            readings: The good ones.
            ready: None: nobody tells of Pods.
        """
        as_known = readings is self._readings and (ready is None) is (self._ready is None)
        if as_known and (ready is self._ready or not self._pages):
            return self._completed
        before, same = self._pages, ready is self._ready
        choice = _Choice(_NOBODY if ready is None else ready)
        pages = {
            key: self._page(reading, before.get(key), choice, same=same)
            for key, reading in readings.items()
            if reading.selections
        }
        self._readings, self._pages, self._ready = readings, pages, ready
        if not as_known or pages != before:
            self._completed = _completed(readings, pages, known=ready is not None)
        return self._completed

    def pods_of(self, key: ObjectKey) -> tuple[str, ...]:
        """Return the names of the Pods that an object selects, each once."""
        page = self._pages.get(key)
        chosen = chain.from_iterable(chain.from_iterable(page.chosen)) if page is not None else ()
        return tuple(dict.fromkeys(each.name for each in chosen))

    def _page(self, reading: Reading, before: _Page | None, choice: _Choice, *, same: bool) -> _Page:
        known = before is not None and before.reading is reading
        if before is not None and known and same:
            return before
        key = reading.manifest.key
        choose = choice.any_of if (key.group, key.kind) in self._any_label else choice.all_of
        made = {} if before is None else before.made
        selectors: _Selectors = ()
        chosen: _Chosen = ()
        faults: tuple[Problem, ...] = ()
        try:
            selectors = before.selectors if before is not None and known else _selectors(reading)
            chosen = tuple(tuple(map(choose, each)) for each in selectors)
            if before is not None and known and before.chosen == chosen:
                return before
            made = _make(reading, chosen, made)
        except Exception as error:  # noqa: BLE001 - a fault of this program in one object must not reach the others
            self._fault(error)
            faults = (_own_fault(reading.manifest),)
        return _paged(reading, selectors, chosen, made, faults=faults)


class _Choice:
    """The Pods that selectors choose at one moment: each selector is asked for once, many have the same."""

    def __init__(self, ready: Ready) -> None:
        self._ready = ready
        self._all: dict[Scope, Pods] = {}
        self._any: dict[frozenset[tuple[str, str]], Pods] = {}

    def all_of(self, selector: Scope) -> Pods:
        """Return the Pods of its namespace that have all the labels."""
        found = self._all.get(selector)
        if found is None:
            there = self._ready.get(selector.namespace, ())
            found = self._all[selector] = tuple(each for each in there if selector.labels <= each.labels)
        return found

    def any_of(self, selector: Scope) -> Pods:
        """Return the Pods of every namespace that have any one of the labels."""
        labels = selector.labels
        found = self._any.get(labels)
        if found is None:
            everywhere = (each for _, pods in sorted(self._ready.items()) for each in pods)
            chosen = (each for each in everywhere if not labels.isdisjoint(each.labels))
            found = self._any[labels] = tuple(sorted(chosen, key=lambda each: each.name))
        return found


def _completed(readings: Readings, pages: Mapping[ObjectKey, _Page], *, known: bool) -> Completed:
    if not pages:
        return Completed(readings=readings)
    own = {key: page.completed for key, page in pages.items()}
    told = chain.from_iterable(_told(page, known=known) for page in pages.values())
    return Completed(readings=MappingProxyType({**readings, **own}), problems=tuple(told))


def _selectors(reading: Reading) -> _Selectors:
    return tuple(each.selectors for each in reading.selections)


def _make(reading: Reading, chosen: _Chosen, before: Mapping[Selection, _Made]) -> Mapping[Selection, _Made]:
    made: dict[Selection, _Made] = {}
    for number, (selection, pods) in enumerate(zip(reading.selections, chosen, strict=True)):
        known = before.get(selection)
        if known is None or known.pods != pods or not _is_of(known, reading):
            known = _made(reading, selection, pods, known, position=len(reading.items) + number)
        made[selection] = known
    return made


def _is_of(made: _Made, reading: Reading) -> bool:
    return made.good is not None and made.good.manifest is reading.manifest


def _made(
    reading: Reading, selection: Selection, pods: tuple[Pods, ...], known: _Made | None, *, position: int
) -> _Made:
    manifest = reading.manifest
    draft = selection.draft(pods)
    # A version of the object that says the same of it, and other words elsewhere, has the same resource.
    encoded = known.encoded if known and known.pods == pods else codec.encode(draft.json, origin=manifest.key)
    good = known.good if known else None
    if encoded.resource is not None:
        good = item_of(manifest, draft, encoded.resource, position=position)
    misfits = tuple(misfit(manifest, draft, each) for each in encoded.findings)
    return _Made(pods, encoded, tuple(selection.problems(pods)), misfits, good)


def _paged(
    reading: Reading,
    selectors: _Selectors,
    chosen: _Chosen,
    made: Mapping[Selection, _Made],
    *,
    faults: tuple[Problem, ...],
) -> _Page:
    good = [each.good for each in made.values() if each.good is not None]
    return _Page(
        reading=reading,
        selectors=selectors,
        chosen=chosen,
        made=made,
        completed=replace(reading, items=(*reading.items, *good)),
        problems=tuple(chain.from_iterable(each.problems for each in made.values())),
        faults=(*faults, *chain.from_iterable(each.misfits for each in made.values())),
    )


# What is wrong


def _told(page: _Page, *, known: bool) -> Iterator[Problem]:
    if known:
        yield from page.problems
    else:
        yield _no_cluster(page.reading.manifest)
    yield from page.faults


def _no_cluster(manifest: ManifestObject) -> Problem:
    return Problem(
        code="no-pods-known",
        level=Level.WARNING,
        message="it selects endpoints among Pods, and no cluster is read that has any: they stay empty",
        object=manifest.key,
        place=manifest.place,
        mend="run legation serve --kubernetes, or write addresses in place of selectors",
    )


def _own_fault(manifest: ManifestObject) -> Problem:
    where = "at the Pods that this object selects"
    return own_fault(where, mend="what was served before goes on; report it", manifest=manifest)
