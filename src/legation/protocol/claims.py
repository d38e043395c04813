"""Claims: what no two resources of a type can hold at one client at the same time, such as an address (rule 7)."""

from __future__ import annotations

from legation.model.resource import Resource
from legation.model.snapshot import Collection
from legation.protocol.holding import same
from legation.protocol.machine import Machine


def successors(machine: Machine, held: Resource, target: Collection) -> list[Resource]:
    """Return what takes the place of something that goes, and has not been sent."""
    names = {name for claim in held.claims for name in target.claimants(claim)}
    found = [target.resources[name] for name in names if machine.covers(name)]
    return [each for each in found if not same(machine.ledger.sent.get(each.name), each)]


def moving(machine: Machine, resource: Resource, target: Collection) -> list[Resource]:
    """Return what is to move away from where the resource goes, and has not accepted that.

    What goes altogether goes in the same response, and who is to stay there is in the way for good: Envoy tells.
    """
    ledger = machine.ledger
    holders = {name for claim in resource.claims for name in ledger.claiming(claim)} - {resource.name}
    found = (target.get(name) for name in holders)
    return [each for each in found if each is not None and set(each.claims).isdisjoint(resource.claims)]
