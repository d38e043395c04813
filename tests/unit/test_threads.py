"""Threads that nobody waits for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from legation.threads import in_daemon


async def test_the_result_comes_back_to_the_loop() -> None:
    assert await in_daemon(threading.current_thread, name="x") is not threading.current_thread()


async def test_the_error_is_raised() -> None:
    def fail() -> None:
        raise OSError(5, "no")

    with pytest.raises(OSError, match="no"):
        await in_daemon(fail, name="x")


async def test_who_does_not_wait_any_more_hears_nothing() -> None:
    held = threading.Event()
    ended = threading.Event()

    def work() -> None:
        held.wait(20)
        ended.set()

    future = in_daemon(work, name="x")
    future.cancel()
    held.set()
    await asyncio.to_thread(ended.wait, 20)
    await asyncio.sleep(0)
    assert future.cancelled()


async def test_a_thread_that_has_ended_its_work_gets_the_next() -> None:
    first = await in_daemon(threading.current_thread, name="x")
    assert await in_daemon(threading.current_thread, name="y") is first
    assert first.name == "y"


async def test_a_thread_that_does_not_end_its_work_gets_no_other() -> None:
    held = threading.Event()
    busy = in_daemon(lambda: held.wait(20) and threading.current_thread(), name="x")
    other = await in_daemon(threading.current_thread, name="y")
    held.set()
    assert await busy is not other


def test_the_program_ends_though_the_thread_does_not() -> None:
    script = (
        "import asyncio, threading\n"
        "from legation.threads import in_daemon\n"
        "async def main():\n"
        "    in_daemon(threading.Event().wait, name='x')\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert done.stderr == ""
