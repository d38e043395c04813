"""A thread of one's own, in which calls wait for the disk one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Result = TypeVar("_Result")


class OwnThread:
    """One thread: those that the whole program shares may all be busy. A call that was begun is waited for."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, call: Callable[[], _Result]) -> _Result:
        """Return what a call returns. When who waits is cancelled the call goes on to its end."""
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._executor, call))

    def end(self) -> None:
        """Return when the call that is under way has ended."""
        self._executor.shutdown(wait=True, cancel_futures=True)
