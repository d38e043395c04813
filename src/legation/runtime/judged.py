"""What a judge said of each object, and what it is still to be asked. Pure.

An object waits for a verdict about what it makes by itself, and is held while that is a refusal. Hosts are never held
up, and neither is what is made of Pods, of Services, or of what other objects say. Nothing waits longer than a limit:
then it goes on without a verdict, and that is told. So does what there was no judge for; it is asked about again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import TypeAlias

from legation.judging.verdict import Cause, Kind, Verdict, no_judge
from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, LB_ENDPOINT, RESOURCE_TYPES, RUNTIME, ResourceType
from legation.runtime.item import Item
from legation.runtime.read import Reading
from legation.translate.faults import fault
from legation.translate.own_names import is_unjudged

JUDGED = frozenset(RESOURCE_TYPES) - {CLUSTER_LOAD_ASSIGNMENT, LB_ENDPOINT, RUNTIME}
"""Types of resources that wait for a verdict. The others are hosts, and what an Envoy takes whatever it is."""

REFUSED_BY_JUDGE, NO_VERDICT = "refused-by-judge", "no-verdict"

_SPARE = 1_000

_Content: TypeAlias = tuple[ResourceType, int]


class Hearing(Enum):
    """How a version of an object stands."""

    PASSES = auto()
    WAITS = auto()
    HELD = auto()
    """Something of it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is known of the newest version of an object."""

    reading: Reading
    hearing: Hearing
    problems: tuple[Problem, ...] = ()
    unasked: Verdict | None = None
    """Why there was no judge to ask about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    """Since when an object waits, in all its versions since."""

    begun: float
    handled: int
    """How much was handled before what it waits for came."""


class Judged:
    """The book of verdicts. Whoever keeps it opens it each time before it is read."""

    def __init__(self, *, limit: float) -> None:
        """Begin without any.

        Args:
            limit: Seconds that an object waits at most.
        """
        self._limit = limit
        self._now = 0.0
        self._handled = 0
        self._verdicts: dict[_Content, Verdict] = {}
        self._seen: dict[ObjectKey, _Seen] = {}
        self._waits: dict[ObjectKey, _Wait] = {}
        self._unasked: dict[ObjectKey, None] = {}
        """Those that went on although there was no judge; what was asked about last stands last."""
        self._decided = inf
        self._most = _SPARE
        """With more verdicts than that it is looked which are still of use."""

    def open(self, *, now: float, handled: int) -> None:
        """Take note how late it is.

        Args:
            now: The moment.
            handled: How much of what the sources say has been handled.
        """
        self._now, self._handled = now, handled

    def hearing(self, reading: Reading) -> Hearing:
        """Return how the newest version of an object stands."""
        key = reading.manifest.key
        seen = self._seen.get(key)
        if seen is None or seen.reading is not reading:
            seen = self._seen[key] = self._look(reading)
            self._unasked.pop(key, None)
            if seen.unasked is not None:
                self._unasked[key] = None
            if seen.hearing is Hearing.WAITS:
                self._waits.setdefault(key, _Wait(begun=self._now, handled=self._handled))
            else:
                self._waits.pop(key, None)
        return seen.hearing

    def forget(self, key: ObjectKey) -> None:
        """Take note that the newest version of an object cannot be used at all, or that it is gone."""
        self._seen.pop(key, None)
        self._waits.pop(key, None)
        self._unasked.pop(key, None)

    def keep(self, keys: Collection[ObjectKey]) -> None:
        """Forget all objects but these; O(all objects)."""
        for key in [each for each in self._seen if each not in keys]:
            self.forget(key)
        if len(self._verdicts) > self._most:
            used = {_content(item) for seen in self._seen.values() for item in _asked_of(seen.reading)}
            self._verdicts = {content: each for content, each in self._verdicts.items() if content in used}
            self._most = 2 * len(self._verdicts) + _SPARE

    def open_questions(self, most: int) -> Sequence[Resource]:
        """Return what is to be asked about, what waits longest first, at most so many."""
        found: dict[_Content, Resource] = {}
        for key in self._waits:
            for item in _asked_of(self._seen[key].reading):
                if len(found) < most and (content := _content(item)) not in self._verdicts:
                    found[content] = item.resource
        return tuple(found.values())

    def open_again(self, most: int) -> Sequence[Resource]:
        """Return what went on although there was no judge, what was asked about last at the end, at most so many."""
        found: dict[_Content, Resource] = {}
        for key in self._unasked:
            for item in _asked_of(self._seen[key].reading):
                content = _content(item)
                known = self._verdicts.get(content)
                if len(found) < most and known is not None and known.cause is Cause.JUDGE:
                    found[content] = item.resource
        return tuple(found.values())

    def note(self, verdicts: Mapping[Resource, Verdict]) -> bool:
        """Take what the judge said. Returns whether anything is another one by that."""
        said = {(each.type, each.fingerprint): verdict for each, verdict in verdicts.items()}
        news = {content for content, verdict in said.items() if self._verdicts.get(content) != verdict}
        self._verdicts |= said
        origins = (each.origin for each in verdicts if each.origin is not None)
        concerned = dict.fromkeys((*self._waits, *self._unasked, *origins))
        asked = {key: set(map(_content, _asked_of(self._seen[key].reading))) for key in concerned if key in self._seen}
        for key in [each for each in self._unasked if asked.get(each, set()) & said.keys()]:
            self._unasked[key] = self._unasked.pop(key)
        again = [key for key, contents in asked.items() if contents & news]
        self._look_again(again)
        return bool(again)

    @property
    def due(self) -> float:
        """The moment at which something has waited long enough; inf while nothing waits."""
        return min((each.begun for each in self._waits.values()), default=inf) + self._limit

    def note_late(self, now: float) -> bool:
        """Let go on without a verdict what has waited long enough by now. Returns whether that is anything."""
        late = [key for key, wait in self._waits.items() if wait.begun + self._limit <= now]
        verdict = no_judge(f"Envoy did not answer within {self._limit:g} s", mend="see why it is slow on this machine")
        for key in late:
            for item in _asked_of(self._seen[key].reading):
                self._verdicts.setdefault(_content(item), verdict)
        self._look_again([*self._waits] if late else [])
        return bool(late)

    @property
    def waits(self) -> bool:
        """Whether anything waits for a verdict."""
        return bool(self._waits)

    @property
    def awaits_first(self) -> bool:
        """Whether anything still waits that was there before all else."""
        return any(not each.handled for each in self._waits.values())

    @property
    def unasked(self) -> bool:
        """Whether anything went on although there was no judge."""
        return bool(self._unasked)

    def take_decided(self) -> float:
        """Return since when those waited that do not any more since this was last asked; inf where there is none."""
        decided, self._decided = self._decided, inf
        return decided

    def is_waiting(self, key: ObjectKey) -> bool:
        """Say whether the newest version of an object waits."""
        return key in self._waits

    def handled_by(self, number: int) -> int:
        """Return how much has been handled, verdicts and all, when so much is known to the rest of the program."""
        return min((each.handled for each in self._waits.values()), default=number)

    def problems(self) -> Iterator[Problem]:
        """Yield what the judge has to say."""
        for seen in self._seen.values():
            yield from seen.problems
        yield from unasked_problems(each.unasked for each in self._seen.values() if each.unasked is not None)

    def _look_again(self, keys: Collection[ObjectKey]) -> None:
        """Find anew how objects stand."""
        for key in keys:
            reading, wait = self._seen.pop(key).reading, self._waits.get(key)
            if self.hearing(reading) is not Hearing.WAITS and wait is not None:
                self._decided = min(self._decided, wait.begun)

    def _look(self, reading: Reading) -> _Seen:
        asked = {item: self._verdicts.get(_content(item)) for item in _asked_of(reading)}
        problems = (problem_of(item, verdict) for item, verdict in asked.items() if verdict is not None)
        kinds = {verdict.kind if verdict is not None else None for verdict in asked.values()}
        return _Seen(
            reading=reading,
            # A refusal cannot be mended by another verdict: nothing is waited for then.
            hearing=Hearing.HELD if Kind.REFUSED in kinds else Hearing.WAITS if None in kinds else Hearing.PASSES,
            problems=tuple(each for each in problems if each is not None),
            unasked=next((each for each in asked.values() if each is not None and each.cause is Cause.JUDGE), None),
        )


