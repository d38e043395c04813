"""Of which objects something is another one than before, and what is wrong with each. No I/O.

That an object, its reading or a problem did not change is an `is` test for the first two, so that to ask costs little
while nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.runtime.last_good import Readings


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What there is at one moment."""

    objects: Mapping[ObjectKey, ManifestObject] = field(default_factory=dict)
    readings: Readings = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def differing(self, before: Moment) -> set[ObjectKey]:
        """Return the objects of which something is another one than at that moment; O(all objects)."""
        return {
            *_differing(before.objects, self.objects),
            *_differing(before.readings, self.readings),
            *(each.object for each in set(before.problems) ^ set(self.problems) if each.object is not None),
        }


class ProblemIndex:
    """What is wrong with each object, looked up anew when anything is wrong that was not."""

    def __init__(self) -> None:
        self._problems: tuple[Problem, ...] = ()
        self._of: Mapping[ObjectKey, tuple[Problem, ...]] = {}

    def of(self, key: ObjectKey, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Return those of all problems that are about the object."""
        if self._problems != problems:
            found: dict[ObjectKey, list[Problem]] = {}
            for each in problems:
                if each.object is not None:
                    found.setdefault(each.object, []).append(each)
            self._problems, self._of = problems, {it: tuple(those) for it, those in found.items()}
        return self._of.get(key, ())


def _differing(before: Mapping[ObjectKey, object], now: Mapping[ObjectKey, object]) -> Iterable[ObjectKey]:
    if before is now:
        return ()
    return (key for key in {**before, **now} if before.get(key) is not now.get(key))
