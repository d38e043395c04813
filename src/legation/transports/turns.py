"""Turns: which clients are asked next. A few at each turn of the event loop, however many have something to be told.

Other calls wait for turns of the loop too, and gRPC takes only one new call in some of these: they are kept short.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

A_FEW = 16
"""Clients that have their turn at one turn of the event loop, at most."""
_A_WHILE = 0.001
"""Seconds after which no more of them begin theirs."""


class Turns:
    """Gives clients their turns, in the order in which they asked: a few at each turn of the event loop.

    What these few have to write goes out before the next few are asked. So after a change the first clients have it
    long before the last ones have been looked at, and whatever else goes on is not kept waiting.
    """

    def __init__(self) -> None:
        self._asked: deque[Callable[[], None]] = deque()
        self._called = False

    def ask(self, turn: Callable[[], None]) -> None:
        """Have this called soon."""
        self._asked.append(turn)
        self._call()

    def _call(self) -> None:
        if self._asked and not self._called:
            self._called = True
            asyncio.get_running_loop().call_soon(self._give)

    def _give(self) -> None:
        self._called = False
        try:
            until = time.perf_counter() + _A_WHILE
            for _ in range(min(A_FEW, len(self._asked))):
                self._asked.popleft()()
                if time.perf_counter() > until:
                    break
        finally:
            self._call()
