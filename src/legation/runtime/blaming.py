"""Problems that follow from what Envoys refuse, with the object, the field and the others that have a part in it.

It remembers what it found out until something else is served. It refuses to know what is refused. No I/O of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias

from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.problems import Problem
from legation.model.resource import Name
from legation.model.resource_types import ResourceType
from legation.runtime.dangling import path_of
from legation.runtime.last_good import Readings
from legation.runtime.rechecking import Rechecking
from legation.runtime.refused import blamed

MOST_BLAMED = 10_000

Referrers: TypeAlias = Callable[[ResourceType, str], Collection[ObjectKey]]


class Blaming:
    """What was found out of refusals since something else was served."""

    def __init__(
        self,
        *,
        referrers: Referrers,
        place: Callable[[ManifestObject, FieldPath], Place | None],
        known: Rechecking,
    ) -> None:
        """Know nothing yet.

        Args:
            referrers: Returns the objects for which a resource is made of a Service or a Secret.
            place: Returns where in its source a field of an object stands.
            known: Remembers where names stand.
        """
        self._referrers = referrers
        self._place = place
        self._rechecking = known
        self._known: dict[tuple[Problem, Name], Problem] = {}

    def forget(self) -> None:
        """Forget it all: something else is served."""
        self._known.clear()

    def blame(
        self,
        problem: Problem,
        named: Name,
        *,
        readings: Readings,
        met: Mapping[ObjectKey, Collection[Name]],
        mentioned: Name | None = None,
    ) -> Problem:
        """Return the problem of a resource with all that is known of where it comes from.

        Args:
            problem: The problem, of the object that made the resource.
            named: The resource.
            readings: What is served.
            met: The objects that say something of the resources of others, and of which.
            mentioned: What is wrong is that the resource names this one; else the words of the problem tell.
        """
        if problem.object is None or not named[1]:
            return problem
        found = self._known.get((problem, named))
        if found is None:
            found = blamed(
                problem,
                named,
                reading=readings.get(problem.object),
                met=met,
                referrers=self._referrers,
                place=self._place,
                where=None if mentioned is None else lambda item: path_of(item, mentioned, self._rechecking),
            )
            if len(self._known) >= MOST_BLAMED:
                self._known.clear()
            self._known[problem, named] = found
        return found
