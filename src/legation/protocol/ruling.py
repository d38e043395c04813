"""Ruling: what one client may be told of one type now. The view of rule 3 of `sequence.py` is made here.

Which rule is applied in which file stands there; here they come together. Nothing here changes what was said or heard:
it reads the machines of a client and its newest snapshot. What it keeps are moments: since when something waits, until
when something stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from legation.model.resource import EVERY, Resource, empty_resource
from legation.model.resource_types import BY_NAME, RESOURCE_TYPES, Absence, ResourceType
from legation.protocol import claims, keeping, reopening, turns, waiting
from legation.protocol.holding import Brought, just, over, same
from legation.protocol.machine import Machine
from legation.protocol.pending import View
from legation.protocol.situation import Situation

_LOWER = {
    row: tuple(other for other in map(BY_NAME.__getitem__, row.refers) if other.order < row.order)
    for row in RESOURCE_TYPES
}
"""For each type, the types that go before it and that its resources can name."""


class Ruling(Situation):
    """The rules, applied to the machines of one client."""

    __slots__ = ()

    # Rule 3: the view

    def view(self, machine: Machine, now: float) -> View | None:
        """Return what the client may be told of this machine's type; None: nothing yet.

        O(what changed since the last response), and O(1) for a client about which nothing is particular.
        """
        target, ledger = self.snapshot[machine.row], machine.ledger
        machine.follow(target)
        refusals = ledger.refusals
        if refusals is not None:
            ledger.reconsider(target)
            if refusals.stopped:
                return None
        incomplete = machine.row in self.snapshot.incomplete
        machine.reconsider(incomplete=incomplete)
        if not incomplete:
            ledger.brought = None
        proved = self._turns(machine)
        doubtful = {*self._doubtful(machine), *proved}
        if not (doubtful or refusals):
            return View(holding=just(target), incomplete=incomplete)
        overlay: dict[str, Resource | None] = {}
        waits: set[str] = set()
        for name in doubtful:
            goal, held = self._goal(machine, name, now), ledger.holding(name)
            said = same(goal, ledger.sent.get(name)) and name not in machine.forced
            turn = goal is None or said or turns.has_turn(machine, goal, target, proved)
            if turn and (goal is None or said or self._may_go(machine, goal, now)):
                overlay[name] = goal
            else:
                waits.add(name)
                overlay[name] = held
        if ledger.pass_over(waits, overlay):
            return self.view(machine, now)
        view = View(holding=over(target, overlay), waiting=frozenset(waits), incomplete=incomplete)
        if proved and turns.is_all_said(machine, view) and self._try_alone(machine, proved, now):
            return self.view(machine, now)
        # Only the first answer of a wildcard waits whole: it is what an Envoy starts to serve with, or may lack what
        # the Envoy has and nobody knows.
        starts = machine.newcomer or machine.unsure
        first = starts and machine.subscription.wildcard and not machine.answered
        if first and waits.difference(proved) and self._may_wait(machine, now):
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
        if ledger.refusals and name not in ledger.maybe:
            ledger.refusals.forget((name,))
        machine.hoping.pop(name, None)
        named = name in machine.subscription.names
        if row.absence is Absence.EMPTY and named:
            return empty_resource(row, name)
        held = ledger.sent.get(name) or ledger.maybe.get(name)
        if held is not None and ledger.refusals and ledger.refusals.include(held):
            held = ledger.accepted.get(name)
        if held is not None:
            inherited = row in self.snapshot.incomplete and ledger.inherited(name)
            kept = inherited or keeping.kept(self, machine, name, now) or self._precedes(machine, held, now)
            return held if kept else None
        machine.leaving.pop(name, None)
        if row.absence is Absence.EMPTY_IF_REFERRED and named and keeping.referred(self, row, name, now):
            return self._sent_elsewhere(row, name) or empty_resource(row, name)
        return None

    def _sent_elsewhere(self, row: ResourceType, name: str) -> Resource | None:
        """Return what another stream of the client told of that name: a replaced cluster asks on a new one."""
        found = (machine.ledger.sent.get(name) for machine in self.machines.covering(row, name))
        told = next((each for each in found if each is not None and not isinstance(each, Brought)), None)
        return told or self.ended.told(row, name)

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
        return not waiting.hope(self, machine, resource, self.policy.warming_timeout, now)

    # Rules 4 and 5: what must wait

    def _may_go(self, machine: Machine, resource: Resource, now: float) -> bool:
        """Say whether the client may be told of the resource at this moment."""
        free = not resource.claims or self._is_free(machine, resource, now)
        return free and self._ready(machine, resource, now)

    def _ready(self, machine: Machine, resource: Resource, now: float) -> bool:
        """Say whether all that the resource names has been sent, and its new clusters are warm."""
        if reopening.leads_astray(self, machine, resource, now):
            return False
        patient = waiting.warms_others(self, resource)
        for row in _LOWER[machine.row]:
            names, asked = resource.refers_to(row), self.machines.speak_of(row)
            if (
                names
                and row.awaited_warm
                and not (patient or asked)
                and (
                    waiting.may_be_withheld(self, machine, resource, row, now)
                    or waiting.may_warm_elsewhere(self, machine, resource, row, now)
                )
            ):
                return False
            for name in names - {EVERY} if asked else ():
                for lower in self.machines.covering(row, name):
                    goal = self._goal(lower, name, now)
                    # A name that the view lacks (static in the bootstrap, or dangling) is hardly waited for.
                    if goal is None:
                        if row.awaited_warm and waiting.may_come(self, machine, resource, (row, name), now):
                            return False
                        continue
                    if not same(lower.ledger.sent.get(name), goal):
                        return False
                    if (
                        row.awaited_warm
                        and not patient
                        and (waiting.warming(self, lower, name, now) or self._starves(goal, now))
                    ):
                        return False
        return True

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
