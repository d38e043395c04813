"""What the Envoys of each namespace ask for by name, and which of that nobody asks for any more. No I/O.

It refuses to know what is made for them, and who may have it. Invariant: what an Envoy asks for is never forgotten
while it asks; beyond a bound it is not taken at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from legation.model.resource import Name
from legation.model.resource_types import ResourceType
from legation.translate.by_name import Target

MOST = 1_000
"""Names that Envoys of a namespace may ask for though no object refers to them: each costs memory and time, and who
asks need not be an Envoy. Of all names, the number at which it is first looked which of them nobody asks for."""

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
        self._bare: Counter[str] = Counter()
        """How many bare wishes each namespace has."""
        self.full: dict[str, None] = {}
        """The namespaces of which something was not taken for want of room."""
        self._denied = 0
        self._look_at = 1
        """How often that may happen until it is looked for room: who asks must not make that look happen each time."""

    def __iter__(self) -> Iterator[Key]:
        """Yield all of it."""
        return ((namespace, name) for namespace, wishes in self._wishes.items() for name in wishes)

    def of(self, namespace: str) -> Mapping[Name, Wish]:
        """Return what the Envoys of a namespace ask for."""
        return self._wishes.get(namespace, {})

    def targets(self) -> dict[Name, Target]:
        """Return what all these names stand for."""
        return {name: wish.target for wishes in self._wishes.values() for name, wish in wishes.items()}

    def add(self, namespace: str, name: Name, wish: Wish) -> bool:
        """Take what an Envoy of a namespace asks for. Returns whether there is room for it."""
        if wish.bare and self._bare[namespace] >= MOST:
            self.full[namespace] = None
            self._denied += 1
            return False
        wishes = self._wishes.setdefault(namespace, {})
        before = wishes.get(name)
        self._bare[namespace] += wish.bare - (before is not None and before.bare)
        wishes[name] = wish
        return True

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
        much = self._size() >= self._prune_at or self._denied >= self._look_at
        gone = [key for key in (self if much else self._left) if not asked_for(key[0], *key[1])]
        for namespace, name in gone:
            self._bare[namespace] -= self._wishes[namespace].pop(name).bare
            self.full.pop(namespace, None)
        if much:
            self._prune_at = max(MOST, 2 * self._size())
            self._denied, self._look_at = 0, 1 if gone else MOST
        self._left.difference_update(gone)
        return bool(gone)

    def _size(self) -> int:
        return sum(map(len, self._wishes.values()))
