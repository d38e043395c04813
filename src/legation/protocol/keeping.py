"""Keeping: what must stay although the snapshot lacks it (rules 1, 2 and 9 of `sequence.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from legation.model.resource import EVERY, Resource
from legation.model.resource_types import CLUSTER, REFERRERS, ResourceType
from legation.protocol import reopening
from legation.protocol.holding import Brought
from legation.protocol.machine import Machine
from legation.protocol.returning import Returning
from legation.protocol.situation import Situation


def kept(client: Situation, machine: Machine, name: str, now: float) -> bool:
    """Say whether a name that the snapshot lacks must stay.

    The grace of a cluster runs already while only what does not linger uses it, and from when it was known of something
    that lingers and used it last.
    """
    row = machine.row
    if not REFERRERS[row]:
        return False
    lasting = any(user.lingers or row is not CLUSTER for user in _users(client, row, name))
    if lasting or _may_be_used_unseen(client, row, name, now):
        machine.leaving.pop(name, None)
        return True
    used = next(_users(client, row, name), None) is not None
    since = _used_until(client, name) if used else now
    until = machine.leaving.setdefault(name, max(now, since + client.policy.removal_grace))
    client.note_deadline(until, now)
    return used or now < until


def referred(client: Situation, row: ResourceType, name: str, now: float) -> bool:
    """Say whether anything that the client may hold, or is about to be sent, may use that resource."""
    return next(_users(client, row, name), None) is not None or _may_be_used_unseen(client, row, name, now)


def _users(client: Situation, row: ResourceType, name: str) -> Iterator[Resource]:
    """Yield, some of it twice, what the client may hold, or is about to be sent, and may use that resource."""
    for above in REFERRERS[row]:
        coming = client.snapshot[above]
        names = (*coming.referrers(row, name), *coming.referrers(row, EVERY))
        for connection in (client, *client.fellows):
            yield from (coming.resources[each] for each in names if connection.machines.covers(above, each))
            held: Iterator[Resource] = chain.from_iterable(
                machine.ledger.users(row, name, covers=machine.covers)
                for machine in connection.machines.unsettled(above)
            )
            if above.drains:
                held = chain(held, connection.predecessors.users(row, name))
            if connection is client and reopening.is_newborn(client, row, name):
                held = (each for each in held if not isinstance(each, Brought))
            yield from held


def _used_until(client: Situation, name: str) -> float:
    """Return the last moment at which something that lingers may have used that cluster, as far as is remembered.

    What a client did before it came back nobody knows, nor what it has of that, at first.
    """
    moments: list[float] = []
    for each in (client, *client.fellows):
        moments += [each.let_go, each.predecessors.used_until(CLUSTER, name)]
        if each.returning is not None and not (each is client and reopening.is_newborn(client, CLUSTER, name)):
            moments.append(each.returning.until(client.policy.warming_timeout))
    return max(moments)


def _may_be_used_unseen(client: Situation, row: ResourceType, name: str, now: float) -> bool:
    """Say whether the client may hold what nobody knows and what uses that resource."""
    returning = client.returning
    if returning is None or reopening.is_newborn(client, row, name):
        return False
    return any(
        _may_use_unseen(client, above, returning, now) or reopening.may_use(client, above, returning, now)
        for above in REFERRERS[row]
    )


def _may_use_unseen(client: Situation, above: ResourceType, returning: Returning, now: float) -> bool:
    """Say whether the client may hold resources of that type of which nobody knows what they refer to.

    On ADS the `removal_grace` is enough for those of which it has not spoken yet: it says all in one go.
    """
    if any(machine.claims for machine in client.machines.unsettled(above)):
        return True
    if not above.drains or returning.settled(client.is_warm):
        return False
    until = returning.until(client.policy.warming_timeout)
    client.note_deadline(until, now)
    return now < until
