"""Predecessors: Listeners that were replaced or removed and still serve.

A listener that the client accepted is warm only when its routes are there; until then the last one that was warm
serves. From then on, or from its removal on, the old one drains: its connections go on with its old routes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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

    __slots__ = ("_holding", "_members")

    def __init__(self) -> None:
        self._members: list[_Predecessor] = []
        self._holding: Holding | None = None

    def __len__(self) -> int:
        return len(self._members)

    def replaced(self, before: Mapping[str, Resource | None], holding: Holding) -> None:
        """Take what the client held under the names that an ACK spoke for, and what it holds now."""
        self._holding = holding
        for name, resource in before.items():
            if resource is None or same(resource, holding.get(name)):
                continue
            others = [each for each in self._members if not same(each.resource, resource) or each.resource.name != name]
            self._members = _bounded([*others, _Predecessor(resource)], name)

    def drain(self, is_warm: Callable[[Resource], bool], *, until: float) -> None:
        """Let those drain whose successor is warm, or that have none."""
        for member in self._members:
            if member.until is None and self._holding is not None:
                successor = self._holding.get(member.resource.name)
                if successor is None or is_warm(successor):
                    member.until = until

    def prune(self, now: float) -> float | None:
        """Forget those that have drained. Return when the next one will have."""
        self._members = [each for each in self._members if each.until is None or now < each.until]
        return min((each.until for each in self._members if each.until is not None), default=None)

    def claim(self, resource: Resource) -> bool:
        """Say whether another of them serves still, for its successor is not warm, and has what the resource claims."""
        return any(
            each.until is None
            and each.resource.name != resource.name
            and not set(each.resource.claims).isdisjoint(resource.claims)
            for each in self._members
        )

    def mention(self, row: ResourceType, name: str) -> bool:
        """Say whether any of them may use that resource."""
        return any(each.resource.mentions(row, name) for each in self._members)


def _bounded(members: list[_Predecessor], name: str) -> list[_Predecessor]:
    """Return them without the second of too many that wait: the first is the one that serves, the last may be next."""
    waiting = [each for each in members if each.until is None and each.resource.name == name]
    return [each for each in members if len(waiting) <= _MOST_WAITING or each is not waiting[1]]
