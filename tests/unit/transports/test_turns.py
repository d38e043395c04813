"""Turns are few at a time, and fewer where each takes long."""

from __future__ import annotations

import asyncio
import time

from legation.transports.turns import A_FEW, Turns


async def test_no_more_than_a_few_have_their_turn_at_once() -> None:
    seen = await told(3 * A_FEW, seconds=0.0)
    assert 1 <= seen.index("other") <= A_FEW


async def test_others_go_on_between_long_turns() -> None:
    seen = await told(A_FEW, seconds=0.002)
    assert seen[:2] == ["turn", "other"]


async def told(turns: int, *, seconds: float) -> list[str]:
    """Return the order of turns that take so long, and of something else that wants one right after the first began."""
    loop, all_of = asyncio.get_running_loop(), Turns()
    seen: list[str] = []
    done = asyncio.Event()

    def turn() -> None:
        if not seen:
            loop.call_soon(seen.append, "other")
        seen.append("turn")
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass
        if seen.count("turn") == turns:
            done.set()

    for _ in range(turns):
        all_of.ask(turn)
    await done.wait()
    return seen
