"""A thread of one's own."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from legation.sources.stored.thread import OwnThread
from tests.unit.sources.rig import PATIENCE


async def test_calls_go_one_after_the_other_in_one_thread() -> None:
    thread = OwnThread("mine")
    seen: list[int] = []

    def call(number: int) -> int:
        seen.append(number)
        return threading.get_ident()

    threads = await asyncio.gather(*(thread.run(partial(call, number)) for number in range(20)))
    assert seen == [*range(20)]
    assert len({*threads}) == 1
    assert threads[0] != threading.get_ident()
    thread.end()


async def test_what_a_call_raises_is_raised() -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    thread = OwnThread("mine")
    with pytest.raises(OSError, match="Input/output"):
        await thread.run(fail)
    thread.end()


async def test_a_call_that_was_begun_goes_on_to_its_end_whoever_is_cancelled() -> None:
    thread = OwnThread("mine")
    begun, may_end, ended = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def call() -> None:
        loop.call_soon_threadsafe(begun.set)
        assert may_end.wait(PATIENCE)
        ended.set()

    waiting = asyncio.create_task(thread.run(call))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not ended.is_set()
    may_end.set()
    thread.end()
    assert ended.is_set()
