"""Objects that an API puts in and that outlive the program."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from legation.errors import (
    Compacted,
    FieldConflicts,
    InvalidObjects,
    InvalidQuery,
    ObjectNotFound,
    SettingsError,
    StoreUnavailable,
)
from legation.model.stored import NO_PRECONDITION, Change, ObjectStore, Outcome
from legation.sources.stored import given
from legation.sources.stored import store as module
from legation.sources.stored.disk import JOURNAL
from legation.sources.stored.journal_format import head_line
from legation.sources.stored.store import StoredObjects
from legation.testing import ManualClock
from tests.unit.sources.rig import PATIENCE, Recorder, codes, names, running
from tests.unit.sources.stored.stored_things import FakeDisk, a_store, key, soon, specs, thing


class HeldDisk(FakeDisk):
    """A disk that takes as long as a test wants: `sync` waits until the test lets it go on."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self.reached = asyncio.Event()
        self.may_go_on: asyncio.Future[None] | None = None

    def hold(self) -> None:
        self.reached.clear()
        self.may_go_on = self._loop.create_future()

    def let_go(self) -> None:
        assert self.may_go_on is not None
        self.may_go_on.set_result(None)
        self.may_go_on = None

    def sync(self) -> None:
        held = self.may_go_on
        if held is not None:
            self._loop.call_soon_threadsafe(self.reached.set)

            async def wait() -> None:
                await held

            asyncio.run_coroutine_threadsafe(wait(), self._loop).result(PATIENCE)
        super().sync()


@contextlib.asynccontextmanager
async def held(folder: Path) -> AsyncIterator[tuple[StoredObjects, HeldDisk, Recorder]]:
    disk = HeldDisk(asyncio.get_running_loop())
    async with a_store(folder, disk=disk) as (store, recorder):
        try:
            yield store, disk, recorder
        finally:
            if disk.may_go_on is not None:
                disk.let_go()


async def put(store: ObjectStore, *bodies: dict[str, Any], manager: str = "me") -> None:
    await store.apply(bodies, manager=manager)


async def all_of(store: ObjectStore) -> dict[str, Any]:
    return specs((await store.list()).objects)


async def take(changes: AsyncIterator[Change], number: int) -> list[tuple[int, str, Any]]:
    """Return the next changes: revision, name, and what it says then."""
    taken: list[tuple[int, str, Any]] = []
    async with asyncio.timeout(PATIENCE):
        while len(taken) < number:
            each = await anext(changes)
            taken.append((each.revision, each.key.name, each.stored and each.stored.body["spec"]))
    return taken


async def test_what_is_applied_is_published_and_is_there_after_a_restart(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, recorder):
        (applied,) = await store.apply([thing("a", {"x": 1})], manager="me")
        assert applied.outcome is Outcome.CREATED
        assert applied.stored.body["metadata"]["creationTimestamp"] == "2026-01-02T03:04:05.000000Z"
        await recorder.until(lambda state: names(state) == {"a"})
        before = await store.get(key("a"))
    async with a_store(tmp_path) as (store, recorder):
        assert names(recorder.states[0]) == {"a"}
        assert await store.get(key("a")) == before
        assert store.revision == 1
        with pytest.raises(FieldConflicts):
            await put(store, thing("a", {"x": 2}), manager="other")


async def test_whatever_the_clock_says_what_was_there_first_is_older(tmp_path: Path) -> None:
    """Of two that claim one name the older one has it."""
    created = []
    for which, now in (("ab", 1e9), ("c", 0.0)):
        store = StoredObjects(tmp_path, unix_time=lambda now=now: now)  # type: ignore[misc]  # a default binds it
        async with running(store):
            for name in which:
                (applied,) = await store.apply([thing(name, 1)], manager="me")
                created.append(applied.stored.body["metadata"]["creationTimestamp"])
    assert created == [f"2001-09-09T01:46:40.00000{number}Z" for number in range(3)]


