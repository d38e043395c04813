"""Resources that want what another one has: its name, or an address that it binds. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from legation.envoy.findings import quote
from legation.model.problems import DUPLICATE_ADDRESS, DUPLICATE_NAME, Problem
from legation.runtime.item import Item
from legation.runtime.shelf import Shelf, collide, in_order


def lost_names(shelf: Shelf) -> Iterator[Problem]:
    """Yield a problem for each resource that lost its name to another."""
    for name in sorted(shelf.contested):
        claims = shelf.claims[name]
        for rank, loser in enumerate(claims[1:], 1):
            # One resource can be for several selectors: it is no rival of itself.
            rivals = (each for each in claims[:rank] if each.resource is not loser.resource)
            winner = next((each for each in rivals if each.scope.meets(loser.scope)), None)
            if winner is not None:
                yield _lost_name(loser, winner)


def _lost_name(loser: Item, winner: Item) -> Problem:
    resource = f"the {loser.resource.type.name} {quote(loser.resource.name)}"
    if winner.manifest is loser.manifest:
        message = f"{resource} stands in this object twice; the first one counts"
    else:
        place = f" ({winner.manifest.place})" if winner.manifest.place else ""
        message = f"{resource} is that of {winner.manifest.key}{place}, which came first"
    return Problem(
        code=DUPLICATE_NAME,
        message=message,
        object=loser.manifest.key,
        place=loser.manifest.place,
        path=loser.path,
        mend="give one of them another name, or selectors that no workload fulfils both",
    )


def lost_addresses(shelf: Shelf) -> Iterator[Problem]:
    """Yield a problem for each listener that lost its address to another."""
    owners: dict[str, list[Item]] = {}
    for item in in_order({item for address in shelf.disputed for item in shelf.addresses[address]}):
        for claim in item.resource.claims:
            others = owners.setdefault(claim, [])
            winner = next((each for each in others if collide(each, item)), None)
            if winner is not None:
                yield _lost_address(item, winner, claim)
                break
            others.append(item)


def _lost_address(loser: Item, winner: Item, claim: str) -> Problem:
    row, place = loser.resource.type.name, f" ({winner.manifest.place})" if winner.manifest.place else ""
    other = f"the {row} {quote(winner.resource.name)} of {winner.manifest.key}{place}"
    return Problem(
        code=DUPLICATE_ADDRESS,
        message=f"the {row} {quote(loser.resource.name)} has the address {claim} of {other}, which came first",
        object=loser.manifest.key,
        place=loser.manifest.place,
        path=loser.path,
        mend="give one of them another address, or selectors that no workload fulfils both",
    )
