"""What is held up at Envoys by something else that they refuse, and what is told of it. Pure.

An Envoy that refuses a cluster and has none of that name keeps the routes that it has, whoever wrote them (rule 7 of
`protocol.ruling`). Nothing is wrong with these, so their owner would not learn why they do not come: that is told here.
It refuses to know what waits for what; that stands in the resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from legation.model.problems import Level, Problem
from legation.model.proxy_status import RefusedResource
from legation.model.resource import Resource
from legation.model.resource_types import REFERRERS, RESOURCE_TYPES
from legation.runtime.account import Account, Standing
from legation.runtime.refused import RefusedName

_LATER = {row: tuple(each for each in REFERRERS[row] if each.order > row.order) for row in RESOURCE_TYPES}
"""For each type, those that name it and are delivered after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldUp:
    """A resource that waits at some Envoys, and what it waits for."""

    refused: RefusedResource
    """One of what it names."""
    problem: Problem


def held_up(accounts: Iterable[Account]) -> Mapping[RefusedName, HeldUp]:
    """Return what waits, each with its problem; O(refused resources x who names them x clients)."""
    found: dict[RefusedName, dict[Account, RefusedResource]] = {}
    for account in accounts:
        for resource, refused in _waits(account):
            found.setdefault((resource.type, resource.name, resource.origin), {}).setdefault(account, refused)
    return {key: _told(key, by) for key, by in found.items()}


def _waits(account: Account) -> Iterator[tuple[Resource, RefusedResource]]:
    content = account.place.snapshot
    for refused in account.refused() if content is not None else ():
        if content is None or account.client.accepted(refused.type, refused.name) is not None:
            continue  # it goes on with the version before
        for row in _LATER[refused.type]:
            for name in content[row].referrers(refused.type, refused.name):
                # Who has none of that name gets it all the same: part is better than nothing.
                if account.client.accepted(row, name) and account.standing(row, name) is Standing.WAITING:
                    yield content[row].resources[name], refused


def _told(key: RefusedName, by: Mapping[Account, RefusedResource]) -> HeldUp:
    row, name, origin = key
    first = min(by.values(), key=lambda each: (each.type.order, each.name))
    many = len(by) > 1
    which = "they refuse" if many else "it refuses"
    if first.parked is not None:
        which += ", alone or together with others"
    of = f" of {first.origin}" if first.origin is not None and first.origin != origin else ""
    problem = Problem(
        code="held-up",
        message=f'{row.name} "{name}" waits at {len(by)} Envoy{"s" if many else ""} for {first.type.name} '
        f'"{first.name}"{of}, which {which}',
        level=Level.WARNING,
        object=origin,
        mend=f"what was accepted before goes on there; mend or delete {first.origin or 'what is refused'}",
    )
    return HeldUp(refused=first, problem=problem)
