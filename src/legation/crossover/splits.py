"""What the TrafficSplits of ConfigMaps say now, given what was heard of them and what they said before. Pure.

It knows which version of a split counts: the last one that was whole. A split, or a group of matches, that is deleted
goes on counting, as it did for crossover; so does what is remembered of the time before the program was started anew.
It refuses to know what the weights are put into.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    answered: bool = False
    """Whether it has ever said whether the object is there."""
    unreadable: str = ""
    """Why its newest version cannot be read."""


UNHEARD = Seen()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InForce:
    """The splits of one ConfigMap that count, with their groups."""

    notes: tuple[Note, ...]
    plan: SplitPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the splits of one ConfigMap say."""

    in_force: InForce | None = None
    """None: there are no splits, so nothing is even parsed."""
    unheard: tuple[str, ...] = ()
    """What has to be heard of first."""
    problems: tuple[Problem, ...] = ()


class _Memory:
    """One object: the newest version that was looked at, what is wrong with it, and the newest whole one."""

    __slots__ = ("newest", "problems", "whole")

    def __init__(self) -> None:
        self.newest: ManifestObject | None = None
        self.problems: tuple[Problem, ...] = ()
        self.whole: Note | None = None

    def remember(self, manifest: ManifestObject) -> tuple[Problem, ...]:
        """Take a version, if it is whole, and return what is wrong with it."""
        found = _translated(manifest)
        if not any(each.level is Level.ERROR for each in found.problems):
            self.whole = Note(manifest=manifest, value=found.notes[0])
        return found.problems

    def take(self, key: ObjectKey, seen: Seen) -> None:
        manifest = seen.kept.manifest if seen.kept else None
        if manifest is not None and manifest is not self.newest:
            self.problems = self.remember(manifest)
        if manifest is None:
            self.problems = ()
        self.newest = manifest
        if seen.unreadable:
            message = f"it cannot be read: {seen.unreadable}"
            self.problems = (Problem(code="unreadable-object", message=message, object=key),)


class Splits:
    """All splits, and the groups of matches that they name."""

    def __init__(self, namespace: str, *, remembered: Iterable[ManifestObject] = ()) -> None:
        """Begin with what is remembered of the time before: splits and groups that were whole."""
        self._namespace = namespace
        self._memory: dict[ObjectKey, _Memory] = {}
        self._in_force: dict[tuple[str, ...], InForce] = {}
        for manifest in remembered:
            self._memory.setdefault(manifest.key, _Memory()).remember(manifest)

    def recall(self, names: tuple[str, ...]) -> InForce | None:
        """Return what these splits said before anything was heard; None if none of them is remembered."""
        if not any(map(self.knows, names)):
            return None
        return self._of_notes(names, self._wholes(names, self.groups(names)))

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
        return Said(
            in_force=self._of_notes(names, self._wholes(names, wanted)) if names else None,
            unheard=tuple(
                f"{kind.kind} {name}"
                for kind, each, seen in ((SPLIT_KIND, names, splits), (GROUP_KIND, wanted, groups))
                for name in each
                if not seen.get(name, UNHEARD).answered and self._of(kind, name).whole is None
            ),
            problems=tuple(problem for each in self._every(names, wanted) for problem in each.problems),
        )

    def _every(self, names: Iterable[str], groups: Iterable[str]) -> Iterator[_Memory]:
        yield from (self._of(SPLIT_KIND, name) for name in names)
        yield from (self._of(GROUP_KIND, name) for name in groups)

    def _wholes(self, names: Iterable[str], groups: Iterable[str]) -> tuple[Note, ...]:
        return tuple(each.whole for each in self._every(names, groups) if each.whole is not None)

    def _of_notes(self, names: tuple[str, ...], notes: tuple[Note, ...]) -> InForce:
        """Return the same for as long as the notes are the same."""
        before = self._in_force.get(names)
        if before is None or [*map(id, before.notes)] != [*map(id, notes)]:
            before = self._in_force[names] = InForce(notes=notes, plan=SplitPlan.of(notes, ordered=True))
        return before

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


def _translated(manifest: ManifestObject) -> Translation:
    group, _, version = manifest.api_version.rpartition("/")
    if version not in VERSIONS:
        # Whoever asks for a version of his own means the same by it.
        manifest = replace(manifest, api_version=f"{group}/{VERSIONS[-1]}")
    return STEP.translate(manifest)
