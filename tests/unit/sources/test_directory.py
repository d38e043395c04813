"""A folder of real files, really watched. Time stands still until a test moves it, and doubts with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import threading
from collections.abc import AsyncIterator, Collection, Iterable
from pathlib import Path

import pytest

from legation.errors import SourceError
from legation.model.objects import Place
from legation.model.problems import Level
from legation.sources.base import SourceState
from legation.sources.directory import DirectorySource
from legation.sources.folder_watch import Listen, listen
from legation.sources.manifests import Reading, read_text
from legation.sources.settling import QUIET
from legation.sources.tree import Tree, walk
from legation.testing import ManualClock
from tests.unit.sources.rig import PATIENCE, Recorder, codes, key, manifest, names, running, values


class World:
    """A source on a folder, and what it published."""

    def __init__(self, folder: Path, source: DirectorySource, clock: ManualClock, recorder: Recorder) -> None:
        self.folder = folder
        self.source = source
        self.clock = clock
        self.recorder = recorder
        self._marks = 0

    @property
    def state(self) -> SourceState:
        return self.recorder.newest

    async def has(self, *wanted: str) -> SourceState:
        """Wait until exactly these objects are there."""
        return await self.recorder.until(lambda state: names(state) - {"mark"} == set(wanted))

    async def noticed(self) -> SourceState:
        """Wait until all that was done before was seen, believed or not: until a change made now is published."""
        self._marks += 1
        mark = self._marks
        (self.folder / "zz-mark.yaml").write_text(manifest("mark", mark))
        return await self.recorder.until(lambda state: values(state).get("mark") == mark)

    async def asleep(self) -> None:
        """Wait until nothing is left but to let time pass: the first look is followed by another, in a thread."""
        while not self.clock.sleepers:
            await self.clock.advance(0.0)

    async def quiet(self) -> SourceState:
        """Wait until all was seen, and let the time of doubt pass."""
        await self.noticed()
        before = len(self.recorder.states)
        await self.clock.advance(QUIET)
        return await self.recorder.until(lambda _: len(self.recorder.states) > before)


@contextlib.asynccontextmanager
async def watching(path: Path, listen: Listen = listen) -> AsyncIterator[World]:
    clock = ManualClock()
    source = DirectorySource(path, clock=clock, listen=listen)
    async with running(source) as recorder:
        yield World(path.parent if path.suffix else path, source, clock, recorder)


def make(folder: Path) -> None:
    folder.mkdir()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with objects a and b in one file, and c in another further down."""
    folder = tmp_path / "manifests"
    (folder / "sub").mkdir(parents=True)
    (folder / "one.yaml").write_text(manifest("a") + manifest("b"))
    (folder / "sub" / "two.json").write_text(
        '{"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "c"}, "value": 1}'
    )
    return folder


async def test_the_first_state_holds_everything(folder: Path) -> None:
    async with watching(folder) as world:
        assert names(world.recorder.states[0]) == {"a", "b", "c"}
        assert world.source.name == f"directory {folder}"
        assert str(world.state.objects[key("c")].place) == f"{folder}/sub/two.json:1:1"


async def test_an_empty_folder_is_an_empty_state(tmp_path: Path) -> None:
    async with watching(tmp_path) as world:
        assert world.recorder.states == [SourceState()]


async def test_construction_reads_nothing_and_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path / "gone")
    with pytest.raises(SourceError) as caught:
        await source.run(Recorder())
    assert str(caught.value) == (
        f"directory {tmp_path}/gone: no such file or directory (create it, or name another folder)"
    )


async def test_a_saved_file_is_published_without_a_wait_and_only_its_document_is_new(folder: Path) -> None:
    async with watching(folder) as world:
        before = world.state.objects
        (folder / "one.yaml").write_text(manifest("a", 2) + "# a comment\n" + manifest("b"))
        state = await world.recorder.until(lambda state: values(state)["a"] == 2)
        assert state.objects[key("a")] is not before[key("a")]
        assert state.objects[key("b")] is before[key("b")]
        assert state.objects[key("c")] is before[key("c")]
        assert world.source.locate(before[key("b")].place, ("value",)) == Place(f"{folder}/one.yaml", 13, 1)
        assert world.source.locate(None, ("value",)) is None


