"""Ended: what streams that have ended told a client, for those that it opens in their place (rule 2 of `sequence.py`).

Without ADS a changed cluster asks for its endpoints on a new stream, and the old stream ends. Of these two nobody knows
which is heard first, and by then the snapshot may lack the endpoints of a cluster that stays. So what such a stream
told last is remembered for a while, as long as something that the client was sent names it.
"""

from __future__ import annotations

from legation.model.resource import Resource
from legation.model.resource_types import REFERRERS, Absence, ResourceType
from legation.model.snapshot import Snapshot
from legation.protocol.holding import Brought
from legation.protocol.machine import Machine
from legation.protocol.machines import Machines


class Ended:
    """What streams told last that have ended, each of one name."""

    __slots__ = ("_new", "_told")

    def __init__(self) -> None:
        self._told: dict[tuple[ResourceType, str], tuple[Resource, float]] = {}
        """With the moment at which each is forgotten; the first of them first."""
        self._new: dict[tuple[ResourceType, str], Resource] = {}
        """What has ended since `begin` was called."""

    def take(self, machine: Machine, others: Machines, snapshot: Snapshot) -> None:
        """Take the machine of a stream that has ended, those that go on, and the newest snapshot."""
        row, name = machine.row, machine.subscription.only
        if row.absence is not Absence.EMPTY_IF_REFERRED or name is None or machine.terms.aggregated:
            return
        told = machine.ledger.sent.get(name)
        if not _is_named(others, snapshot, row, name):
            self._told.pop((row, name), None)
            self._new.pop((row, name), None)
        elif told is not None and not isinstance(told, Brought):
            self._new[row, name] = told

    def begin(self, now: float, *, patience: float) -> None:
        """Take note that it is so late, and forget what ended so many seconds ago."""
        for key, told in self._new.items():
            self._told.pop(key, None)
            self._told[key] = (told, now + patience)
        self._new.clear()
        while self._told:
            first = next(iter(self._told))
            if now < self._told[first][1]:
                return
            del self._told[first]

    def told(self, row: ResourceType, name: str) -> Resource | None:
        """Return what a stream of that name told last that has ended a moment ago."""
        found = self._told.get((row, name))
        return found[0] if found is not None else None


def _is_named(machines: Machines, snapshot: Snapshot, row: ResourceType, name: str) -> bool:
    """Say whether something that the client was sent, and was not told to remove, names that resource."""
    for above in REFERRERS[row]:
        for machine in machines.unsettled(above):
            if any(map(machine.covers, machine.ledger.sent.mentioning(row, name))):
                return True
        # Those that are settled have what the snapshot has.
        for each in snapshot[above].referrers(row, name):
            for machine in machines.covering(above, each):
                held = machine.ledger.sent.get(each)
                if held is not None and held.mentions(row, name):
                    return True
    return False
