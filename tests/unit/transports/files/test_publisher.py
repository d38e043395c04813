"""The driver of steps, with a disk in memory and time that stands still."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from legation.errors import FilesError
from legation.model.file_statistics import FileStatistics
from legation.testing import ManualClock
from legation.transports.files.plain_steps import PlainStep, PlainSteps
from legation.transports.files.publisher import LONG, LONGEST_PAUSE, Publisher
from tests.unit.transports.files.fakes import FULL, FakeWriter, RemovingSteps

PATIENCE = 20.0


class Stage:
    """A publisher, and what is around it."""

    def __init__(self, steps: PlainSteps | None = None) -> None:
        self.clock = ManualClock(100.0)
        self.writer = FakeWriter()
        self.told = 0
        self.publisher: Publisher[Mapping[str, bytes]] = Publisher(
            steps or RemovingSteps(), self.writer, clock=self.clock, changed=self._note
        )

    def _note(self) -> None:
        self.told += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """Run it for the time of a block."""
        task = asyncio.create_task(self.publisher.run())
        try:
            async with asyncio.timeout(PATIENCE):
                yield task
        finally:
            self.writer.go_on.set()
            task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the tasks and the thread of the disk run until it is so; the time stands still."""
        while not condition():  # noqa: ASYNC110 - a thread is waited for
            await asyncio.sleep(0.001)


async def test_what_is_offered_comes_to_stand_there() -> None:
    stage = Stage()
    async with stage.running():
        stage.publisher.offer({"lds": b"l", "cds": b"c"})
        await stage.publisher.wait_settled()
        assert stage.writer.steps == [(("cds", "lds"), ())]
        stage.publisher.offer({"cds": b"C"})
        assert not stage.publisher.settled
        await stage.publisher.wait_settled()
        assert stage.writer.steps[1:] == [(("cds",), ("lds",))]
        assert stage.writer.files == {"cds": b"C"}


async def test_before_something_is_offered_it_is_neither_published_nor_settled() -> None:
    stage = Stage()
    async with stage.running():
        await stage.clock.advance(1000.0)
        assert (stage.publisher.published, stage.publisher.settled) == (False, False)
        assert stage.publisher.statistics() == FileStatistics()
        stage.publisher.offer({})
        await stage.publisher.wait_settled()
        assert stage.publisher.published
    assert not stage.writer.steps


async def test_while_nothing_happens_nobody_wakes() -> None:
    stage = Stage()
    async with stage.running():
        stage.publisher.offer({"a": b"a"})
        await stage.publisher.wait_settled()
        await stage.clock.advance(0.0)
        assert stage.clock.sleepers == 0
        told = stage.told
        same = {"a": b"a"}
        stage.publisher.offer(same)
        assert stage.publisher.settled
        await stage.clock.advance(1e6)
        assert (stage.clock.sleepers, stage.told) == (0, told)
    assert len(stage.writer.steps) == 1


async def test_who_offers_whenever_something_changed_makes_no_circle() -> None:
    """Neither when all is well nor when the disk is full."""
    stage = Stage()
    stage.publisher._changed = lambda: stage.publisher.offer({"a": b"a"})
    for error in (FULL, None):
        stage.writer.error = error
        async with stage.running():
            stage.publisher.offer({"a": b"a"})
            await stage.until(lambda: stage.publisher.problems or stage.publisher.settled)
            await stage.clock.advance(0.5)
    assert len(stage.writer.steps) == 2


async def test_each_offer_is_looked_at_and_told_only_if_something_is_another() -> None:
    stage = Stage()
    looks: list[bool] = []
    stage.publisher._after_step = lambda: looks.append(stage.publisher.complete)
    async with stage.running():
        stage.publisher.offer({"a": b"a"})
        await stage.publisher.wait_settled()
        await stage.clock.advance(0.0)
        told, looked = stage.told, len(looks)
        stage.publisher.offer({"b": b"b"})
        stage.publisher.offer({"a": b"a"})
        await stage.publisher.wait_settled()
        await stage.clock.advance(0.0)
        assert (stage.told, len(looks)) == (told, looked + 1)
        assert looks[-1]


async def test_who_does_not_insist_ends_with_the_error() -> None:
    stage = Stage()
    stage.writer.error = FULL
    publisher = Publisher(PlainSteps(), stage.writer, clock=stage.clock, insist=False)
    publisher.offer({"a": b"a"})
    with pytest.raises(FilesError, match="the disk is full"):
        await publisher.run()
    assert len(stage.writer.steps) == 1


async def test_while_the_disk_is_busy_only_the_newest_is_kept() -> None:
    stage = Stage()
    async with stage.running():
        stage.writer.go_on.clear()
        stage.publisher.offer({"a": b"0"})
        await stage.until(stage.writer.hangs.is_set)
        for number in range(1, 10):
            stage.publisher.offer({"a": b"%d" % number})
        stage.writer.go_on.set()
        await stage.publisher.wait_settled()
    assert stage.writer.files == {"a": b"9"}
    assert len(stage.writer.steps) == 2


