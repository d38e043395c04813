"""What is remembered of the counts, and who is told all anew."""

from __future__ import annotations

import pytest

from legation.model.delivery import NO_DELIVERY, Delivery
from legation.model.objects import ObjectKey
from legation.runtime import counted as module
from legation.runtime.counted import Counted

ONE = (1, Delivery(matching=1))


def key(number: int) -> ObjectKey:
    return ObjectKey("bootes.io", "Cluster", "shop", f"c-{number}")


@pytest.fixture
def counted() -> Counted:
    return Counted("run-1")


def test_what_was_never_counted_is_not_told_as_gone(counted: Counted) -> None:
    counted.drop(key(0))
    assert counted.number == 0
    assert counted.news(epoch="run-1", since=0).objects == {}


def test_what_is_gone_is_gone_once(counted: Counted) -> None:
    counted.put(key(0), ONE)
    counted.drop(key(0))
    counted.drop(key(0))
    assert counted.number == 2
    assert counted.news(epoch="run-1", since=2).objects == {}


def test_the_same_count_is_news(counted: Counted) -> None:
    counted.put(key(0), ONE)
    counted.put(key(1), ONE)
    counted.put(key(0), ONE)
    assert counted.news(epoch="run-1", since=2).objects == {key(0): ONE}


def test_what_is_there_again_is_not_gone(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_GONE", 1)
    for _ in range(2):
        counted.put(key(0), ONE)
        counted.put(key(1), ONE)
        counted.drop(key(0))
        counted.put(key(0), ONE)
    before = counted.number
    counted.drop(key(1))
    told = counted.news(epoch="run-1", since=before)
    assert (told.whole, told.objects) == (False, {key(1): None})
    assert not counted.news(epoch="run-1", since=1).whole


def test_of_what_is_gone_the_last_are_remembered(counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_GONE", 3)
    counted.put(key(100), (1, NO_DELIVERY))
    before = counted.number
    for number in range(10):
        counted.put(key(number), ONE)
    for number in range(10):
        counted.drop(key(number))
    told = counted.news(epoch="run-1", since=before)
    assert (told.whole, told.objects) == (True, {key(100): (1, NO_DELIVERY)})
    told = counted.news(epoch="run-1", since=counted.number - 4)
    assert told.whole
    told = counted.news(epoch="run-1", since=counted.number - 3)
    assert (told.whole, told.objects) == (False, {key(7): None, key(8): None, key(9): None})
    assert len(counted._gone) == 3
