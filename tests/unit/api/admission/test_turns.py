"""Who may go on."""

from __future__ import annotations

import asyncio

from legation.api.admission.turns import Turns


async def test_who_asks_for_much_waits_for_who_asks_for_little() -> None:
    turns, went, begun, go_on = Turns(), list[str](), asyncio.Event(), asyncio.Event()

    async def go(name: str) -> None:
        async with turns.taken(name):
            begun.set()
            await go_on.wait()
            went.append(name)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(go("much"))
        await begun.wait()
        for name in ("much", "much", "much", "little", "other", "other"):
            group.create_task(go(name))
        group.create_task(asyncio.sleep(0)).add_done_callback(lambda _: go_on.set())
    assert went == ["much", "much", "little", "other", "much", "other", "much"]


async def test_who_waits_no_more_has_no_turn_and_takes_nobody_elses() -> None:
    turns, went = Turns(), list[str]()

    async def go(name: str) -> None:
        async with turns.taken(name):
            went.append(name)

    async with asyncio.timeout(10):
        async with turns.taken("first"):
            gone, told, last = (asyncio.ensure_future(go(each)) for each in ("gone", "told", "last"))
            await asyncio.sleep(0)
            gone.cancel()
        # It is told that it is its turn, and ends before it hears that.
        told.cancel()
        await last
        await asyncio.wait([gone, told])
        await go("later")
    assert went == ["last", "later"]
