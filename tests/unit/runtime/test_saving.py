"""What is saved when, and what a disk that refuses leads to."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from legation.runtime.saving import TRY_AGAIN, Saving
from legation.runtime.state_folder import StateFolder
from legation.testing import ManualClock

FULL = OSError(errno.ENOSPC, "No space left on device")


class FakeFolder(StateFolder):
    """A folder in memory that can fail."""

    def __init__(self) -> None:
        super().__init__(Path("/state"))
        self.saved: dict[str, Any] = {}
        self.fault: Exception | None = None

    def save(self, changes: Mapping[str, Any]) -> None:
        self._unsaved.update(changes)
        if self.fault is not None:
            raise self.fault
        self.saved.update(self._unsaved)


class World:
    """A saving with changes that a test makes."""

    def __init__(self) -> None:
        self.folder = FakeFolder()
        self.changes: dict[str, Any] = {}
        self.told = asyncio.Event()
        self.clock = ManualClock()
        self.saving = Saving(
            self.folder, clock=self.clock, take_changes=self._take_changes, problem_changed=self.told.set
        )

    def _take_changes(self) -> Mapping[str, Any]:
        changes, self.changes = self.changes, {}
        return changes

    def change(self, **changes: Any) -> None:
        self.changes |= changes
        self.saving.request()

    async def problem(self) -> str:
        """Wait until the problem has changed."""
        async with asyncio.timeout(20):
            await self.told.wait()
        self.told.clear()
        return str(self.saving.problem or "")


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_what_is_left_is_saved_at_the_end() -> None:
    world = World()
    task = asyncio.create_task(world.saving.run())
    await asyncio.sleep(0)
    world.change(one=1)
    await stop(task)
    assert world.folder.saved == {"one": 1}


async def test_a_disk_that_takes_nothing_is_a_problem_until_it_does() -> None:
    """It is asked again after some seconds, though nothing else changes."""
    world = World()
    task = asyncio.create_task(world.saving.run())
    world.folder.fault = FULL
    world.change(one=1)
    assert (await world.problem()).startswith("the state folder /state takes nothing: No space left on device")
    world.folder.fault = None
    await world.clock.advance(TRY_AGAIN)
    assert not await world.problem()
    assert world.folder.saved == {"one": 1}
    await stop(task)


async def test_a_fault_of_the_program_is_a_problem_and_the_saving_goes_on() -> None:
    """Its words may hold a secret: they are for no problem."""
    world = World()
    task = asyncio.create_task(world.saving.run())
    world.folder.fault = TypeError("secret")
    world.change(one=1)
    problem = await world.problem()
    assert problem.startswith("the state folder /state takes nothing: legation itself fails at it")
    assert "secret" not in problem
    world.folder.fault = None
    await world.clock.advance(TRY_AGAIN)
    assert not await world.problem()
    assert world.folder.saved == {"one": 1}
    await stop(task)
