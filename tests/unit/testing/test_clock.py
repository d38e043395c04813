"""ManualClock: nothing sleeps for real, sleepers wake in the order of their moments."""

from __future__ import annotations

import asyncio

import pytest

from legation.clock import Clock
from legation.testing import ManualClock


def test_is_a_clock() -> None:
    clock: Clock = ManualClock(start=3.0)
    assert clock.now() == 3.0


async def test_a_moment_that_is_past_is_no_wait() -> None:
    clock = ManualClock(start=3.0)
    async with asyncio.timeout(5):
        await clock.sleep_until(2.0)
        await clock.sleep_until(3.0)


async def test_sleepers_wake_in_the_order_of_their_moments_at_their_moments() -> None:
    clock = ManualClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, moment: float) -> None:
        await clock.sleep_until(moment)
        woken.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        for name, moment in (("late", 7.0), ("early", 2.0), ("same", 7.0), ("beyond", 11.0)):
            group.create_task(sleeper(name, moment))
        await clock.advance(10.0)
        assert woken == [("early", 2.0), ("late", 7.0), ("same", 7.0)]
        assert clock.now() == 10.0
        assert clock.sleepers == 1
        await clock.advance(1.0)
    assert woken[-1] == ("beyond", 11.0)


async def test_a_sleeper_who_sleeps_again_inside_the_advance_wakes_again() -> None:
    clock = ManualClock()
    beats: list[float] = []

    async def heart() -> None:
        while True:
            await clock.sleep_until(clock.now() + 1.0)
            beats.append(clock.now())

    task = asyncio.create_task(heart())
    await clock.advance(3.5)
    task.cancel()
    assert beats == [1.0, 2.0, 3.0]


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep_until(1.0))
    await asyncio.sleep(0)
    assert clock.sleepers == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.sleepers == 0
    await clock.advance(2.0)
    assert clock.now() == 2.0


async def test_step_jumps_and_the_due_run_at_their_next_turn() -> None:
    clock = ManualClock()
    task = asyncio.create_task(clock.sleep_until(1.0))
    await asyncio.sleep(0)
    clock.step(5.0)
    async with asyncio.timeout(5):
        await task
    assert clock.now() == 5.0
