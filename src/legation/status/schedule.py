"""When which object's status may be written. Arithmetic: no clock, no I/O; everything that limits the writer is here.

An object is due some moment after it was touched, so that what happens together is written once, and never within
`spacing` of its last write. All objects together are limited by a bucket of tokens, as clients of the API server are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from legation.model.objects import ObjectKey

_ONE = 1 - 1e-6
"""A token, as sums of fractions reach it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The limits; times are in seconds."""

    quiet: float = 0.25
    """From the first change to the write."""
    spacing: float = 1.0
    """Between two writes of one object."""
    rate: float = 50.0
    """Writes in a second, of all objects."""
    burst: float = 50.0
    """Writes at once, after a time without any."""


@dataclass(slots=True)
class _Entry:
    """One object."""

    due: float = math.inf
    """inf: nothing is to be written."""
    last: float = -math.inf
    out: bool = False
    """Whether it was taken, and what came of that is not known yet."""
    touched: float = field(default=math.inf)
    """The first touch since it was taken."""


class Schedule:
    """Which object is due."""

    def __init__(self, pace: Pace | None = None) -> None:
        """Begin with no object."""
        self._pace = pace or Pace()
        self._entries: dict[ObjectKey, _Entry] = {}
        self._heap: list[tuple[float, ObjectKey]] = []
        self._tokens, self._filled_at = self._pace.burst, -math.inf
        self._held_until = -math.inf

    def __contains__(self, key: ObjectKey) -> bool:
        """Say whether the object is known here."""
        return key in self._entries

    def __len__(self) -> int:
        """Return how many objects wait for a write."""
        return sum(entry.due < math.inf for entry in self._entries.values())

    def touch(self, key: ObjectKey, *, now: float) -> None:
        """Note that the object's status may be another."""
        entry = self._entries.setdefault(key, _Entry())
        if entry.out:
            entry.touched = min(entry.touched, now)
        elif entry.due == math.inf:
            self._plan(key, entry, now + self._pace.quiet)

    def take(self, *, now: float) -> ObjectKey | None:
        """Take the object that is due first; None: none is, or no more may be written now."""
        self._fill(now)
        if now < self._held_until or self._tokens < _ONE:
            return None
        if (key := self._first()) is None or self._entries[key].due > now:
            return None
        heappop(self._heap)
        entry = self._entries[key]
        entry.due, entry.out, entry.touched = math.inf, True, math.inf
        return key

    def begin(self, key: ObjectKey, *, now: float, requests: int = 1) -> None:
        """Note that the object that was taken is being written now, with so many requests."""
        self._tokens -= requests
        if (entry := self._entries.get(key)) is not None:
            entry.last = now

    def end(self, key: ObjectKey, *, again_at: float = math.inf) -> None:
        """Note that it is done with: written, not written at all, or to be tried again at a moment."""
        entry = self._entries.get(key)
        if entry is None:
            return
        entry.out = False
        due = min(again_at, entry.touched + self._pace.quiet)
        if due < math.inf:
            self._plan(key, entry, due)

    def hold(self, until: float) -> None:
        """Have nothing taken before a moment: nobody answers."""
        self._held_until = max(self._held_until, until)

    def forget(self, key: ObjectKey) -> None:
        """Drop an object: it is gone."""
        self._entries.pop(key, None)

    def next_at(self, *, now: float) -> float:
        """Return the moment at which to ask for one again; inf: not before something is touched."""
        if (key := self._first()) is None:
            return math.inf
        self._fill(now)
        token_at = now if self._tokens >= _ONE else now + (1 - self._tokens) / self._pace.rate
        return max(self._entries[key].due, self._held_until, token_at)

    def _plan(self, key: ObjectKey, entry: _Entry, due: float) -> None:
        entry.due = max(due, entry.last + self._pace.spacing)
        heappush(self._heap, (entry.due, key))
        if len(self._heap) > 2 * len(self._entries) + 64:
            self._heap = [(each.due, key) for key, each in self._entries.items() if each.due < math.inf]
            heapify(self._heap)

    def _first(self) -> ObjectKey | None:
        """Return the object that is due first; what the heap holds of objects that are gone is thrown away."""
        while self._heap:
            due, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is not None and entry.due == due:
                return key
            heappop(self._heap)
        return None

    def _fill(self, now: float) -> None:
        since = now - self._filled_at
        self._tokens = min(self._pace.burst, self._tokens + max(since, 0.0) * self._pace.rate)
        self._filled_at = now
