"""The layout with a link; what it has in common with the other one is in test_writer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from legation.errors import FilesError
from legation.transports.files.symlink import SymlinkWriter


def names(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(each.name for each in folder.iterdir())


def test_the_link_is_moved_to_a_new_folder_and_the_one_before_stays_until_the_next_step(tmp_path: Path) -> None:
    writer = SymlinkWriter(tmp_path)
    writer.write({"a.yaml": b"1", "b.yaml": b"b"})
    assert (tmp_path / "current").readlink() == Path(".data-1")
    writer.write({"a.yaml": b"2"})
    assert names(tmp_path) == [".data-1", ".data-2", "current"]
    assert (tmp_path / ".data-1" / "a.yaml").read_bytes() == b"1"
    assert (tmp_path / "current" / "a.yaml").read_bytes() == b"2"
    writer.write({}, ["b.yaml"])
    assert names(tmp_path) == [".data-2", ".data-3", "current"]
    assert names(tmp_path / "current") == ["a.yaml"]


def test_a_file_that_did_not_change_is_the_same_one(tmp_path: Path) -> None:
    writer = SymlinkWriter(tmp_path)
    writer.write({"rds/a.yaml": b"a", "b.yaml": b"1"})
    before = (writer.folder / "rds" / "a.yaml").stat().st_ino
    writer.write({"rds/a.yaml": b"a", "b.yaml": b"2"})
    assert (writer.folder / "rds" / "a.yaml").stat().st_ino == before


def test_it_is_copied_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    writer = SymlinkWriter(tmp_path)
    writer.write({"rds/a.yaml": b"a", "b.yaml": b"1"})
    writer.write({"b.yaml": b"2"})
    assert writer.standing() == {"rds/a.yaml", "b.yaml"}
    assert writer.read("rds/a.yaml") == b"a"


def test_a_real_folder_in_place_of_the_link_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "current").mkdir()
    with pytest.raises(FilesError) as caught:
        SymlinkWriter(tmp_path).write({"a.yaml": b"a"})
    assert str(caught.value) == (
        f"{tmp_path}/current: it is a folder or a file, and this layout needs a symbolic link there"
        " (stop Envoy and remove it, choose another folder, or use the layout of single files)"
    )
    assert names(tmp_path) == ["current"]


def test_a_link_of_somebody_else_is_told(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("/etc")
    with pytest.raises(FilesError, match="a symbolic link that somebody else made"):
        SymlinkWriter(tmp_path).write({"a.yaml": b"a"})


def test_the_link_has_the_name_that_it_is_given(tmp_path: Path) -> None:
    writer = SymlinkWriter(tmp_path, link="live")
    writer.write({"a.yaml": b"a"})
    assert writer.folder == tmp_path / "live"
    assert names(tmp_path) == [".data-1", "live"]


def test_what_a_crash_left_is_swept_up_and_not_taken_for_a_step(tmp_path: Path) -> None:
    SymlinkWriter(tmp_path).write({"a.yaml": b"a"})
    (tmp_path / ".data-2").mkdir()
    (tmp_path / ".data-2" / "half.yaml").write_bytes(b"")
    (tmp_path / ".new-link").symlink_to(".data-2")
    (tmp_path / "theirs").mkdir()
    writer = SymlinkWriter(tmp_path)
    writer.write({"b.yaml": b"b"})
    assert writer.standing() == {"a.yaml", "b.yaml"}
    assert names(tmp_path) == [".data-1", ".data-3", "current", "theirs"]


def test_a_link_to_nothing_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(".data-5")
    writer = SymlinkWriter(tmp_path)
    assert writer.standing() == frozenset()
    writer.write({"a.yaml": b"a"})
    assert writer.read("a.yaml") == b"a"


def test_the_folder_of_the_link_may_be_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "out").symlink_to("real")
    SymlinkWriter(tmp_path / "out").write({"a.yaml": b"a"})
    assert names(tmp_path / "real") == [".data-1", "current"]
