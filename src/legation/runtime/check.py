"""What does not fit together: names claimed twice, and references to names that nobody has. Pure."""

from __future__ import annotations

from legation.model.problems import Problem
from legation.runtime.assemble import Assembly


def check(assembly: Assembly) -> tuple[Problem, ...]:
    """Return a problem for each resource that lost its name to another, and a warning for each dangling reference.

    What did not change since the assembly before is not looked at again.
    """
    raise NotImplementedError
