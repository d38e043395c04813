"""Waiting until something happens in some folders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path

import pytest

from legation.clock import MonotonicClock
from legation.sources.folder_watch import FolderWatch
from legation.sources.tree import walk
from legation.testing import ManualClock
from tests.unit.sources.rig import PATIENCE


async def test_what_happens_in_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    async with asyncio.TaskGroup() as group:
        watch = FolderWatch(group=group, clock=MonotonicClock())
        assert await watch.follow(walk(str(tmp_path)).watched())
        (tmp_path / "a.yaml").write_text("a")
        (tmp_path / "below" / "b.yaml").write_text("b")
        async with asyncio.timeout(PATIENCE):
            heard: set[str] = set()
            while not heard >= {f"{tmp_path}/a.yaml", f"{tmp_path}/below/b.yaml"}:
                heard |= await watch.wait(until=watch_for_good())
        watch.close()


async def test_the_same_folders_are_listened_to_once(tmp_path: Path) -> None:
    began: list[Collection[str]] = []

    async def listen(folders: Collection[str]) -> AsyncIterator[Collection[str]]:
        began.append(folders)
        yield await asyncio.get_running_loop().create_future()

    async with asyncio.TaskGroup() as group:
        watch = FolderWatch(group=group, clock=ManualClock(), listen=listen)
        assert await watch.follow({"/a": (1, 1)})
        assert not await watch.follow({"/a": (1, 1)})
        assert await watch.follow({"/a": (1, 2)})
        assert await watch.follow({"/a": (1, 2), "/b": (1, 3)})
        assert began == [("/a",), ("/a",), ("/a", "/b")]
        watch.close()


async def test_a_wait_in_vain_ends_at_its_moment() -> None:
    clock = ManualClock()
    async with asyncio.TaskGroup() as group:
        watch = FolderWatch(group=group, clock=clock)
        waiting = group.create_task(watch.wait(until=1.0))
        await clock.advance(0.9)
        assert not waiting.done()
        await clock.advance(0.1)
        assert await waiting == frozenset()
    assert clock.sleepers == 0


async def test_a_failure_is_told_and_tried_again() -> None:
    fails = True

    async def listen(folders: Collection[str]) -> AsyncIterator[Collection[str]]:
        if fails:
            raise OSError(28, "no space left on device")
        yield set(folders)
        await asyncio.get_running_loop().create_future()

    async with asyncio.TaskGroup() as group:
        watch = FolderWatch(group=group, clock=ManualClock(), listen=listen)
        assert not await watch.follow({"/a": (1, 1)})
        assert watch.failure == "no space left on device"
        fails = False
        assert await watch.follow({"/a": (1, 1)})
        assert watch.failure == ""
        assert await watch.wait(until=1.0) == {"/a"}
        watch.close()


async def test_a_folder_that_is_gone_already_wakes_who_waits(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        watch = FolderWatch(group=group, clock=ManualClock())
        await watch.follow({f"{tmp_path}/soon": (1, 1)})
        async with asyncio.timeout(PATIENCE):
            assert await watch.wait(until=1.0) == frozenset()
        assert watch.failure == ""
        (tmp_path / "soon").mkdir()
        assert await watch.follow({f"{tmp_path}/soon": (1, 1)})
        watch.close()


async def test_a_fault_of_this_program_is_not_kept_quiet() -> None:
    async def listen(folders: Collection[str]) -> AsyncIterator[Collection[str]]:
        yield [str(1 // 0), *folders]

    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.TaskGroup() as group:
            await FolderWatch(group=group, clock=ManualClock(), listen=listen).follow({"/a": (1, 1)})
    assert caught.group_contains(ZeroDivisionError)


def watch_for_good() -> float:
    """Return a moment that no test reaches."""
    return MonotonicClock().now() + 10 * PATIENCE
