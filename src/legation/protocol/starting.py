"""Starting: a client that comes back before its first clusters were warm (rule 9 of `sequence.py`).

While clusters warm, Envoy on ADS holds back its request for clusters; but not at its start, when it has not asked for
listeners: for these it waits until its first clusters are warm. Who comes back in either state says that it has the
endpoints that it was sent for a cluster which has changed since, and the changed one waits for endpoints of its own: a
delta client does not ask again for what it has. So they are owed to who asks for no clusters, and to who has asked for
none of the listeners that are there for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from legation.model.resource_types import REFERRERS, RESOURCE_TYPES
from legation.protocol.machine import Machine
from legation.protocol.situation import Situation

SPEAKING = 1.0
"""Seconds in which a client that comes back has said what it asks for. It says all that in one go; to be told something
again that it has does no harm."""

_ASKED_FOR_LAST = tuple(row for row in RESOURCE_TYPES if row.drains)


def came_back(client: Situation, machine: Machine) -> None:
    """Take a machine of an aggregated stream whose client claims to have something already."""
    for above in REFERRERS[machine.row]:
        if not (above.awaited_warm and machine.row.name in above.forces):
            continue
        if not client.machines.speak_of(above):
            _owe(client, machine, machine.subscription.names)
        elif client.returning is not None and isinstance(machine.claims, Mapping):
            client.returning.doubted.append((machine, frozenset(machine.claims)))


def look(client: Situation, now: float) -> None:
    """Owe to a client that shows to be at its start what it claimed to have."""
    returning = client.returning
    if returning is None or not returning.doubted:
        return
    over = now >= returning.until(client.policy.warming_timeout)
    if over or any(map(client.machines.speak_of, _ASKED_FOR_LAST)):
        returning.doubted.clear()
        return
    if returning.spoken is None:
        returning.spoken = now + SPEAKING
    if not any(len(client.snapshot[row]) for row in _ASKED_FOR_LAST):
        return
    client.note_deadline(returning.spoken, now)
    if now >= returning.spoken:
        for machine, names in returning.doubted:
            _owe(client, machine, names)
        returning.doubted.clear()


def _owe(client: Situation, machine: Machine, names: Iterable[str]) -> None:
    mentioned = [client.snapshot[above].referrers for above in REFERRERS[machine.row] if above.awaited_warm]
    owed = {name for name in names if any(each(machine.row, name) for each in mentioned)}
    machine.forced |= set(filter(machine.covers, owed))
    client.machines.wake(machine)
