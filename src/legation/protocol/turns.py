"""Turns: what a client is offered when, after it or another client of its group refused something (rule 7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from legation.model.resource import Resource
from legation.model.snapshot import Collection as Resources
from legation.model.verdicts import Verdicts
from legation.protocol.holding import same
from legation.protocol.machine import Machine
from legation.protocol.pending import View

_NOBODY: Mapping[str, Resource] = MappingProxyType({})


def proved_elsewhere(machine: Machine, target: Resources, verdicts: Verdicts | None) -> Mapping[str, Resource]:
    """Return what another client of the group refused and this one is to get: it is offered last, and alone.

    Not where that would leave out what the client may hold.
    """
    versions = verdicts.of(machine.row) if verdicts is not None else None
    if not versions or machine.unsure:
        return _NOBODY
    sent, refusals = machine.ledger.sent, machine.ledger.refusals
    return {
        name: resource
        for name, version in versions.items()
        if (resource := target.get(name)) is not None
        and resource.version == version
        and machine.covers(name)
        and not same(resource, sent.get(name))
        and not (refusals and refusals.include(resource))
    }


def has_turn(machine: Machine, resource: Resource, target: Resources, proved: Collection[str]) -> bool:
    """Say whether no trial of others is on and nobody refused the resource; or it is nothing new to the client."""
    ledger, name = machine.ledger, resource.name
    refusals = ledger.refusals
    if refusals and refusals.on_offer(name):
        return True
    if name in proved or (refusals and refusals.trying):
        stays = target.get(name) is None and not (refusals and refusals.tries(name))
        return stays or same(resource, ledger.accepted.get(name))
    return True


def is_all_said(machine: Machine, view: View) -> bool:
    """Say whether the client has answered all, and there is nothing to tell it."""
    ledger = machine.ledger
    if ledger.unanswered or (ledger.refusals and ledger.refusals.trying):
        return False
    return (machine.answered or not machine.subscription.wildcard) and not machine.pending(view)
