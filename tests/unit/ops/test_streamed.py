"""Answers that are made and sent piece by piece."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

from legation.ops import streamed as module
from legation.ops.streamed import streamed


async def body(pieces: Any, **head: Any) -> list[str]:
    return [str(each) async for each in streamed(head, "pieces", pieces).body_iterator]


async def test_it_is_the_json_of_the_whole() -> None:
    for pieces in ([], [1], [{"a": "é"}, None, "]}"]):
        assert json.loads("".join(await body(iter(pieces), first=1))) == {"first": 1, "pieces": pieces}


async def test_others_have_their_turn_while_it_is_made(monkeypatch: Any) -> None:
    """Where all of it takes longer than one is to wait."""
    monkeypatch.setattr(module, "AT_A_TIME", -1.0)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def pieces() -> Iterator[int]:
        for number in range(10):
            seen.append(turns)
            yield number

    seen: list[int] = []
    task = asyncio.create_task(other())
    parts = await body(pieces())
    task.cancel()
    assert json.loads("".join(parts)) == {"pieces": list(range(10))}
    assert len(set(seen)) > 5


async def test_what_is_made_quickly_is_one_part(monkeypatch: Any) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    assert len(await body(iter(range(100)))) == 1
