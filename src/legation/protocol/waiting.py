"""Waiting: what a resource waits for that nobody can see, and how long at most (rules 4, 5, 9 of `sequence.py`)."""

from __future__ import annotations

from math import inf

from legation.model.resource import Resource
from legation.model.resource_types import BY_NAME, REFERRERS, ResourceType
from legation.protocol import reopening
from legation.protocol.machine import Machine
from legation.protocol.policy import SILENT_WARMING, SLOW_ASKING
from legation.protocol.situation import Situation


def may_warm_elsewhere(client: Situation, machine: Machine, resource: Resource, row: ResourceType, now: float) -> bool:
    """Say whether the resource names what the client gets over another connection and may not have warm yet."""
    for fellow in client.fellows:
        for name in filter(client.snapshot[row].get, resource.refers_to(row)):
            for lower in fellow.machines.covering(row, name):
                sent = lower.ledger.sent.get(name)
                if sent is None and hope(client, machine, resource, client.policy.warming_timeout, now):
                    return True
                until = _warm_at(fellow, lower, name)
                client.note_deadline(until, now)
                if now < until:
                    return True
    return False


def may_be_withheld(client: Situation, machine: Machine, resource: Resource, row: ResourceType, now: float) -> bool:
    """Say whether the client may be warming what the resource names, and therefore does not ask for that type yet.

    One that asks for everything by name asks for clusters when it knows of the routes that name them. Without ADS the
    stream on which it asks may not have come back.
    """
    if client.returning is None:
        return False
    held = machine.ledger.sent.get(resource.name)
    news = resource.refers_to(row) - (held.refers_to(row) if held is not None else frozenset())
    if not any(client.snapshot.get(row, name) for name in news):
        return False
    if not machine.terms.aggregated:
        return reopening.is_awaited(client, row, now)
    until = client.returning.until(client.policy.warming_timeout)
    client.note_deadline(until, now)
    return now < until and any(other.subscription.wildcard for other in client.machines)


def may_come(
    client: Situation, machine: Machine, resource: Resource, needed: tuple[ResourceType, str], now: float
) -> bool:
    """Say whether what a change newly names, and does not exist, may come with what is saved next.

    A client that has nothing yet does not wait: what it misses is most likely static in its bootstrap.
    """
    held = machine.ledger.sent.get(resource.name)
    if not machine.answered or (held is not None and held.mentions(*needed)):
        return False
    return hope(client, machine, resource, client.policy.dangling_grace, now)


def hope(client: Situation, machine: Machine, resource: Resource, patience: float, now: float) -> bool:
    """Say whether the resource may wait, for so long in all, for what may never come.

    Each patience counts for itself: who waited for an address has not waited yet for a cluster that does not exist.
    """
    version, ends = machine.hoping.get(resource.name, ("", {}))
    if version != resource.version:
        ends = {}
        machine.hoping[resource.name] = (resource.version, ends)
    until = ends.setdefault(patience, now + patience)
    client.note_deadline(until, now)
    return now < until


def warms_others(client: Situation, resource: Resource) -> bool:
    """Say whether a type that others wait for names this resource itself: then it waits for no ACK (rule 5)."""
    row = resource.type
    return any(above.awaited_warm and client.snapshot[above].referrers(row, resource.name) for above in REFERRERS[row])


def warming(client: Situation, machine: Machine, name: str, now: float) -> bool:
    """Say whether the client was sent that resource for the first time and may not have it warm yet."""
    until = _warm_at(client, machine, name)
    client.note_deadline(until, now)
    return now < until


def _warm_at(client: Situation, machine: Machine, name: str) -> float:
    """Return the moment at which that resource counts as warm; 0: it does already."""
    batch = client.warming.find(machine, name)
    if batch is None:
        return 0.0
    joined, resource = client.machines.joined(machine), batch.resources[name]
    told = joined or not (resource.references or resource.warms_within)
    if told and machine.ledger.holds(name):
        return 0.0
    patience = client.policy.warming_timeout
    until = batch.at + patience if joined else batch.began(name) + min(patience, SILENT_WARMING)
    if batch.acknowledged is not None and resource.references and not _supplies(client, resource):
        grace = client.policy.addition_grace
        if _may_ask_yet(client, resource):
            grace = max(grace, SLOW_ASKING)
        until = min(until, batch.acknowledged + grace + resource.warms_within)
    return min(until, batch.warm.get(name, inf))


def _may_ask_yet(client: Situation, resource: Resource) -> bool:
    """Say whether all that the resource waits for is here for the client, and is not asked for anywhere."""
    return all(
        client.snapshot.get(row, name) is not None
        and not any(fellow.machines.covers(row, name) for fellow in client.fellows)
        for row in map(BY_NAME.__getitem__, resource.references)
        for name in resource.refers_to(row)
    )


def _supplies(client: Situation, resource: Resource) -> bool:
    """Say whether the client asks here for what the resource waits for; else that may come from somewhere else."""
    return any(
        client.machines.covers(row, name)
        for row in map(BY_NAME.__getitem__, resource.references)
        for name in resource.refers_to(row)
    )
