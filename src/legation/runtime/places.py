"""Where in its source each field of an object stands. The source is asked; this remembers what it said of problems.

No I/O of its own: a source answers from what it has read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.problems import Problem
from legation.sources.base import Source

_Located: TypeAlias = dict[tuple[Problem, ManifestObject, Place | None], Problem]
"""A problem, its object and where that begins now -> the problem with its own place."""


class Places:
    """The places of fields."""

    def __init__(self, owner: Callable[[ObjectKey], Source | None]) -> None:
        """Know of none yet.

        Args:
            owner: Says from which source an object comes: it knows the place of every field.
        """
        self._owner = owner
        self._located: _Located = {}

    def of(self, manifest: ManifestObject, path: FieldPath) -> Place | None:
        """Return where a field stands."""
        owner = self._owner(manifest.key)
        return owner.locate(manifest.place, path) if owner else manifest.place

    def locate(self, problems: Iterable[Problem], objects: Mapping[ObjectKey, ManifestObject]) -> tuple[Problem, ...]:
        """Give each problem the place of its field, which is looked for once for as long as its object stays there.

        Args:
            problems: All problems of objects; one that was among them the last time is the same Python object again.
            objects: All objects.
        """
        before, self._located = self._located, {}
        return tuple(self._locate(problem, objects, before) for problem in problems)

    def _locate(self, problem: Problem, objects: Mapping[ObjectKey, ManifestObject], before: _Located) -> Problem:
        manifest = objects.get(problem.object) if problem.object else None
        if manifest is None or manifest.place is None or manifest.place is not problem.place:
            return problem
        key = (problem, manifest, self.of(manifest, ()))
        located = before.get(key)
        if located is None:
            located = replace(problem, place=self.of(manifest, problem.path))
        self._located[key] = located
        return located
