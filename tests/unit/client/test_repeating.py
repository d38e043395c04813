"""When a call is sent again."""

from __future__ import annotations

from legation.client.errors import ClientError, TimedOut, Unavailable
from legation.client.repeating import Attempts, watch_pause


def test_pauses_grow_and_end() -> None:
    error, attempts = Unavailable("x"), Attempts(most=4)
    assert [attempts.pause(error, tried=each, chance=1.0) for each in range(1, 5)] == [0.2, 0.4, 0.8, None]
    assert attempts.pause(error, tried=1, chance=0.0) == 0.1
    assert attempts.pause(Unavailable("x", may_be_done=True), tried=1, chance=0.0) is None
    assert attempts.pause(TimedOut("x"), tried=1, chance=0.0) is None
    assert attempts.pause(ClientError("x"), tried=1, chance=0.0) is None
    assert watch_pause(error, failures=1000, chance=1.0) == 10.0
    assert watch_pause(ClientError("x", code="OUT_OF_RANGE"), failures=1, chance=1.0) is None
