"""Keeping: what must stay although the snapshot lacks it (rules 1, 2 and 9 of `sequence.py`)."""

from __future__ import annotations

from legation.model.resource import EVERY
from legation.model.resource_types import REFERRERS, ResourceType
from legation.protocol.machine import Machine
from legation.protocol.returning import Returning
from legation.protocol.situation import Situation


def kept(client: Situation, machine: Machine, name: str, now: float) -> bool:
    """Say whether a name that the snapshot lacks must stay."""
    if not REFERRERS[machine.row]:
        return False
    if referred(client, machine.row, name, now):
        machine.leaving.pop(name, None)
        return True
    until = machine.leaving.setdefault(name, now + client.policy.removal_grace)
    client.note_deadline(until, now)
    return now < until


def referred(client: Situation, row: ResourceType, name: str, now: float) -> bool:
    """Say whether anything that the client may hold, or is about to be sent, may use that resource."""
    for above in REFERRERS[row]:
        coming = client.snapshot[above]
        names = (*coming.referrers(row, name), *coming.referrers(row, EVERY))
        for connection in (client, *client.fellows):
            if any(connection.machines.covers(above, each) for each in names):
                return True
            unsettled = connection.machines.unsettled(above)
            if any(machine.ledger.may_mention(row, name, covers=machine.covers) for machine in unsettled):
                return True
            if above.drains and connection.predecessors.mention(row, name):
                return True
        if client.returning is not None and _may_be_used_unseen(client, above, client.returning, now):
            return True
    return False


def _may_be_used_unseen(client: Situation, above: ResourceType, returning: Returning, now: float) -> bool:
    """Say whether the client may hold resources of that type of which nobody knows what they refer to.

    For those of which it has not spoken yet the `removal_grace` is enough.
    """
    if any(machine.claims for machine in client.machines.unsettled(above)):
        return True
    if not above.drains or returning.settled(client.is_warm):
        return False
    until = returning.until(client.policy.warming_timeout)
    client.note_deadline(until, now)
    return now < until
