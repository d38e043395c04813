"""A file that says what holds: what is tried again, and what leaves in place what it said before."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from legation.cli.followed_file import LOOK_AGAIN, FollowedFile
from legation.errors import SettingsError
from legation.model.problems import Problem
from legation.testing import ManualClock
from tests.unit.cli.looks import looks

NO_NUMBER = Problem(code="number", message="this is no number")


class World:
    """A file with a number."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.clock = ManualClock()
        self.told: list[int] = []
        self.read: Callable[[str], tuple[int | None, tuple[Problem, ...]]] = number
        self.followed = FollowedFile(
            file,
            read=self._read,
            what="number",
            setting="--number",
            code="number",
            clock=self.clock,
        )

    def _read(self, text: str) -> tuple[int | None, tuple[Problem, ...]]:
        return self.read(text)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        following = asyncio.create_task(self.followed.run(self.told.append))
        try:
            yield self
            assert not following.done()
        finally:
            following.cancel()


def number(text: str) -> tuple[int | None, tuple[Problem, ...]]:
    return (int(text), ()) if text.isdigit() else (None, (NO_NUMBER,))


@pytest.fixture
def world(tmp_path: Path) -> World:
    file = tmp_path / "number"
    file.write_text("1")
    return World(file)


async def test_another_content_is_told_when_it_is_the_same_for_two_looks(world: World) -> None:
    async with world.running():
        await looks(world.clock)
        world.file.write_text("22")
        await looks(world.clock, 1)
        assert world.told == []
        await looks(world.clock, 3)
    assert (world.told, world.followed.value) == ([22], 22)


async def test_what_could_not_be_read_is_tried_again_though_the_file_is_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.running():
        world.file.write_text("22")
        with monkeypatch.context() as forbidding, capture_logs() as logs:
            forbidding.setattr("legation.cli.followed_file.read_small", forbidden)
            await looks(world.clock, 4)
        # It is told once.
        assert [each["code"] for each in logs] == ["number"]
        (problem,) = world.followed.problems()
        assert (str(world.file) in str(problem), "--number" in problem.mend) == (True, True)
        assert (world.told, world.followed.value) == ([], 1)
        # As after chmod: neither its size nor its time is another one.
        await looks(world.clock)
    assert (world.told, world.followed.problems()) == ([22], ())


def forbidden(_: Path) -> bytes:
    raise PermissionError(13, "Permission denied")


async def test_a_fault_of_the_program_leaves_in_place_what_held(world: World) -> None:
    def broken(_: str) -> tuple[int | None, tuple[Problem, ...]]:
        raise ZeroDivisionError

    async with world.running():
        world.file.write_text("22")
        world.read = broken
        with capture_logs() as logs:
            await looks(world.clock, 3)
        assert logs
        assert world.followed.value == 1
        world.read = number
        world.file.write_text("333")
        await looks(world.clock)
    assert world.told == [333]


@pytest.mark.parametrize("content", [None, b"x", b"\xff"])
def test_a_file_that_is_broken_at_the_start_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "number"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match="--number"):
        World(file)


async def test_a_pipe_in_place_of_the_file_is_told(world: World) -> None:
    async with world.running():
        world.file.unlink()
        os.mkfifo(world.file)
        await looks(world.clock, 3)
        (problem,) = world.followed.problems()
        assert "it is no regular file" in problem.message
    assert (world.told, world.followed.value) == ([], 1)


async def test_a_look_that_hangs_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, mended = threading.Event(), threading.Event()

    def hang(_: object) -> tuple[None]:
        hanging.set()
        mended.wait(20)
        return (None,)

    async with world.running():
        await looks(world.clock)
        monkeypatch.setattr("legation.cli.followed_file.stamps", hang)
        try:
            world.clock.step(LOOK_AGAIN)
            assert await asyncio.to_thread(hanging.wait, 20)
            assert world.followed.problems() == ()
            monkeypatch.setattr("legation.cli.followed_file.SLOW", 0.0)
            assert "it takes longer than 0 s" in world.followed.problems()[0].message
        finally:
            mended.set()
        await looks(world.clock, 0)
        assert world.followed.value == 1
