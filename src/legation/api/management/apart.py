"""Work that takes long, so that Envoys are served meanwhile: in a thread, one piece at a time.

It refuses to know what the work is. The one invariant: small work is done at once, where it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

Result = TypeVar("Result")

LARGE = 1 << 16
"""Bytes from which on work is done apart: a walk over so many takes some ten milliseconds."""
_A_VALUE = 20
"""Bytes that a value of JSON stands for, with all that is around it."""


class Apart:
    """Who does long work."""

    def __init__(self) -> None:
        """Begin without any."""
        # Many threads would take more turns from the event loop than one.
        self._busy = asyncio.Lock()

    async def run(self, work: Callable[[], Result], *, size: int) -> Result:
        """Return what the work returns.

        Args:
            work: What is to be done; it touches nothing that others change.
            size: How many bytes it is about.
        """
        if size < LARGE:
            return work()
        async with self._busy:
            return await asyncio.to_thread(work)


def size_of(json: object) -> int:
    """Return about how many bytes plain JSON has as text; of what is large only that it is."""
    size, left = 0, [json]
    while left and size < LARGE:
        value = left.pop()
        size += _A_VALUE
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, list | tuple):
            left += value
    return size
