from __future__ import annotations

from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legation.runtime.debounce import Debounce

MILLISECOND = 0.001
SLACK = 1e-9  # sums of floating-point moments

gaps = st.lists(st.sampled_from([0, 1, 3, 9, 10, 11, 50, 99, 100, 101, 500]), max_size=60) | st.lists(
    st.sampled_from([1, 5, 9]), min_size=30, max_size=60
)
"""Milliseconds from one change to the next: every length that matters, or a burst that goes on and on."""


def fire_when_due(changes: list[float], debounce: Debounce) -> list[float]:
    """Return when an obedient shell acts on changes that come at these moments."""
    fired = []
    for moment in [*changes, float("inf")]:
        due = debounce.due()
        if due is not None and due <= moment:
            debounce.fired(due)
            fired.append(due)
        if moment < float("inf"):
            debounce.changed(moment)
    return fired


def test_nothing_is_due_before_a_change() -> None:
    """An idle program does not wake up."""
    assert Debounce().due() is None


def test_the_first_change_goes_at_once() -> None:
    """A person who saves one file waits for nothing."""
    debounce = Debounce()
    debounce.changed(5.0)

    assert debounce.due() == 5.0
    debounce.fired(5.0)
    assert debounce.due() is None


def test_a_change_right_after_another_waits_for_quiet() -> None:
    """The second file of a burst goes when the burst pauses."""
    debounce = Debounce()
    debounce.changed(0.0)
    debounce.fired(0.0)
    debounce.changed(0.004)

    assert debounce.due() == pytest.approx(0.014)
    debounce.changed(0.012)
    assert debounce.due() == pytest.approx(0.022)


def test_right_after_work_a_change_waits_too() -> None:
    """Work that was done a moment ago is no quiet: two rounds of it never follow on each other's heels."""
    debounce = Debounce()
    debounce.changed(0.0)
    debounce.fired(0.009)
    debounce.changed(0.012)

    assert debounce.due() == pytest.approx(0.022)


def test_changes_that_never_pause_wait_for_the_maximum() -> None:
    """A change every 5 ms: the oldest pending one waits 100 ms."""
    debounce = Debounce()
    debounce.changed(0.0)
    debounce.fired(0.0)
    for step in range(1, 21):
        debounce.changed(step * 5 * MILLISECOND)

    assert debounce.due() == pytest.approx(0.105)


def test_what_is_due_at_once_stays_due_when_more_comes() -> None:
    """The shell was busy: the changes that came meanwhile go along."""
    debounce = Debounce()
    debounce.changed(0.0)
    debounce.changed(0.003)

    assert debounce.due() == 0.0
    debounce.fired(0.004)
    assert debounce.due() is None


def test_after_much_work_changes_wait_for_a_rest() -> None:
    """What the last ones made to do is still being done."""
    debounce = Debounce()
    debounce.changed(0.0)
    debounce.fired(0.0)
    debounce.tired(0.020, work=0.020)
    debounce.changed(0.030)

    assert debounce.due() == pytest.approx(0.080)
    debounce.changed(0.075)
    assert debounce.due() == pytest.approx(0.085)


def test_no_rest_is_longer_than_the_maximum() -> None:
    debounce = Debounce()
    debounce.changed(0.0)
    debounce.fired(0.0)
    debounce.tired(0.020, work=5.0)
    debounce.changed(0.030)

    assert debounce.due() == pytest.approx(0.130)


def test_after_the_rest_a_change_goes_at_once() -> None:
    debounce = Debounce()
    debounce.changed(0.0)
    debounce.fired(0.0)
    debounce.tired(0.020, work=0.020)
    debounce.changed(0.081)

    assert debounce.due() == 0.081


@pytest.mark.parametrize(("quiet", "maximum"), [(-1, 1), (2, 1)])
def test_times_that_contradict_each_other_are_refused(quiet: float, maximum: float) -> None:
    """A maximum below the quiet time would never let a burst end by a pause."""
    with pytest.raises(ValueError, match="quiet must lie between"):
        Debounce(quiet=quiet, maximum=maximum)


@given(gaps)
def test_no_change_waits_longer_than_the_maximum(steps: list[int]) -> None:
    """However the changes come, each is acted upon within the maximum."""
    debounce = Debounce()
    changes = list(accumulate(step * MILLISECOND for step in steps))
    fired = fire_when_due(changes, debounce)

    for change in changes:
        assert any(change <= moment <= change + debounce.maximum + SLACK for moment in fired)


@given(gaps)
def test_after_quiet_a_change_goes_at_once(steps: list[int]) -> None:
    """No change and no work in the quiet time before it: it is acted upon the moment it comes."""
    debounce = Debounce()
    changes = list(accumulate(step * MILLISECOND for step in steps))
    fired = fire_when_due(changes, debounce)

    for index, change in enumerate(changes):
        earlier = [*changes[:index], *(moment for moment in fired if moment < change)]
        if change - max(earlier, default=float("-inf")) >= debounce.quiet + SLACK:
            assert change in fired


@given(gaps)
def test_quiet_alone_fires_once(steps: list[int]) -> None:
    """When the changes end, the last firing leaves nothing pending, and there are never more firings than changes."""
    debounce = Debounce()
    changes = list(accumulate(step * MILLISECOND for step in steps))
    fired = fire_when_due(changes, debounce)

    assert debounce.due() is None
    assert len(fired) <= len(changes)
    assert len([moment for moment in fired if not changes or moment > changes[-1]]) <= 1


@given(gaps)
def test_work_is_done_at_most_once_in_the_quiet_time(steps: list[int]) -> None:
    """Whatever the changes do, two firings lie apart by the quiet time."""
    debounce = Debounce()
    fired = fire_when_due(list(accumulate(step * MILLISECOND for step in steps)), debounce)

    assert all(later - earlier >= debounce.quiet - SLACK for earlier, later in pairwise(fired))