async def test_a_save_of_the_same_text_publishes_nothing(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / "one.yaml").write_text((folder / "one.yaml").read_text())
        await world.noticed()
        assert len(world.recorder.states) == 2


async def test_two_saves_of_one_size_at_one_moment_are_told_apart(folder: Path) -> None:
    async with watching(folder) as world:
        for value in range(2, 9):
            (folder / "one.yaml").write_text(manifest("a", value) + manifest("b"))
            os.utime(folder / "one.yaml", ns=(1, 1))
        await world.recorder.until(lambda state: values(state)["a"] == 8)


async def test_new_files_and_new_folders_are_read(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / "new.yml").write_text(manifest("d"))
        await world.has("a", "b", "c", "d")
        (folder / "deep" / "deeper").mkdir(parents=True)
        (folder / "deep" / "deeper" / "new.yaml").write_text(manifest("e"))
        await world.has("a", "b", "c", "d", "e")
        (folder / "deep" / "deeper" / "new.yaml").write_text(manifest("e", 2))
        await world.recorder.until(lambda state: values(state).get("e") == 2)


async def test_many_files_at_once_are_read(folder: Path) -> None:
    async with watching(folder) as world:
        for number in range(300):
            (folder / f"{number}.yaml").write_text(manifest(f"n{number}"))
        await world.has("a", "b", "c", *(f"n{number}" for number in range(300)))


async def test_a_file_that_loses_an_object_is_read_again_before_that_is_believed(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / "one.yaml").write_text(manifest("b"))
        assert names(await world.noticed()) == {"a", "b", "c", "mark"}
        await world.clock.advance(QUIET * 0.9)
        assert names(world.state) == {"a", "b", "c", "mark"}
        await world.clock.advance(QUIET * 0.2)
        await world.has("b", "c")


async def test_a_save_in_steps_deletes_nothing(folder: Path) -> None:
    async with watching(folder) as world:
        before = world.state.objects
        text = (folder / "one.yaml").read_text()
        with (folder / "one.yaml").open("w") as file:
            await world.noticed()
            file.write(text[:-70])
            file.flush()
            await world.noticed()
            file.write(text[-70:])
        await world.noticed()
        await world.clock.advance(QUIET)
        state = await world.noticed()
        assert {each: found for each, found in state.objects.items() if each.name != "mark"} == before
        assert all(not codes(state) and names(state) >= {"a", "b", "c"} for state in world.recorder.states)


async def test_a_save_by_rename_is_no_deletion(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / ".one.yaml.swp").write_text(manifest("a", 2) + manifest("b"))
        (folder / ".one.yaml.swp").rename(folder / "one.yaml")
        await world.recorder.until(lambda state: values(state)["a"] == 2)
        (folder / "one.yaml").rename(folder / "one.yaml~")
        await world.noticed()
        (folder / "one.yaml").write_text(manifest("a", 3) + manifest("b"))
        await world.recorder.until(lambda state: values(state)["a"] == 3)
        assert all(names(state) >= {"a", "b", "c"} for state in world.recorder.states)


async def test_a_deleted_file_takes_its_objects_with_it(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / "one.yaml").unlink()
        assert names(await world.noticed()) == {"a", "b", "c", "mark"}
        assert names(await world.quiet()) == {"c", "mark"}


async def test_a_deleted_folder_takes_its_objects_with_it(folder: Path) -> None:
    async with watching(folder) as world:
        shutil.rmtree(folder / "sub")
        assert names(await world.quiet()) == {"a", "b", "mark"}


async def test_a_renamed_file_keeps_its_objects(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / "one.yaml").rename(folder / "sub" / "moved.yaml")
        await world.recorder.until(lambda state: str(state.objects[key("a")].place).endswith("moved.yaml:2:1"))
        assert all(names(state) >= {"a", "b", "c"} and not codes(state) for state in world.recorder.states)


