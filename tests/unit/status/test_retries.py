"""What a failure means, and how long it is waited after one."""

from __future__ import annotations

import pytest

from legation.errors import KubeError, KubeUnreachable
from legation.status.retries import Answer, Outcome, Retries, answer_of
from legation.status.schedule import Schedule
from tests.unit.status.worlds import WEB, key

AGAIN, HOLD = Answer(Outcome.AGAIN), Answer(Outcome.HOLD)


@pytest.fixture
def schedule() -> Schedule:
    return Schedule()


@pytest.fixture
def retries(schedule: Schedule) -> Retries:
    return Retries(schedule, chance=lambda: 0.0)


@pytest.mark.parametrize(
    ("status", "means"),
    [
        (401, Outcome.HOLD),
        (403, None),
        (409, Outcome.AGAIN),
        (422, None),
        (429, Outcome.HOLD),
        (500, Outcome.AGAIN),
        (503, Outcome.HOLD),
    ],
)
def test_what_an_answer_of_the_api_server_means(status: int, means: Outcome | None) -> None:
    answer = answer_of(KubeError.of(status, "", "no", retry_after=7.0))
    assert answer == (None if means is None else Answer(means, 7.0))


def test_without_an_answer_nothing_succeeds() -> None:
    assert answer_of(KubeUnreachable("nobody is there")) == HOLD


def test_an_object_waits_longer_and_longer_and_no_other_does(retries: Retries, schedule: Schedule) -> None:
    assert [retries.again_at(WEB, AGAIN, now=0.0) for _ in range(7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert retries.again_at(key(1), AGAIN, now=0.0) == 1.0
    schedule.touch(key(1), now=0.0)
    assert schedule.take(now=0.5) == key(1)


@pytest.mark.parametrize("over", ["succeeded", "forget"])
def test_an_object_that_is_well_or_gone_begins_anew(retries: Retries, over: str) -> None:
    retries.again_at(WEB, AGAIN, now=0.0)
    retries.again_at(key(1), AGAIN, now=0.0)
    getattr(retries, over)(WEB)
    assert retries.again_at(WEB, AGAIN, now=0.0) == 1.0
    assert retries.again_at(key(1), AGAIN, now=0.0) == 2.0


def test_what_fails_together_holds_all_once(retries: Retries, schedule: Schedule) -> None:
    schedule.touch(WEB, now=0.0)
    for number in range(4):
        assert retries.again_at(key(number), HOLD, now=0.5) == 1.5
    assert schedule.take(now=1.4) is None
    assert schedule.take(now=1.5) == WEB
    assert retries.again_at(WEB, HOLD, now=1.5) == 3.5


def test_the_first_success_ends_the_long_pauses(retries: Retries) -> None:
    now = 0.0
    for _ in range(4):
        now = retries.again_at(WEB, HOLD, now=now)
    retries.succeeded(key(1))
    assert retries.again_at(WEB, HOLD, now=now) == now + 1.0


def test_what_the_api_server_asks_for_is_waited_up_to_a_minute(retries: Retries) -> None:
    assert retries.again_at(WEB, Answer(Outcome.AGAIN, 7.0), now=0.0) == 7.0
    assert retries.again_at(WEB, Answer(Outcome.HOLD, 3600.0), now=0.0) == 60.0
