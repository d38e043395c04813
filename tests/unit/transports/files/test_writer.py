"""What every writer does, and what the one does that renames single files."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from legation.errors import FilesError
from legation.transports.files import disk
from legation.transports.files.anew import Anew
from legation.transports.files.symlink import SymlinkWriter
from legation.transports.files.writer import SECRET, RenamingWriter, Writer
from tests.unit.transports.files.small_disk import run_on_small_disks


class Layout(Protocol):
    def __call__(self, out: Path) -> Writer: ...


def renaming(out: Path) -> RenamingWriter:
    """Return the layout of crossover."""
    return RenamingWriter(out / "current", staging=out / "new")


def symlink(out: Path) -> SymlinkWriter:
    """Return the other one."""
    return SymlinkWriter(out)


@pytest.fixture(params=[renaming, symlink], ids=lambda each: each.__name__)
def layout(request: pytest.FixtureRequest) -> Layout:
    """Each layout in turn."""
    made: Layout = request.param
    return made


@pytest.fixture
def tight_umask() -> Iterator[None]:
    """Have nothing readable for others by itself."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def mode(path: Path) -> int:
    """Return the permissions of what a path leads to."""
    return stat.S_IMODE(path.stat().st_mode)


# Every layout


def test_files_come_to_stand_where_envoy_reads_them(layout: Layout, tmp_path: Path) -> None:
    writer = layout(tmp_path / "deep" / "out")
    done = writer.write({"cds.json": b"{}", "rds/edge.json": b"\xff\x00"})
    assert writer.folder == tmp_path / "deep" / "out" / "current"
    assert contents(writer.folder) == {"cds.json": b"{}", "rds/edge.json": b"\xff\x00"}
    assert (done.written, done.removed, done.written_bytes) == (2, 0, 4)


@pytest.mark.usefixtures("tight_umask")
def test_another_user_can_read_them_whatever_the_umask_says(layout: Layout, tmp_path: Path) -> None:
    writer = layout(tmp_path / "out")
    writer.write({"rds/edge.json": b"{}"})
    assert mode(writer.folder / "rds" / "edge.json") == 0o644
    for folder in (tmp_path / "out", writer.folder, writer.folder / "rds"):
        assert mode(folder) == 0o755


def test_what_stands_there_with_that_content_is_not_written_again_after_a_restart_either(
    layout: Layout, tmp_path: Path
) -> None:
    files = {"a.yaml": b"a", "b.yaml": b"b"}
    layout(tmp_path).write(files)
    again = layout(tmp_path)
    place = again.folder / "a.yaml"
    before = (place.stat().st_ino, again.folder.resolve())
    assert again.write(files).written == 0
    assert (place.stat().st_ino, again.folder.resolve()) == before
    assert again.write({**files, "b.yaml": b"B"}).written == 1
    assert place.stat().st_ino == before[0]
    assert contents(again.folder) == {"a.yaml": b"a", "b.yaml": b"B"}


def test_a_file_with_another_mode_is_written_again(layout: Layout, tmp_path: Path) -> None:
    writer = layout(tmp_path)
    writer.write({"a.yaml": b"a"})
    (writer.folder / "a.yaml").chmod(0o600)
    assert writer.write({"a.yaml": b"a"}).written == 1
    assert mode(writer.folder / "a.yaml") == 0o644


def test_what_is_to_be_moved_is_moved_though_it_stands_there(layout: Layout, tmp_path: Path) -> None:
    """Envoy looks at a file when it is moved there."""
    writer = layout(tmp_path)
    writer.write({"a.yaml": b"a"})
    before = (writer.folder / "a.yaml").stat().st_ino
    assert writer.write({"a.yaml": Anew(b"a")}).written == 1
    assert (writer.folder / "a.yaml").stat().st_ino != before
    assert contents(writer.folder) == {"a.yaml": b"a"}


