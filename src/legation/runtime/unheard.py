"""Objects whose notes are left out, and why: what they would bring into the resources of others cannot work yet.

A share of requests that goes to a cluster which Envoys refuse freezes the routes of their owner there; one that goes to
a Service which does not exist fails. So an object is not heard while no Envoy accepts something that it makes itself,
or while that names something of the cluster which is known not to be there. It refuses to know what notes say. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeAlias

from legation.model.objects import FieldPath, ObjectKey
from legation.model.problems import Level, Problem
from legation.model.resource import Name
from legation.model.resource_types import BY_NAME
from legation.runtime.account import Account
from legation.runtime.item import Item
from legation.runtime.last_good import Readings
from legation.runtime.read import Reading
from legation.runtime.unproved import Unproved
from legation.translate.by_name import Fault
from legation.translate.faults import fault

Absent: TypeAlias = Callable[[Item, Name], Fault | None]
"""Returns why the cluster has nothing under a name that a resource mentions; None: it has, or nobody knows."""


class Unheard:
    """Whose notes are left out now."""

    def __init__(self, *, absent: Absent) -> None:
        """Leave nothing out yet.

        Args:
            absent: Says what is not in the cluster.
        """
        self._absent = absent
        self._unproved = Unproved()
        self.now: Mapping[ObjectKey, Problem] = {}
        """The objects, and why."""

    def hear(self, account: Account, every: Collection[Account], readings: Readings) -> bool:
        """Take what became of things at one of all clients. Returns whether `look` may find something else."""
        concerned = (readings.get(key) for key in self._unproved.hear(account, every))
        return any(reading is not None and bool(reading.notes) for reading in concerned)

    def look(self, readings: Readings) -> bool:
        """Take what is served now. Returns whether others are left out, or for another reason."""
        self._unproved.follow(lambda key: readings[key].items if key in readings else ())
        before, self.now = self.now, self.among(readings)
        return self.now != before

    def among(self, readings: Readings) -> Mapping[ObjectKey, Problem]:
        """Return whose notes are left out of some; O(all readings), and what those with notes name."""
        found = {}
        for key, reading in readings.items():
            if reading.notes:
                why = next(_reasons(reading, readings, self._unproved, self._absent), None)
                if why is not None:
                    found[key] = why
        return found


def _reasons(reading: Reading, readings: Readings, unproved: Unproved, absent: Absent) -> Iterator[Problem]:
    manifest = reading.manifest
    for row, name in unproved.of(manifest.key):
        why = f'an Envoy refuses its {row.name} "{name}", and none has accepted any version of it'
        yield _problem(reading, why, (), "mend what is refused: it is heard again in its next version")
    for item in reading.items:
        for type_name, names in item.resource.references.items():
            for name in sorted(names):
                named = (BY_NAME[type_name], name)
                lack = absent(item, named)
                if lack is not None and not _is_made(readings, named, manifest.key.namespace):
                    yield _problem(reading, lack.message, item.named_at.get(named, item.path), lack.mend)


def _problem(reading: Reading, why: str, path: FieldPath, mend: str) -> Problem:
    message = f"what it says of the resources of others is left out: {why}"
    return fault(reading.manifest, "not-heard", message, path, level=Level.WARNING, mend=mend)


def _is_made(readings: Readings, named: Name, namespace: str) -> bool:
    """Say whether an object makes what would else be made of something in the cluster."""
    return any(
        item.scope.namespace == namespace and (item.resource.type, item.resource.name) == named
        for reading in readings.values()
        for item in reading.items
    )
