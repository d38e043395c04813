"""How much memory questions may take together, so that many small ones are answered, and many large ones take no more.

It belongs to one event loop.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


class Room:
    """Bytes that may be held at a time."""

    def __init__(self, size: int) -> None:
        self._left = size

    @contextlib.contextmanager
    def place(self) -> Iterator[Callable[[int], bool]]:
        """Give what takes so many bytes more, and says whether there is room for them, until the block ends."""
        taken = 0

        def take(size: int) -> bool:
            nonlocal taken
            if size > self._left:
                return False
            self._left -= size
            taken += size
            return True

        try:
            yield take
        finally:
            self._left += taken
