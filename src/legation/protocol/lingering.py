"""Lingering: whether a client may have let go just now of a cluster that requests under way look up later.

What used a cluster and lingers (`Resource.lingers`) leaves it `Policy.removal_grace` to stay. Where it goes while the
snapshot lacks the cluster, `keeping.py` sees it go. Where the cluster is still wanted then, only the moment is
remembered, one for all clusters of the client: those that had other users, and leave soon after, get a grace too many.
Predecessors, which go without a message, tell theirs themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from legation.model.events import Accepted, Event, Refused, Subscribed
from legation.model.resource_types import CLUSTER, REFERRERS
from legation.protocol.holding import Holding, same
from legation.protocol.machine import Machine
from legation.protocol.situation import Situation


def heard(
    client: Situation, machine: Machine, events: Iterable[Event], before: Holding, *, doubtful: bool, now: float
) -> None:
    """Take note of what a client said; O(what it answers).

    Args:
        client: The client.
        machine: The machine that heard it.
        events: What that tells.
        before: What the client had accepted until then.
        doubtful: Whether nobody knew of some of it whether the client had it.
        now: The present moment.
    """
    if machine.row in REFERRERS[CLUSTER] and any(_lets_go(machine, each, before, doubtful=doubtful) for each in events):
        client.let_go = now


def settled(client: Situation, machine: Machine, before: Holding, now: float) -> None:
    """Take note that something of that type was settled without a message: the client held that before; O(changed)."""
    if machine.row in REFERRERS[CLUSTER]:
        held = machine.ledger.sent
        olds = ((name, before.get(name)) for name in {*before.unlike(held.base), *held.overlay})
        if any(old is not None and old.lingers and not same(old, held.get(name)) for name, old in olds):
            client.let_go = now


def closed(client: Situation, machine: Machine) -> None:
    """Take note that the client's stream of that type has ended."""
    if machine.row in REFERRERS[CLUSTER]:
        client.let_go = inf


def met(client: Situation, fellows: tuple[Situation, ...]) -> None:
    """Take note of who may be the same Envoy from now on."""
    if not set(client.fellows) <= set(fellows):
        client.let_go = inf


def _lets_go(machine: Machine, event: Event, before: Holding, *, doubtful: bool) -> bool:
    """Say whether that may mean that something which lingers does not use a cluster any more."""
    if isinstance(event, Subscribed):
        return machine.sent_last is not None
    if isinstance(event, Refused):
        return True
    if not isinstance(event, Accepted) or (machine.row.drains and not doubtful):
        return False  # a listener joins the predecessors
    for resource in event.resources:
        old = before.get(resource.name)
        if old is not None and not old.refers_to(CLUSTER) <= resource.refers_to(CLUSTER):
            return True
    return doubtful or bool(event.removed)
