"""What is told of certificates that end."""

from __future__ import annotations

import pytest

from legation.model.problems import Level
from legation.texts.pem import Period
from legation.tls.lasting import authorities_ending, ending, warned_at
from legation.tls.material import Life

DAY = 86400.0


@pytest.mark.parametrize(("days", "left"), [(90, 15), (1, 1 / 6), (3650, 30)])
def test_it_is_told_well_before_and_after_who_renews_them_should_have(days: float, left: float) -> None:
    life, period = Life(made=0.0, ends=days * DAY), Period(start=0.0, end=days * DAY)
    assert warned_at(period) == pytest.approx((days - left) * DAY)
    told = {"code": "tls", "subject": "/certs"}
    assert ending(life, now=warned_at(period) - 1, **told) == ()
    (soon,) = ending(life, now=warned_at(period), **told)
    (over,) = ending(life, now=life.ends, **told)
    assert (soon.level, over.level) == (Level.WARNING, Level.ERROR)
    assert " expires on " in soon.message
    assert " expired on " in over.message
    assert soon.subject == over.subject


def test_nothing_is_told_of_nothing() -> None:
    assert ending(None, now=0.0, code="tls", subject="") == ()
    assert authorities_ending(None, now=0.0, code="tls", subject="") == ()


def test_authorities_that_live_for_a_day_are_told_of_only_when_the_next_should_be_there() -> None:
    # SPIRE makes the next one at half of the life of one, and signs with it at five sixths.
    period = Period(start=0.0, end=DAY)
    assert authorities_ending(period, now=0.83 * DAY, code="tls", subject="ca.crt") == ()
    assert len(authorities_ending(period, now=0.84 * DAY, code="tls", subject="ca.crt")) == 1


def test_authorities_are_told_of_likewise() -> None:
    period = Period(start=0.0, end=60 * DAY)
    assert authorities_ending(period, now=49 * DAY, code="tls", subject="ca.crt") == ()
    (told,) = authorities_ending(period, now=51 * DAY, code="tls", subject="ca.crt")
    assert str(told).startswith("ca.crt: the last of the authorities (CA)")
