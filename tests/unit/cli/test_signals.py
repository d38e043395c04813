"""Signals against a program of its own: it stops in order at the first and at once at the second."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

_PROGRAM = """
import asyncio
from legation.cli.signals import run_until_signal

async def work():
    print("working", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("draining", flush=True)
        {draining}

asyncio.run(run_until_signal(work(), stopping=lambda name: print(name, flush=True)))
print("ended", flush=True)
"""


def start(*, draining: str) -> subprocess.Popen[str]:
    """Start the program and wait until it works."""
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(draining=draining)], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "working\n"
    return program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_lets_the_work_end_in_order(number: signal.Signals) -> None:
    """Exit 0 when it has."""
    with start(draining="await asyncio.sleep(0)") as program:
        program.send_signal(number)
        said, _ = program.communicate(timeout=30)
    assert (said.splitlines(), program.returncode) == ([number.name, "draining", "ended"], 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_the_program_at_once(number: signal.Signals) -> None:
    """However long the drain would take."""
    with start(draining="await asyncio.Event().wait()") as program:
        assert program.stdout is not None
        program.send_signal(number)
        assert program.stdout.readline() == f"{number.name}\n"
        assert program.stdout.readline() == "draining\n"
        program.send_signal(number)
        said, _ = program.communicate(timeout=30)
    assert (said, program.returncode) == ("", -number)
