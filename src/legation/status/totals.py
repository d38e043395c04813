"""The counts of all replicas, added up. No I/O.

A replica counts what its Envoys have of the generation that it serves itself. One that serves another generation than
this one, because it has not read the newest yet or has read a newer one, says how many Envoys the object is for, and
nothing about how many of them have accepted it.
"""

from __future__ import annotations

from legation.model.delivery import NO_DELIVERY, Deliveries, Delivery
from legation.model.objects import ObjectKey

_Counts = dict[ObjectKey, tuple[int | None, Delivery]]


class Totals:
    """What each replica last told."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self._told: dict[str, _Counts] = {}

    def take(self, replica: str, news: Deliveries) -> frozenset[ObjectKey]:
        """Take what a replica tells, and return the objects of which its counts are others than before."""
        counts = self._told.setdefault(replica, {})
        gone = set(counts) - set(news.objects) if news.whole else set()
        changed = {key for key, each in news.objects.items() if counts.get(key) != each}
        for key in gone | changed:
            counted = news.objects.get(key)
            if counted is None:
                counts.pop(key, None)
            else:
                counts[key] = counted
        return frozenset(gone | changed)

    def drop(self, replica: str) -> frozenset[ObjectKey]:
        """Forget what a replica told, and return of which objects."""
        return frozenset(self._told.pop(replica, ()))

    def of(self, key: ObjectKey, *, served: int | None) -> Delivery:
        """Return what the Envoys of all replicas have of a generation of an object."""
        total = NO_DELIVERY
        for counts in self._told.values():
            if (found := counts.get(key)) is not None:
                total += found[1] if found[0] == served else Delivery(matching=found[1].matching)
        return total
