"""JSON answers that may be long: made and sent piece by piece, so that others have their turn meanwhile.

It refuses to know what the pieces are. Invariant: between two turns of others it works no longer than `AT_A_TIME`, but
for the one piece that it is at.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, TypeVar

from starlette.responses import StreamingResponse

Piece = TypeVar("Piece")

AT_A_TIME = 0.005
"""Seconds of work without a turn for others."""


def streamed(head: Mapping[str, Any], name: str, pieces: Iterable[Any]) -> StreamingResponse:
    """Return the answer that is a map: what is in `head`, and under `name` the list of all pieces."""
    return StreamingResponse(_texts(head, name, pieces), media_type="application/json")


async def in_turns(pieces: Iterable[Piece]) -> list[Piece]:
    """Return all pieces as a list, made with a turn for others now and then."""
    found: list[Piece] = []
    began = time.perf_counter()
    for each in pieces:
        found.append(each)
        if time.perf_counter() - began > AT_A_TIME:
            await asyncio.sleep(0)
            began = time.perf_counter()
    return found


async def _texts(head: Mapping[str, Any], name: str, pieces: Iterable[Any]) -> AsyncIterator[str]:
    begin = json.dumps({**head, name: []}, ensure_ascii=False).removesuffix("]}")
    batch, separator, began = [begin], "", time.perf_counter()
    for each in pieces:
        batch.append(separator + json.dumps(each, ensure_ascii=False))
        separator = ","
        if time.perf_counter() - began > AT_A_TIME:
            yield "".join(batch)
            batch.clear()
            await asyncio.sleep(0)
            began = time.perf_counter()
    yield "".join((*batch, "]}"))
