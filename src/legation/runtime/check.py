"""What does not fit together, of all that is served: each subject is a file of its own. Pure."""

from __future__ import annotations

from legation.model.problems import Problem
from legation.model.resource_types import ResourceType
from legation.runtime.assemble import Assembly
from legation.runtime.clashes import lost_addresses, lost_names
from legation.runtime.dangling import Elsewhere, dangling
from legation.runtime.purposes import misused
from legation.runtime.rechecking import Rechecking
from legation.runtime.route_filters import unknown_filters
from legation.runtime.words import OF_OBJECTS, Words


def nowhere(_row: ResourceType, _name: str) -> bool:
    """Say that nobody else tells of any name."""
    return False


def check(
    assembly: Assembly,
    *,
    elsewhere: Elsewhere = nowhere,
    words: Words = OF_OBJECTS,
    known: Rechecking | None = None,
) -> tuple[Problem, ...]:
    """Return what does not fit together.

    A problem for each resource that lost its name or its address to another; a warning for each reference to something
    that nobody has, for each HTTP filter that routes speak of and no listener has, and for each mention of something
    that is of another kind than the one that is taken.

    An object is blamed for what it says itself: the junior of two claimants, the one that refers to a name. A reference
    dangles when nothing of that name can reach a workload that gets the referring resource.

    Args:
        assembly: What there is.
        elsewhere: Says of which names somebody else tells whether they are there.
        words: How all this is told.
        known: What the last check of the same things found out; it is brought up to date.
    """
    known = Rechecking() if known is None else known
    known.turn()
    found = (
        problem
        for _, shelves in sorted(assembly.shelves.items())
        for shelf in sorted(shelves.values(), key=lambda each: each.row.name)
        for problem in (
            *lost_names(shelf, words=words),
            *lost_addresses(shelf, words=words),
            *dangling(shelf, shelves, elsewhere, words=words, known=known),
            *unknown_filters(shelf, shelves, known=known),
            *misused(shelf, shelves, known=known),
        )
    )
    # What goes to many namespaces is wrong in each of them for the same reason.
    return tuple(dict.fromkeys(found))
