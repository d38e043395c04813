"""Resources that some Envoy refused for sure, and of which no Envoy ever accepted any version. No I/O.

The one invariant is that nothing swings: a version that was refused stays so, whoever comes and goes, until an Envoy
accepts it or its object makes another one; and of what was accepted once no later version is unproved. It refuses to
know what follows from that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeAlias

from legation.model.objects import ObjectKey
from legation.model.resource_types import ResourceType
from legation.runtime.account import Account
from legation.runtime.item import Item

_Made: TypeAlias = tuple[ObjectKey, ResourceType, str]
"""A resource: of which object, its type and its name."""


class Unproved:
    """What is known of such resources."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._refused: dict[_Made, str] = {}
        """The version that was refused."""
        self._proved: set[_Made] = set()

    def of(self, key: ObjectKey) -> Iterable[tuple[ResourceType, str]]:
        """Return the type and the name of each unproved resource of an object."""
        return [(row, name) for origin, row, name in self._refused if origin == key]

    def hear(self, account: Account, every: Collection[Account]) -> frozenset[ObjectKey]:
        """Take what became of things at a client; O(what it refuses, and what is unproved).

        Args:
            account: The client.
            every: All clients: they are looked at when something is refused that was not before.

        Returns:
            The objects of which something is unproved, or is not any more.
        """
        before = dict(self._refused)
        for each in account.refused() if any(account.refuses()) else ():
            if each.parked is None and each.origin is not None:
                made = (each.origin, each.type, each.name)
                if made not in self._proved and made not in before:
                    self._refused[made] = each.version
        if not self._refused:
            # The usual case, after every answer of every client.
            return frozenset()
        new = self._refused.keys() - before.keys()
        for other in every if new else (account,):
            proved = {made for made in self._refused if _has(other, made)}
            self._proved |= proved
            self._refused = {made: version for made, version in self._refused.items() if made not in proved}
        return frozenset(origin for origin, _, _ in before.keys() ^ self._refused.keys())

    def follow(self, items: Callable[[ObjectKey], Iterable[Item]]) -> None:
        """Forget what is not made any more; O(what is known here).

        Args:
            items: Returns what an object makes now.
        """
        now: dict[_Made, str] = {}
        for key in {origin for origin, _, _ in (*self._refused, *self._proved)}:
            for item in items(key):
                now[key, item.resource.type, item.resource.name] = item.resource.version
        self._refused = {each: version for each, version in self._refused.items() if now.get(each) == version}
        self._proved &= now.keys()


def _has(account: Account, made: _Made) -> bool:
    """Say whether a client that is to get a resource has accepted one of that name."""
    origin, row, name = made
    wanted = None if account.place.snapshot is None else account.place.snapshot.get(row, name)
    return wanted is not None and wanted.origin == origin and account.client.accepted(row, name) is not None
