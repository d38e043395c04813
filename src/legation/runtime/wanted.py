"""What the Envoys of each namespace ask for by name, and which of that nobody asks for any more. No I/O.

It refuses to know what is made for them, and who may have it. Invariant: what an Envoy asks for is never forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from legation.model.resource import Name
from legation.model.resource_types import ResourceType
from legation.translate.by_name import Target

MOST = 1_000
"""Names that Envoys ask for before it is looked which of them nobody asks for any more."""

Key: TypeAlias = tuple[str, Name]
"""A namespace, and a name that is of interest there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A name that Envoys of a namespace ask for."""

    target: Target
    bare: bool
    """Whether one of them gets no object that refers to it."""


class Wanted:
    """All that Envoys ask for by name."""

    def __init__(self) -> None:
        """Begin with nothing asked for."""
        self._wishes: dict[str, dict[Name, Wish]] = {}
        self._left: set[Key] = set()
        """What of that objects referred to until lately: perhaps nobody asks for it any more."""
        self._prune_at = MOST

    def __iter__(self) -> Iterator[Key]:
        """Yield all of it."""
        return ((namespace, name) for namespace, wishes in self._wishes.items() for name in wishes)

    def of(self, namespace: str) -> Mapping[Name, Wish]:
        """Return what the Envoys of a namespace ask for."""
        return self._wishes.get(namespace, {})

    def targets(self) -> dict[Name, Target]:
        """Return what all these names stand for."""
        return {name: wish.target for wishes in self._wishes.values() for name, wish in wishes.items()}

    def add(self, namespace: str, name: Name, wish: Wish) -> None:
        """Take what an Envoy of a namespace asks for."""
        self._wishes.setdefault(namespace, {})[name] = wish

    def may_be_over(self, key: Key) -> bool:
        """Say whether objects referred to it until lately, so that perhaps nobody asks for it any more."""
        return key in self._left

    def refer(self, before: Collection[Key], now: Collection[Key]) -> None:
        """Take what objects referred to until now, and what they refer to."""
        left = (key for key in before if key not in now and key[1] in self.of(key[0]))
        self._left = {key for key in (*self._left, *left) if key not in now}

    def prune(self, asked_for: Callable[[str, ResourceType, str], bool]) -> bool:
        """Forget what nobody asks for any more: of what was referred to until lately, and of all if there is much.

        Args:
            asked_for: Is told namespace, type and name.

        Returns:
            Whether anything was forgotten.
        """
        much = self._size() >= self._prune_at
        gone = [key for key in (self if much else self._left) if not asked_for(key[0], *key[1])]
        for namespace, name in gone:
            del self._wishes[namespace][name]
        if much:
            self._prune_at = max(MOST, 2 * self._size())
        self._left.difference_update(gone)
        return bool(gone)

    def _size(self) -> int:
        return sum(map(len, self._wishes.values()))
