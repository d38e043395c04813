"""When the dates of certificates are looked at: not before, in time, and though the clock of the machine is set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from legation.runtime.expiry_timer import AT_MOST, ExpiryTimer
from legation.testing import ManualClock

BEGIN = 1_800_000_000.0


class World:
    """One date, and the moments at which it was looked at."""

    def __init__(self, due: float | None, *, stays: bool = False) -> None:
        self.clock = ManualClock()
        self.due, self.stays = due, stays
        self.ahead = 0.0
        self.looks: list[float] = []
        self.timer = ExpiryTimer(self.clock, unix_time=self.now, due=lambda: self.due, look=self.look)

    def now(self) -> float:
        return BEGIN + self.ahead + self.clock.now()

    def look(self) -> None:
        self.looks.append(self.now() - BEGIN)
        if not self.stays and self.due is not None and self.due <= self.now():
            self.due = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        task = asyncio.create_task(self.timer.run())
        try:
            yield self
            assert not task.done()
        finally:
            task.cancel()

    async def advance(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            await self.clock.advance(1.0)


async def test_a_date_is_looked_at_when_it_has_come_and_then_there_is_none() -> None:
    async with World(BEGIN + 30).running() as world:
        world.timer.reset()
        await world.advance(29)
        assert world.looks == []
        await world.advance(2)
        assert len(world.looks) == 1
        await world.advance(3 * AT_MOST)
        assert len(world.looks) == 1


async def test_a_date_that_is_far_is_looked_at_each_minute_for_the_clock_may_be_set() -> None:
    async with World(BEGIN + 86_400).running() as world:
        world.timer.reset()
        await world.advance(AT_MOST + 1)
        assert len(world.looks) == 1
        world.ahead = 86_400
        await world.advance(AT_MOST + 1)
        assert world.due is None


async def test_without_a_date_it_waits_until_it_is_told_of_one() -> None:
    async with World(None).running() as world:
        world.timer.reset()
        await world.advance(5)
        world.due = world.now() + 2
        await world.advance(5)
        assert world.looks == []
        world.timer.reset()
        await world.advance(4)
        assert len(world.looks) == 1


async def test_a_date_that_has_passed_and_stays_is_not_looked_at_all_the_time() -> None:
    async with World(BEGIN - 10, stays=True).running() as world:
        world.timer.reset()
        await world.advance(5)
        assert 4 <= len(world.looks) <= 5
