"""Warming: the resources that are new to a client, until they are warm there (rule 4 of `sequence.py`).

A route to a cluster that is not warm fails requests, so what names a new cluster waits for it. Envoy shows in these
ways that its clusters are warm:

- it acknowledges the response that holds them, which it puts off until then, but on an ADS stream only: on a CDS stream
  of its own it answers at once;
- it acknowledges what they wait for, their endpoints, if they were sent after them and are all that they wait for;
- it begins to ask for Listeners: at its start it does so when its first clusters are warm. Streams have no order among
  them, so this speaks for the first response alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from legation.model.resource import Resource
from legation.model.resource_types import REFERRERS, ResourceType
from legation.protocol.ledger import MERGE_ABOVE
from legation.protocol.machine import Machine


@dataclass(slots=True, kw_only=True)
class Batch:
    """What was new to the client in one response."""

    machine: Machine
    serial: int
    at: float
    resources: Mapping[str, Resource]
    """Shared with other clients: never changed."""
    first: bool
    """Whether it was the first response to a client that had nothing."""
    acknowledged: float | None = None
    """When the client acknowledged it."""
    warm: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    """Names that were removed since; none of them is among the warm ones."""

    def knows(self, name: str) -> bool:
        """Say whether that name was new in it and has not been removed since."""
        return name in self.resources and name not in self.gone

    @property
    def over(self) -> bool:
        """Whether all of it is warm, or gone."""
        return len(self.warm) + len(self.gone) == len(self.resources)

    def remove(self, names: Iterable[str]) -> None:
        """Take names out that are removed."""
        removed = self.resources.keys() & names
        self.gone |= removed
        self.warm -= removed

    def follow(self, earlier: Batch) -> None:
        """Take in what an earlier one holds, of a client that never answers; it has waited since then."""
        rest = {name: each for name, each in earlier.resources.items() if earlier.knows(name)}
        self.warm |= {name for name in earlier.warm if name not in self.resources}
        self.resources = {**rest, **self.resources}
        self.at = earlier.at

    def supply(self, row: ResourceType, names: Collection[str]) -> None:
        """Take what the client accepted of a type that resources in it may wait for; O(names)."""
        sent = self.machine.ledger.sent
        found = {each for name in names for each in sent.base.referrers(row, name)}
        for each in found | sent.overlay.keys():
            if self.knows(each) and _needs_only(self.resources[each], row, names):
                self.warm.add(each)


class Warming:
    """What one client is warming."""

    __slots__ = ("_batches",)

    def __init__(self) -> None:
        self._batches: list[Batch] = []

    def __len__(self) -> int:
        return len(self._batches)

    def find(self, machine: Machine, name: str) -> Batch | None:
        """Return the last response in which the resource was new to the client; None: none, or it is warm since."""
        for batch in reversed(self._batches):
            if batch.machine is machine and batch.knows(name):
                return None if name in batch.warm else batch
        return None

    def sent(
        self, machine: Machine, changed: Mapping[str, Resource], removed: Iterable[str], *, at: float, serial: int
    ) -> None:
        """Take a response that is about to be written down."""
        batches = [batch for batch in self._batches if batch.machine is machine]
        for batch in batches:
            batch.remove(removed)
        ledger = machine.ledger
        if ledger.empty and not batches:
            new = changed
        else:
            # One that is warming already counts again: the response that it was new in may be refused.
            warm = {name for batch in batches for name in batch.warm if batch.knows(name)}
            new = {name: each for name, each in changed.items() if name not in warm and not ledger.holds(name)}
        first = machine.newcomer and machine.sent_last is None
        if new:
            self._batches.append(Batch(machine=machine, serial=serial, at=at, resources=new, first=first))
            unanswered = [batch for batch in batches if batch.acknowledged is None]
            if len(unanswered) > MERGE_ABOVE:
                oldest, next_oldest = unanswered[:2]
                next_oldest.follow(oldest)
                self._batches.remove(oldest)

    def accepted(self, machine: Machine, serial: int, *, at: float) -> None:
        """Take the ACK of that response, which speaks for those before it too."""
        for batch in self._batches:
            if batch.machine is machine and batch.serial <= serial and batch.acknowledged is None:
                batch.acknowledged = at

    def refused(self, machine: Machine, serial: int) -> None:
        """Take the NACK of that response: what is in it has to be sent again."""
        self._batches = [batch for batch in self._batches if batch.machine is not machine or batch.serial != serial]

    def supplied(
        self, row: ResourceType, resources: Collection[Resource], serial: int, *, joined: Callable[[Machine], bool]
    ) -> None:
        """Take the acceptance of what warming resources may wait for, sent as that response.

        What takes its own parts from elsewhere (endpoints by LEDS) makes nothing warm yet where the ACK of the warming
        resource tells it.
        """
        waiting = [batch for batch in self._batches if batch.serial < serial and batch.machine.row in REFERRERS[row]]
        for batch in waiting:
            told = joined(batch.machine)
            batch.supply(row, {resource.name for resource in resources if not (told and resource.references)})

    def began(self) -> None:
        """The client began to ask for a type that it asks for when its first clusters are warm."""
        for batch in self._batches:
            if batch.acknowledged is not None and batch.first:
                batch.warm.update(batch.resources.keys() - batch.gone)

    def prune(self, before: float, *, joined: Callable[[Machine], bool]) -> None:
        """Forget what is warm, and what was sent before that moment and is given up."""
        self._batches = [
            batch
            for batch in self._batches
            if batch.at > before and (batch.acknowledged is None or (not joined(batch.machine) and not batch.over))
        ]

    def closed(self, machine: Machine) -> None:
        """Forget a machine whose stream has ended."""
        self._batches = [batch for batch in self._batches if batch.machine is not machine]


def _needs_only(resource: Resource, row: ResourceType, names: Collection[str]) -> bool:
    """Say whether these resources of that type are all that the resource waits for."""
    wanted, alone = resource.refers_to(row), len(resource.references) == 1
    return bool(wanted) and alone and not resource.warms_slowly and all(name in names for name in wanted)