def test_files_are_removed_and_one_that_is_not_there_is_no_error(layout: Layout, tmp_path: Path) -> None:
    writer = layout(tmp_path)
    writer.write({"a.yaml": b"a", "b.yaml": b"b", "sds/c.json": b"c"})
    done = writer.write({}, ["a.yaml", "sds/c.json", "nobody.yaml", "a.yaml/none"])
    assert contents(writer.folder) == {"b.yaml": b"b"}
    assert (done.written, done.removed) == (0, 2)


def test_what_is_put_and_removed_stands_there(layout: Layout, tmp_path: Path) -> None:
    writer = layout(tmp_path)
    writer.write({"a.yaml": b"a"})
    writer.write({"a.yaml": b"A"}, ["a.yaml"])
    assert contents(writer.folder) == {"a.yaml": b"A"}


def test_what_stands_there_can_be_read(layout: Layout, tmp_path: Path) -> None:
    writer = layout(tmp_path)
    assert writer.standing() == frozenset()
    assert writer.read("a.yaml") is None
    writer.write({"a.yaml": b"a", "rds/b.json": b"b"})
    assert writer.standing() == {"a.yaml", "rds/b.json"}
    assert writer.read("rds/b.json") == b"b"
    assert writer.read("rds/c.json") is None
    assert writer.read("a.yaml/c.json") is None


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/../../x", "/etc/x", "a//x", "a/", "./x", "a\0b", "ä" * 128])
def test_a_name_that_leaves_the_folder_is_refused_and_nothing_is_written(
    name: str, layout: Layout, tmp_path: Path
) -> None:
    writer = layout(tmp_path / "out")
    for puts, removes in (({"fine.yaml": b"", name: b""}, []), ({}, [name])):
        with pytest.raises(FilesError, match="no name for a file"):
            writer.write(puts, removes)
    assert not (tmp_path / "out").exists()


def test_a_file_where_a_folder_has_to_be_is_told_and_mended(layout: Layout, tmp_path: Path) -> None:
    writer = layout(tmp_path)
    writer.write({"rds": b"", "a.yaml": b"a"})
    with pytest.raises(FilesError, match="a file stands where a folder has to be") as caught:
        writer.write({"rds/edge.json": b"{}"})
    assert caught.value.path.endswith("/rds")
    assert contents(writer.folder) == {"rds": b"", "a.yaml": b"a"}
    writer.write({}, ["rds"])
    writer.write({"rds/edge.json": b"{}"})
    assert contents(writer.folder) == {"rds/edge.json": b"{}", "a.yaml": b"a"}


