"""Predecessors: Listeners that were replaced or removed and still serve.

A listener that the client accepted is warm only when its routes are there; until then the last one that was warm
serves. From then on, or from its removal on, the old one drains: its connections go on with its old routes. One that
does not linger (`Resource.lingers`) is gone instead.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.protocol.holding import Holding, same


@dataclass(slots=True)
class _Predecessor:
    resource: Resource
    until: float | None = None
    """The end of its draining; None while its successor is not warm."""


_MOST_WAITING = 16
"""How many predecessors of one name are told apart whose successor is not warm: a listener can wait for good."""


class Predecessors:
    """All of one client."""

    __slots__ = ("_drained", "_holding", "_members")

    def __init__(self) -> None:
        self._members: list[_Predecessor] = []
        self._drained: list[_Predecessor] = []
        """Those that have drained a moment ago."""
        self._holding: Holding | None = None

    def __len__(self) -> int:
        """How many serve or drain."""
        return len(self._members)

    def replaced(self, before: Mapping[str, Resource | None], holding: Holding) -> None:
        """Take what the client held under the names that an ACK spoke for, and what it holds now."""
        self._holding = holding
        gone = {name: each for name, each in before.items() if each is not None and not same(each, holding.get(name))}
        if gone:
            others = (each for each in self._members if not same(each.resource, gone.get(each.resource.name)))
            self._members = _bounded([*others, *map(_Predecessor, gone.values())], gone.keys())

    def drain(self, is_warm: Callable[[Resource], bool], *, until: float) -> None:
        """Let those drain whose successor is warm, or that have none; those that do not linger are gone."""
        for member in self._members:
            if member.until is None and self._holding is not None:
                successor = self._holding.get(member.resource.name)
                if successor is None or is_warm(successor):
                    member.until = until
        self._members = [each for each in self._members if each.until is None or each.resource.lingers]

    def prune(self, now: float, *, grace: float) -> float | None:
        """Forget those that have drained, of which it is known for so long that they did. Return when the next will."""
        over = [each for each in self._members if each.until is not None and each.until <= now]
        if over:
            self._members = [each for each in self._members if each.until is None or now < each.until]
        if over or self._drained:
            drained = (*self._drained, *over)
            self._drained = [each for each in drained if each.until is not None and now < each.until + grace]
        return min((each.until for each in self._members if each.until is not None), default=None)

    def claim(self, resource: Resource) -> bool:
        """Say whether another of them serves still, for its successor is not warm, and has what the resource claims."""
        return any(
            each.until is None
            and each.resource.name != resource.name
            and not set(each.resource.claims).isdisjoint(resource.claims)
            for each in self._members
        )

    def users(self, row: ResourceType, name: str) -> Iterator[Resource]:
        """Yield those that may use that resource."""
        return (each.resource for each in self._members if each.resource.mentions(row, name))

    def used_until(self, row: ResourceType, name: str) -> float:
        """Return when the last of those had drained that may have used that resource a moment ago."""
        drained = (each for each in self._drained if each.resource.mentions(row, name))
        return max((each.until for each in drained if each.until is not None), default=-inf)


def _bounded(members: list[_Predecessor], names: Container[str]) -> list[_Predecessor]:
    """Return them without the second of too many that wait: the first is the one that serves, the last may be next."""
    waiting: dict[str, list[_Predecessor]] = {}
    for each in members:
        if each.until is None and each.resource.name in names:
            waiting.setdefault(each.resource.name, []).append(each)
    excess = {id(those[1]) for those in waiting.values() if len(those) > _MOST_WAITING}
    return [each for each in members if id(each) not in excess] if excess else members
