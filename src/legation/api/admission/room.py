"""How much memory questions may take together, so that many small ones are answered, and many large ones take no more.

It belongs to one event loop.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

SMALL = 64 * 1024
"""Bytes of a question as there are most: that of a Pod has a few thousand."""


class Room:
    """Bytes that may be held at a time. A third is for small questions, which are answered whatever large ones wait."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._for_small = size // 3

    @contextlib.contextmanager
    def place(self) -> Iterator[Callable[[int], bool]]:
        """Give what takes so many bytes more, and says whether there is room for them, until the block ends."""
        taken = 0

        def take(size: int) -> bool:
            nonlocal taken
            if size > self._left - (self._for_small if taken + size > SMALL else 0):
                return False
            self._left -= size
            taken += size
            return True

        try:
            yield take
        finally:
            self._left += taken
