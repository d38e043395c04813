"""Objects as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from legation.cli.object_table import age, aligned, state
from legation.client import Problem

NOW = datetime(2026, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (timedelta(seconds=-5), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(minutes=2), "2m"),
        (timedelta(minutes=119), "119m"),
        (timedelta(hours=2), "2h"),
        (timedelta(days=2), "2d"),
    ],
)
def test_an_age_is_said_in_one_unit(since: timedelta, expected: str) -> None:
    created = (NOW - since).isoformat().replace("+00:00", "Z")
    assert age(created, now=NOW) == expected


@pytest.mark.parametrize("created", [None, "", "soon", "2026-01-01T00:00:00"])
def test_what_is_no_moment_has_no_age(created: object) -> None:
    assert age(created, now=NOW) == ""


def test_columns_stand_below_each_other_and_nothing_steers_the_terminal() -> None:
    assert aligned([("a", "b"), ("long", "c\x1b")]) == ["a      b", "long   c\N{REPLACEMENT CHARACTER}"]
    assert aligned([("a", "b")], (3,)) == ["a     b"]


def test_a_state_counts_what_is_wrong() -> None:
    error, warning = (Problem(code="x", message="m", level=level) for level in ("error", "warning"))
    assert state(()) == "ok"
    assert state((error, warning, warning)) == "1 error, 2 warnings"
