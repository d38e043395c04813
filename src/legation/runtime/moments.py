"""When one Envoy accepted what it has of one type, resource by resource, in bounded memory. Pure.

What came all at once (the first answer) is one moment; only what changed after it is remembered by name. Invariant: a
moment that is told is right; where it was forgotten, nothing is told.
"""

from __future__ import annotations

from collections.abc import Collection

from legation.model.resource import Resource

MOST = 256
"""Resources of one type at one Envoy that are remembered by name."""


class Moments:
    """The moments of one type at one Envoy."""

    __slots__ = ("_begun", "_bulk", "_by_name")

    def __init__(self) -> None:
        """Know of none."""
        self._begun = False
        self._bulk: float | None = None
        """When everything was accepted that is not remembered by name; None: nobody can say that of all of it."""
        self._by_name: dict[str, float] = {}

    def note(self, resources: Collection[Resource], removed: Collection[str], now: float) -> None:
        """Take what was accepted now, and what the Envoy gave back."""
        for name in removed:
            self._by_name.pop(name, None)
        many = len(resources) > MOST
        for each in resources if self._by_name or not many else ():
            self._by_name.pop(each.name, None)
            if not many:
                self._by_name[each.name] = now
        if many:
            self._bulk = None if self._begun else now
        while len(self._by_name) > MOST:
            del self._by_name[next(iter(self._by_name))]
            self._bulk = None
        self._begun = True

    def of(self, name: str) -> float | None:
        """Return when the Envoy accepted what it has of that name; None: nobody remembers."""
        return self._by_name.get(name, self._bulk)