async def test_what_the_disk_does_not_take_is_a_problem_and_tried_again_later_and_later() -> None:
    stage = Stage()
    stage.writer.error = FULL
    async with stage.running():
        stage.publisher.offer({"a": b"a"})
        await stage.until(lambda: stage.publisher.problems)
        (problem,) = stage.publisher.problems
        assert (problem.code, problem.subject) == ("files-not-written", "/srv/current/a")
        assert str(problem) == "/srv/current/a is not written: the disk is full (free some space)"
        for pause in (1.0, 2.0, 4.0, 8.0, 16.0, LONGEST_PAUSE, LONGEST_PAUSE):
            tries = len(stage.writer.steps)
            await stage.clock.advance(pause - 0.5)
            assert len(stage.writer.steps) == tries
            await stage.clock.advance(0.5)
            await stage.until(lambda: stage.publisher.statistics().failures == tries + 1)  # noqa: B023 - awaited here
            await stage.clock.advance(0.0)
        stage.writer.error = None
        assert not stage.publisher.published
        await stage.clock.advance(LONGEST_PAUSE)
        await stage.publisher.wait_published()
        assert not stage.publisher.problems
        assert stage.publisher.settled
        # From the beginning: the next failure is another one.
        stage.writer.error = FULL
        stage.publisher.offer({"a": b"b"})
        await stage.until(lambda: stage.publisher.problems)
        stage.writer.error = None
        await stage.clock.advance(1.0)
        await stage.publisher.wait_settled()


async def test_what_is_newer_is_tried_at_once() -> None:
    stage = Stage()
    stage.writer.error = FULL
    async with stage.running():
        stage.publisher.offer({"a": b"a"})
        await stage.until(lambda: stage.publisher.problems)
        stage.writer.error = None
        stage.publisher.offer({"a": b"A"})
        await stage.publisher.wait_settled()
    assert stage.clock.now() == 100.0
    assert stage.writer.files == {"a": b"A"}


async def test_a_disk_that_hangs_is_a_problem_until_it_answers() -> None:
    stage = Stage()
    stage.writer.go_on.clear()
    async with stage.running():
        stage.publisher.offer({"a": b"a"})
        await stage.until(lambda: stage.writer.hangs.is_set() and stage.clock.sleepers)
        assert not stage.publisher.problems
        await stage.clock.advance(LONG)
        (problem,) = stage.publisher.problems
        assert (problem.code, problem.message) == (
            "disk-not-answering",
            "/srv/current is not written: the disk has not answered for 10 s",
        )
        stage.writer.go_on.set()
        await stage.publisher.wait_settled()
        assert not stage.publisher.problems


async def test_a_disk_that_hangs_does_not_keep_it_from_stopping() -> None:
    stage = Stage()
    stage.writer.go_on.clear()
    async with stage.running() as task:
        stage.publisher.offer({"a": b"a"})
        await stage.until(stage.writer.hangs.is_set)
        began = asyncio.get_running_loop().time()
        task.cancel()
        await asyncio.wait([task])
        # Not a measure of speed: the disk hangs for as long as a test waits.
        assert asyncio.get_running_loop().time() - began < PATIENCE / 2


async def test_a_step_that_is_being_written_ends_before_it_stops() -> None:
    stage = Stage()
    stage.writer.go_on.clear()
    async with stage.running() as task:
        stage.publisher.offer({"a": b"a"})
        await stage.until(stage.writer.hangs.is_set)
        task.cancel()
        await asyncio.sleep(0)
        stage.writer.go_on.set()
        await asyncio.wait([task])
        assert stage.writer.files == {"a": b"a"}


async def test_an_error_of_our_own_is_told_and_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    stage.writer.error = KeyError("secret")
    async with stage.running():
        with caplog.at_level(logging.ERROR):
            stage.publisher.offer({"a": b"a"})
            await stage.until(lambda: stage.publisher.problems)
        (problem,) = stage.publisher.problems
        assert problem.message == "/srv/current is not written: legation itself fails at it; its log tells where"
        assert [record.message for record in caplog.records] == ["files cannot be written"]
        stage.writer.error = None
        await stage.clock.advance(1.0)
        await stage.publisher.wait_settled()


async def test_counts() -> None:
    stage = Stage()
    stage.writer.error = FULL
    async with stage.running():
        stage.publisher.offer({"a": b"aa", "b": b"b"})
        await stage.until(lambda: stage.publisher.problems)
        assert stage.publisher.statistics().failing
        stage.writer.error = None
        await stage.clock.advance(1.0)
        await stage.publisher.wait_settled()
        stage.publisher.offer({"a": b"aa"})
        await stage.publisher.wait_settled()
        await stage.clock.advance(5.0)
    assert stage.publisher.statistics() == FileStatistics(
        steps=2,
        written=2,
        removed=1,
        written_bytes=3,
        failures=1,
        updates=2,
        update_seconds=1.0,
        last_update_seconds=0.0,
        since_success=5.0,
    )


class Slow(RemovingSteps):
    """Steps that remove what is gone later than the rest."""

    def __init__(self) -> None:
        super().__init__()
        self._since = math.inf
        self._now = 0.0

    def retarget(self, target: Mapping[str, bytes], now: float) -> None:
        super().retarget(target, now)
        self._since = now

    def next(self, now: float) -> PlainStep | None:
        self._now = now
        return super().next(now)

    def deadline(self) -> float | None:
        return self._since + 7.0 if super().gone() else None

    def gone(self) -> set[str]:
        return super().gone() if self._now >= self._since + 7.0 else set()


async def test_the_deadline_of_the_steps_is_kept() -> None:
    stage = Stage(Slow())
    async with stage.running():
        stage.publisher.offer({"a": b"a", "b": b"b"})
        await stage.publisher.wait_settled()
        stage.publisher.offer({"a": b"A"})
        await stage.until(lambda: stage.publisher.complete)
        assert not stage.publisher.settled
        await stage.clock.advance(6.5)
        assert "b" in stage.writer.files
        await stage.clock.advance(0.5)
        await stage.publisher.wait_settled()
        assert stage.writer.files == {"a": b"A"}
        assert stage.clock.sleepers == 0
