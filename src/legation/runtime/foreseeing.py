"""What would become of objects, asked by whoever is about to store them, beside what is stored and not served yet.

It joins what is served now (`what_if`) with who has which object. It refuses to know how objects are stored, and by
whom. The one invariant: each question is asked of what is served at its moment; nothing that is served is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

from legation.model.objects import ManifestObject, ObjectKey
from legation.model.problems import Problem
from legation.runtime.upcoming import Upcoming
from legation.runtime.what_if import WhatIf
from legation.sources.base import Source

Held: TypeAlias = Callable[[ObjectKey], tuple[Source, ManifestObject] | None]
"""Returns the object of a key that counts, and the source that has it."""


class Foresight:
    """The answers of one server."""

    def __init__(self, what_if: Callable[[], WhatIf], *, held: Held) -> None:
        """Take where answers come from.

        Args:
            what_if: Returns what is served now, and what is stored and not served yet.
            held: Returns who has an object.
        """
        self._what_if = what_if
        self._held = held

    @property
    def upcoming(self) -> Upcoming:
        """What is stored, or about to be, and not served yet: `foresee` looks at it, and whoever stores tells it."""
        return self._what_if().upcoming

    def held(self, key: ObjectKey) -> tuple[Source, ManifestObject] | None:
        """Return the object of that key that counts, and the source that has it."""
        return self._held(key)

    def foresee(self, manifests: Sequence[ManifestObject]) -> tuple[tuple[Problem, ...], ...]:
        """Return what would be wrong with each of some objects if all of them were served, and keep what was found out.

        Call it in the event loop, with objects of different keys that are to be stored if that is nothing bad.
        """
        return self._what_if().together(manifests)

    def reading_ahead(self, manifests: Sequence[ManifestObject]) -> Callable[[], None]:
        """Return what reads some objects, so that to foresee what they do takes little; call that in any thread."""
        return partial(self._what_if().read_ahead, manifests)

    def forget(self, keys: Iterable[ObjectKey]) -> None:
        """Forget what was found out about objects that are not to be stored after all."""
        self._what_if().forget(keys)
