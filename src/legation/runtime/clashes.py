"""Resources that want what another one has: its name, or an address that it binds. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from legation.envoy.findings import quote
from legation.model.problems import DUPLICATE_ADDRESS, DUPLICATE_NAME, Problem
from legation.runtime.item import Item
from legation.runtime.shelf import Shelf, collide, in_order
from legation.runtime.words import OF_OBJECTS, Words
from legation.translate.faults import fault


def lost_names(shelf: Shelf, *, words: Words = OF_OBJECTS) -> Iterator[Problem]:
    """Yield a problem for each resource that lost its name to another."""
    for name in sorted(shelf.contested):
        claims = shelf.claims[name]
        for rank, loser in enumerate(claims[1:], 1):
            # One resource can be for several selectors: it is no rival of itself.
            rivals = (each for each in claims[:rank] if each.resource is not loser.resource)
            winner = next((each for each in rivals if each.scope.meets(loser.scope)), None)
            if winner is not None and not loser.left:
                yield _lost_name(loser, winner, words)


def _lost_name(loser: Item, winner: Item, words: Words) -> Problem:
    resource, twice = loser.resource, winner.manifest is loser.manifest
    told = words.twice(resource.type) if twice else f"is that{words.senior(winner.manifest)}"
    message = f"the {resource.type.name} {quote(resource.name)} {told}"
    return fault(loser.manifest, DUPLICATE_NAME, message, loser.path, mend=words.other_name)


def lost_addresses(shelf: Shelf, *, words: Words = OF_OBJECTS) -> Iterator[Problem]:
    """Yield a problem for each listener that lost its address to another."""
    owners: dict[str, list[Item]] = {}
    for item in in_order({item for address in shelf.disputed for item in shelf.addresses[address]}):
        for claim in item.resource.claims:
            others = owners.setdefault(claim, [])
            winner = next((each for each in others if collide(each, item)), None)
            if winner is not None:
                yield _lost_address(item, winner, claim, words)
                break
            others.append(item)


def _lost_address(loser: Item, winner: Item, claim: str, words: Words) -> Problem:
    row = loser.resource.type.name
    other = f"the {row} {quote(winner.resource.name)}{words.senior(winner.manifest)}"
    message = f"the {row} {quote(loser.resource.name)} has the address {claim} of {other}"
    return fault(loser.manifest, DUPLICATE_ADDRESS, message, loser.path, mend=words.other_address)
