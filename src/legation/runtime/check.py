"""What does not fit together, of all that is served: each subject is a file of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable

from legation.model.problems import Problem
from legation.model.resource_types import ResourceType
from legation.runtime.assemble import Assembly
from legation.runtime.clashes import lost_addresses, lost_names
from legation.runtime.dangling import dangling
from legation.runtime.purposes import misused
from legation.runtime.route_filters import unknown_filters


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
        for problem in (
            *lost_names(shelf),
            *lost_addresses(shelf),
            *dangling(shelf, shelves, elsewhere),
            *unknown_filters(shelf, shelves),
            *misused(shelf, shelves),
        )
    )
    # What goes to many namespaces is wrong in each of them for the same reason.
    return tuple(dict.fromkeys(found))
