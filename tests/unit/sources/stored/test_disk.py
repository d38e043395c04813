"""The folder of the journal."""

from __future__ import annotations

from pathlib import Path

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
    path.write_bytes(b"other\n")
    assert not disk.is_there()
    disk.close()
