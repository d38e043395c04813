"""Returning: what is not known yet of a client that had been served before its streams began (rule 9 of `sequence.py`).

What it holds of the types that it did not ask for yet nobody knows, nor which listeners serve for those that it holds
and that are not warm. So these may use whatever the client has; and the clusters may not be warm that it did not ask
for: Envoy holds back its request for them until they are. Who comes back at its start may be warming clusters that it
does ask for (`starting.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.protocol.holding import Holding
from legation.protocol.machine import Machine


@dataclass(slots=True)
class Returning:
    """One client."""

    since: float | None = None
    """When it could be told something for the first time."""
    listeners: Holding | None = None
    """What it brought along that replaces its predecessor only when it is warm."""
    doubted: list[tuple[Machine, frozenset[str]]] = field(default_factory=list)
    """Names that it claims to have and may need again all the same, if it is at its start."""
    spoken: float | None = None
    """When it has told by what it asks for whether it is."""
    separate: bool = False
    """Whether it came back on streams of one type each, which come back one by one."""
    open: set[ResourceType] = field(default_factory=set)
    """Types of which it has asked again for all that it had."""
    newborn: set[str] = field(default_factory=set)
    """Clusters that it never had before, so that nothing that it brought along uses them."""

    def until(self, seconds: float) -> float:
        """Return the moment so many seconds after it came back."""
        return (self.since or 0.0) + seconds

    def lost_a_stream(self) -> None:
        """Count anew: one of its streams has ended, and comes back."""
        self.since, self.separate = None, True
        self.open.clear()

    def settled(self, is_warm: Callable[[Resource], bool]) -> bool:
        """Say whether all that it brought along is warm, so that no predecessor serves."""
        if self.listeners is not None and all(map(is_warm, self.listeners.resources)):
            self.listeners = None
        return self.listeners is None
