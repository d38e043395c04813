"""Ruling: what one client may be told of one type now. Rules 1 to 5, 7 and 9 of `sequence.py` are applied here.

Nothing here changes what was said or heard: it reads the machines of a client and its newest snapshot. What it keeps
are moments: since when something waits, until when something stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from legation.model.resource import EVERY, Resource, empty_resource
from legation.model.resource_types import BY_NAME, REFERRERS, RESOURCE_TYPES, Absence, ResourceType
from legation.model.snapshot import Snapshot
from legation.model.verdicts import Verdicts
from legation.protocol import claims, turns
from legation.protocol.draining import Predecessors
from legation.protocol.holding import Brought, over, same
from legation.protocol.machine import Machine
from legation.protocol.machines import Machines
from legation.protocol.pending import View
from legation.protocol.policy import SILENT_WARMING, Policy
from legation.protocol.returning import Returning
from legation.protocol.warming import Warming

_LOWER = {
    row: tuple(other for other in map(BY_NAME.__getitem__, row.refers) if other.order < row.order)
    for row in RESOURCE_TYPES
}
"""For each type, the types that go before it and that its resources can name."""


class Ruling:
    """The rules, applied to the machines of one client."""

    __slots__ = (
        "deadline",
        "fellows",
        "machines",
        "policy",
        "predecessors",
        "returning",
        "snapshot",
        "verdicts",
        "warming",
    )

    def __init__(self, policy: Policy) -> None:
        """Make the rules of a client without streams."""
        self.policy = policy
        self.machines = Machines()
        self.snapshot = Snapshot.of()
        self.deadline: float | None = None
        """The earliest moment at which an answer of these rules may change by itself."""
        self.predecessors = Predecessors()
        self.fellows: tuple[Ruling, ...] = ()
        """The clients that may be the same Envoy over other connections: what they hold counts too."""
        self.returning: Returning | None = None
        """None for a client that nobody served before."""
        self.warming = Warming()
        self.verdicts: Verdicts | None = None
        """What clients of the same group refused for sure."""

    def note_deadline(self, moment: float | None, now: float) -> None:
        """Take a moment at which the rules must be asked again."""
        if moment is not None and moment > now and (self.deadline is None or moment < self.deadline):
            self.deadline = moment

    # Rule 3: the view

    def view(self, machine: Machine, now: float) -> View | None:
        """Return what the client may be told of this machine's type; None: nothing yet.

        O(what changed since the last response), and O(1) for a client about which nothing is particular.
        """
        target, ledger = self.snapshot[machine.row], machine.ledger
        machine.follow(target)
        ledger.reconsider(target)
        refusals = ledger.refusals
        if refusals and refusals.stopped:
            return None
        incomplete = machine.row in self.snapshot.incomplete
        machine.reconsider(incomplete=incomplete)
        if not incomplete:
            ledger.brought = None
        overlay: dict[str, Resource | None] = {}
        waiting: set[str] = set()
        proved = self._turns(machine)
        for name in {*self._doubtful(machine), *proved}:
            goal, held = self._goal(machine, name, now), ledger.holding(name)
            said = same(goal, ledger.sent.get(name)) and name not in machine.forced
            turn = goal is None or said or turns.has_turn(machine, goal, target, proved)
            if turn and (goal is None or said or self._may_go(machine, goal, now)):
                overlay[name] = goal
            else:
                waiting.add(name)
                overlay[name] = held
        if ledger.pass_over(waiting, overlay):
            return self.view(machine, now)
        view = View(holding=over(target, overlay), waiting=frozenset(waiting), incomplete=incomplete)
        if proved and turns.is_all_said(machine, view) and self._try_alone(machine, proved, now):
            return self.view(machine, now)
        # Only the first answer of a wildcard waits whole: it is what an Envoy starts to serve with.
        first = machine.subscription.wildcard and not machine.answered
        if first and waiting.difference(proved) and self._may_wait(machine, now):
            return None
        return view

    def _doubtful(self, machine: Machine) -> Iterator[str]:
        """Yield the names of which it must be asked what the client may be told; all others are as in the snapshot."""
        ledger, target = machine.ledger, self.snapshot[machine.row]
        sent, own = ledger.sent, machine.own_name
        if own is not None:
            return iter((own,))
        names = {*sent.overlay, *machine.forced, *ledger.maybe, *machine.leaving}
        if ledger.refusals:
            names.update(ledger.refusals.aside)
        if sent.base is not target:
            difference = target.since(sent.base)
            names.update(difference.removed)
            if _LOWER[machine.row] or (ledger.refusals and ledger.refusals.trying):
                names.update(difference.changed)
        return filter(machine.covers, names)

    def _may_wait(self, machine: Machine, now: float) -> bool:
        if machine.waiting_since is None:
            machine.waiting_since = now
        until = machine.waiting_since + self.policy.warming_timeout
        self.note_deadline(until, now)
        return now < until

    def _goal(self, machine: Machine, name: str, now: float) -> Resource | None:
        """Return what the client is to hold under that name in the end, as far as the newest snapshot goes."""
        row, ledger = machine.row, machine.ledger
        resource = self.snapshot.get(row, name)
        if resource is not None:
            machine.leaving.pop(name, None)
            return self._unrefused(machine, resource)
        if ledger.refusals:
            ledger.refusals.forget((name,))
        machine.hoping.pop(name, None)
        named = name in machine.subscription.names
        if row.absence is Absence.EMPTY and named:
            return empty_resource(row, name)
        held = ledger.sent.get(name) or ledger.maybe.get(name)
        if held is not None:
            inherited = row in self.snapshot.incomplete and ledger.inherited(name)
            kept = inherited or self._kept(machine, name, now) or self._precedes(machine, held, now)
            return held if kept else None
        machine.leaving.pop(name, None)
        if row.absence is Absence.EMPTY_IF_REFERRED and named and self._referred(row, name, now):
            return self._sent_elsewhere(row, name) or empty_resource(row, name)
        return None

    def _sent_elsewhere(self, row: ResourceType, name: str) -> Resource | None:
        """Return what another stream of the client has of that name: a replaced cluster asks on a stream of its own."""
        found = (machine.ledger.sent.get(name) for machine in self.machines.covering(row, name))
        return next((each for each in found if each is not None and not isinstance(each, Brought)), None)

    # Rule 7: what was refused

    def _unrefused(self, machine: Machine, resource: Resource) -> Resource | None:
        """Return the resource, or what the client accepted last if it refused this one or what this one needs."""
        accepted = machine.ledger.accepted.get(resource.name)
        refusals = machine.ledger.refusals
        if refusals and refusals.include(resource):
            return accepted
        needs_refused = any(
            name in refused.aside and lower.ledger.accepted.get(name) is None
            for row in _LOWER[machine.row]
            for lower in self.machines.unsettled(row)
            if (refused := lower.ledger.refusals)
            for name in resource.refers_to(row)
        )
        # Where it has none it is sent all the same: part is better than nothing.
        return (accepted or resource) if needs_refused else resource

    def _turns(self, machine: Machine) -> Mapping[str, Resource]:
        """Return what is offered last because another client refused it; what of it is tried here is tried alone."""
        proved = turns.proved_elsewhere(machine, self.snapshot[machine.row], self.verdicts)
        refusals = machine.ledger.refusals
        if proved and refusals and refusals.trying:
            tried = refusals.tried
            refusals.try_alone({name: each for name, each in proved.items() if name in tried})
        return proved

    def _try_alone(self, machine: Machine, proved: Mapping[str, Resource], now: float) -> bool:
        """Begin to offer what another client refused, as far as it may go. Returns whether there is any."""
        ready = {
            name: each
            for name, each in proved.items()
            if same(self._unrefused(machine, each), each) and self._may_go(machine, each, now)
        }
        if ready:
            machine.ledger.try_alone(ready)
        return bool(ready)

    # What two of a type cannot hold at the same time

    def _precedes(self, machine: Machine, held: Resource, now: float) -> bool:
        """Say whether what the snapshot lacks must stay because what takes its place may not go yet, or was refused.

        A client that gets both at once, the removal and the addition, hands over without a gap.
        """
        target = self.snapshot[machine.row]
        return any(
            not same(self._unrefused(machine, each), each)
            or not turns.has_turn(machine, each, target, turns.proved_elsewhere(machine, target, self.verdicts))
            or not self._may_go(machine, each, now)
            for each in claims.successors(machine, held, target)
        )

    def _is_free(self, machine: Machine, resource: Resource, now: float) -> bool:
        """Say whether nobody holds what the resource claims, but who goes in the same response.

        Who moves to another place has to have accepted that, and to be warm there. Of two that wait for one another
        neither can ever go: after a while they are offered, so that the client says it.
        """
        moving = claims.moving(machine, resource, self.snapshot[machine.row])
        if not moving and not self.predecessors.claim(resource):
            return True
        refusals = machine.ledger.refusals
        if refusals and any(map(refusals.include, moving)):
            machine.hoping.pop(resource.name, None)
            return False
        return not self._hope(machine, resource, self.policy.warming_timeout, now)

    # Rules 1 and 2: what is kept

    def _kept(self, machine: Machine, name: str, now: float) -> bool:
        """Say whether a name that the snapshot lacks must stay."""
        if not REFERRERS[machine.row]:
            return False
        if self._referred(machine.row, name, now):
            machine.leaving.pop(name, None)
            return True
        until = machine.leaving.setdefault(name, now + self.policy.removal_grace)
        self.note_deadline(until, now)
        return now < until

    def _referred(self, row: ResourceType, name: str, now: float) -> bool:
        """Say whether anything that the client may hold, or is about to be sent, may use that resource."""
        for above in REFERRERS[row]:
            coming = self.snapshot[above]
            names = (*coming.referrers(row, name), *coming.referrers(row, EVERY))
            for rules in (self, *self.fellows):
                if any(rules.machines.covers(above, each) for each in names):
                    return True
                unsettled = rules.machines.unsettled(above)
                if any(machine.ledger.may_mention(row, name, covers=machine.covers) for machine in unsettled):
                    return True
                if above.drains and rules.predecessors.mention(row, name):
                    return True
            if self.returning is not None and self._may_be_used_unseen(above, self.returning, now):
                return True
        return False

    # Rule 9: who comes back

    def _may_be_used_unseen(self, above: ResourceType, returning: Returning, now: float) -> bool:
        """Say whether the client may hold resources of that type of which nobody knows what they refer to."""
        if any(machine.claims for machine in self.machines.unsettled(above)):
            return True
        until = 0.0
        if not self.machines.speak_of(above):
            until = returning.until(self.policy.removal_grace)
        elif above.drains and not returning.settled(self.is_warm):
            until = returning.until(self.policy.warming_timeout)
        self.note_deadline(until, now)
        return now < until

    # Streams that are not joined

    def _may_warm_elsewhere(self, machine: Machine, resource: Resource, row: ResourceType, now: float) -> bool:
        """Say whether the resource names what the client gets over another connection and may not have warm yet."""
        for rules in self.fellows:
            for name in filter(rules.snapshot[row].get, resource.refers_to(row)):
                for lower in rules.machines.covering(row, name):
                    sent = lower.ledger.sent.get(name)
                    if sent is None and self._hope(machine, resource, self.policy.warming_timeout, now):
                        return True
                    until = rules._warm_at(lower, name)  # noqa: SLF001 - the same rules
                    self.note_deadline(until, now)
                    if now < until:
                        return True
        return False

    def _may_be_withheld(self, machine: Machine, resource: Resource, row: ResourceType, now: float) -> bool:
        """Say whether the client may be warming what the resource names, and therefore does not ask for that type yet.

        One that asks for everything by name asks for clusters when it knows of the routes that name them.
        """
        if self.returning is None or not machine.terms.aggregated:
            return False
        held = machine.ledger.sent.get(resource.name)
        news = resource.refers_to(row) - (held.refers_to(row) if held is not None else frozenset())
        if not any(self.snapshot.get(row, name) for name in news):
            return False
        until = self.returning.until(self.policy.warming_timeout)
        self.note_deadline(until, now)
        return now < until and any(other.subscription.wildcard for other in self.machines)

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        """Return what the client last accepted under that name."""
        for machine in self.machines.covering(row, name):
            resource = machine.ledger.accepted.get(name)
            # It may not have what it came back with no version of.
            if resource is not None and resource.version:
                return resource
        return None

    def is_warm(self, resource: Resource) -> bool:
        """Rule 1: say whether all that goes after the resource and that it names is accepted."""
        return all(
            self.accepted(row, name) is not None
            for row in map(BY_NAME.__getitem__, resource.type.refers)
            if row.order > resource.type.order
            for name in resource.refers_to(row)
        )

    # Rules 4 and 5: what must wait

    def _may_go(self, machine: Machine, resource: Resource, now: float) -> bool:
        """Say whether the client may be told of the resource at this moment."""
        free = not resource.claims or self._is_free(machine, resource, now)
        return free and self._ready(machine, resource, now)

    def _ready(self, machine: Machine, resource: Resource, now: float) -> bool:
        """Say whether all that the resource names has been sent, and its new clusters are warm."""
        patient = self._warms_others(resource)
        for row in _LOWER[machine.row]:
            names, asked = resource.refers_to(row), self.machines.speak_of(row)
            if (
                names
                and row.awaited_warm
                and not (patient or asked)
                and (
                    self._may_be_withheld(machine, resource, row, now)
                    or self._may_warm_elsewhere(machine, resource, row, now)
                )
            ):
                return False
            for name in names - {EVERY} if asked else ():
                for lower in self.machines.covering(row, name):
                    goal = self._goal(lower, name, now)
                    # A name that the view lacks (static in the bootstrap, or dangling) is hardly waited for.
                    if goal is None:
                        if row.awaited_warm and self._may_come(machine, resource, (row, name), now):
                            return False
                        continue
                    if not same(lower.ledger.sent.get(name), goal):
                        return False
                    if (
                        row.awaited_warm
                        and not patient
                        and (self._warming(lower, name, now) or self._starves(goal, now))
                    ):
                        return False
        return True

    def _may_come(self, machine: Machine, resource: Resource, needed: tuple[ResourceType, str], now: float) -> bool:
        """Say whether what a change newly names, and does not exist, may come with what is saved next.

        A client that has nothing yet does not wait: what it misses is most likely static in its bootstrap.
        """
        held = machine.ledger.sent.get(resource.name)
        if not machine.answered or (held is not None and held.mentions(*needed)):
            return False
        return self._hope(machine, resource, self.policy.dangling_grace, now)

    def _hope(self, machine: Machine, resource: Resource, patience: float, now: float) -> bool:
        """Say whether the resource may wait, for so long in all, for what may never come."""
        version, until = machine.hoping.get(resource.name, ("", now))
        if version != resource.version:
            until = now + patience
            machine.hoping[resource.name] = (resource.version, until)
        self.note_deadline(until, now)
        return now < until

    def _warms_others(self, resource: Resource) -> bool:
        """Say whether a type that others wait for names this resource itself: then it waits for no ACK (rule 5)."""
        row = resource.type
        return any(
            above.awaited_warm and self.snapshot[above].referrers(row, resource.name) for above in REFERRERS[row]
        )

    def _warming(self, machine: Machine, name: str, now: float) -> bool:
        """Say whether the client was sent that resource for the first time and may not have it warm yet."""
        until = self._warm_at(machine, name)
        self.note_deadline(until, now)
        return now < until

    def _warm_at(self, machine: Machine, name: str) -> float:
        """Return the moment at which that resource counts as warm; 0: it does already."""
        batch = self.warming.find(machine, name)
        if batch is None:
            return 0.0
        joined, resource = self.machines.joined(machine), batch.resources[name]
        told = joined or not (resource.references or resource.warms_slowly)
        if told and machine.ledger.holds(name):
            return 0.0
        patience = self.policy.warming_timeout
        until = batch.at + (patience if joined else min(patience, SILENT_WARMING))
        if batch.acknowledged is not None and not self._supplies(resource):
            until = min(until, batch.acknowledged + self.policy.addition_grace)
        return until

    def _starves(self, resource: Resource, now: float) -> bool:
        """Say whether the client may have nothing in place of what the resource needs, and will be sent that."""
        for row in map(BY_NAME.__getitem__, resource.type.forces):
            for name in resource.refers_to(row):
                for machine in self.machines.covering(row, name):
                    held = machine.ledger.sent.get(name)
                    hollow = isinstance(held, Brought) or (held is not None and same(held, empty_resource(row, name)))
                    if hollow and not same(held, self._goal(machine, name, now)):
                        return True
        return False

    def _supplies(self, resource: Resource) -> bool:
        """Say whether the client gets here what the resource waits for; else that comes from somewhere else."""
        return any(
            self.machines.covers(row, name)
            for row in map(BY_NAME.__getitem__, resource.references)
            for name in resource.refers_to(row)
        )
