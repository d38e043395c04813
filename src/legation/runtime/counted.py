"""What was last counted of each object, and what of that is news to whoever asks.

Every count has a number, so that who asks again gets only what was counted since. An object that is gone is told as
gone for as long as it is among the last `MOST_GONE` of these; whoever asks from before then is told everything. No I/O.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import TypeAlias

from legation.model.delivery import Deliveries, Delivery
from legation.model.objects import ObjectKey

MOST_GONE = 10_000
"""Objects that are gone and are remembered."""

Count: TypeAlias = tuple[int | None, Delivery]
"""The generation that is served, and its delivery."""


class Counted:
    """The last count of each object."""

    def __init__(self, epoch: str) -> None:
        """Begin with nothing counted.

        Args:
            epoch: Names this run of the program.
        """
        self._epoch = epoch
        self._number = 0
        self._counts: dict[ObjectKey, tuple[int, Count]] = {}
        """Each object's number and count; the newest last."""
        self._gone: dict[ObjectKey, int] = {}
        """The numbers of those that were there; the newest last."""
        self._forgotten = 0
        """The number of the newest that was there and is not remembered."""

    @property
    def number(self) -> int:
        """How many counts there were."""
        return self._number

    def keys(self) -> tuple[ObjectKey, ...]:
        """Return the objects that have a count."""
        return tuple(self._counts)

    def put(self, key: ObjectKey, count: Count) -> None:
        """Take the count of an object. The same count is news too: something else about the object may be another."""
        self._number += 1
        self._gone.pop(key, None)
        self._counts.pop(key, None)
        self._counts[key] = (self._number, count)

    def drop(self, key: ObjectKey) -> None:
        """Take note that an object does not exist; one that was never counted is no news."""
        if self._counts.pop(key, None) is None:
            return
        self._number += 1
        self._gone[key] = self._number
        if len(self._gone) > MOST_GONE:
            self._forgotten = self._gone.pop(next(iter(self._gone)))

    def news(self, *, epoch: str, since: int) -> Deliveries:
        """Return what was counted since a number of an epoch; see `legation.status.base.Objects`."""
        whole = epoch != self._epoch or not self._forgotten <= since <= self._number
        told = self._since(0 if whole else since)
        gone = {} if whole else dict.fromkeys(self._gone_since(since))
        return Deliveries(
            epoch=self._epoch, number=self._number, whole=whole, objects=MappingProxyType({**gone, **dict(told)})
        )

    def _since(self, number: int) -> Iterator[tuple[ObjectKey, Count]]:
        for key, (at, count) in reversed(self._counts.items()):
            if at <= number:
                return
            yield key, count

    def _gone_since(self, number: int) -> Iterator[ObjectKey]:
        for key, at in reversed(self._gone.items()):
            if at <= number:
                return
            yield key
