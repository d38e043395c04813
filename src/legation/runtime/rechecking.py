"""What was found out at the last check, for what is the same now: a change has little of it found out anew. Pure.

It knows nothing of what is checked. The one invariant: it holds what the last two checks asked for and nothing older,
so that it keeps nothing alive that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Rechecking:
    """The answers of the last check and of this one."""

    def __init__(self) -> None:
        """Begin without any."""
        self._before: dict[Hashable, Any] = {}
        self._now: dict[Hashable, Any] = {}

    def turn(self) -> None:
        """Begin another check."""
        self._before, self._now = self._now, {}

    def once(self, key: Hashable, find: Callable[[], Answer]) -> Answer:
        """Return what `find` returns, or what it returned at the last check.

        Args:
            key: All that the answer depends on, and whose answer it is.
            find: Finds out, and returns nothing that can run out.
        """
        known = self._now if key in self._now else self._before
        found: Answer = known[key] if key in known else find()
        self._now[key] = found
        return found