async def test_what_is_deleted_is_gone_after_a_restart(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, recorder):
        await put(store, thing("a", 1), thing("b", 1))
        assert specs(await store.delete([(key("a"), NO_PRECONDITION)])) == {"a": 1}
        await recorder.until(lambda state: names(state) == {"b"})
        with pytest.raises(ObjectNotFound):
            await store.delete([(key("b"), NO_PRECONDITION), (key("a"), NO_PRECONDITION)])
    async with a_store(tmp_path) as (store, recorder):
        assert names(recorder.states[0]) == {"b"}
        with pytest.raises(ObjectNotFound):
            await store.get(key("a"))


async def test_whoever_calls_before_the_journal_is_read_waits(tmp_path: Path) -> None:
    store = StoredObjects(tmp_path)
    early = asyncio.create_task(store.apply([thing("a", 1)], manager="me"))
    async with running(store):
        (applied,) = await early
        assert applied.outcome is Outcome.CREATED


async def test_nobody_reads_what_the_disk_does_not_have_yet(tmp_path: Path) -> None:
    async with held(tmp_path) as (store, disk, recorder):
        disk.hold()
        applying = asyncio.create_task(store.apply([thing("a", 1)], manager="me"))
        await disk.reached.wait()
        assert await all_of(store) == {}
        assert names(recorder.newest) == set()
        assert not applying.done()
        disk.let_go()
        await applying
        assert await all_of(store) == {"a": 1}


async def test_what_is_kept_is_published_before_anybody_is_told(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, recorder):
        await put(store, thing("a", 1))
        assert names(recorder.newest) == {"a"}
        await store.delete([(key("a"), NO_PRECONDITION)])
        assert names(recorder.newest) == set()


async def test_those_who_wait_for_the_disk_wait_together(tmp_path: Path) -> None:
    async with held(tmp_path) as (store, disk, recorder):
        disk.hold()
        first = asyncio.create_task(put(store, thing("a", 1)))
        await disk.reached.wait()
        others = [asyncio.create_task(put(store, thing(f"b{number}", 1))) for number in range(50)]
        await soon(lambda: len(store._writer._queue) == 50 if store._writer else False)
        disk.calls.clear()
        states = len(recorder.states)
        disk.let_go()
        await asyncio.gather(first, *others)
        assert disk.calls.count("sync") == 2
        await recorder.until(lambda state: len(names(state)) == 51)
        assert len(recorder.states) <= states + 2


async def test_a_conflict_with_what_the_disk_does_not_have_yet_is_told_when_it_can_be_read(tmp_path: Path) -> None:
    async with held(tmp_path) as (store, disk, _):
        disk.hold()
        first = asyncio.create_task(put(store, thing("a", 1)))
        await disk.reached.wait()
        second = asyncio.create_task(put(store, thing("a", 2), manager="other"))
        same = asyncio.create_task(store.apply([thing("a", 1)], manager="me"))
        await soon(lambda: len(store._writer._queue) == 2 if store._writer else False)
        assert not second.done()
        disk.let_go()
        with pytest.raises(FieldConflicts):
            await second
        assert (await same)[0].outcome is Outcome.UNCHANGED
        await first
        assert await all_of(store) == {"a": 1}