async def test_an_emptied_file_is_a_problem_and_no_deletion(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / "one.yaml").write_text("")
        state = await world.quiet()
        assert state.broken == {f"{folder}/one.yaml"}
        assert [str(problem) for problem in state.problems] == [
            (
                f"{folder}/one.yaml: the file is empty; what it held before stays in use "
                "(to delete its objects, delete the file)"
            )
        ]


async def test_a_half_written_file_is_a_problem_with_its_place(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / "one.yaml").write_text(manifest("a") + manifest("b") + "---\nspec: {config: [\n")
        state = await world.quiet()
        assert state.broken == {f"{folder}/one.yaml"}
        assert [str(problem) for problem in state.problems] == [
            (
                f"{folder}/one.yaml:15:1: this is not YAML: while parsing a flow node, "
                "did not find expected node content "
                "(the text ends in the middle of something: is the file half-written?)"
            )
        ]
        (folder / "one.yaml").write_text(manifest("a") + manifest("b"))
        await world.recorder.until(lambda state: not state.problems and not state.broken)


async def test_files_that_cannot_be_read_are_problems_with_the_reason(folder: Path) -> None:
    (folder / "bytes.yaml").write_bytes(b"a: \xff\n")
    (folder / "folder.yaml").mkdir()
    (folder / "nowhere.yaml").symlink_to("gone")
    os.mkfifo(folder / "pipe.yaml")
    async with watching(folder) as world:
        assert names(world.state) == {"a", "b", "c"}
        mend = "(mend it or delete it; what it held before stays in use)"
        assert [str(problem) for problem in world.state.problems] == [
            f"{folder}/bytes.yaml: the file cannot be read: it is not UTF-8 text (byte 4) {mend}",
            f"{folder}/folder.yaml: the file cannot be read: it is a folder {mend}",
            f"{folder}/nowhere.yaml: the file cannot be read: no such file or directory {mend}",
            f"{folder}/pipe.yaml: the file cannot be read: it is not a regular file {mend}",
        ]
        assert len(world.state.broken) == 4


