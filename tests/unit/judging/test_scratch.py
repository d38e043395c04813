from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from legation.judging.scratch import CLUSTERS, NoFolderError, Scratch, remove_left_behind
from tests import judged


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Have temporary files made in a folder of this test."""
    del tmp_path  # it is made first, elsewhere
    with judged.temporary_folder(monkeypatch.setattr) as folder:
        yield folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nobody_else_can_read_it_and_it_goes() -> None:
    scratch = Scratch()

    scratch.ask(CLUSTERS, b"x")

    assert mode(scratch.folder) == 0o700
    assert all(mode(each) == 0o600 for each in scratch.folder.iterdir())
    scratch.remove()
    assert not scratch.folder.exists()


def test_a_question_takes_the_place_of_the_one_before() -> None:
    scratch = Scratch()
    scratch.ask(CLUSTERS, b"a key")

    scratch.ask(CLUSTERS, b"")

    assert (scratch.folder / CLUSTERS).read_bytes() == b""
    assert not any(b"a key" in each.read_bytes() for each in scratch.folder.iterdir())
    scratch.remove()


def test_a_socket_has_a_path_that_the_kernel_takes(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = temporary / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))

    scratch = Scratch()

    assert len(str(scratch.admin)) < 108
    assert not list(deep.iterdir())
    scratch.remove()


LEAVER = """
import os, signal, sys, tempfile
tempfile.tempdir = sys.argv[1]
from legation.judging.scratch import CLUSTERS, Scratch
Scratch().ask(CLUSTERS, b"PRIVATE KEY")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_judge_left_that_was_killed_is_removed_at_once(temporary: Path) -> None:
    subprocess.run([sys.executable, "-c", LEAVER, str(temporary)], check=False)
    (left,) = temporary.iterdir()
    assert (left / CLUSTERS).read_bytes() == b"PRIVATE KEY"

    scratch = Scratch()

    assert list(temporary.iterdir()) == [scratch.folder]
    scratch.remove()


def test_what_is_in_use_stays() -> None:
    scratch = Scratch()

    remove_left_behind()

    assert scratch.folder.exists()
    scratch.remove()


def test_a_folder_that_is_removed_while_it_is_made_is_made_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = tempfile.mkdtemp, []

    def disturbed(**options: str) -> str:
        made.append(make(**options))
        if len(made) == 1:
            Path(made[0]).rmdir()
        if len(made) == 2:
            held.append(os.open(made[1], os.O_RDONLY))
            fcntl.flock(held[0], fcntl.LOCK_EX)
        return made[-1]

    held: list[int] = []
    monkeypatch.setattr(tempfile, "mkdtemp", disturbed)

    scratch = Scratch()

    assert str(scratch.folder) == made[2]
    assert scratch.folder.exists()
    scratch.remove()
    os.close(held[0])


@pytest.mark.parametrize("code", [errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP])
def test_where_folders_cannot_be_locked_it_does_without(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Network file systems: of what lies there, nobody knows whether it is in use."""

    def flock(descriptor: int, operation: int) -> None:
        del descriptor, operation
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", flock)
    other = Scratch()

    scratch = Scratch()

    assert set(temporary.iterdir()) == {other.folder, scratch.folder}
    scratch.remove()
    other.remove()
    assert not list(temporary.iterdir())


def test_what_cannot_be_made_leaves_nothing(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(scratch: Scratch, file: str, body: bytes) -> None:
        del scratch, file, body
        raise OSError(errno.ENOSPC, "no room is left")

    monkeypatch.setattr(Scratch, "ask", full)

    with pytest.raises(NoFolderError, match="no room is left"):
        Scratch()

    assert not list(temporary.iterdir())


def test_without_a_place_for_temporary_files_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)

    remove_left_behind()

    with pytest.raises(NoFolderError, match="No usable temporary directory"):
        Scratch()
