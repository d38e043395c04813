"""The folder of the journal."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from legation.sources.stored.disk import JOURNAL, FolderDisk, FolderInUse


@pytest.fixture
def disk(tmp_path: Path) -> FolderDisk:
    disk = FolderDisk(tmp_path / "state")
    assert disk.open() == b""
    disk.begin_anew()
    disk.write_anew(b"one\n")
    disk.put_anew()
    return disk


def test_what_is_written_is_there_when_it_is_opened_again(tmp_path: Path, disk: FolderDisk) -> None:
    disk.write(b"two\nthree\n")
    disk.sync()
    disk.cut(8)
    disk.close()
    again = FolderDisk(tmp_path / "state")
    assert again.open() == b"one\ntwo\n"
    again.close()


def test_a_folder_that_is_made_is_there_after_a_power_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of folders are on the disk when those are synced that they stand in."""
    synced = []

    def fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    disk = FolderDisk(tmp_path / "a" / "state")
    disk.open()
    assert {tmp_path.stat().st_ino, (tmp_path / "a").stat().st_ino} == set(synced)
    disk.close()


def test_only_its_owner_can_read_it(tmp_path: Path, disk: FolderDisk) -> None:
    disk.begin_anew()
    disk.put_anew(aside="aside")
    modes = {each.name: oct(each.stat().st_mode & 0o777) for each in (tmp_path / "state").iterdir()}
    assert modes == {"aside": "0o600", "objects.journal": "0o600", "objects.lock": "0o600"}
    assert oct((tmp_path / "state").stat().st_mode & 0o777) == "0o700"
    disk.close()


def test_two_cannot_have_it_at_once(tmp_path: Path, disk: FolderDisk) -> None:
    other = FolderDisk(tmp_path / "state")
    with pytest.raises(FolderInUse):
        other.open()
    disk.close()
    assert other.open() == b"one\n"
    other.close()


def test_a_new_one_takes_its_place_and_the_old_one_can_be_kept(tmp_path: Path, disk: FolderDisk) -> None:
    disk.begin_anew()
    disk.write_anew(b"anew\n")
    disk.write_anew(b"more\n")
    assert (tmp_path / "state" / JOURNAL).read_bytes() == b"one\n"
    disk.put_anew(aside="old")
    disk.write(b"last\n")
    assert (tmp_path / "state" / JOURNAL).read_bytes() == b"anew\nmore\nlast\n"
    assert (tmp_path / "state" / "old").read_bytes() == b"one\n"
    assert [*(tmp_path / "state").glob("*.new")] == []
    disk.close()


def test_what_was_begun_and_not_ended_does_no_harm(tmp_path: Path, disk: FolderDisk) -> None:
    disk.begin_anew()
    disk.write_anew(b"half")
    disk.begin_anew()
    disk.write_anew(b"whole\n")
    disk.put_anew()
    assert (tmp_path / "state" / JOURNAL).read_bytes() == b"whole\n"
    disk.close()


def test_it_sees_that_somebody_took_the_file_away(tmp_path: Path, disk: FolderDisk) -> None:
    path = tmp_path / "state" / JOURNAL
    assert disk.is_there()
    path.rename(tmp_path / "elsewhere")
    assert not disk.is_there()
    disk.begin_anew()
    disk.put_anew()
    assert disk.is_there()
    disk.close()


def test_what_somebody_else_put_there_is_left_alone(tmp_path: Path, disk: FolderDisk) -> None:
    path = tmp_path / "state" / JOURNAL
    disk.begin_anew()
    path.unlink()
    path.write_bytes(b"other\n")
    with pytest.raises(FolderInUse, match="written by another process"):
        disk.is_there()
    with pytest.raises(FolderInUse):
        disk.put_anew()
    with pytest.raises(FolderInUse):
        disk.begin_anew()
    assert path.read_bytes() == b"other\n"
    assert [*(tmp_path / "state").glob("*.new")] == []
    disk.close()


def test_whoever_deletes_the_lock_lets_nobody_in(tmp_path: Path, disk: FolderDisk) -> None:
    lock = tmp_path / "state" / "objects.lock"
    lock.unlink()
    other = FolderDisk(tmp_path / "state")
    with pytest.raises(FolderInUse, match="another process keeps objects"):
        other.open()
    lock.unlink()
    assert disk.is_there()
    assert lock.exists(), "it is locked again"
    disk.close()


def test_when_another_process_has_the_folder_nothing_is_written(tmp_path: Path, disk: FolderDisk) -> None:
    """Somebody deleted the whole folder, and a second server made it anew."""
    shutil.rmtree(tmp_path / "state")
    other = FolderDisk(tmp_path / "state")
    assert other.open() == b""
    for write in (disk.is_there, disk.begin_anew):
        with pytest.raises(FolderInUse, match="another process keeps objects"):
            write()
    other.begin_anew()
    other.put_anew()
    other.close()
    with pytest.raises(FolderInUse, match="written by another process"):
        disk.is_there()
    disk.close()


def test_a_disk_that_takes_nothing_can_be_read(
    tmp_path: Path, disk: FolderDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk.close()
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", read_only)
        disk = FolderDisk(tmp_path / "state")
        assert disk.open() == b"one\n"
        with pytest.raises(OSError, match="Read-only file system"):
            disk.cut(4)
        with pytest.raises(OSError, match="Read-only file system"):
            disk.begin_anew()
    disk.begin_anew()
    disk.write_anew(b"anew\n")
    disk.put_anew()
    disk.cut(4)
    other = FolderDisk(tmp_path / "state")
    with pytest.raises(FolderInUse):
        other.open()
    disk.close()


def test_where_there_is_nothing_to_read_a_disk_that_takes_nothing_is_of_no_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(OSError, match="Read-only file system"):
        FolderDisk(tmp_path).open()


def test_what_was_written_half_is_deleted(tmp_path: Path, disk: FolderDisk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes room, and that may be what lacks."""

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    disk.begin_anew()
    disk.write_anew(b"half\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            disk.write_anew(b"more\n")
    assert [*(tmp_path / "state").glob("*.new")] == []
    disk.begin_anew()
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            disk.put_anew(aside="aside")
    assert {each.name for each in (tmp_path / "state").iterdir()} == {"objects.journal", "objects.lock"}
    disk.close()


def test_what_a_crash_left_half_written_is_deleted(tmp_path: Path, disk: FolderDisk) -> None:
    disk.close()
    (tmp_path / "state" / f"{JOURNAL}.new").write_bytes(b"half")
    disk = FolderDisk(tmp_path / "state")
    disk.open()
    assert [*(tmp_path / "state").glob("*.new")] == []
    disk.close()


_open = os.open


def read_only(path: Any, flags: int, *mode: Any) -> int:
    """Open as a file system does that is mounted to be read only."""
    if flags & (os.O_WRONLY | os.O_RDWR):
        raise OSError(errno.EROFS, "Read-only file system")
    return _open(path, flags, *mode)
