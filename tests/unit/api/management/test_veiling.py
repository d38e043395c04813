"""What an answer says to who does not see everything."""

from __future__ import annotations

from legation.api.management.access import ALL, Sight
from legation.api.management.veiling import veiled
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.runtime.acceptance import Acceptance

MINE, OTHERS = ObjectKey("g", "K", "shop", "a"), ObjectKey("g", "K", "edge", "secret-name")


def test_what_is_about_others_is_told_without_its_words() -> None:
    problems = tuple(Problem(code="c", message="m", object=each) for each in (MINE, OTHERS, OTHERS, None))
    found = Acceptance(problems=problems)
    assert veiled(found, ALL) is found
    seen = veiled(found, Sight(sees=lambda key: key == MINE))
    assert [each.code for each in seen.problems] == ["c", "hidden"]
    assert "secret-name" not in str(seen)
    assert not seen
