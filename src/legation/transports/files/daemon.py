"""Work in a thread that the program does not wait for when it ends: a disk can hang for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


def in_daemon(call: Callable[[], Result], *, name: str) -> asyncio.Future[Result]:
    """Begin the call in a thread of its own, and return its result to come.

    `asyncio.to_thread` would have the program wait at its end until the call returns. To cancel the future does not
    stop the call; what becomes of it is then lost.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        if not future.done():
            set_it()

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - it is raised where the future is awaited
            failed = error
            done: Callable[[], None] = lambda: future.set_exception(failed)  # noqa: E731 - one of two
        else:
            done = lambda: future.set_result(result)  # noqa: E731 - one of two
        # The loop may be closed by then.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, done)

    threading.Thread(target=work, name=name, daemon=True).start()
    return future
