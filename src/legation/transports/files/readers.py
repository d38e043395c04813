"""Readers: all who read the files, as the one client that the rules of delivery speak to.

The rules are those of `protocol.Sequence`, and nothing is decided here. In place of answers there is time: what was
said counts as accepted when everybody had `settle` seconds to read it. Nobody who reads a file can refuse it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from legation.model.resource import Name, Resource
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Collection, Snapshot
from legation.protocol.machine import Machine
from legation.protocol.messages import DeltaRequest
from legation.protocol.policy import Policy
from legation.protocol.sequence import Sequence
from legation.protocol.subscription import WILDCARD
from legation.protocol.terms import Variant

_UNBOUNDED = 1 << 62
"""Bytes in one response: it goes over no wire."""


def policy(*, settle: float, drain_grace: float) -> Policy:
    """Return the limits of delivery by files."""
    usual = Policy()
    return Policy(
        removal_grace=settle,
        drain_grace=drain_grace,
        # What waits for what was written just now must not give up before that has settled.
        warming_timeout=max(usual.warming_timeout, 4 * settle),
        max_response_bytes=_UNBOUNDED,
    )


class Readers:
    """One client that subscribes to everything of every type."""

    def __init__(self, policy: Policy, *, settle: float) -> None:
        """Begin with readers that have nothing.

        Args:
            policy: The limits of delivery.
            settle: Seconds after which what was written has been read.
        """
        self._settle = settle
        self._sequence = Sequence(policy)
        self._machines = {
            row: self._sequence.open(row, variant=Variant.DELTA, owner=self, aggregated=True) for row in RESOURCE_TYPES
        }
        for row, machine in self._machines.items():
            self._sequence.receive(machine, DeltaRequest(type=row, subscribe=(WILDCARD,)), 0.0)
        self._said: list[tuple[Machine, str]] = []
        """What was said and is not written yet: machines and nonces."""
        self._reading: deque[tuple[float, tuple[tuple[Machine, str], ...]]] = deque()
        """What is written, and when it has been read."""
        self.target: Snapshot | None = None

    # What they are told

    def retarget(self, snapshot: Snapshot) -> None:
        """Take what they are to have in the end."""
        self.target = snapshot
        self._sequence.retarget(snapshot)

    def say(self, now: float) -> bool:
        """Tell them what they may be told now. Returns whether there was anything."""
        before, more = len(self._said), True
        while more:
            told = [
                (self._machines[response.type], response.nonce)
                for _, response, _ in self._sequence.turns(now, lambda _: True)
            ]
            self._said += told
            more = bool(told)
        return len(self._said) > before

    def written(self, now: float) -> None:
        """Note that all that was said stands in the files."""
        if self._said:
            self._reading.append((now + self._settle, tuple(self._said)))
            self._said = []

    def read(self, now: float) -> None:
        """Have them accept what has been written long enough ago."""
        while self._reading and self._reading[0][0] <= now:
            self._accept(self._reading.popleft()[1], now)

    def have(self, snapshot: Snapshot, now: float) -> None:
        """Have them read and accept all of a snapshot at this moment: it stood there before."""
        self.retarget(snapshot)
        while self.say(now):
            said, self._said = tuple(self._said), []
            self._accept(said, now)
        for machine in self._machines.values():
            machine.ledger.inherit(machine.ledger.sent)

    def _accept(self, said: tuple[tuple[Machine, str], ...], now: float) -> None:
        for machine, nonce in said:
            self._sequence.receive(machine, DeltaRequest(type=machine.row, nonce=nonce), now)

    # What they have

    def held(self, name: Name) -> Resource | None:
        """Return what they were told last under that name."""
        return self._machines[name[0]].ledger.sent.get(name[1])

    def have_all(self, collection: Collection) -> bool:
        """Say whether they were told all of that collection, and nothing else of its type."""
        sent = self._machines[collection.type].ledger.sent
        return sent.base is collection and not sent.overlay

    def all_of(self, row: ResourceType) -> Iterator[Resource]:
        """Return all of a type that they were told last."""
        return self._machines[row].ledger.sent.resources

    def may_have(self) -> Iterator[tuple[Name, Resource]]:
        """Yield every version of everything that one of them may have."""
        for row, machine in self._machines.items():
            ledger = machine.ledger
            for each in ledger.sent.resources:
                yield (row, each.name), each
            if ledger.accepted is not ledger.sent:
                for each in ledger.accepted.resources:
                    yield (row, each.name), each
            for entry in ledger.unanswered:
                for each in (*entry.changed.values(), *entry.removed.values()):
                    yield (row, each.name), each

    @property
    def up_to_date(self) -> bool:
        """Whether they have read all that was said."""
        return not (self._said or self._reading)

    def deadline(self) -> float | None:
        """Return the moment from which on they may be told more, or have read something; None: never."""
        moments = [self._reading[0][0]] if self._reading else []
        if (until := self._sequence.next_deadline()) is not None:
            moments.append(until)
        return min(moments, default=None)
