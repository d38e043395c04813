from __future__ import annotations

import os
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from legation.judging.scratch import CLUSTERS, Scratch
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


def left_behind(temporary: Path, name: str, *, age: float) -> tuple[Path, socket.socket]:
    folder = temporary / f"legation-judge-{name}"
    folder.mkdir()
    admin = socket.socket(socket.AF_UNIX)
    admin.bind(str(folder / "admin.sock"))
    os.utime(folder, (time.time() - age,) * 2)
    return folder, admin


def test_what_a_judge_left_that_was_killed_is_removed_and_what_is_in_use_is_not(temporary: Path) -> None:
    dead, socket_of_dead = left_behind(temporary, "dead", age=100)
    socket_of_dead.close()
    alive, socket_of_alive = left_behind(temporary, "alive", age=100)
    socket_of_alive.listen()
    fresh, socket_of_fresh = left_behind(temporary, "fresh", age=0)

    scratch = Scratch()

    assert (dead.exists(), alive.exists(), fresh.exists()) == (False, True, True)
    scratch.remove()
    socket_of_alive.close()
    socket_of_fresh.close()
