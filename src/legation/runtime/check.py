"""What does not fit together: names claimed twice, and references to names that nobody has. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from legation.envoy.findings import quote
from legation.model.names import is_glob
from legation.model.node import Scope
from legation.model.problems import DUPLICATE_ADDRESS, DUPLICATE_NAME, Level, Problem
from legation.model.resource import EVERY
from legation.model.resource_types import BY_NAME, CLUSTER, ResourceType
from legation.runtime.assemble import Assembly
from legation.runtime.item import Item
from legation.runtime.shelf import Shelf, collide, in_order


def _nowhere(_row: ResourceType, _name: str) -> bool:
    return False


def check(assembly: Assembly, *, elsewhere: Callable[[ResourceType, str], bool] = _nowhere) -> tuple[Problem, ...]:
    """Return a problem for each resource that lost its name to another, and a warning for each dangling reference.

    An object is blamed for what it says itself: the junior of two claimants, the one that refers to a name. A reference
    dangles when nothing of that name can reach a workload that gets the referring resource.

    Args:
        assembly: What there is.
        elsewhere: Says of which names somebody else tells whether they are there.
    """
    found = (
        problem
        for _, shelves in sorted(assembly.shelves.items())
        for shelf in sorted(shelves.values(), key=lambda each: each.row.name)
        for problem in (*_lost_names(shelf), *_lost_addresses(shelf), *_dangling(shelf, shelves, elsewhere))
    )
    # What goes to many namespaces is wrong in each of them for the same reason.
    return tuple(dict.fromkeys(found))


def _lost_names(shelf: Shelf) -> Iterator[Problem]:
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


def _lost_addresses(shelf: Shelf) -> Iterator[Problem]:
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


def _dangling(
    shelf: Shelf, shelves: Mapping[ResourceType, Shelf], elsewhere: Callable[[ResourceType, str], bool]
) -> Iterator[Problem]:
    for type_name in sorted(shelf.references):
        row = BY_NAME[type_name]
        target = shelves.get(row)
        dangling = [
            (item, name)
            for (name, _), items in shelf.unmet(row, target)
            if name != EVERY and not _reaches(target, name, items[0].scope) and not elsewhere(row, name)
            for item in items
        ]
        for item, name in sorted(dangling, key=lambda each: (each[0].rank, each[1])):
            yield _dangling_reference(item, row, name, target)


def _reaches(target: Shelf | None, name: str, scope: Scope) -> bool:
    """Say whether some workload can have this scope and get something of that name."""
    if target is None:
        return False
    if is_glob(name):
        return name in target.globs
    if name not in target.claims:
        return False
    return not target.labels or any(each.scope.meets(scope) for each in target.claims[name])


def _dangling_reference(item: Item, row: ResourceType, name: str, target: Shelf | None) -> Problem:
    reference = f"the {item.resource.type.name} {quote(item.resource.name)} refers to the {row.name} {quote(name)}"
    if target is not None and name in target.claims:
        message = f"{reference}, which goes to other workloads"
        mend = "give both objects selectors that fit together"
    else:
        message = f"{reference}, which no object of this namespace holds"
        nearest = target.spelling.nearest(name) if target is not None else None
        meant = f"did you mean {quote(nearest)}?" if nearest else ""
        static = "it is right if it is static in the Envoy's bootstrap" if row is CLUSTER else ""
        mend = " ".join(filter(None, (meant, static)))
    return Problem(
        code="dangling-reference",
        level=Level.WARNING,
        message=message,
        object=item.manifest.key,
        place=item.manifest.place,
        path=item.path,
        mend=mend,
    )
