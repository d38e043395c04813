"""Files that others replace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from legation.small_files import LARGEST, RenewedFile, read_small, stamps


def test_a_file_is_read_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"a")
    file = RenewedFile(str(path))
    assert file.read() == b"a"
    with monkeypatch.context() as patched:
        patched.setattr("legation.small_files.read_small", lambda _: pytest.fail("nothing has changed"))
        assert file.read() == b"a"
    path.write_bytes(b"bc")
    assert file.read() == b"bc"


def test_a_link_that_is_swapped_is_a_change(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "token").write_text(name)
        os.utime(tmp_path / name / "token", (1, 1))
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "token").symlink_to("..data/token")
    file = RenewedFile(str(tmp_path / "token"))
    assert file.read() == b"one"
    (tmp_path / "..new").symlink_to("two")
    (tmp_path / "..new").rename(tmp_path / "..data")
    assert file.read() == b"two"


def test_what_was_forgotten_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"a")
    os.utime(path, (1, 1))
    file = RenewedFile(str(path))
    file.read()
    with path.open("r+b") as opened:
        opened.write(b"b")
    os.utime(path, (1, 1))
    assert file.read() == b"a"
    file.forget()
    assert file.read() == b"b"


def test_the_last_content_holds(tmp_path: Path) -> None:
    path = tmp_path / "token"
    file = RenewedFile(str(path))
    with pytest.raises(FileNotFoundError):
        file.read()
    path.write_bytes(b"a")
    assert file.read() == b"a"
    path.write_bytes(b"")
    assert file.read() == b"a"
    path.unlink()
    assert file.read() == b"a"
    path.write_bytes(b"b")
    assert file.read() == b"b"


def test_stamps_tell_versions_apart(tmp_path: Path) -> None:
    path = tmp_path / "a"
    none = stamps([str(path)])
    path.write_bytes(b"a")
    first = stamps([str(path)])
    assert none == (None,)
    assert first == stamps([str(path)])
    path.write_bytes(b"ab")
    assert first != stamps([str(path)])


def test_what_is_no_small_file_is_an_error_at_once(tmp_path: Path) -> None:
    pipe, large = tmp_path / "pipe", tmp_path / "large"
    os.mkfifo(pipe)
    with large.open("wb") as opened:
        opened.truncate(LARGEST + 1)
    with pytest.raises(OSError, match="no regular file"):
        read_small(pipe)
    with pytest.raises(OSError, match="larger than"):
        read_small(large)
    with pytest.raises(IsADirectoryError):
        read_small(tmp_path)


def test_a_pipe_in_place_of_a_file_leaves_what_it_held(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"a")
    file = RenewedFile(str(path))
    file.read()
    path.unlink()
    os.mkfifo(path)
    assert file.read() == b"a"
