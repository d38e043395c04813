"""What went through a transport: counters, and the sum of several transports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from legation.model.statistics import Traffic, TransportStatistics

UNKNOWN_TYPE = "unknown"
"""What a message is counted as whose type has no row in the table, or that is no message at all."""


class Meter:
    """Counts messages and bytes."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {}

    def received(self, kind: str, size: int) -> None:
        """Count a request of so many bytes."""
        counts = self._of(kind)
        counts[0] += 1
        counts[1] += size

    def sent(self, kind: str, size: int) -> None:
        """Count a response of so many bytes."""
        counts = self._of(kind)
        counts[2] += 1
        counts[3] += size

    def statistics(
        self, *, clients: int, streams: Iterable[tuple[str, str]], misbehaving: Mapping[str, int]
    ) -> TransportStatistics:
        """Return the record of this moment; `streams` has what each open stream carries and its variant."""
        opened: dict[tuple[str, str], int] = {}
        for label in streams:
            opened[label] = opened.get(label, 0) + 1
        traffic = {
            kind: Traffic(messages_in=counts[0], bytes_in=counts[1], messages_out=counts[2], bytes_out=counts[3])
            for kind, counts in self._counts.items()
        }
        return TransportStatistics(clients=clients, streams=opened, traffic=traffic, misbehaving=dict(misbehaving))

    def _of(self, kind: str) -> list[int]:
        counts = self._counts.get(kind)
        if counts is None:
            counts = self._counts[kind] = [0, 0, 0, 0]
        return counts


def total(parts: Iterable[TransportStatistics]) -> TransportStatistics:
    """Return several transports as one."""
    parts = tuple(parts)
    streams: Counter[tuple[str, str]] = Counter()
    counts: dict[str, Counter[str]] = {}
    misbehaving: Counter[str] = Counter()
    for part in parts:
        misbehaving.update(part.misbehaving)
        streams.update(part.streams)
        for kind, each in part.traffic.items():
            counts.setdefault(kind, Counter()).update(asdict(each))
    return TransportStatistics(
        clients=sum(part.clients for part in parts),
        streams=streams,
        traffic={kind: Traffic(**each) for kind, each in counts.items()},
        misbehaving=misbehaving,
    )
