"""Work in a thread that the program does not wait for when it ends: a disk can hang for ever.

A thread that has done its work is kept for the next: on a busy machine one that sleeps is awake long before a new one
runs for the first time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeAlias, TypeVar

Result = TypeVar("Result")
_Works: TypeAlias = "SimpleQueue[Callable[[], None]]"

_idle: list[_Works] = []
"""Of each thread that waits for work, where it gets it."""


def in_daemon(call: Callable[[], Result], *, name: str) -> asyncio.Future[Result]:
    """Begin the call in a thread that does nothing else meanwhile, and return its result to come.

    `asyncio.to_thread` would have the program wait at its end until the call returns. To cancel the future does not
    stop the call; what becomes of it is then lost.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        if not future.done():
            set_it()

    def work() -> None:
        threading.current_thread().name = name
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - it is raised where the future is awaited
            failed = error
            done: Callable[[], None] = lambda: future.set_exception(failed)  # noqa: E731 - one of two
        else:
            done = lambda: future.set_result(result)  # noqa: E731 - one of two
        # Before anybody hears of it, who may have more to do.
        _idle.append(works)
        # The loop may be closed by then.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, done)

    works = _thread()
    works.put(work)
    return future


def _thread() -> _Works:
    """Return where a thread gets its work that has none: a new one if all have, for some may never end."""
    # Two loops in two threads may ask at the same time: to take one is one step of the interpreter.
    with suppress(IndexError):
        return _idle.pop()
    works: _Works = SimpleQueue()

    def serve() -> None:
        while True:
            works.get()()

    threading.Thread(target=serve, name="legation-thread", daemon=True).start()
    return works
