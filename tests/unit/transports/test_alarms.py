from __future__ import annotations

from legation.testing import ManualClock
from legation.transports.alarms import Alarms


async def test_alarms_ring_at_their_moments_in_order() -> None:
    clock = ManualClock()
    alarms = Alarms(clock)
    rung: list[tuple[str, float]] = []
    alarms.at(2.0, lambda: rung.append(("second", clock.now())))
    alarms.at(3.0, lambda: rung.append(("third", clock.now())))
    await clock.advance(0.5)
    alarms.at(1.0, lambda: rung.append(("first", clock.now())))
    await clock.advance(2.0)
    assert rung == [("first", 1.0), ("second", 2.0)]
    await clock.advance(10.0)

    assert rung[2:] == [("third", 3.0)]


async def test_one_sleeper_serves_all_alarms() -> None:
    clock = ManualClock()
    alarms = Alarms(clock)
    for moment in range(1, 100):
        alarms.at(float(moment), lambda: None)
    await clock.advance(0.5)

    assert clock.sleepers == 1


async def test_a_cancelled_alarm_does_not_ring() -> None:
    clock = ManualClock()
    alarms = Alarms(clock)
    rung: list[str] = []
    alarms.at(1.0, lambda: rung.append("cancelled")).cancel()
    alarms.at(1.0, lambda: rung.append("other"))
    await clock.advance(1.0)

    assert rung == ["other"]


async def test_cancelled_alarms_do_not_pile_up_until_their_moment() -> None:
    clock = ManualClock()
    alarms = Alarms(clock)
    rung: list[str] = []
    for _ in range(1000):
        alarms.at(600.0, lambda: rung.append("cancelled")).cancel()
    alarms.at(600.0, lambda: rung.append("kept"))

    assert len(alarms._entries) < 100
    await clock.advance(600.0)
    assert rung == ["kept"]


async def test_an_alarm_that_has_passed_rings_at_once_and_one_set_later_too() -> None:
    clock = ManualClock(start=5.0)
    alarms = Alarms(clock)
    rung: list[str] = []
    alarms.at(1.0, lambda: rung.append("passed"))
    await clock.advance(0.0)
    assert rung == ["passed"]
    alarms.at(6.0, lambda: rung.append("later"))
    await clock.advance(1.0)

    assert rung == ["passed", "later"]


async def test_an_alarm_may_be_set_by_one_that_rings() -> None:
    clock = ManualClock()
    alarms = Alarms(clock)
    rung: list[float] = []

    def ring() -> None:
        rung.append(clock.now())
        if len(rung) < 3:
            alarms.at(clock.now() + 1.0, ring)

    alarms.at(1.0, ring)
    await clock.advance(10.0)

    assert rung == [1.0, 2.0, 3.0]


async def test_nothing_rings_after_the_close() -> None:
    clock = ManualClock()
    alarms = Alarms(clock)
    rung: list[str] = []
    alarms.at(1.0, lambda: rung.append("closed"))
    alarms.close()
    await clock.advance(2.0)

    assert not rung
    assert clock.sleepers == 0
