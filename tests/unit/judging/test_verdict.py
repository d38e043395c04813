from __future__ import annotations

import pytest

from legation.judging.verdict import ACCEPTED, Cause, Kind, Verdict, no_judge, refused, undecided, unjudged


def test_only_what_has_no_verdict_has_a_cause_for_that() -> None:
    assert {each.cause for each in (ACCEPTED, refused("no"))} == {None}
    assert [each.cause for each in (unjudged("x"), undecided("x"), no_judge("x"))] == list(Cause)
    with pytest.raises(ValueError, match="cause"):
        Verdict(kind=Kind.NONE)
    with pytest.raises(ValueError, match="cause"):
        Verdict(kind=Kind.REFUSED, cause=Cause.JUDGE)
