"""A signal ends a program in time, whatever it is at; here it is at what keeps an event loop from hearing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from legation import leaving

_PROGRAM = """
import asyncio, sys, threading, time
from legation.leaving import Leaving

leaving = Leaving(code=int(sys.argv[2]))

async def work():
    if sys.argv[1] == "thread":
        # asyncio and the interpreter would wait for it.
        asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    print("begun", flush=True)
    if sys.argv[1] == "blocked":
        time.sleep(60)
    while sys.argv[1] == "computing":
        pass
    try:
        await asyncio.sleep(0 if sys.argv[1] == "done" else 60)
    finally:
        if sys.argv[1] == "stubborn":
            await asyncio.sleep(60)
    return 7

if sys.argv[1] == "early":
    print("begun", flush=True)
    time.sleep(60)
leaving.run(work, stopping=lambda name: print(name, flush=True))
"""


def started(what: str, code: int) -> subprocess.Popen[str]:
    """Return a program that is at something."""
    command = [sys.executable, "-c", _PROGRAM, what, str(code)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("waiting", 0),
        ("waiting", 1),
        ("early", 0),
        ("blocked", 0),
        ("computing", 1),
        ("thread", 0),
        ("stubborn", 0),
    ],
)
def test_a_signal_ends_it_with_the_code_that_was_agreed_on(what: str, code: int) -> None:
    with started(what, code) as program:
        assert program.stdout
        assert program.stdout.readline() == "begun\n"
        begun = time.monotonic()
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=30) == code
        # Not a measure of speed: each of these would go on for a minute.
        assert time.monotonic() - begun < 20


def test_the_moment_that_it_has_leaves_room_within_two_seconds() -> None:
    assert leaving._MOMENT < 1.5


def test_a_second_signal_ends_it_at_once() -> None:
    with started("stubborn", 0) as program:
        assert program.stdout
        program.stdout.readline()
        program.send_signal(signal.SIGINT)
        assert program.stdout.readline() == "SIGINT\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=30) == 0


def test_without_a_signal_it_ends_with_what_the_work_returns() -> None:
    with started("done", 0) as program:
        assert program.wait(timeout=30) == 7