@pytest.mark.parametrize("failing", ["write", "sync"])
async def test_a_write_that_fails_is_refused_with_what_was_queued_behind_it(tmp_path: Path, failing: str) -> None:
    async with held(tmp_path) as (store, disk, recorder):
        await put(store, thing("a", 1))
        disk.hold()
        earlier = asyncio.create_task(put(store, thing("a", 2)))
        await disk.reached.wait()
        disk.fails = lambda call: call == failing
        behind = [asyncio.create_task(put(store, thing("a", number))) for number in range(3, 6)]
        await soon(lambda: len(store._writer._queue) == 3 if store._writer else False)
        disk.let_go()
        if failing == "sync":  # it was held in this one
            with pytest.raises(StoreUnavailable, match=r"Input/output error.* not known") as unknown:
                await earlier
            assert unknown.value.may_be_done, "it is in the file, and nobody knows if it is on the disk"
        else:
            await earlier
        for each in behind:
            with pytest.raises(StoreUnavailable, match="Input/output error") as refused:
                await each
            assert not refused.value.may_be_done
        assert await all_of(store) == {"a": 1 if failing == "sync" else 2}
        await recorder.until(lambda state: codes(state) == {"store-unwritable"})
        (problem,) = recorder.newest.problems
        assert "Input/output error" in problem.message
        disk.fails = lambda _call: False
        await put(store, thing("b", 1))
        await recorder.until(lambda state: codes(state) == set() and names(state) == {"a", "b"})
        left = disk.file.after_power_failure()
    async with a_store(tmp_path, disk=FakeDisk(left)) as (store, recorder):
        assert await all_of(store) == {"a": 1 if failing == "sync" else 2, "b": 1}
        assert recorder.newest.problems == ()


async def test_of_what_cannot_be_taken_back_it_is_said_that_it_may_be_kept(tmp_path: Path) -> None:
    async with held(tmp_path) as (store, disk, _):
        await put(store, thing("a", 1))
        disk.fails = lambda call: call in {"write", "cut"}
        with pytest.raises(StoreUnavailable) as caught:
            await put(store, thing("b", 1))
        assert caught.value.may_be_done
        disk.fails = lambda call: call == "begin_anew"
        with pytest.raises(StoreUnavailable) as caught:
            await put(store, thing("c", 1))
        assert not caught.value.may_be_done, "nothing of it was written"


async def test_what_was_asked_for_before_the_end_is_answered_by_what_became_of_it(tmp_path: Path) -> None:
    disk = HeldDisk(asyncio.get_running_loop())
    store = StoredObjects(tmp_path, disk=disk)
    recorder = Recorder()
    running = asyncio.create_task(store.run(recorder))
    assert await all_of(store) == {}
    disk.hold()
    writing = asyncio.create_task(put(store, thing("a", 1)))
    await disk.reached.wait()
    behind = asyncio.create_task(put(store, thing("b", 1)))
    await soon(lambda: len(store._writer._queue) == 1 if store._writer else False)
    running.cancel()
    await soon(lambda: store._writer is not None and store._writer.is_ended)
    with pytest.raises(StoreUnavailable, match="ends") as late:
        await put(store, thing("c", 1))
    assert not late.value.may_be_done
    disk.let_go()
    await asyncio.gather(writing, behind)
    await asyncio.wait([running])
    assert names(recorder.newest) == {"a", "b"}
    async with a_store(tmp_path, disk=FakeDisk(disk.file.after_power_failure())) as (again, _):
        assert await all_of(again) == {"a": 1, "b": 1}


