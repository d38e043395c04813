"""Refusals: what one client refused of one type, and what of it comes back when (rule 7 of `sequence.py`).

A client that never refused anything has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from legation.model.resource import Resource
from legation.model.snapshot import Collection


class Refusals:
    """What is put aside: by name, in the version in which it is not offered again."""

    __slots__ = ("_together", "aside")

    def __init__(self) -> None:
        self.aside: dict[str, str] = {}
        """Versions by name."""
        self._together: list[Mapping[str, str]] = []
        """What was put aside together because the client's words named nobody: one of each is to blame."""

    def __bool__(self) -> bool:
        return bool(self.aside)

    def put_aside(self, suspects: Iterable[Resource], *, certain: bool) -> None:
        """Do not offer these again.

        Args:
            suspects: Who is to blame.
            certain: Whether the client named them; else only one of them may be to blame.
        """
        versions = {resource.name: resource.version for resource in suspects}
        self.aside.update(versions)
        if not certain and len(versions) > 1:
            self._together.append(versions)

    def include(self, resource: Resource) -> bool:
        """Say whether exactly this content is put aside."""
        return self.aside.get(resource.name) == resource.version

    def forget(self, names: Iterable[str]) -> None:
        """Offer these again as they are: the client took them after all, or asked for them anew."""
        for name in names:
            self.aside.pop(name, None)

    def reconsider(self, target: Collection) -> None:
        """Offer again what was put aside together with something that has changed or gone since."""
        for versions in tuple(self._together):
            if any((now := target.get(name)) is None or now.version != was for name, was in versions.items()):
                self._together.remove(versions)
                for name, was in versions.items():
                    if self.aside.get(name) == was:
                        del self.aside[name]
