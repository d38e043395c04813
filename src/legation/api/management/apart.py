"""Work that takes long, so that Envoys are served meanwhile: in a thread, one piece at a time.

It refuses to know what the work is. The one invariant: small work is done at once, where it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from legation.model.objects import LARGE

Result = TypeVar("Result")


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
