from __future__ import annotations

import asyncio
import threading
from functools import partial

from legation.api.management.apart import Apart
from legation.model.objects import LARGE

PATIENCE = 30.0


async def test_small_work_is_done_at_once() -> None:
    assert await Apart().run(threading.current_thread, size=LARGE - 1) is threading.current_thread()


async def test_others_have_their_turn_while_large_work_is_done() -> None:
    others = threading.Event()
    working = asyncio.create_task(Apart().run(lambda: others.wait(PATIENCE), size=LARGE))
    await asyncio.sleep(0)
    others.set()
    assert await working


async def test_large_work_is_done_one_after_the_other() -> None:
    apart, loop, may_end = Apart(), asyncio.get_running_loop(), threading.Event()
    has_begun = asyncio.Event()
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        loop.call_soon_threadsafe(has_begun.set)
        may_end.wait(PATIENCE)
        return len(begun)

    both = [asyncio.create_task(apart.run(partial(work, each), size=LARGE)) for each in (1, 2)]
    async with asyncio.timeout(PATIENCE):
        await has_begun.wait()
    may_end.set()
    assert await asyncio.gather(*both) == [1, 2]