async def test_a_disk_that_takes_nothing_at_the_start_is_served_and_tried_again(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        await put(store, thing("a", 1))
    disk, clock = FakeDisk((tmp_path / JOURNAL).read_bytes()), ManualClock()
    disk.fails = lambda call: call != "open"
    async with a_store(tmp_path, disk=disk, clock=clock) as (store, recorder):
        await recorder.until(lambda state: names(state) == {"a"})
        (problem,) = recorder.newest.problems
        assert (problem.code, "Input/output error" in problem.message) == ("store-unwritable", True)
        with pytest.raises(StoreUnavailable, match="Input/output error"):
            await put(store, thing("b", 1))
        disk.fails = lambda _call: False
        await clock.advance(10)
        await recorder.until(lambda state: state.problems == ())
        await put(store, thing("b", 1))
        left = disk.file.after_power_failure()
    async with a_store(tmp_path, disk=FakeDisk(left)) as (store, _):
        assert await all_of(store) == {"a": 1, "b": 1}


async def test_when_another_process_takes_the_folder_nothing_is_kept_and_all_are_told(tmp_path: Path) -> None:
    disk = FakeDisk()
    async with a_store(tmp_path, disk=disk) as (store, recorder):
        await put(store, thing("a", 1))
        disk.was_taken = True
        with pytest.raises(StoreUnavailable, match="another process keeps objects"):
            await put(store, thing("b", 1))
        await recorder.until(lambda state: codes(state) == {"store-taken"})
        assert await all_of(store) == {"a": 1}


async def test_who_stops_waiting_does_not_stop_the_write(tmp_path: Path) -> None:
    async with held(tmp_path) as (store, disk, recorder):
        disk.hold()
        applying = asyncio.create_task(put(store, thing("a", 1)))
        await disk.reached.wait()
        applying.cancel()
        await asyncio.wait([applying])
        disk.let_go()
        await recorder.until(lambda state: names(state) == {"a"})


async def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        await put(store, thing("a", 1))
        applied = await store.apply([thing("a", 2), thing("b", 1)], manager="me", dry_run=True)
        assert [(each.outcome, each.stored.resource_version) for each in applied] == [("changed", "1"), ("created", "")]
        assert specs(await store.delete([(key("a"), NO_PRECONDITION)], dry_run=True)) == {"a": 1}
        assert await all_of(store) == {"a": 1}
        assert store.revision == 1


async def test_what_is_no_object_and_no_manager_is_refused(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        with pytest.raises(InvalidObjects):
            await put(store, thing("a", 1), {"kind": "Thing"})
        for manager in ("", "x" * 129, "a\nb"):
            with pytest.raises(InvalidQuery, match="manager: "):
                await put(store, thing("a", 1), manager=manager)
        assert await all_of(store) == {}


async def test_a_watch_tells_every_change_after_a_revision(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        await put(store, thing("a", 1), thing("b", 1))
        changes = store.watch(1)
        assert await take(changes, 1) == [(2, "b", 1)]
        waiting = asyncio.create_task(take(changes, 3))
        await put(store, thing("a", 2))
        await store.delete([(key("b"), NO_PRECONDITION)])
        await put(store, thing("c", 1))
        assert await waiting == [(3, "a", 2), (4, "b", None), (5, "c", 1)]


async def test_a_watch_from_now_on_tells_nothing_that_was_before(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        await put(store, thing("a", 1))
        changes = store.watch()
        waiting = asyncio.create_task(take(changes, 1))
        await soon(lambda: waiting.done() or changes.ag_await is not None)  # type: ignore[attr-defined]  # a generator
        await put(store, thing("b", 1))
        assert await waiting == [(2, "b", 1)]


async def test_a_watch_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        await put(store, thing("a", 1))
        await put(store, thing("b", 1))
        await store.delete([(key("a"), NO_PRECONDITION)])
    async with a_store(tmp_path) as (store, _):
        assert await take(store.watch(1), 2) == [(2, "b", 1), (3, "a", None)]
        with pytest.raises(Compacted):
            await anext(store.watch(4))


async def test_what_the_journal_does_not_hold_any_more_cannot_be_watched_after_a_restart(tmp_path: Path) -> None:
    async with a_store(tmp_path, slack=0) as (store, _):
        for number in range(30):
            await put(store, thing("a", number))
        await soon(lambda: compacted(store))
    async with a_store(tmp_path) as (store, _):
        assert await all_of(store) == {"a": 29}
        assert store.revision == 30
        with pytest.raises(Compacted):
            await anext(store.watch(1))


def compacted(store: StoredObjects) -> bool:
    return store._writer is not None and not store._writer._journal.is_due


async def test_who_watched_another_store_that_was_in_the_folder_is_told(tmp_path: Path) -> None:
    for first, name in ((1, "a"), (1000, "b")):
        async with a_store(tmp_path, first_revision=first) as (store, _):
            await put(store, thing(name, 1))
            assert store.revision == first
            with pytest.raises(Compacted):
                await anext(store.watch(first - 2))
        async with a_store(tmp_path, first_revision=7) as (store, _):
            assert store.revision == first, "nobody made it anew"
        (tmp_path / JOURNAL).unlink()


async def test_when_it_ends_whoever_waits_is_told(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        watching = asyncio.create_task(take(store.watch(), 1))
        await soon(lambda: True)
    with pytest.raises(StoreUnavailable, match="ends"):
        await watching
    with pytest.raises(StoreUnavailable, match="ends"):
        await put(store, thing("a", 1))
    with pytest.raises(StoreUnavailable, match="ends"):
        await store.get(key("a"))


async def test_a_second_process_is_refused_in_words(tmp_path: Path) -> None:
    async with a_store(tmp_path):
        with pytest.raises(SettingsError, match=r"state_dir: .* is used by another process; end that one"):
            await StoredObjects(tmp_path).run(Recorder())


async def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = StoredObjects(tmp_path / "file")
    early = asyncio.create_task(put(store, thing("a", 1)))
    with pytest.raises(SettingsError, match=r"state_dir: .*give a folder"):
        await store.run(Recorder())
    with pytest.raises(StoreUnavailable):
        await early


async def test_a_journal_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    line = head_line(revision=1, objects=0)
    disk = FakeDisk(b"")
    newer = line.partition(b" ")[2].replace(b'"format":1', b'"format":99').rstrip()
    disk.file.seen += b"%08x %b\n" % (crc32(newer), newer)
    before = bytes(disk.file.seen)
    with pytest.raises(SettingsError, match="newer version"):
        await StoredObjects(tmp_path, disk=disk).run(Recorder())
    assert bytes(disk.file.seen) == before


async def test_damage_is_a_problem_and_the_damaged_file_is_kept(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        for number in range(3):
            await put(store, thing(f"a{number}", number))
    journal = tmp_path / JOURNAL
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"a1", b"hx")
    journal.write_bytes(b"".join(lines))
    async with a_store(tmp_path) as (store, recorder):
        assert await all_of(store) == {"a0": 0, "a2": 2}
        (problem,) = recorder.states[0].problems
        assert problem.code == "damaged-store"
        assert "line 3" in problem.message
        assert "objects.damaged-3" in problem.mend
        assert "hx" not in str(problem)
        await put(store, thing("a1", 1))
    assert (tmp_path / "objects.damaged-3").read_bytes() == b"".join(lines)
    async with a_store(tmp_path) as (store, recorder):
        assert await all_of(store) == {"a0": 0, "a1": 1, "a2": 2}
        assert recorder.states[0].problems == ()


async def test_an_end_that_is_torn_is_cut_off_without_a_word(tmp_path: Path) -> None:
    async with a_store(tmp_path) as (store, _):
        await put(store, thing("a", 1))
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'12345678 {"revision":2,"chan')
    async with a_store(tmp_path) as (store, recorder):
        assert recorder.states[0].problems == ()
        await put(store, thing("b", 1))
    async with a_store(tmp_path) as (store, recorder):
        assert await all_of(store) == {"a": 1, "b": 1}
        assert recorder.states[0].problems == ()


async def test_what_is_large_is_read_in_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readers: list[threading.Thread] = []

    def noted(bodies: Sequence[Any]) -> tuple[given.Given, ...]:
        readers.append(threading.current_thread())
        return given.read_all(bodies)

    monkeypatch.setattr(module, "read_all", noted)
    async with a_store(tmp_path) as (store, _):
        await store.apply([thing("small")], manager="me")
        await store.apply([{**thing("large"), "spec": {"text": "x" * 100_000}}], manager="me")
    assert [each is threading.current_thread() for each in readers] == [True, False]
