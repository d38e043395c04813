"""What is saved when, and what a disk that refuses leads to."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from legation.runtime.saving import Saving
from legation.runtime.state_folder import StateFolder


class FakeFolder(StateFolder):
    """A folder in memory that can be full."""

    def __init__(self) -> None:
        super().__init__(Path("/state"))
        self.saved: dict[str, Any] = {}
        self.full = False

    def save(self, changes: Mapping[str, Any]) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.saved.update(changes)


class World:
    """A saving with changes that a test makes."""

    def __init__(self) -> None:
        self.folder = FakeFolder()
        self.changes: dict[str, Any] = {}
        self.told = asyncio.Event()
        self.saving = Saving(self.folder, take_changes=self._take_changes, problem_changed=self.told.set)

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
    world = World()
    task = asyncio.create_task(world.saving.run())
    world.folder.full = True
    world.change(one=1)
    assert (await world.problem()).startswith("the state folder /state takes nothing: No space left on device")
    world.folder.full = False
    world.change(two=2)
    assert not await world.problem()
    await stop(task)
