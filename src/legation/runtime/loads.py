"""What Envoys report of their load: the last report of each, and sums by group and cluster, both in bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from legation.model.loads import OTHERS, ClusterLoad, LoadTotal
from legation.model.node import Node, Peer

MOST_TOTALS = 2000
"""Sums that are kept: those of the clusters that were reported last. One that comes back begins at 0."""

MOST_CATEGORIES = 8
"""Kinds of drops that are told apart for a cluster."""


@dataclass(slots=True)
class _Total:
    issued: int = 0
    errors: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, load: ClusterLoad) -> None:
        self.issued += load.issued
        self.errors += load.errors
        for category, count in load.dropped.items():
            told_apart = category in self.dropped or len(self.dropped) < MOST_CATEGORIES
            self.dropped[category if told_apart else OTHERS] += count


@dataclass(slots=True, kw_only=True, eq=False)
class Reporter:
    """One Envoy that reports."""

    peer: Peer
    node: Node
    group: str = ""
    last: tuple[ClusterLoad, ...] = ()
    """Its last report, each cluster once."""


class Loads:
    """All that is known of loads."""

    def __init__(self) -> None:
        """Begin without reporters."""
        self._reporters: dict[str, list[Reporter]] = {}
        """By node id, in the order in which they came."""
        self._totals: dict[tuple[str, str], _Total] = {}
        """By group and cluster; what was reported last comes last."""

    def open(self, peer: Peer, node: Node) -> Reporter:
        """Take in an Envoy that begins to report."""
        reporter = Reporter(peer=peer, node=node)
        self._reporters.setdefault(node.id, []).append(reporter)
        return reporter

    def close(self, reporter: Reporter) -> None:
        """Forget an Envoy whose stream ended; what it reported stays in the sums."""
        same = self._reporters[reporter.node.id]
        same.remove(reporter)
        if not same:
            del self._reporters[reporter.node.id]

    def take(self, reporter: Reporter, loads: Iterable[ClusterLoad], *, group: str, known: Collection[str]) -> None:
        """Take a report.

        Args:
            reporter: Whose it is.
            loads: What it says; a cluster may come several times.
            group: The group that the Envoy belongs to now.
            known: The clusters that it gets from us; all others count as one.
        """
        merged: dict[str, ClusterLoad] = {}
        for load in loads:
            name = load.cluster if load.cluster in known else OTHERS
            merged[name] = _sum(name, merged.get(name), load)
        reporter.group, reporter.last = group, tuple(merged.values())
        for name, load in merged.items():
            total = self._totals.pop((group, name), None) or _Total()
            self._totals[group, name] = total
            total.add(load)
        for oldest in list(self._totals)[: max(0, len(self._totals) - MOST_TOTALS)]:
            del self._totals[oldest]

    def of(self, peer: Peer, node: Node) -> Sequence[ClusterLoad]:
        """Return the last report of an Envoy: that over the same connection, or the only one of its node id."""
        same = self._reporters.get(node.id, [])
        here = [each for each in same if each.peer.address == peer.address]
        found = here or same
        return found[-1].last if here or len(found) == 1 else ()

    def totals(self) -> tuple[LoadTotal, ...]:
        """Return the sums."""
        running: Counter[tuple[str, str]] = Counter()
        for reporter in chain.from_iterable(self._reporters.values()):
            for load in reporter.last:
                running[reporter.group, load.cluster] += load.in_progress
        return tuple(
            LoadTotal(
                group=group,
                cluster=cluster,
                issued=total.issued,
                errors=total.errors,
                dropped=dict(total.dropped),
                in_progress=running[group, cluster],
            )
            for (group, cluster), total in self._totals.items()
        )


def _sum(name: str, one: ClusterLoad | None, other: ClusterLoad) -> ClusterLoad:
    dropped = Counter(one.dropped if one else {})
    for category, count in other.dropped.items():
        dropped[category if category in dropped or len(dropped) < MOST_CATEGORIES else OTHERS] += count
    return ClusterLoad(
        cluster=name,
        interval=max(one.interval if one else 0.0, other.interval),
        issued=(one.issued if one else 0) + other.issued,
        errors=(one.errors if one else 0) + other.errors,
        in_progress=(one.in_progress if one else 0) + other.in_progress,
        dropped=dict(dropped),
    )
