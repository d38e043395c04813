"""How long a change takes to every Envoy: from the moment at which it was heard to the answer that accepts it.

A change is a resource that a group gets anew or in another version. Told by events alone: nothing is looked for among
clients, and an answer costs one look for each resource that it speaks for. An answer counts once, from the oldest
change in it. Not counted are Envoys that came after the change, versions that an Envoy was never given because a newer
one came before, and removals: these wait for what still needs them, and how long is the owner's own setting.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from math import inf

from legation.model.resource import Resource
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Snapshot
from legation.model.statistics import Histogram

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Seconds: the upper bounds of the buckets."""
MOST_CHANGES = 65_536
"""Changes whose moment is remembered; beyond that the oldest are not counted any more."""


class Convergence:
    """The times of all changes and all Envoys."""

    def __init__(self) -> None:
        self._heard: dict[tuple[ResourceType, str, str], float] = {}
        """Type, name and version of what changed -> when that was heard."""
        self._latest = -inf
        self._counts: dict[ResourceType, list[int]] = {}
        self._sums: dict[ResourceType, float] = {}

    def begin(self, before: Snapshot | None, after: Snapshot | None, heard: float) -> None:
        """Note what a group gets from now on in place of what it got; O(types + changes)."""
        if before is None or after is None:
            return
        for row in RESOURCE_TYPES:
            for name, resource in after[row].since(before[row]).changed.items():
                change = (row, name, resource.version)
                # Put in anew, so that the oldest stand first.
                self._heard.pop(change, None)
                self._heard[change] = heard
                self._latest = max(self._latest, heard)
        while len(self._heard) > MOST_CHANGES:
            del self._heard[next(iter(self._heard))]

    def accept(self, row: ResourceType, resources: Iterable[Resource], now: float, *, since: float) -> None:
        """Note what an Envoy accepted that came at a moment."""
        if since > self._latest:
            return
        moments = (self._heard.get((row, each.name, each.version), -inf) for each in resources)
        heard = min((moment for moment in moments if moment >= since), default=None)
        if heard is None:
            return
        counts = self._counts.setdefault(row, [0] * (len(BOUNDS) + 1))
        counts[bisect_left(BOUNDS, now - heard)] += 1
        self._sums[row] = self._sums.get(row, 0.0) + now - heard

    def histograms(self) -> Mapping[ResourceType, Histogram]:
        """Return the times since the start, of each type of which a change was accepted."""
        return {
            row: Histogram(bounds=BOUNDS, counts=tuple(counts), total=self._sums[row])
            for row, counts in self._counts.items()
        }
