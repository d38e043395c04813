"""Why a disk does not do something, in words, and the single things that are done to it."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from legation.errors import FilesError
from legation.transports.files import disk

PLACE, STAGING = Path("/out/current/a.yaml"), Path("/out/new")


@pytest.mark.parametrize(
    ("number", "reason", "mend"),
    [
        (errno.ENOSPC, "the disk is full", "free some space"),
        (errno.EDQUOT, "the disk is full", "free some space"),
        (errno.EROFS, "the file system is read-only", "mount the volume"),
        (errno.EACCES, f"the user with the id {os.geteuid()} may not write there", "fsGroup"),
        (errno.EPERM, f"the user with the id {os.geteuid()} may not write there", "chown"),
        (errno.EXDEV, "it is on another file system than /out/new", "mount one volume at the folder above both"),
        (errno.EFBIG, "the file is larger than this process may write", "ulimit -f"),
        (errno.EISDIR, "a file stands where a folder has to be", "remove what stands there"),
        (errno.EIO, "it cannot be written: Input/output error", ""),
    ],
    ids=errno.errorcode.get,
)
def test_an_error_of_the_disk_is_told_in_words_with_its_mend(number: int, reason: str, mend: str) -> None:
    with pytest.raises(FilesError) as caught, disk.in_words(PLACE, moved_from=STAGING):
        raise OSError(number, os.strerror(number), "/out/new/.part-0")
    assert caught.value.path == str(PLACE)
    assert caught.value.reason.startswith(reason)
    assert mend in caught.value.mend
    assert bool(caught.value.mend) is bool(mend)
    assert str(caught.value).startswith(f"{PLACE}: {reason}")


def test_an_error_without_a_number_is_told_too() -> None:
    with pytest.raises(FilesError, match="it cannot be written: odd"), disk.in_words(PLACE):
        raise OSError("odd")


def test_of_many_files_one_that_fails_is_told_and_all_are_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = {f"{number}.json": tmp_path / str(number) for number in range(50)}
    tried: set[Path] = set()
    threads: set[int] = set()

    def sync(path: Path) -> None:
        tried.add(path)
        threads.add(threading.get_ident())
        if path == paths["7.json"]:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "sync", sync)
    with pytest.raises(FilesError, match=r"^/out/current/7\.json: the disk is full"):
        disk.sync_all(paths, known_as=Path("/out/current"))
    assert tried == set(paths.values())
    assert len(threads) <= 8


def test_one_file_takes_no_other_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "Thread", None)
    (tmp_path / "a").write_bytes(b"")
    disk.sync_all({"a": tmp_path / "a"}, known_as=tmp_path)
    disk.sync_all({}, known_as=tmp_path)


def test_a_file_system_that_cannot_sync_folders_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)
    disk.sync_folder(tmp_path)


def test_what_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    assert list(disk.files_below(tmp_path / "none")) == []
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(FilesError, match="may not"):
        list(disk.files_below(tmp_path))