def test_a_folder_of_somebody_else_is_told(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", denied)
    with pytest.raises(FilesError, match=rf"the user with the id {os.geteuid()} may not write there \(.*fsGroup"):
        layout(tmp_path / "out").write({"a.yaml": b"a"})


def test_a_file_that_is_too_large_changes_nothing(layout: Layout, tmp_path: Path) -> None:
    """The limit of the process for the size of files, as one real error of a disk."""
    writer = layout(tmp_path)
    writer.write({"a.yaml": b"a"})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(FilesError, match=r"b.yaml: the file is larger than this process may write \(.*ulimit -f"):
            writer.write({"a.yaml": b"A", "b.yaml": bytes(5000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert contents(writer.folder) == {"a.yaml": b"a"}
    assert all("a.yaml" in name for name in contents(tmp_path)), "nothing is left beside"
    writer.write({"a.yaml": b"A", "b.yaml": bytes(5000)})
    assert contents(writer.folder) == {"a.yaml": b"A", "b.yaml": bytes(5000)}


FULL_AND_READ_ONLY = """
from legation.errors import FilesError
from tests.unit.transports.files.test_writer import {layout}, contents
writer = {layout}(small)
writer.write({{"a.yaml": b"a"}})

def attempt(puts):
    try:
        writer.write(puts)
    except FilesError as error:
        print(str(error).replace(str(small), "<out>"), type(error.__cause__).__name__)
    print(sorted(contents(writer.folder).items()))

attempt({{"a.yaml": b"A", "big.yaml": bytes(100_000)}})
print(sorted(str(each.name) for each in small.rglob("*") if each.is_file()))
attempt({{"a.yaml": b"A"}})
remount_read_only()
attempt({{"a.yaml": b"AA"}})
"""


def test_a_disk_that_is_full_or_read_only_is_told_and_keeps_what_it_has(layout: Layout, tmp_path: Path) -> None:
    """A real one."""
    script = FULL_AND_READ_ONLY.format(layout=layout.__name__)  # type: ignore[attr-defined]  # it is a function
    full, kept, left, again, read_only, last = run_on_small_disks(script, tmp_path).splitlines()
    assert full == ("<out>/current/big.yaml: the disk is full (free some space there, or give the volume more) OSError")
    assert kept == "[('a.yaml', b'a')]"
    assert left == "['a.yaml']"
    assert again == last == "[('a.yaml', b'A')]"
    assert read_only.endswith(
        ": the file system is read-only (mount the volume so that who writes the files may write to it) OSError"
    )


MOST_CALLS = 10
"""Calls with which each layout brings three files to the disk, at least."""


@pytest.mark.parametrize("at", range(MOST_CALLS))
def test_a_disk_that_fails_at_any_moment_leaves_each_file_whole(
    layout: Layout, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call that brings something to the disk fails once; what is left is swept up by the next step."""
    writer = layout(tmp_path)
    old = {"a.yaml": b"a", "b.yaml": b"b", "rds/c.json": b"c"}
    new = {"a.yaml": b"A", "b.yaml": b"B", "rds/c.json": b"C"}
    writer.write(old)
    calls = iter(range(100))

    def failing(call: str) -> None:
        real = getattr(os, call)

        def instead(*args: object, **kwargs: object) -> object:
            if next(calls) == at:
                raise OSError(5, "Input/output error")
            return real(*args, **kwargs)

        monkeypatch.setattr(os, call, instead)

    for each in ("fsync", "replace", "fchmod"):
        failing(each)
    with pytest.raises(FilesError, match="Input/output error"):
        writer.write(new)
    monkeypatch.undo()
    for name, content in contents(writer.folder).items():
        assert content in {old[name], new[name]}
    assert writer.standing() == old.keys()
    writer.write(new)
    assert contents(writer.folder) == new
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith((".part", ".new"))]


# Single files


def test_the_folder_is_real_and_never_replaced_and_files_are_moved_into_it(tmp_path: Path) -> None:
    writer = renaming(tmp_path)
    writer.write({"a.yaml": b"a"})
    folder, file = writer.folder.lstat(), (writer.folder / "a.yaml").stat()
    assert stat.S_ISDIR(folder.st_mode)
    writer.write({"a.yaml": b"A"})
    assert writer.folder.lstat().st_ino == folder.st_ino
    assert (writer.folder / "a.yaml").stat().st_ino != file.st_ino
    assert sorted(each.name for each in tmp_path.iterdir()) == ["current", "new"]
    assert mode(tmp_path / "new") == 0o755


def test_what_others_have_there_stays(tmp_path: Path) -> None:
    for name in ("current/theirs.yaml", "new/theirs.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"theirs")
    (tmp_path / "current").chmod(0o700)
    writer = renaming(tmp_path)
    writer.write({"a.yaml": b"a"})
    writer.write({}, ["a.yaml"])
    assert contents(tmp_path) == {"current/theirs.yaml": b"theirs", "new/theirs.yaml": b"theirs"}
    assert mode(tmp_path / "current") == 0o700


def test_what_a_crash_left_is_swept_up(tmp_path: Path) -> None:
    renaming(tmp_path).write({"a.yaml": b"a"})
    (tmp_path / "new" / ".part-7").write_bytes(b"half")
    renaming(tmp_path).write({"a.yaml": b"A"})
    assert contents(tmp_path) == {"current/a.yaml": b"A"}


@pytest.fixture
def did(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done to the disk, in order."""
    done: list[str] = []
    sync, replace = disk.sync, os.replace

    def noted_sync(path: Path) -> None:
        done.append("sync folder" if path.is_dir() else "sync")
        sync(path)

    def noted_replace(old: Path, new: Path) -> None:
        done.append(new.name)
        replace(old, new)

    monkeypatch.setattr(disk, "sync", noted_sync)
    monkeypatch.setattr(os, "replace", noted_replace)
    return done


FILES = {"z.json": b"", "a.json": b"", "m.json": b""}


def test_files_are_moved_in_their_order_after_all_are_on_the_disk(tmp_path: Path, did: list[str]) -> None:
    renaming(tmp_path).write(FILES)
    assert did == ["sync", "sync", "sync", "z.json", "a.json", "m.json", "sync folder"]


def test_they_may_be_brought_to_the_disk_after_that(tmp_path: Path, did: list[str]) -> None:
    RenamingWriter(tmp_path / "current", staging=tmp_path / "new", sync_first=False).write(FILES)
    assert did == ["z.json", "a.json", "m.json", "sync", "sync", "sync", "sync folder"]
    assert contents(tmp_path / "current") == FILES


def test_many_files_come_to_stand_there(layout: Layout, tmp_path: Path) -> None:
    files = {f"{number}.json": b"%d" % number for number in range(200)}
    writer = layout(tmp_path)
    writer.write(files)
    assert contents(writer.folder) == files


def test_what_was_moved_before_an_error_stays(tmp_path: Path) -> None:
    writer = renaming(tmp_path)
    (tmp_path / "current" / "b.yaml").mkdir(parents=True)
    with pytest.raises(FilesError, match=r"b\.yaml: a file stands where"):
        writer.write({"a.yaml": b"a", "b.yaml": b"b", "c.yaml": b"c"})
    assert contents(tmp_path) == {"current/a.yaml": b"a"}


@pytest.mark.usefixtures("tight_umask")
def test_a_secret_may_have_a_mode_of_its_own(tmp_path: Path) -> None:
    writer = RenamingWriter(
        tmp_path / "current",
        staging=tmp_path / "new",
        mode_of=lambda name: SECRET if name.startswith("sds/") else 0o644,
    )
    writer.write({"sds/key.json": b"key", "cds.json": b""})
    assert [mode(writer.folder / name) for name in ("sds/key.json", "cds.json")] == [0o640, 0o644]


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "current").symlink_to("elsewhere")
    with pytest.raises(FilesError, match="it is a symbolic link, and Envoy does not see changes behind one"):
        renaming(tmp_path).write({"a.yaml": b"a"})
    assert not contents(tmp_path / "elsewhere")


def test_a_link_in_place_of_a_folder_below_leads_nowhere(tmp_path: Path) -> None:
    """Who shares the volume must not have files written elsewhere."""
    writer = renaming(tmp_path / "out")
    writer.write({"a.yaml": b"a"})
    (tmp_path / "elsewhere").mkdir()
    (writer.folder / "rds").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "target").write_bytes(b"theirs")
    (writer.folder / "b.yaml").symlink_to(tmp_path / "target")
    with pytest.raises(FilesError, match="symbolic link"):
        writer.write({"rds/edge.json": b"{}"})
    writer.write({"b.yaml": b"ours"})
    assert not contents(tmp_path / "elsewhere")
    assert (tmp_path / "target").read_bytes() == b"theirs"
    assert writer.read("b.yaml") == b"ours"


TWO_DISKS = """
from legation.errors import FilesError
from legation.transports.files.writer import RenamingWriter
try:
    RenamingWriter(small / "current", staging=other / "new").write({"a.yaml": b"a"})
except FilesError as error:
    print(str(error).replace(str(small.parent), "<out>"))
print([str(each) for each in (*small.rglob("*"), *other.rglob("*")) if each.is_file()])
"""


def test_two_file_systems_are_told(tmp_path: Path) -> None:
    """Where only `current` is mounted."""
    told, left = run_on_small_disks(TWO_DISKS, tmp_path).splitlines()
    assert told == (
        "<out>/small/current/a.yaml: it is on another file system than <out>/other/new, and a file can be moved whole"
        " on one only (mount one volume at the folder above both)"
    )
    assert left == "[]"
