"""Aliases: what the names that a client asks by stand for, in a type whose resources are asked for by other names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from legation.model.lookup import behind
from legation.model.resource import Resource
from legation.model.snapshot import Collection


class Aliases:
    """What one client asks for by aliases."""

    __slots__ = ("_askers", "_followed", "_found", "reached")

    def __init__(self) -> None:
        self.reached: frozenset[str] = frozenset()
        """The names of all that the aliases stand for, and stood for as long as the client holds it."""
        self._found: dict[str, frozenset[str]] = {}
        self._askers: dict[str, list[str]] = {}
        """By what names each resource was asked for."""
        self._followed: tuple[Collection, frozenset[str]] | None = None

    def follow(
        self, asked: frozenset[str], target: Collection, holds: Callable[[str], bool]
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Look up what the names stand for in the newest collection.

        Args:
            asked: The names that the client asks for.
            target: The newest collection.
            holds: Says whether the client was sent that name.

        Returns:
            Which names are reached anew, and which no more.
        """
        if self._followed is not None and self._followed[0] is target and self._followed[1] is asked:
            return frozenset(), frozenset()
        self._followed = target, asked
        earlier, self._found, self._askers = self._found, {}, {}
        for name in asked:
            found = behind(target, name)
            for each in found:
                self._askers.setdefault(each, []).append(name)
            # What it stood for before stays until the client was told that it is gone: it may hold it.
            self._found[name] = found | frozenset(filter(holds, earlier.get(name, ())))
        before, self.reached = self.reached, frozenset().union(*self._found.values())
        return self.reached - before, before - self.reached

    def meant(self, name: str, target: Collection) -> frozenset[str]:
        """Return the names in the collection that an asked one stands for; itself where there are none."""
        found = self._found.get(name, frozenset())
        own = (name,) if target.get(name) is not None else ()
        return frozenset((*own, *(each for each in found if target.get(each) is not None))) or frozenset((name,))

    def add_to(self, resource: Resource) -> Resource:
        """Return the resource with those aliases too that a domain pattern of it matches and that were asked for."""
        known = {resource.name, *resource.aliases}
        more = sorted(name for name in self._askers.get(resource.name, ()) if name not in known)
        return replace(resource, aliases=(*resource.aliases, *more)) if more else resource
