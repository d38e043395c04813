"""What all sources say together: where they publish to, and one map of objects made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import TypeAlias

from legation.model.cluster import Cluster
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.sources.base import Inputs, Source, SourceState

Objects: TypeAlias = Mapping[ObjectKey, ManifestObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the sources say at one moment."""

    number: int
    """How many times a source had published by then."""
    objects: Mapping[ObjectKey, ManifestObject] = field(repr=False)
    problems: tuple[Problem, ...]
    """What the sources could not read, and objects that several of them have."""
    broken: frozenset[str]
    """Files of which a part could not be read."""
    cluster: Cluster | None = None
    """What the first source that reads one tells of a Kubernetes cluster."""

    def same_objects(self, other: Heard) -> bool:
        """Say whether nothing but the cluster may differ."""
        return self.objects is other.objects and self.problems == other.problems and self.broken == other.broken


class Intake:
    """Takes the states of the sources. Of an object that several have, that of the first source counts."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        changed: Callable[[], None],
        obstacles_changed: Callable[[], None] | None = None,
    ) -> None:
        """Begin without any state.

        Args:
            sources: Those that will publish.
            changed: Called when one has.
            obstacles_changed: Called when `obstacles` is something else, if anybody wants to know.
        """
        self.sources = tuple(sources)
        self.number = 0
        """How many times a source has published."""
        self._states: dict[Source, SourceState] = {}
        self._merged = _Merged()
        self._changed = changed
        self._obstacles: dict[Source, tuple[Problem, ...]] = {}
        self._obstacles_changed = obstacles_changed

    @property
    def missing(self) -> tuple[Source, ...]:
        """The sources that have not loaded yet."""
        return tuple(source for source in self.sources if source not in self._states)

    @property
    def unread(self) -> tuple[str, ...]:
        """Why each of these has not, a clause for each reason."""
        return tuple(
            f"{source.name}: {each}" if each else f"{source.name} has not loaded yet"
            for source in self.missing
            for each in (source.missing or ("",))
        )

    def inputs(self, source: Source) -> Inputs:
        """Return where the source is to publish."""
        return _Inputs(self, source)

    def take(self, source: Source, state: SourceState) -> None:
        """Take the newest state of a source."""
        if state is not self._states.get(source):
            self._states[source] = state
            self.number += 1
            self._changed()

    def blocked(self, source: Source, problems: tuple[Problem, ...]) -> None:
        """Take what keeps a source from loading."""
        if problems != self._obstacles.get(source, ()):
            self._obstacles[source] = problems
            if self._obstacles_changed is not None:
                self._obstacles_changed()

    @property
    def obstacles(self) -> tuple[Problem, ...]:
        """What is wrong that keeps sources from loading."""
        return tuple(each for source in self.missing for each in self._obstacles.get(source, ()))

    def newest(self) -> Heard:
        """Return all that is known now; O(all objects), unless no source tells of other ones than before."""
        states = [self._states[source] for source in self.sources if source in self._states]
        told = tuple(state.objects for state in states)
        if not self._merged.is_of(told):
            self._merged = self._merge(told)
        merged = self._merged
        return Heard(
            number=self.number,
            objects=merged.objects,
            problems=(*(problem for state in states for problem in state.problems), *merged.doubles),
            broken=frozenset().union(*(state.broken for state in states)),
            cluster=next((state.cluster for state in states if state.cluster is not None), None),
        )

    def _merge(self, told: tuple[Objects, ...]) -> _Merged:
        objects: Objects = {}
        doubles: list[Problem] = []
        for each in told:
            doubles += [self._double(each[key]) for key in objects.keys() & each.keys()]
            objects = {**each, **objects} if objects else each
        return _Merged(told=told, objects=objects, doubles=tuple(doubles))

    def owner(self, key: ObjectKey) -> Source | None:
        """Return the source whose object of that key counts."""
        states = self._states
        return next((each for each in self.sources if each in states and key in states[each].objects), None)

    def held(self, key: ObjectKey) -> tuple[Source, ManifestObject] | None:
        """Return the object of that key that counts, and the source that has it."""
        owner = self.owner(key)
        return None if owner is None else (owner, self._states[owner].objects[key])

    def _double(self, manifest: ManifestObject) -> Problem:
        owner = self.owner(manifest.key)
        return Problem(
            code="duplicate-object",
            message=f"{owner.name if owner else 'another source'} has it too, and that one counts",
            object=manifest.key,
            place=manifest.place,
            mend="delete one of them, or give it another name",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merged:
    """The objects of several sources, as one."""

    told: tuple[Objects, ...] = ()
    """What each of them said."""
    objects: Objects = field(default_factory=dict)
    doubles: tuple[Problem, ...] = ()

    def is_of(self, told: tuple[Objects, ...]) -> bool:
        """Say whether it was made of these very mappings."""
        return len(told) == len(self.told) and all(map(is_, told, self.told))


@dataclass(frozen=True, slots=True)
class _Inputs:
    """Fulfils `sources.base.Inputs` for one source."""

    intake: Intake
    source: Source

    def publish(self, state: SourceState) -> None:
        self.intake.take(self.source, state)

    def blocked(self, problems: tuple[Problem, ...]) -> None:
        self.intake.blocked(self.source, problems)
