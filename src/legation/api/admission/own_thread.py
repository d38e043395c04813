"""Something that runs in an event loop of its own, in a thread of its own, as if it ran here.

When thousands of objects change at once the server's own loop is busy for half a second with making what is served; who
has to answer within a fifth of one cannot wait for its turn there. The two share what they read: values that nobody
changes. The one invariant: when the call returns, the thread has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine


async def in_own_thread(run: Callable[[], Coroutine[None, None, None]], *, name: str) -> None:
    """Run it there until it ends; a cancellation here is one there. What it raises is raised here.

    Args:
        run: What to run. What it calls is called in the other thread.
        name: Of the thread, for who looks at them.
    """
    here = asyncio.get_running_loop()
    there = asyncio.new_event_loop()
    task = there.create_task(run())
    over = here.create_future()
    thread = threading.Thread(target=lambda: _run(there, task, lambda: here.call_soon_threadsafe(_tell, over)))
    thread.name, thread.daemon = name, True
    thread.start()
    try:
        await asyncio.shield(over)
    except asyncio.CancelledError:
        # It may have ended just now.
        with contextlib.suppress(RuntimeError):
            there.call_soon_threadsafe(task.cancel)
        await over
        raise
    finally:
        thread.join()
    task.result()


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], over: Callable[[], object]) -> None:
    asyncio.set_event_loop(loop)
    try:
        # What came of it, the task tells.
        loop.run_until_complete(asyncio.wait([task]))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        over()


def _tell(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