async def test_a_file_without_permission_is_a_problem_and_no_deletion(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    # Whoever runs the tests may be allowed to read everything, so the system's refusal is played.
    def refuse(path: str, flags: int) -> int:
        if path.endswith("one.yaml"):
            raise PermissionError(13, "Permission denied")
        return opened(path, flags)

    async with watching(folder) as world:
        monkeypatch.setattr("legation.sources.directory.os.open", refuse)
        (folder / "one.yaml").write_text(manifest("a", 2))
        state = await world.quiet()
        assert state.broken == {f"{folder}/one.yaml"}
        assert [problem.message for problem in state.problems] == ["the file cannot be read: permission denied"]


async def test_a_byte_order_mark_is_no_part_of_the_text(folder: Path) -> None:
    (folder / "one.yaml").write_text(manifest("a")[4:], encoding="utf-8-sig")
    async with watching(folder) as world:
        assert names(world.state) == {"a", "c"}


async def test_a_mounted_config_map_is_followed_through_its_swap(tmp_path: Path) -> None:
    for version, value in (("..2026_1", 1), ("..2026_2", 2)):
        (tmp_path / version).mkdir()
        (tmp_path / version / "cm.yaml").write_text(manifest("a", value) + manifest("b"))
    (tmp_path / "..data").symlink_to("..2026_1")
    (tmp_path / "cm.yaml").symlink_to("..data/cm.yaml")
    async with watching(tmp_path) as world:
        before = world.state.objects
        assert values(world.state) == {"a": 1, "b": 1}
        assert str(before[key("a")].place) == f"{tmp_path}/cm.yaml:2:1"
        (tmp_path / "..data_tmp").symlink_to("..2026_2")
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")
        shutil.rmtree(tmp_path / "..2026_1")
        state = await world.recorder.until(lambda state: values(state)["a"] == 2)
        assert state.objects[key("b")] is before[key("b")]
        assert all(names(state) == {"a", "b"} and not state.problems for state in world.recorder.states)
        (tmp_path / "..2026_2" / "cm.yaml").write_text(manifest("a", 3) + manifest("b"))
        await world.recorder.until(lambda state: values(state)["a"] == 3)


async def test_the_target_of_a_link_is_heard_where_it_is(tmp_path: Path, folder: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "d.yaml").write_text(manifest("d"))
    (folder / "d.yaml").symlink_to(outside / "d.yaml")
    async with watching(folder) as world:
        (outside / "d.yaml").write_text(manifest("d", 2))
        await world.recorder.until(lambda state: values(state)["d"] == 2)
        (outside / "new").write_text(manifest("d", 3))
        (outside / "new").rename(outside / "d.yaml")
        await world.recorder.until(lambda state: values(state)["d"] == 3)


async def test_a_folder_given_by_a_link_is_followed_when_the_link_is_swapped(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(folder, tmp_path / "next")
    (tmp_path / "next" / "one.yaml").write_text(manifest("a", 2) + manifest("b"))
    (tmp_path / "current").symlink_to("manifests")
    async with watching(tmp_path / "current") as world:
        (tmp_path / "swap").symlink_to("next")
        (tmp_path / "swap").rename(tmp_path / "current")
        await world.recorder.until(lambda state: values(state)["a"] == 2)
        (tmp_path / "next" / "one.yaml").write_text(manifest("a", 3) + manifest("b"))
        await world.recorder.until(lambda state: values(state)["a"] == 3)
        assert all(names(state) == {"a", "b", "c"} for state in world.recorder.states)


async def test_a_folder_that_vanishes_changes_nothing_and_is_heard_again_when_it_is_back(folder: Path) -> None:
    async with watching(folder) as world:
        before = world.state.objects
        shutil.move(folder, f"{folder}-away")
        state = await world.recorder.until(lambda state: bool(state.problems))
        assert state.objects == before
        assert [str(problem) for problem in state.problems] == [
            (
                f"{folder}: this cannot be read: no such file or directory; what was read from it before stays in use "
                "(bring it back; objects go only when their file does)"
            )
        ]
        await world.clock.advance(QUIET * 20)
        assert world.state.objects == before
        shutil.move(f"{folder}-away", folder)
        state = await world.recorder.until(lambda state: not state.problems)
        assert state.objects == before
        (folder / "one.yaml").write_text(manifest("a", 2) + manifest("b"))
        await world.recorder.until(lambda state: values(state)["a"] == 2)


async def test_a_folder_that_vanishes_file_by_file_changes_nothing(folder: Path) -> None:
    async with watching(folder) as world:
        shutil.copytree(folder, f"{folder}-copy")
        (folder / "one.yaml").unlink()
        await world.noticed()
        shutil.rmtree(folder)
        await world.recorder.until(lambda state: bool(state.problems))
        await world.clock.advance(QUIET * 20)
        shutil.move(f"{folder}-copy", folder)
        await world.recorder.until(lambda state: not state.problems)
        assert all(names(state) >= {"a", "b", "c"} for state in world.recorder.states)


async def test_another_folder_of_the_same_name_takes_its_place(folder: Path) -> None:
    async with watching(folder) as world:
        shutil.move(folder, f"{folder}-away")
        shutil.copytree(f"{folder}-away", folder)
        shutil.rmtree(folder / "sub")
        (folder / "one.yaml").write_text(manifest("a", 2) + manifest("b") + manifest("c"))
        await world.recorder.until(lambda state: values(state) == {"a": 2, "b": 1, "c": 1} and not state.problems)
        (folder / "one.yaml").write_text(manifest("a", 3) + manifest("b") + manifest("c"))
        await world.recorder.until(lambda state: values(state)["a"] == 3)


async def test_an_empty_folder_in_its_place_changes_nothing_until_a_manifest_is_in_it(folder: Path) -> None:
    async with watching(folder) as world:
        before = world.state.objects
        shutil.move(folder, f"{folder}-away")
        make(folder)
        state = await world.recorder.until(lambda state: codes(state) == {"empty-folder"})
        assert [str(problem) for problem in state.problems] == [
            (
                f"{folder}: the folder itself was replaced or changed, and holds no manifest now; what was read from "
                "it before stays in use (put a manifest into it; to delete all objects, one with only a comment)"
            )
        ]
        await world.clock.advance(QUIET * 200)
        assert world.state.objects == before
        assert names(await world.noticed()) == {"a", "b", "c", "mark"}
        state = await world.quiet()
        assert (names(state), codes(state)) == ({"mark"}, set())


async def test_a_folder_that_is_removed_and_made_again_changes_nothing_even_as_the_same_inode(folder: Path) -> None:
    async with watching(folder) as world:
        shutil.rmtree(folder)
        make(folder)
        await world.recorder.until(lambda state: codes(state) == {"empty-folder"})
        await world.clock.advance(QUIET * 20)
        assert names(world.state) == {"a", "b", "c"}
        assert all(names(state) == {"a", "b", "c"} for state in world.recorder.states)


async def test_a_link_that_is_swapped_to_an_empty_folder_changes_nothing(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "next").mkdir()
    (tmp_path / "current").symlink_to("manifests")
    async with watching(tmp_path / "current") as world:
        (tmp_path / "swap").symlink_to("next")
        (tmp_path / "swap").rename(tmp_path / "current")
        await world.recorder.until(lambda state: codes(state) == {"empty-folder"})
        await world.clock.advance(QUIET * 20)
        assert names(world.state) == {"a", "b", "c"}
        (tmp_path / "swap").symlink_to(folder)
        (tmp_path / "swap").rename(tmp_path / "current")
        await world.recorder.until(lambda state: not state.problems)
        assert all(names(state) == {"a", "b", "c"} for state in world.recorder.states)


async def test_the_last_file_that_is_deleted_from_the_same_folder_is_a_deletion(folder: Path) -> None:
    async with watching(folder) as world:
        shutil.rmtree(folder / "sub")
        assert names(await world.quiet()) == {"a", "b", "mark"}
        (folder / "zz-mark.yaml").unlink()
        (folder / "one.yaml").unlink()
        async with asyncio.timeout(PATIENCE):
            while names(world.state):
                await world.clock.advance(QUIET)
                await asyncio.sleep(0)
        assert not any(state.problems for state in world.recorder.states)


async def test_a_folder_below_that_cannot_be_read_keeps_its_objects(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    async with watching(folder) as world:
        monkeypatch.setattr("legation.sources.tree.os.scandir", refuse)
        (folder / "new.yaml").write_text(manifest("d"))
        state = await world.has("a", "b", "c", "d")
        assert [str(problem) for problem in state.problems] == [
            (
                f"{folder}/sub: this cannot be read: permission denied; what was read from it before stays in use "
                "(bring it back; objects go only when their file does)"
            )
        ]
        await world.clock.advance(QUIET * 2)
        assert names(await world.noticed()) == {"a", "b", "c", "d", "mark"}


async def test_a_single_file_is_watched_too(folder: Path) -> None:
    async with watching(folder / "one.yaml") as world:
        assert names(world.state) == {"a", "b"}
        (folder / "new").write_text(manifest("a", 2) + manifest("b"))
        (folder / "new").rename(folder / "one.yaml")
        await world.recorder.until(lambda state: values(state)["a"] == 2)
        (folder / "one.yaml").write_text(manifest("a", 3) + manifest("b"))
        await world.recorder.until(lambda state: values(state)["a"] == 3)
        (folder / "one.yaml").unlink()
        state = await world.recorder.until(lambda state: codes(state) == {"unreadable-folder"})
        assert names(state) == {"a", "b"}


async def test_a_file_becomes_a_folder(folder: Path) -> None:
    async with watching(folder) as world:
        (folder / "one.yaml").unlink()
        (folder / "one.yaml").mkdir()
        state = await world.quiet()
        assert codes(state) == {"unreadable-file"}
        assert state.broken == {f"{folder}/one.yaml"}


async def test_a_big_file_is_read_without_a_stop(folder: Path) -> None:
    async with watching(folder) as world:
        padding = "#" * 1_100_000
        (folder / "one.yaml").write_text(f"# {padding}\n" + manifest("a", 2) + manifest("b"))
        await world.recorder.until(lambda state: values(state)["a"] == 2)


async def test_how_big_a_file_is_counts_in_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def read(text: str, *, file: str, earlier: Iterable[Reading]) -> Reading:
        threads.append(threading.current_thread())
        return read_text(text, file=file, earlier=earlier)

    async with watching(folder) as world:
        monkeypatch.setattr("legation.sources.directory.read_text", read)
        (folder / "one.yaml").write_text("# " + "ü" * 600_000 + "\n" + manifest("a", 2) + manifest("b"))
        await world.recorder.until(lambda state: values(state)["a"] == 2)
    assert threads
    assert threading.main_thread() not in threads


async def test_the_others_have_a_turn_between_the_files_of_a_big_load(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = 0
    read_at: list[int] = []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def read(text: str, *, file: str, earlier: Iterable[Reading]) -> Reading:
        read_at.append(turns)
        return read_text(text, file=file, earlier=earlier)

    monkeypatch.setattr("legation.sources.directory.read_text", read)
    for number in range(50):
        (folder / f"{number}.yaml").write_text(manifest(f"n{number}"))
    task = asyncio.create_task(others())
    async with watching(folder):
        assert len(set(read_at)) == len(read_at) == 52
    task.cancel()


async def test_what_cannot_be_heard_is_looked_for_once_a_second(folder: Path) -> None:
    def listen(_folders: Collection[str]) -> AsyncIterator[Collection[str]]:
        raise OSError("OS file watch limit reached")

    async with watching(folder, listen=listen) as world:
        (problem,) = world.state.problems
        assert problem.level is Level.WARNING
        assert str(problem) == (
            f"{folder}: changes cannot be heard, so they are looked for once a second: OS file watch limit reached "
            "(raise the limits fs.inotify.max_user_watches and fs.inotify.max_user_instances)"
        )
        await world.asleep()
        (folder / "one.yaml").write_text(manifest("a", 22) + manifest("b"))
        (folder / "sub" / "new.yaml").write_text(manifest("d"))
        await world.clock.advance(1.0)
        state = await world.has("a", "b", "c", "d")
        assert values(state)["a"] == 22
        (folder / "one.yaml").unlink()
        gone = asyncio.create_task(world.has("c", "d"))
        while not gone.done():  # it looks in a thread: that takes none of its time
            await world.clock.advance(QUIET)
        await gone


async def test_a_change_that_nobody_heard_is_found_by_a_look_every_ten_seconds(folder: Path) -> None:
    async def listen(_folders: Collection[str]) -> AsyncIterator[Collection[str]]:
        yield await asyncio.get_running_loop().create_future()

    async with watching(folder, listen=listen) as world:
        await world.asleep()
        (folder / "one.yaml").write_text(manifest("a", 22) + manifest("b"))
        await world.clock.advance(10.0)
        await world.recorder.until(lambda state: values(state)["a"] == 22)
        assert not world.state.problems


async def test_a_doubted_file_is_read_again_though_it_looks_unchanged(folder: Path) -> None:
    async def listen(_folders: Collection[str]) -> AsyncIterator[Collection[str]]:
        yield await asyncio.get_running_loop().create_future()

    def save(text: str) -> None:
        (folder / "one.yaml").write_text(text)
        os.utime(folder / "one.yaml", ns=(1, 1))

    async with watching(folder, listen=listen) as world:
        await world.asleep()
        save(manifest("a", 2) + manifest("x"))
        await world.clock.advance(10.0)
        await world.has("a", "b", "c", "x")
        save(manifest("a", 3) + manifest("b"))
        await world.clock.advance(QUIET)
        state = await world.has("a", "b", "c")
        assert values(state)["a"] == 3


async def test_a_known_file_that_changes_costs_no_look_at_the_tree(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(folder) as world:
        await world.noticed()
        looks: list[str] = []

        def look(path: str) -> Tree:
            looks.append(path)
            return walk(path)

        monkeypatch.setattr("legation.sources.directory.walk", look)
        (folder / ".one.yaml.swp").write_text("x")
        (folder / "notes.txt").write_text("x")
        (folder / "one.yaml").write_text(manifest("a", 2) + manifest("b"))
        await world.recorder.until(lambda state: values(state)["a"] == 2)
        assert looks == []
        (folder / "new.yaml").write_text(manifest("d"))
        await world.has("a", "b", "c", "d")
        assert looks
