"""What runs in a thread of its own: it ends when it is told to, and what it raises arrives here."""

from __future__ import annotations

import asyncio
import threading

import pytest

from legation.api.admission.own_thread import in_own_thread

PATIENCE = 20.0
NAME = "tests-own-thread"


def threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == NAME]


async def test_it_runs_elsewhere_and_the_thread_ends_with_it() -> None:
    seen: list[str] = []

    async def run() -> None:
        seen.append(threading.current_thread().name)

    await in_own_thread(run, name=NAME)
    assert seen == [NAME]
    assert threads() == []


async def test_what_it_raises_is_raised_here() -> None:
    async def run() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await in_own_thread(run, name=NAME)
    assert threads() == []


async def test_a_cancellation_here_is_one_there_and_is_waited_for() -> None:
    begun, cleaned = threading.Event(), threading.Event()

    async def run() -> None:
        try:
            begun.set()
            await asyncio.get_running_loop().create_future()
        finally:
            # It may take its time to end in order.
            await asyncio.sleep(0)
            cleaned.set()

    async with asyncio.timeout(PATIENCE):
        task = asyncio.create_task(in_own_thread(run, name=NAME))
        await asyncio.to_thread(begun.wait, PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert cleaned.is_set()
    assert threads() == []


async def test_one_that_is_cancelled_before_it_begins_ends_too() -> None:
    async def run() -> None:
        await asyncio.get_running_loop().create_future()

    async with asyncio.timeout(PATIENCE):
        task = asyncio.create_task(in_own_thread(run, name=NAME))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert threads() == []


async def test_it_goes_on_while_the_caller_is_busy() -> None:
    asked, answered = threading.Event(), threading.Event()

    async def run() -> None:
        await asyncio.to_thread(asked.wait, PATIENCE)
        answered.set()

    task = asyncio.create_task(in_own_thread(run, name=NAME))
    await asyncio.sleep(0)
    asked.set()
    # This blocks the event loop of the caller.
    assert answered.wait(PATIENCE)
    await task