def problem_of(item: Item, verdict: Verdict) -> Problem | None:
    """Return what a verdict about one resource means to its object; None where that is nothing to speak of."""
    of = f'{item.resource.type.name} "{item.resource.name}"'
    match verdict:
        case Verdict(kind=Kind.REFUSED):
            return fault(item.manifest, REFUSED_BY_JUDGE, f"Envoy refuses the {of}: {verdict.words}", item.path)
        case Verdict(cause=Cause.RESOURCE):
            words = f"no Envoy could be asked about the {of}: {verdict.words}"
            return fault(item.manifest, NO_VERDICT, words, item.path, level=Level.WARNING, mend=verdict.mend)
        case _:
            return None


def unasked_problems(verdicts: Iterable[Verdict], *, of: str = "object") -> Iterator[Problem]:
    """Yield why there was no judge to ask: a problem for each reason, however many it was to be asked about.

    Args:
        verdicts: One of each, whatever it says.
        of: What each of them is about.
    """
    reasons = Counter((each.words, each.mend) for each in verdicts if each.cause is Cause.JUDGE)
    for (words, mend), number in reasons.items():
        yield Problem(
            code=NO_VERDICT,
            level=Level.WARNING,
            message=f"{f'1 {of} has' if number == 1 else f'{number} {of}s have'} no verdict of an Envoy: {words}",
            mend=mend,
            subject=f"judge: {words}",
        )


def _asked_of(reading: Reading) -> Iterator[Item]:
    if is_unjudged(reading.manifest):
        return iter(())
    return (item for item in reading.items if item.resource.type in JUDGED)


def _content(item: Item) -> _Content:
    return (item.resource.type, item.resource.fingerprint)
