"""Running until a signal: the first SIGTERM or SIGINT stops in order, a second one ends the program at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


async def run_until_signal(work: Coroutine[Any, Any, None], *, stopping: Callable[[str], None]) -> None:
    """Run the work until it ends by itself or a signal cancels it.

    Args:
        work: Cancellation must end it in order, in bounded time.
        stopping: Called with the name of the signal before the work is cancelled.
    """
    task = asyncio.create_task(work)
    loop = asyncio.get_running_loop()
    stopped = False

    def stop(number: signal.Signals) -> None:
        nonlocal stopped
        stopped = True
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        stopping(number.name)
        task.cancel()

    for each in _SIGNALS:
        loop.add_signal_handler(each, stop, each)
    try:
        await task
    except asyncio.CancelledError:
        if not stopped:
            raise
