"""The load that Envoys send to clusters, as they report it (LRS), and its sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

_NONE: Mapping[str, int] = MappingProxyType({})

OTHERS = "(others)"
"""Stands for clusters that we did not send, and for kinds of drops beyond a bound: whoever reports can name any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLoad:
    """What one Envoy did with one cluster in one interval; all endpoints together."""

    cluster: str
    interval: float
    """Seconds."""
    issued: int = 0
    """Requests that were begun."""
    errors: int = 0
    """Requests that failed."""
    in_progress: int = 0
    """Requests that run at the end of the interval."""
    dropped: Mapping[str, int] = field(default_factory=lambda: _NONE)
    """Requests that were never sent, by what dropped them."""

    def per_second(self, count: int) -> float:
        """Return a count of this interval as a rate; 0 where nobody knows how long it was."""
        return count / self.interval if self.interval > 0 else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTotal:
    """What all Envoys of one group did with one cluster since the start."""

    group: str
    cluster: str
    issued: int
    errors: int
    dropped: Mapping[str, int]
    in_progress: int
    """At the last report of each Envoy that is connected."""
