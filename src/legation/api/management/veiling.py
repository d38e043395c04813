"""Answers without what is about objects that the caller may not see. Pure.

That something is in the way is told nevertheless: only not what.
"""

from __future__ import annotations

from dataclasses import replace

from legation.api.management.access import Sight
from legation.model.problems import Problem
from legation.runtime.acceptance import Acceptance

_HIDDEN = Problem(code="hidden", message="something is in the way that you may not see")


def veiled(found: Acceptance, seen: Sight) -> Acceptance:
    """Return what is told of an acceptance to who sees only some objects."""
    if seen.whole:
        return found
    problems = dict.fromkeys(each if seen(each.object) else _HIDDEN for each in found.problems)
    return replace(found, problems=tuple(problems))
