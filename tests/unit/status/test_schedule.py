"""When an object's status may be written."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from legation.model.objects import ObjectKey
from legation.status.schedule import Pace, Schedule
from tests.unit.status.worlds import key

ONE, OTHER = key(1), key(2)


def test_it_is_due_some_moment_after_the_first_touch_however_often_it_is_touched() -> None:
    it = Schedule()
    for now in (0.0, 0.1, 0.2):
        it.touch(ONE, now=now)
    assert it.next_at(now=0.2) == 0.25
    assert it.take(now=0.24) is None
    assert it.take(now=0.25) == ONE
    assert it.take(now=0.25) is None
    assert len(it) == 0


def test_it_is_not_written_twice_in_a_second() -> None:
    it = Schedule()
    it.touch(ONE, now=0.0)
    it.take(now=1.0)
    it.begin(ONE, now=1.0)
    it.touch(ONE, now=1.1)
    it.touch(OTHER, now=1.1)
    assert it.take(now=1.35) == OTHER
    it.end(ONE)
    assert it.take(now=1.99) is None
    assert it.next_at(now=1.99) == 2.0
    assert it.take(now=2.0) == ONE


def test_what_was_not_written_does_not_count() -> None:
    it = Schedule()
    it.touch(ONE, now=0.0)
    it.take(now=1.0)
    it.end(ONE)
    it.touch(ONE, now=1.1)
    assert it.next_at(now=1.1) == 1.35


def test_what_failed_is_tried_again_at_its_moment_or_when_something_changes() -> None:
    it = Schedule()
    it.touch(ONE, now=0.0)
    it.take(now=1.0)
    it.begin(ONE, now=1.0)
    it.end(ONE, again_at=30.0)
    assert it.next_at(now=1.0) == 30.0
    it.take(now=30.0)
    it.begin(ONE, now=30.0)
    it.touch(ONE, now=30.5)
    it.end(ONE, again_at=60.0)
    assert it.next_at(now=31.0) == 31.0


def test_nothing_is_taken_while_it_is_held() -> None:
    it = Schedule()
    it.touch(ONE, now=0.0)
    it.hold(5.0)
    it.hold(4.0)
    assert it.take(now=4.5) is None
    assert it.next_at(now=4.5) == 5.0
    assert it.take(now=5.0) == ONE


def test_what_is_gone_is_forgotten() -> None:
    it = Schedule()
    it.touch(ONE, now=0.0)
    it.forget(ONE)
    assert it.next_at(now=0.0) == math.inf
    assert it.take(now=9.0) is None
    it.begin(ONE, now=9.0)
    it.end(ONE, again_at=10.0)
    assert ONE not in it


def test_all_together_are_limited() -> None:
    it = Schedule(Pace(rate=10.0, burst=5.0))
    for number in range(20):
        it.touch(key(number), now=0.0)
    now, taken = 1.0, 0
    while now < 2.0 and (moment := it.next_at(now=now)) < 2.0:
        now = moment
        if (found := it.take(now=now)) is not None:
            it.begin(found, now=now)
            it.end(found)
            taken += 1
    assert taken in {14, 15}


@given(st.lists(st.tuples(st.sampled_from("ttTfwh"), st.integers(0, 3), st.floats(0.0, 0.7)), max_size=80))
def test_whatever_happens_each_is_written_once_a_second_and_none_is_forgotten(
    steps: list[tuple[str, int, float]],
) -> None:
    it, now = Schedule(Pace(rate=5.0, burst=2.0)), 0.0
    writes: dict[ObjectKey, list[float]] = defaultdict(list)
    dirty: set[ObjectKey] = set()
    out: list[ObjectKey] = []
    for what, number, pause in steps:
        now += pause
        if what == "t":
            it.touch(key(number), now=now)
            dirty.add(key(number))
        elif what == "T" and (found := it.take(now=now)) is not None:
            it.begin(found, now=now)
            writes[found].append(now)
            dirty.discard(found)
            out.append(found)
        elif what == "f":
            it.forget(key(number))
            dirty.discard(key(number))
            writes.pop(key(number), None)
            out = [each for each in out if each != key(number)]
        elif what == "w" and out:
            it.end(out.pop())
        elif what == "h":
            it.hold(now + pause)
    for each in out:
        it.end(each)
    while (moment := it.next_at(now=now)) < math.inf:
        now = max(now, moment)
        found = it.take(now=now)
        assert found is not None
        it.begin(found, now=now)
        it.end(found)
        writes[found].append(now)
        dirty.discard(found)
    assert dirty == set()
    for moments in writes.values():
        assert all(after - before > 0.999999 for before, after in pairwise(moments))
