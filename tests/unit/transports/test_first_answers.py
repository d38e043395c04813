from __future__ import annotations

from legation.testing import ManualClock
from legation.transports.alarms import Alarms
from legation.transports.first_answers import PATIENCE, FirstAnswers


def _first_answers(clock: ManualClock, limit: int = 2) -> FirstAnswers:
    return FirstAnswers(limit, alarms=Alarms(clock), clock=clock)


async def test_those_who_wait_go_in_as_they_came() -> None:
    first_answers = _first_answers(ManualClock())
    called: list[str] = []
    entered = [first_answers.enter(name, lambda name=name: called.append(name)) for name in "abcd"]  # type: ignore[misc]
    assert entered == [True, True, False, False]
    first_answers.leave("b")
    assert called == ["c"]
    assert not first_answers.enter("e", lambda: called.append("e")), "nobody is passed over"
    assert first_answers.enter("c", lambda: None)
    first_answers.leave("c")
    first_answers.leave("a")
    assert called == ["c", "d", "e"]
    assert not first_answers.waiting


async def test_who_is_gone_waits_no_more() -> None:
    first_answers = _first_answers(ManualClock(), limit=1)
    called: list[str] = []
    for name in "abc":
        first_answers.enter(name, lambda name=name: called.append(name))  # type: ignore[misc]
    first_answers.leave("b")
    first_answers.leave("a")
    assert called == ["c"]


async def test_one_who_does_not_read_keeps_nobody_waiting() -> None:
    clock = ManualClock()
    first_answers = _first_answers(clock, limit=1)
    called: list[str] = []
    first_answers.enter("a", lambda: None)
    first_answers.enter("b", lambda: called.append("b"))
    await clock.advance(PATIENCE / 2)
    assert not called
    await clock.advance(PATIENCE)
    assert called == ["b"]
