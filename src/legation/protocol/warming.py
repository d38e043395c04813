"""Warming: the resources that are new to a client, until they are warm there (rule 4 of `sequence.py`).

A route to a cluster that is not warm fails requests, so what names a new cluster waits for it. Envoy shows in these
ways that its clusters are warm:

- it acknowledges the response that holds them, which it puts off until then, but on an ADS stream only: on a CDS stream
  of its own it answers at once;
- it acknowledges what they wait for, their endpoints, if they were sent after them and are all that they wait for.
  Those that have health checks besides are warm some time later (`Resource.warms_within`): an ADS stream tells, on
  others it is counted;
- it begins to ask for Listeners: at its start it does so when its first clusters are warm. Streams have no order among
  them, so this speaks for the first response alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from types import MappingProxyType

from legation.model.resource import Resource
from legation.model.resource_types import REFERRERS, ResourceType
from legation.protocol.ledger import MERGE_ABOVE
from legation.protocol.machine import Machine

_NOTHING: Mapping[str, float] = MappingProxyType({})


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
    warm: dict[str, float] = field(default_factory=dict)
    """Names that have all that they refer to, and when they are warm."""
    all_warm: float = 0.0
    """When the last of these is."""
    gone: set[str] = field(default_factory=set)
    """Names that were removed since; none of them is among the warm ones."""
    since: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    """Names that were warming before, in another version: since when."""

    def knows(self, name: str) -> bool:
        """Say whether that name was new in it and has not been removed since."""
        return name in self.resources and name not in self.gone

    def began(self, name: str) -> float:
        """Return since when that name is warming."""
        return self.since.get(name, self.at)

    def is_warm(self, name: str, now: float) -> bool:
        """Say whether that name is warm for sure."""
        return self.warm.get(name, inf) <= now

    def is_over(self, now: float) -> bool:
        """Say whether all of it is warm, or gone."""
        return len(self.warm) + len(self.gone) == len(self.resources) and self.all_warm <= now

    def remove(self, names: Iterable[str]) -> None:
        """Take names out that are removed."""
        removed = self.resources.keys() & names
        self.gone |= removed
        for name in removed:
            self.warm.pop(name, None)

    def follow(self, earlier: Batch) -> None:
        """Take in what an earlier one holds, of a client that never answers; it has waited since then."""
        rest = {name: each for name, each in earlier.resources.items() if earlier.knows(name)}
        self.warm |= {name: moment for name, moment in earlier.warm.items() if name not in self.resources}
        self.all_warm = max(self.all_warm, earlier.all_warm)
        self.since = {**earlier.since, **self.since}
        self.resources = {**rest, **self.resources}
        self.at = earlier.at

    def supply(self, row: ResourceType, resources: Collection[Resource], *, at: float, told: bool) -> None:
        """Take what the client accepted of a type that resources in it may wait for; O(these).

        What takes its own parts from elsewhere (endpoints by LEDS) makes nothing warm yet where the ACK of the warming
        resource tells it, and lets no health check begin.

        Args:
            row: The type.
            resources: What of it was accepted.
            at: When.
            told: Whether the ACK of the warming resource tells it: then nobody counts how long its health checks take.
        """
        names = {resource.name for resource in resources}
        whole = {resource.name for resource in resources if not resource.references}
        sent = self.machine.ledger.sent
        found = {each for name in names for each in sent.base.referrers(row, name)}
        for each in found | sent.overlay.keys():
            if not self.knows(each) or each in self.warm:
                continue
            seconds = self.resources[each].warms_within
            enough = whole if told or seconds else names
            if _needs_only(self.resources[each], row, enough) and not (told and seconds):
                self._warms(each, at + seconds)

    def supply_none(self, *, at: float) -> None:
        """Take note that those are there that refer to nothing; O(what was new)."""
        for name, resource in self.resources.items():
            if not resource.references and name not in self.gone and name not in self.warm:
                self._warms(name, at + resource.warms_within)

    def _warms(self, name: str, moment: float) -> None:
        self.warm[name] = moment
        self.all_warm = max(self.all_warm, moment)


class Warming:
    """What one client is warming."""

    __slots__ = ("_batches",)

    def __init__(self) -> None:
        self._batches: list[Batch] = []

    def __len__(self) -> int:
        return len(self._batches)

    def find(self, machine: Machine, name: str) -> Batch | None:
        """Return the last response in which the resource was new to the client; None: none that may be warming."""
        for batch in reversed(self._batches):
            if batch.machine is machine and batch.knows(name):
                return batch
        return None

    def sent(
        self, machine: Machine, changed: Mapping[str, Resource], removed: Iterable[str], *, at: float, serial: int
    ) -> None:
        """Take a response that is about to be written down."""
        batches = [batch for batch in self._batches if batch.machine is machine]
        for batch in batches:
            batch.remove(removed)
        new, since = changed, _NOTHING
        if not machine.ledger.empty or batches:
            slow = {name: last for name in changed if (last := _still_warming(batches, name, at)) is not None}
            since = {name: last.began(name) for name, last in slow.items() if last.acknowledged is not None}
            # One that is warming already counts again: the response that it was new in may be refused, and what began
            # with it (health checks) begins anew.
            warm = {name for batch in batches for name in batch.warm if batch.is_warm(name, at)}
            new = {
                name: each
                for name, each in changed.items()
                if name in slow or (name not in warm and not machine.ledger.holds(name))
            }
        first = machine.newcomer and machine.sent_last is None
        if new:
            self._batches.append(Batch(machine=machine, serial=serial, at=at, resources=new, first=first, since=since))
            unanswered = [batch for batch in batches if batch.acknowledged is None]
            if len(unanswered) > MERGE_ABOVE:
                oldest, next_oldest = unanswered[:2]
                next_oldest.follow(oldest)
                self._batches.remove(oldest)

    def accepted(self, machine: Machine, serial: int, *, at: float, joined: Callable[[Machine], bool]) -> None:
        """Take the ACK of that response, which speaks for those before it too."""
        for batch in self._batches:
            if batch.machine is machine and batch.serial <= serial and batch.acknowledged is None:
                batch.acknowledged = at
                if not joined(machine):
                    batch.supply_none(at=at)

    def refused(self, machine: Machine, serial: int) -> None:
        """Take the NACK of that response: what is in it has to be sent again."""
        self._batches = [batch for batch in self._batches if batch.machine is not machine or batch.serial != serial]

    def supplied(
        self,
        row: ResourceType,
        resources: Collection[Resource],
        serial: int,
        *,
        at: float,
        joined: Callable[[Machine], bool],
    ) -> None:
        """Take the acceptance of what warming resources may wait for, sent as that response."""
        waiting = [batch for batch in self._batches if batch.serial < serial and batch.machine.row in REFERRERS[row]]
        for batch in waiting:
            batch.supply(row, resources, at=at, told=joined(batch.machine))

    def began(self) -> None:
        """The client began to ask for a type that it asks for when its first clusters are warm."""
        for batch in self._batches:
            if batch.acknowledged is not None and batch.first:
                batch.warm = dict.fromkeys(batch.resources.keys() - batch.gone, 0.0)
                batch.all_warm = 0.0

    def prune(self, now: float, *, patience: float, joined: Callable[[Machine], bool]) -> None:
        """Forget what is warm, and what was sent so many seconds ago and is given up."""
        self._batches = [
            batch
            for batch in self._batches
            if batch.at > now - patience
            and (batch.acknowledged is None or (not joined(batch.machine) and not batch.is_over(now)))
        ]

    def closed(self, machine: Machine) -> None:
        """Forget a machine whose stream has ended."""
        self._batches = [batch for batch in self._batches if batch.machine is not machine]


def _still_warming(batches: list[Batch], name: str, now: float) -> Batch | None:
    """Return the last response in which that name was new, if it takes its time and is not warm yet."""
    last = next((batch for batch in reversed(batches) if batch.knows(name)), None)
    if last is None or last.is_warm(name, now) or not last.resources[name].warms_within:
        return None
    return last


def _needs_only(resource: Resource, row: ResourceType, names: Collection[str]) -> bool:
    """Say whether these resources of that type are all that the resource refers to."""
    wanted, alone = resource.refers_to(row), len(resource.references) == 1
    return bool(wanted) and alone and all(name in names for name in wanted)
