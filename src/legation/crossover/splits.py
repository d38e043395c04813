"""What the TrafficSplits of ConfigMaps say now, given what was heard of them and what they said before. Pure.

It knows which version of a split counts: the last one that was whole. A split, or a group of matches, that is deleted
while the program runs goes on counting, as it did for crossover. It refuses to know what the weights are put into.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from legation.crossover.objects import Kept
from legation.model.api_kinds import ApiKind
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Level, Problem
from legation.translate.base import Note, Translation
from legation.translate.splits import Split
from legation.translate.splitting import SplitPlan
from legation.translate.traffic_split import ROUTE_GROUP as GROUP_KIND
from legation.translate.traffic_split import SPLIT as SPLIT_KIND
from legation.translate.traffic_split import STEP, VERSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the API server has said of one object."""

    kept: Kept | None = None
    asked: bool = False
    """Whether it has ever said whether the object is there."""
    refused: bool = False
    """Whether it says that it will not say that: there is no right to ask."""
    failed: bool = False
    """Whether it was asked in vain, for whatever reason."""
    unreadable: str = ""
    """Why its newest version cannot be read."""


UNHEARD = Seen()


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the splits of one ConfigMap say."""

    plan: SplitPlan | None = None
    """None: there are no splits, so nothing is even parsed."""
    unheard: tuple[str, ...] = ()
    """What has to be heard of first."""
    unproven: bool = False
    """Whether one of them was never whole: what it would say is not known."""
    problems: tuple[Problem, ...] = ()


class _Memory:
    """One object: the newest version that was looked at, what is wrong with it, and the newest whole one."""

    __slots__ = ("newest", "problems", "whole")

    def __init__(self) -> None:
        self.newest: ManifestObject | None = None
        self.problems: tuple[Problem, ...] = ()
        self.whole: Note | None = None

    def take(self, key: ObjectKey, seen: Seen) -> None:
        manifest = seen.kept.manifest if seen.kept else None
        if manifest is not None and manifest is not self.newest:
            found = _translated(manifest)
            self.problems = found.problems
            if not any(each.level is Level.ERROR for each in found.problems):
                self.whole = Note(manifest=manifest, value=found.notes[0])
        if manifest is None:
            self.problems = ()
        self.newest = manifest
        if seen.unreadable:
            message = f"it cannot be read: {seen.unreadable}"
            self.problems = (Problem(code="unreadable-object", message=message, object=key),)

    @property
    def broken(self) -> bool:
        return any(each.level is Level.ERROR for each in self.problems)


class Splits:
    """All splits, and the groups of matches that they name."""

    def __init__(self, namespace: str) -> None:
        """Begin without any."""
        self._namespace = namespace
        self._memory: dict[ObjectKey, _Memory] = {}
        self._plans: dict[tuple[str, ...], tuple[tuple[Note, ...], SplitPlan]] = {}

    def groups(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the names of the groups that these splits name, as far as is known."""
        notes = [self._of(SPLIT_KIND, name).whole for name in names]
        found = [group for note in notes if note and isinstance(note.value, Split) for group in note.value.groups]
        return tuple(dict.fromkeys(found))

    def say(self, names: tuple[str, ...], splits: Mapping[str, Seen], groups: Mapping[str, Seen]) -> Said:
        """Take what was heard, and return what it means.

        Args:
            names: Of the splits, in the order of their flags.
            splits: What was heard of each.
            groups: Likewise, of each group that they name.
        """
        for name in names:
            self._of(SPLIT_KIND, name).take(self._key(SPLIT_KIND, name), splits.get(name, UNHEARD))
        wanted = self.groups(names)
        for name in wanted:
            self._of(GROUP_KIND, name).take(self._key(GROUP_KIND, name), groups.get(name, UNHEARD))
        memories = [
            *(self._of(SPLIT_KIND, name) for name in names),
            *(self._of(GROUP_KIND, name) for name in wanted),
        ]
        return Said(
            plan=self._plan(names, tuple(each.whole for each in memories if each.whole)) if names else None,
            unheard=(
                *(f"TrafficSplit {name}" for name in names if not splits.get(name, UNHEARD).asked),
                *(f"HTTPRouteGroup {name}" for name in wanted if not _is_settled(groups.get(name, UNHEARD))),
            ),
            unproven=any(each.broken and not each.whole for each in memories[: len(names)]),
            problems=tuple(problem for each in memories for problem in each.problems),
        )

    def _plan(self, names: tuple[str, ...], notes: tuple[Note, ...]) -> SplitPlan:
        """Return the same plan for as long as the notes are the same."""
        before = self._plans.get(names)
        if (
            before is None
            or len(before[0]) != len(notes)
            or any(a is not b for a, b in zip(*(before[0], notes), strict=True))
        ):
            before = self._plans[names] = (notes, SplitPlan.of(notes, ordered=True))
        return before[1]

    def knows(self, name: str) -> bool:
        """Say whether a split of that name ever was whole."""
        return self._of(SPLIT_KIND, name).whole is not None

    def key(self, name: str) -> ObjectKey:
        """Return the identity of a split."""
        return self._key(SPLIT_KIND, name)

    def _of(self, kind: ApiKind, name: str) -> _Memory:
        return self._memory.setdefault(self._key(kind, name), _Memory())

    def _key(self, kind: ApiKind, name: str) -> ObjectKey:
        return ObjectKey(kind.group, kind.kind, self._namespace, name)


def _is_settled(group: Seen) -> bool:
    # Without the right to see a group nothing is split, as if there were none: waiting would not change that.
    return group.asked or group.refused


def _translated(manifest: ManifestObject) -> Translation:
    group, _, version = manifest.api_version.rpartition("/")
    if version not in VERSIONS:
        # Whoever asks for a version of his own means the same by it.
        manifest = replace(manifest, api_version=f"{group}/{VERSIONS[-1]}")
    return STEP.translate(manifest)
