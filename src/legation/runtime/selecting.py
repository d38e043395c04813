"""What is made of the Pods that labels select, added to what objects make by themselves. No I/O.

It knows which Pods may be sent traffic at this moment, and refuses to know what is made of them. A resource is made
anew when its object or one of its Pods is another; what did not change stays the same Python object. A fault of this
program in one object is a problem of that object, and what was made of Pods there before stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from legation.envoy import codec
from legation.model.cluster import ReadyPod
from legation.model.node import Scope
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.runtime.assemble import Item
from legation.runtime.last_good import Readings
from legation.runtime.problem_log import log_fault
from legation.runtime.read import Reading
from legation.translate.base import Draft, Selection

Pods: TypeAlias = tuple[ReadyPod, ...]
Ready: TypeAlias = Mapping[str, Pods]
"""The Pods of each namespace that may be sent traffic."""

_NOBODY: Ready = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """What is served at one moment, with what is made of Pods."""

    readings: Readings = field(repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """All that is made, before notes say something of it."""
        return tuple(item for reading in self.readings.values() for item in reading.items)


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """What was made of some Pods."""

    pods: tuple[Pods, ...]
    draft: Draft
    encoded: codec.Encoded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Page:
    """What became of one object."""

    reading: Reading
    chosen: tuple[tuple[Pods, ...], ...]
    """Of each selection, the Pods of each selector."""
    made: Mapping[Selection, _Made]
    """What was made last; of other Pods, where this program fails at these."""
    completed: Reading
    problems: tuple[Problem, ...]


class Selecting:
    """The selections of all objects, and the Pods at one moment."""

    def __init__(self, *, fault: Callable[[Exception], None] = log_fault) -> None:
        """Begin without Pods.

        Args:
            fault: Is told of an error of this program itself.
        """
        self._fault = fault
        self._choices = _Choices()
        self._pages: dict[ObjectKey, _Page] = {}

    @property
    def concerned(self) -> bool:
        """Whether anything is made of Pods."""
        return bool(self._pages)

    def complete(self, readings: Readings, ready: Ready | None) -> Completed:
        """Return all good readings with what is made of Pods: a look at each that has selections, and work if it moved.

        Args:
            readings: The good ones.
            ready: None: nobody tells of Pods.
        """
        self._choices.begin(_NOBODY if ready is None else ready)
        self._pages = {
            key: self._page(reading, self._pages.get(key)) for key, reading in readings.items() if reading.selections
        }
        self._choices.end()
        if not self._pages:
            return Completed(readings=readings)
        own = {key: page.completed for key, page in self._pages.items()}
        told = (page.problems if ready is not None else (_no_cluster(page),) for page in self._pages.values())
        return Completed(
            readings=MappingProxyType({**readings, **own}), problems=tuple(each for one in told for each in one)
        )

    def _page(self, reading: Reading, before: _Page | None) -> _Page:
        chosen = tuple(tuple(map(self._choices.of, each.selectors)) for each in reading.selections)
        if before is not None and before.reading is reading and before.chosen == chosen:
            return before
        try:
            return _made(reading, chosen, before)
        except Exception as error:  # noqa: BLE001 - a fault of this program in one object must not reach the others
            self._fault(error)
        made = {} if before is None else before.made
        return _Page(
            reading=reading,
            chosen=chosen,
            made=made,
            completed=_completed(reading, made.values()),
            problems=(_own_fault(reading.manifest),),
        )


class _Choices:
    """The Pods that each selector chooses: the same tuple as long as these are the same."""

    def __init__(self) -> None:
        self._ready: Ready = _NOBODY
        self._before: dict[Scope, Pods] = {}
        self._now: dict[Scope, Pods] = {}
        self._same = True

    def begin(self, ready: Ready) -> None:
        """Choose among these from now on."""
        self._same = ready is self._ready
        self._ready, self._before, self._now = ready, self._now, {}

    def end(self) -> None:
        """Forget the selectors that nobody asked for since."""
        self._before = {}

    def of(self, selector: Scope) -> Pods:
        """Return the Pods that it chooses."""
        found = self._now.get(selector)
        if found is None:
            before = self._before.get(selector)
            found = before if before is not None and self._same else self._choose(selector)
            self._now[selector] = found = before if before == found and before is not None else found
        return found

    def _choose(self, selector: Scope) -> Pods:
        candidates = self._ready.get(selector.namespace, ())
        return tuple(each for each in candidates if selector.labels <= each.labels)


def _made(reading: Reading, chosen: tuple[tuple[Pods, ...], ...], before: _Page | None) -> _Page:
    made: dict[Selection, _Made] = {}
    problems: list[Problem] = []
    for selection, pods in zip(reading.selections, chosen, strict=True):
        known = None if before is None else before.made.get(selection)
        if known is None or known.pods != pods:
            draft = selection.draft(pods)
            known = _Made(pods, draft, codec.encode(draft.json, origin=reading.manifest.key))
        made[selection] = known
        problems += (*selection.problems(pods), *_misfits(reading.manifest, known))
    return _Page(
        reading=reading,
        chosen=chosen,
        made=made,
        completed=_completed(reading, made.values()),
        problems=tuple(problems),
    )


def _completed(reading: Reading, made: Collection[_Made]) -> Reading:
    """Return the reading with what is made of Pods among its items."""
    items = tuple(
        Item(resource=each.encoded.resource, scope=each.draft.scope, manifest=reading.manifest, path=each.draft.path)
        for each in made
        if each.encoded.resource is not None
    )
    encoded = ((each.draft, each.encoded) for each in made if each.encoded.resource is not None)
    return replace(reading, items=(*reading.items, *items), encoded=(*reading.encoded, *encoded))


def _misfits(manifest: ManifestObject, made: _Made) -> Iterator[Problem]:
    for each in made.encoded.findings:
        yield Problem(
            code=each.code,
            message=each.message,
            level=each.level,
            object=manifest.key,
            place=manifest.place,
            path=(*made.draft.path, *each.path),
            mend=each.mend,
        )


def _no_cluster(page: _Page) -> Problem:
    manifest = page.reading.manifest
    return Problem(
        code="no-pods-known",
        level=Level.WARNING,
        message="it selects endpoints among Pods, and no cluster is read that has any: they stay empty",
        object=manifest.key,
        place=manifest.place,
        mend="run legation serve --kubernetes, or write addresses in place of selectors",
    )


def _own_fault(manifest: ManifestObject) -> Problem:
    return Problem(
        code="internal-error",
        object=manifest.key,
        place=manifest.place,
        message="legation itself fails at the Pods that this object selects; its log tells where",
        mend="what was served before goes on; report it",
    )
