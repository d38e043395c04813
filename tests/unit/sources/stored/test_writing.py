"""Brings what is planned to the disk. More of it is shown by test_store.py."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from legation.errors import StoreUnavailable
from legation.model.stored import Change
from legation.sources.stored.book import Book, Plan
from legation.sources.stored.journal import Journal
from legation.sources.stored.thread import OwnThread
from legation.sources.stored.writing import Writer
from tests.unit.sources.rig import PATIENCE
from tests.unit.sources.stored.stored_things import FakeDisk, key, put, soon


class World:
    """A writer, and what it told."""

    def __init__(self, *, slack: int = 1 << 20) -> None:
        self.book = Book()
        self.disk = FakeDisk()
        self.journal = Journal(self.disk, slack=slack)
        self.journal.open()
        self.kept: list[list[int]] = []
        self.troubles: list[str] = []
        self.thread = OwnThread("test")
        self.writer = Writer(
            self.book, self.journal, thread=self.thread, kept=self._note_kept, trouble_changed=self._note_trouble
        )

    def _note_kept(self, plans: Sequence[Plan]) -> None:
        self.kept.append([change.revision for plan in plans for change in plan.changes])

    def _note_trouble(self) -> None:
        self.troubles.append(str(self.writer.trouble or ""))


@contextlib.asynccontextmanager
async def a_world(*, slack: int = 1 << 20) -> AsyncIterator[World]:
    world = World(slack=slack)
    running = asyncio.create_task(world.writer.run())
    try:
        yield world
    finally:
        world.writer.end()
        await running
        world.thread.end()


def plan(*changes: Change) -> Plan:
    return Plan(changes=changes)


async def test_plans_that_wait_are_kept_together_in_their_order() -> None:
    async with a_world() as world:
        await asyncio.gather(*(world.writer.keep(plan(put(f"a{number}", number))) for number in range(1, 20)))
        assert world.kept == [[*range(1, 20)]]
        assert world.book.revision == 19


async def test_a_plan_without_changes_waits_for_nothing_when_nothing_waits() -> None:
    async with a_world() as world:
        world.disk.fails = lambda _call: True
        await world.writer.keep(plan())
        assert world.kept == []


async def test_trouble_is_told_once_and_over_when_a_write_works() -> None:
    async with a_world() as world:
        world.disk.fails = lambda call: call == "write"
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await world.writer.keep(plan(put("a", 1)))
        world.disk.fails = lambda _call: False
        await world.writer.keep(plan(put("a", 1)))
        assert world.troubles == ["[Errno 5] Input/output error", ""]


async def test_what_this_program_cannot_write_is_refused_and_the_next_one_works() -> None:
    async with a_world() as world:
        with pytest.raises(TypeError):
            await world.writer.keep(plan(put("a", 1, object())))
        await world.writer.keep(plan(put("b", 1)))
        assert [*world.book.kept] == [key("b")]
        assert world.troubles == []


async def test_while_nobody_writes_the_journal_is_written_anew_to_its_end() -> None:
    async with a_world(slack=1000) as world:
        for revision in range(1, 100):
            await world.writer.keep(plan(put("a", revision, revision)))
        await soon(lambda: not world.journal.is_due)
        assert "put_anew" in world.disk.calls[3:]


async def test_that_it_cannot_be_written_anew_is_told_and_nobody_is_refused() -> None:
    async with a_world(slack=1000) as world:
        world.disk.fails = lambda call: call == "begin_anew"
        for revision in range(1, 100):
            await world.writer.keep(plan(put("a", revision, revision)))
        assert (world.writer.growth, world.writer.trouble) == ("Input/output error", None)
        assert world.book.revision == 99
        world.disk.fails = lambda _call: False
        revision = 99
        while world.writer.growth:
            revision += 1
            await world.writer.keep(plan(put("a", revision, revision)))
        assert world.troubles == ["", ""]


async def test_when_it_has_ended_nothing_is_kept() -> None:
    async with a_world() as world:
        pass
    with pytest.raises(StoreUnavailable, match="ends"):
        await world.writer.keep(plan(put("a", 1)))


async def test_when_it_is_cancelled_nobody_knows_what_became_of_that_which_is_under_way() -> None:
    world = World()
    reached, may_go_on = threading.Event(), threading.Event()

    def sync() -> None:
        reached.set()
        may_go_on.wait(PATIENCE)

    world.disk.sync = sync  # type: ignore[method-assign]  # one that takes long
    running = asyncio.create_task(world.writer.run())
    writing = asyncio.create_task(world.writer.keep(plan(put("a", 1))))
    await asyncio.to_thread(reached.wait, PATIENCE)
    behind = asyncio.create_task(world.writer.keep(plan(put("b", 2))))
    await soon(lambda: bool(world.writer._queue))
    running.cancel()
    await asyncio.wait([running])
    answers = await asyncio.gather(writing, behind, return_exceptions=True)
    assert [getattr(each, "may_be_done", None) for each in answers] == [True, False]
    may_go_on.set()
    world.thread.end()
