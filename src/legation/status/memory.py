"""What was said of each object: the status that it should have by now, and the Events that were told lately. No I/O.

What was written is believed until the API server shows something else than it showed at that time: a watch is late.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from legation.model.objects import ObjectKey
from legation.status.conditions import Status
from legation.status.events import News

REPEAT_AFTER = 600.0
"""Seconds after which an equal Event may be told once more: whatever flaps is not told each time."""


@dataclass(frozen=True, slots=True)
class _Said:
    uid: str
    status: Status
    written: bool
    """Whether it is in the object's status, too: else it was told by Events alone."""
    shown: Status | None
    """What the API server showed when this was written."""


class Memory:
    """What one writer said since it began."""

    def __init__(self) -> None:
        """Begin with nothing said."""
        self._said: dict[ObjectKey, _Said] = {}
        self._told: dict[ObjectKey, dict[News, float]] = {}

    def opinion(self, key: ObjectKey, uid: str) -> Status | None:
        """Return what was said last, in whatever way; None: nothing was, of this object."""
        said = self._said.get(key)
        return said.status if said is not None and said.uid == uid else None

    def status(self, key: ObjectKey, uid: str, *, shown: Status | None) -> Status | None:
        """Return the status that the object has at the API server by now, as far as is known.

        Args:
            key: The object.
            uid: It is another object if this is another one.
            shown: What the API server shows.
        """
        said = self._said.get(key)
        if said is None or not said.written or said.uid != uid or said.shown != shown:
            return shown
        return said.status

    def note_said(self, key: ObjectKey, uid: str, status: Status) -> None:
        """Remember what is told of the object by Events alone."""
        self._said[key] = _Said(uid, status, written=False, shown=None)

    def note_written(self, key: ObjectKey, uid: str, status: Status, *, shown: Status | None) -> None:
        """Remember what the object's status is now, and what the API server showed before."""
        self._said[key] = _Said(uid, status, written=True, shown=shown)

    def unheard(self, key: ObjectKey, news: Iterable[News], *, now: float) -> tuple[News, ...]:
        """Return what was not told lately."""
        told = self._told.get(key, {})
        return tuple(each for each in news if now - told.get(each, -math.inf) >= REPEAT_AFTER)

    def note_told(self, key: ObjectKey, news: Iterable[News], *, now: float) -> None:
        """Remember what is told now; what was told long ago is forgotten."""
        told = {each: at for each, at in self._told.get(key, {}).items() if now - at < REPEAT_AFTER}
        told.update(dict.fromkeys(news, now))
        if told:
            self._told[key] = told
        else:
            self._told.pop(key, None)

    def forget(self, key: ObjectKey) -> None:
        """Drop an object: it is gone."""
        self._said.pop(key, None)
        self._told.pop(key, None)
