"""Folders of others: root does there what their owner may do, and follows nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from legation.pki.folders import below, content, opened

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
USER, GROUP = 1234, 1235


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return a folder of another user."""
    tmp_path.chmod(0o755)
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, USER, GROUP)
    return folder


def me() -> tuple[int, int, list[int]]:
    return os.geteuid(), os.getegid(), os.getgroups()


def test_a_folder_is_opened_as_it_always_was(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(b"1")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "far").symlink_to(tmp_path / "link" / ".." / "a")
    for name in ("a", "link", "far", "a/../far"):
        with opened(tmp_path / name) as folder:
            assert content(folder, "file") == b"1"


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "turn").symlink_to("turn")
    for name, error in (("none", FileNotFoundError), ("none/a", FileNotFoundError), ("file", NotADirectoryError)):
        with pytest.raises(error), opened(tmp_path / name):
            pass
    with pytest.raises(OSError, match="oo many"), opened(tmp_path / "turn"):
        pass


def test_below_a_folder_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "file").symlink_to("secret")
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to("a")
    with opened(tmp_path) as folder:
        with pytest.raises(OSError, match="oo many"):
            content(folder, "file")
        with pytest.raises(OSError, match=r"directory|many"), below(folder, "link"):
            pass


def test_nobody_is_waited_for_and_nothing_endless_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "long").write_bytes(b"12345")
    with opened(tmp_path) as folder:
        with pytest.raises(OSError, match="pipe is no file"):
            content(folder, "pipe")
        with pytest.raises(OSError, match="long is too long"):
            content(folder, "long", most=4)
        assert content(folder, "long", most=5) == b"12345"


@as_root
def test_root_is_the_owner_of_a_folder_while_it_is_open(theirs: Path) -> None:
    before = me()
    with opened(theirs) as folder:
        assert me() == (USER, GROUP, [])
        os.mkdir("a", dir_fd=folder)
    assert me() == before
    made = (theirs / "a").stat()
    assert (made.st_uid, made.st_gid) == (USER, GROUP)
    with pytest.raises(ValueError, match="broke"), opened(theirs / "a"):
        raise ValueError("broke")
    assert me() == before
    with pytest.raises(FileNotFoundError), opened(theirs / "none"):
        pass
    assert me() == before


@as_root
def test_where_root_may_not_be_somebody_else_it_stays_itself(theirs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container, rights to that may be missing."""

    def refused(_: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    before = me()
    monkeypatch.setattr(os, "seteuid", refused)
    with pytest.raises(PermissionError, match="not permitted"), opened(theirs):
        pass
    assert me() == before


@as_root
def test_the_group_is_the_last_folders(theirs: Path) -> None:
    (theirs / "a").mkdir()
    os.chown(theirs / "a", USER, 77)
    with opened(theirs / "a"):
        assert me() == (USER, 77, [])


@as_root
def test_who_owns_a_folder_on_the_way_gets_nowhere_else_by_it(theirs: Path) -> None:
    secret = theirs.parent / "secret"
    secret.mkdir(mode=0o700)
    (theirs / "link").symlink_to(secret)
    (theirs / "roots").mkdir(mode=0o700)
    before = me()
    for name in ("link", "roots", "../secret"):
        words = f"for the user {USER}, to whom a folder on the way belongs"
        with pytest.raises(PermissionError, match=words), opened(theirs / name):
            pass
        assert me() == before


@as_root
def test_root_follows_no_link_that_others_may_have_put_there(theirs: Path) -> None:
    common = theirs.parent / "common"
    common.mkdir()
    common.chmod(0o1777)
    (common / "link").symlink_to(theirs)
    with pytest.raises(OSError, match="a link in a folder in which others may write"), opened(common / "link"):
        pass
