"""Reopening: streams of their own that a client which came back has not opened again (rule 9 of `sequence.py`).

Without ADS each stream of an Envoy comes back by itself, up to half a minute apart. Until its stream of listeners is
there the client has the listeners that it had, and they may use any cluster; and until its stream of clusters is there
it gets no new ones, so nothing may name them anew. Nobody knows whether it has such a stream at all: each wait ends
after `Policy.reopening_timeout`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from legation.model.resource import EVERY, Resource
from legation.model.resource_types import CLUSTER, LISTENER, REFERRERS, ROUTE_CONFIGURATION, ResourceType
from legation.protocol.machine import Machine
from legation.protocol.returning import Returning
from legation.protocol.situation import Situation

_BY_THEMSELVES = (CLUSTER, LISTENER)
"""The types that an Envoy asks for whatever it holds of others."""


def opened(client: Situation, machine: Machine) -> None:
    """Take note of who asks for listeners and for no clusters: one that is new asks for clusters first.

    It has nothing to tell of either, but may ask for clusters soon.
    """
    if machine.row is LISTENER and not machine.terms.aggregated and not client.machines.speak_of(CLUSTER):
        client.returning = client.returning or Returning()
        client.returning.separate = True


def closed(client: Situation, machine: Machine) -> None:
    """Take note that a stream has ended: who is still there comes back with it, and with what nobody may know then."""
    row = machine.row
    if client.returning is not None and row in REFERRERS[CLUSTER]:
        client.returning.newborn.clear()
    if row in _BY_THEMSELVES and not machine.terms.aggregated and not client.machines.speak_of(row):
        client.returning = client.returning or Returning()
        client.returning.lost_a_stream()


def sent(client: Situation, machine: Machine, changed: Iterable[str], removed: Iterable[str]) -> None:
    """Take note of clusters that are about to be sent, or to be removed; O(these).

    What the client brought along cannot use one that it has never had.
    """
    if client.returning is None or machine.row is not CLUSTER:
        return
    newborn, ledger = client.returning.newborn, machine.ledger
    newborn.difference_update(removed)
    if not machine.claims:
        leaving = ledger.being_removed()
        newborn.update(
            name
            for name in changed
            if ledger.sent.get(name) is None
            and ledger.accepted.get(name) is None
            and name not in ledger.maybe
            and name not in leaving
        )


def is_awaited(client: Situation, row: ResourceType, now: float) -> bool:
    """Say whether the client may have a stream of that type that has not come back yet."""
    returning = client.returning
    if returning is None or not returning.separate or client.machines.speak_of(row):
        return False
    if any(fellow.machines.speak_of(row) for fellow in client.fellows):
        return False
    until = returning.until(client.policy.reopening_timeout)
    client.note_deadline(until, now)
    return now < until


def leads_astray(client: Situation, machine: Machine, resource: Resource, now: float) -> bool:
    """Say whether a listener newly names routes that wait for the stream of clusters.

    Envoy waits for these routes less long (`initial_fetch_timeout`), and then lets the listener serve without them.
    """
    if client.returning is None or machine.row is not LISTENER or machine.terms.aggregated:
        return False
    held = machine.ledger.sent.get(resource.name)
    news = resource.refers_to(ROUTE_CONFIGURATION)
    if held is not None:
        news -= held.refers_to(ROUTE_CONFIGURATION)
    return any(client.snapshot.get(ROUTE_CONFIGURATION, name) for name in news) and is_awaited(client, CLUSTER, now)


def may_use(client: Situation, above: ResourceType, returning: Returning, now: float) -> bool:
    """Say whether the client may hold resources of that type for which a stream has not come back yet."""
    until = returning.until(client.policy.reopening_timeout)
    if not returning.separate or now >= until or above in returning.open:
        return False
    if above in _BY_THEMSELVES or above.wildcard:
        # The others are there at all only if a listener or a route wants them.
        wanted = above in _BY_THEMSELVES or bool(len(client.snapshot[above]))
        missing = wanted and is_awaited(client, above, now)
    else:
        missing = _is_missing(client, above)
        if not missing and not any(is_awaited(client, row, now) for row in _BY_THEMSELVES):
            returning.open.add(above)
    if missing:
        client.note_deadline(until, now)
    return missing


def _is_missing(client: Situation, above: ResourceType) -> bool:
    """Say whether anything that the client holds names a resource of that type for which it has not asked.

    What a cluster names leads to no other clusters.
    """
    for row in REFERRERS[above]:
        if row.awaited_warm:
            continue
        for machine in client.machines.unsettled(row):
            held = machine.ledger.sent
            others = (each.refers_to(above) for each in held.overlay.values() if each is not None)
            names = chain(held.base.mentioned(above), chain.from_iterable(others))
            if any(name == EVERY or not _asked(client, above, name) for name in names):
                return True
    return False


def _asked(client: Situation, row: ResourceType, name: str) -> bool:
    return any(each.machines.covers(row, name) for each in (client, *client.fellows))


def is_newborn(client: Situation, row: ResourceType, name: str) -> bool:
    """Say whether the client never had that cluster before its streams began: what it brought along cannot use it."""
    return row is CLUSTER and client.returning is not None and name in client.returning.newborn
