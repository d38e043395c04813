"""Sequence: one client, all its streams and types. The rules of the order in which a client is told things.

A client is all streams of one node id over one connection: an ADS stream, or the separate CDS, LDS, EDS, RDS streams of
an Envoy without ADS. There are no phases and there is no queue: what may be said now is derived from what each machine
holds and from the newest snapshot. The rules, by the numbers that comments use, and where they are applied:

1. *May hold*: what the client accepted, what was sent and is not answered, what it was told to remove and has not
   answered. An accepted Listener joins its predecessors until the routes that it names are accepted as well.
   (`ledger.py`, `draining.py`)
2. *Kept*: what the client was sent and the snapshot lacks stays as long as something that the client may hold, or is
   about to be sent, refers to it, and some grace longer. So removals come last. A cluster gets no grace if what used
   it last does not linger, a UDP listener, and nothing that lingers is known to have used it within the grace: it goes
   with the message after the ACK of that listener's removal or change. (`keeping.py`, `lingering.py`, `ended.py`)
3. *View*: the snapshot, less what was refused, plus what is kept. (`ruling.py`)
4. *May go*: a resource waits, alone, until what it names has been sent; and until a cluster that is new to the client
   is warm. Only the first answer of a wildcard waits whole. No wait is longer than `Policy.warming_timeout`. For a
   cluster that does not exist a change waits a moment only: it may be static in the bootstrap. On a stream that carries
   nothing else a cluster is warm `Resource.warms_within` after its endpoints were accepted.
   (`ruling.py`, `waiting.py`, `warming.py`)
5. What a Cluster names never waits for an ACK: the ACK of the cluster waits for it. (`ruling.py`, `waiting.py`)
6. What a changed resource makes the client throw away is sent again, unchanged. (`Sequence._force`)
7. A refused resource goes back to its last accepted version, or out; the others are offered again at once. Where the
   client names nobody, what was new is halved until who is to blame stands alone. Nothing is left out on a guess: who
   came back, with what nobody knows, and refuses is told nothing more of that type until it changes. What claims what
   another holds, such as an address, goes in the same response as the other's removal. What one client of a group
   refused is offered to the others last, and alone. (`refusals.py`, `suspects.py`, `turns.py`; `claims.py`)
8. A newer snapshot replaces the target at any point. (`Sequence.retarget`)
9. *Who comes back*: what the client brings along counts as sent and accepted, and what nobody knows of it may refer to
   anything that it had by then, until it is known or `Policy.removal_grace` has passed. Whether it lingers its version
   tells. While it does not ask for clusters it may be warming those that it has: what newly names a cluster waits.
   Without ADS each stream comes back by itself: what newly names a cluster waits for the one that brings clusters, and
   what may be used on one that is not there yet stays, `Policy.reopening_timeout` at most. (`returning.py`,
   `starting.py`, `reopening.py`, `waiting.py`, `keeping.py`)

Source: "Eventual consistency considerations" and "Resource warming" of the xDS protocol page; Envoy's own behaviour
where the page is silent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import chain

from legation.model.events import Accepted, Event, Refused, Sent, Subscribed
from legation.model.resource import Resource
from legation.model.resource_types import BY_NAME, RESOURCE_TYPES, ResourceType
from legation.model.snapshot import Snapshot
from legation.model.verdicts import Verdicts
from legation.protocol import lingering, reopening, starting
from legation.protocol.delta import DeltaMachine
from legation.protocol.features import understands_ttl
from legation.protocol.machine import Machine
from legation.protocol.messages import Request, Response
from legation.protocol.party import Recall
from legation.protocol.pending import Pending, View
from legation.protocol.policy import Policy
from legation.protocol.renewing import due_renewal, renew
from legation.protocol.returning import Returning
from legation.protocol.ruling import Ruling
from legation.protocol.sotw import SotwMachine
from legation.protocol.terms import Terms, Variant

__all__ = ["Machine", "Policy", "Sequence", "Variant"]

_MACHINES: dict[Variant, type[SotwMachine | DeltaMachine]] = {Variant.SOTW: SotwMachine, Variant.DELTA: DeltaMachine}

_FORCED = {row: tuple(map(BY_NAME.__getitem__, row.forces)) for row in RESOURCE_TYPES}
"""For each type, the types of which a client throws resources away with it (rule 6)."""

_MOST_OWED = 16
"""Of a client that never asks for a type no more is remembered."""


def _forget(row: ResourceType, version: str) -> None:
    """Remember nothing."""
    del row, version


class Sequence:
    """One client. It does no I/O and knows no clock: time is an argument, in seconds, and never goes backwards."""

    __slots__ = ("_features", "_moved", "_owed", "_recall", "_rules", "_serial", "_synced")

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        features: AbstractSet[str] = frozenset(),
        recall: Recall = _forget,
        verdicts: Callable[[], Verdicts] | None = None,
    ) -> None:
        """Make a client that has no stream yet.

        Args:
            policy: The limits of delivery.
            features: What the client says that it understands: the `client_features` of its node.
            recall: Says what a version stood for with which a client of the state of the world comes back.
            verdicts: Returns what clients of the group refused that this one is in now.
        """
        self._features = features
        self._rules = Ruling(policy or Policy(), verdicts=verdicts)
        self._recall = recall
        self._serial = 0
        self._synced = False
        self._moved = False
        """Whether a machine settled something without a message since the last walk."""
        self._owed: deque[tuple[ResourceType, Collection[Resource]]] = deque(maxlen=_MOST_OWED)
        """Responses that would have made something go out again if the client had asked for that type by then."""

    def __repr__(self) -> str:
        return f"<Sequence {self._rules.machines!r}>"

    def open(self, row: ResourceType, *, variant: Variant, owner: object, aggregated: bool = False) -> Machine:
        """Add the machine of a type that a stream begins to speak of.

        Args:
            row: The type.
            variant: State of the world or delta.
            owner: The stream, by identity: `turns` yields it.
            aggregated: Whether the stream may carry other types too (ADS).
        """
        policy = self._rules.policy
        terms = _terms(
            hold_missing=row in policy.hold_missing,
            tell_errors=row in policy.resource_errors,
            expiring=understands_ttl(self._features, wrapped=variant is Variant.SOTW),
            max_response_bytes=policy.max_response_bytes,
            aggregated=aggregated,
        )
        machine = _MACHINES[variant](row, owner=owner, terms=terms)
        self._rules.machines.open(machine)
        reopening.opened(self._rules, machine)
        return machine

    def meet(self, others: Iterable[Sequence]) -> None:
        """Take those that may be the same Envoy over other connections; when one of them moves, ask this one again."""
        fellows = tuple(each._rules for each in others)  # noqa: SLF001 - of one class
        lingering.met(self._rules, fellows)
        self._rules.fellows = fellows

    def close(self, machine: Machine) -> None:
        """Take a machine out: its stream has ended."""
        self._rules.machines.close(machine)
        self._rules.ended.take(machine, self._rules.machines, self._rules.snapshot)
        self._rules.warming.closed(machine)
        lingering.closed(self._rules, machine)
        reopening.closed(self._rules, machine)

    def retarget(self, snapshot: Snapshot) -> None:
        """Take the newest snapshot of the client's group. Before the first one nothing at all is said (A2.20)."""
        self._rules.machines.retarget(self._rules.snapshot, snapshot)
        self._rules.snapshot = snapshot
        if not self._synced:
            self._synced = True
            for machine in self._rules.machines:
                self._resume(machine)

    def receive(self, machine: Machine, request: Request, now: float) -> tuple[Event, ...]:
        """Give a request to the machine of its stream and type.

        Returns:
            What the request tells, for whoever keeps the books about clients.

        Raises:
            LocalProtocolError: The request is of the other variant.
        """
        rules = self._rules
        first = not machine.requested
        answered = machine.ledger.entry(request.nonce)
        serial = answered.serial if answered is not None else 0
        before, name = machine.ledger.accepted, machine.subscription.only
        leaving = machine.ledger.being_removed() if machine.row.drains else {}
        doubtful = bool(machine.ledger.maybe)
        events = machine.receive(request)
        rules.machines.heard(machine, name)
        if machine.row.drains and first and machine.newcomer:
            rules.warming.began()
        if first and self._synced:
            self._resume(machine)
        lingering.heard(rules, machine, events, before, doubtful=doubtful, now=now)
        for event in events:
            if isinstance(event, Subscribed) and self._owed:
                self._pay(machine)
            elif isinstance(event, Accepted):
                if machine.row.drains:
                    replaced = {resource.name: before.get(resource.name) for resource in event.resources}
                    replaced |= {name: leaving.get(name) for name in event.removed}
                    rules.predecessors.replaced(replaced, machine.ledger.accepted)
                self._draw_conclusions(machine, event, serial, now)
            elif isinstance(event, Refused):
                if (verdicts := rules.verdicts) is not None:
                    verdicts.prove(event.suspects)
                if machine.row.awaited_warm:
                    rules.warming.refused(machine, serial)
        return events

    def _resume(self, machine: Machine) -> None:
        """Rule 9: begin with what the client brought along."""
        if not machine.claims:
            return
        rules = self._rules
        rules.returning = rules.returning or Returning()
        if machine.terms.aggregated:
            starting.came_back(rules, machine)
        else:
            rules.returning.separate = True
        machine.resume(rules.snapshot[machine.row], self._recall)
        brought = machine.ledger.brought
        if machine.row.drains and brought is not None:
            rules.returning.listeners = brought

    def _draw_conclusions(self, machine: Machine, event: Accepted, serial: int, now: float) -> None:
        """Say what is warm since an ACK, and what drains."""
        rules = self._rules
        if machine.row.awaited_warm:
            rules.warming.accepted(machine, serial, at=now, joined=rules.machines.joined)
        if rules.warming:
            rules.warming.supplied(machine.row, event.resources, serial, at=now, joined=rules.machines.joined)
            rules.warming.prune(now, patience=rules.policy.warming_timeout, joined=rules.machines.joined)
        if rules.predecessors:
            rules.predecessors.drain(rules.is_warm, until=now + rules.policy.drain_grace)

    @property
    def at_rest(self) -> bool:
        """Whether the client holds all of the newest snapshot that it asked for: then no turn can find anything."""
        snapshot = self._rules.snapshot
        for machine in self._rules.machines.awake():
            expires = machine.renewal is not None or machine.ledger.sent.base.mortal
            if expires or not machine.at_rest(snapshot[machine.row]):
                return False
        return self._synced

    def turns(
        self, now: float, may_write: Callable[[object], bool], *, absent: bool = False
    ) -> Iterator[tuple[object, Response, Sent]]:
        """Yield who may say what now, in the order of delivery, until the next in turn may not write.

        One walk over the machines that may have something to say: an Envoy without ADS has one for each resource.
        When it has yielded anything it has to be asked once more, as after every call of `receive` and `retarget`. A
        machine is not asked while a lower one has something that it may send.

        Args:
            now: The present moment.
            may_write: Whether that stream can take a response; asked anew for each.
            absent: A stream that may not write is passed over, and nobody waits for it: it is made of polls, and who
                knows when the next one comes. What it has not been told yet the others do not use before (rule 4).
        """
        if not self._synced:
            return
        rules = self._rules
        rules.begin(now)
        starting.look(rules, now)
        self._moved = False
        awake = rules.machines.awake()
        for machine in _present(awake, may_write) if absent else awake:
            while (offer := self._offer(machine, now)) is not None:
                if not may_write(machine.owner):
                    return
                yield machine.owner, *self._respond(machine, *offer, now=now)
            if machine.terms.expiring and (renewal := self._renewal(machine, now)):
                if not may_write(machine.owner):
                    return
                yield machine.owner, *self._renew(machine, renewal, now=now)
            if machine.renewal is None or machine.renewal.due is None:
                rules.machines.rest(machine, rules.snapshot[machine.row])
        if self._moved:
            rules.stirred = True
            # What was settled without a word may have been all that kept something of a lower order.
            yield from self.turns(now, may_write, absent=absent)

    def _offer(self, machine: Machine, now: float) -> tuple[View, Pending] | None:
        if machine.at_rest(self._rules.snapshot[machine.row]):
            return None
        view = self._rules.view(machine, now)
        sent = machine.ledger.sent
        pending = machine.offer(view, now) if view is not None else None
        if not (machine.ledger.sent is sent or machine.ledger.sent.equals(sent)):
            self._moved = True
            lingering.settled(self._rules, machine, sent, now)
        self._rules.note_deadline(machine.due, now)
        return None if view is None or pending is None else (view, pending)

    def _renewal(self, machine: Machine, now: float) -> tuple[Resource, ...]:
        found = due_renewal(machine, now)
        if machine.renewal is not None:
            self._rules.note_deadline(machine.renewal.due, now)
        return found

    def _renew(self, machine: Machine, resources: tuple[Resource, ...], *, now: float) -> tuple[Response, Sent]:
        self._serial += 1
        response = renew(machine, resources, now=now, serial=self._serial)
        return response, Sent(type=machine.row, version=response.version, nonce=response.nonce, resources=())

    def _respond(self, machine: Machine, view: View, pending: Pending, *, now: float) -> tuple[Response, Sent]:
        self._serial += 1
        if machine.row.awaited_warm:
            patience = self._rules.policy.warming_timeout
            self._rules.warming.prune(now, patience=patience, joined=self._rules.machines.joined)
            self._rules.warming.sent(machine, pending.changed, pending.removed, at=now, serial=self._serial)
            reopening.sent(self._rules, machine, pending.changed, pending.removed)
        response = machine.respond(view, pending, now=now, serial=self._serial)
        changed = pending.changed.values()
        self._force(machine.row, changed)
        return response, Sent(
            type=machine.row,
            version=response.version,
            nonce=response.nonce,
            resources=changed,
            removed=pending.removed,
        )

    def next_deadline(self) -> float | None:
        """Return the moment at which `turns` may yield something although nothing came in; None: never."""
        return self._rules.deadline

    def stirred(self) -> bool:
        """Say whether those who met this one have to be asked again although nothing was said since this was asked."""
        stirred, self._rules.stirred = self._rules.stirred, False
        return stirred

    def subscribes(self, row: ResourceType, name: str) -> bool:
        """Say whether any stream of the client wants that resource."""
        return self._rules.machines.covers(row, name)

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        """Return what the client last accepted under that name."""
        return self._rules.accepted(row, name)

    def sent(self, row: ResourceType, name: str) -> Resource | None:
        """Return what the client was last sent under that name and did not refuse."""
        found = (machine.ledger.sent.get(name) for machine in self._rules.machines.covering(row, name))
        return next((resource for resource in found if resource is not None), None)

    def _force(self, row: ResourceType, changed: Collection[Resource]) -> None:
        """Rule 6: mark what the client throws away with what was sent."""
        for forced_row in _FORCED[row]:
            if not self._rules.snapshot[row].refers_to(forced_row):
                continue
            if not self._rules.machines.speak_of(forced_row):
                self._owed.append((forced_row, changed))
            else:
                self._force_on(forced_row, changed)

    def _force_on(self, row: ResourceType, changed: Collection[Resource]) -> None:
        names = frozenset(chain.from_iterable(resource.refers_to(row) for resource in changed))
        for machine, wanted in self._rules.machines.among(row, names):
            machine.force(wanted)
            self._rules.machines.wake(machine)

    def _pay(self, machine: Machine) -> None:
        """Rule 6 for who asks late: a client that comes back with a name may say that it has it, and still need it."""
        for row, changed in self._owed:
            if row is machine.row:
                self._force_on(row, changed)
        self._owed = deque((owed for owed in self._owed if owed[0] is not machine.row), maxlen=_MOST_OWED)


@cache
def _terms(
    *, hold_missing: bool, tell_errors: bool, expiring: bool, max_response_bytes: int, aggregated: bool
) -> Terms:
    """Return the one object of these terms: most clients have the same."""
    return Terms(
        hold_missing=hold_missing,
        tell_errors=tell_errors,
        expiring=expiring,
        max_response_bytes=max_response_bytes,
        aggregated=aggregated,
    )


def _present(machines: Iterator[Machine], may_write: Callable[[object], bool]) -> Iterator[Machine]:
    return (machine for machine in machines if may_write(machine.owner))
