"""Leaving in time: whatever the program is at, a SIGTERM or SIGINT ends it within two seconds.

The first signal cancels the work and gives it a moment; a second one, or the end of the moment, ends the process where
it stands. That loses nothing: files come into being by a rename. Handlers of the `signal` module are used rather than
those of an event loop, which does not hear while it computes; and the process ends without waiting for threads, of
which one may be asking a name server that does not answer.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from types import FrameType
from typing import Any, NoReturn

_MOMENT = 1.2
"""Seconds from the first signal to the end. A step that is being written has one."""


class Leaving:
    """Hears signals from the moment on that it is made."""

    def __init__(self, *, code: int = 0) -> None:
        """Hear signals.

        Args:
            code: What to exit with when one comes.
        """
        self.code = code
        self._stop: Callable[[], object] | None = None
        self._heard = ""
        signal.signal(signal.SIGALRM, self._end)
        for each in (signal.SIGTERM, signal.SIGINT):
            # Who is the first process of a container does not hear of what it has no handler for.
            signal.signal(each, self._hear)

    def run(self, work: Callable[[], Coroutine[Any, Any, int]], *, stopping: Callable[[str], None]) -> NoReturn:
        """Do the work and exit with what it returns, or with `code` if a signal comes before.

        Args:
            work: What to do. Cancellation must end it.
            stopping: Is told the name of the signal.
        """
        with asyncio.Runner() as runner:
            code = runner.run(self._until_signal(work(), stopping))
            leave(code)

    async def _until_signal(self, work: Coroutine[Any, Any, int], stopping: Callable[[str], None]) -> int:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        task = asyncio.create_task(work)
        waiting = asyncio.create_task(stopped.wait())
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        if self._heard:
            stopped.set()
        await asyncio.wait((task, waiting), return_when=asyncio.FIRST_COMPLETED)
        if not stopped.is_set():
            return task.result()
        stopping(self._heard)
        task.cancel()
        # The alarm is set: nothing here takes longer than that.
        await asyncio.wait((task,))
        return self.code

    def _hear(self, number: int, _: FrameType | None) -> None:
        if self._heard or self._stop is None:
            os._exit(self.code)
        self._heard = signal.Signals(number).name
        signal.setitimer(signal.ITIMER_REAL, _MOMENT)
        self._stop()

    def _end(self, _number: int, _: FrameType | None) -> NoReturn:
        os._exit(self.code)


def leave(code: int) -> NoReturn:
    """End the process and wait for no thread."""
    for each in (sys.stdout, sys.stderr):
        try:
            each.flush()
        except OSError:
            # Nobody reads it any more.
            code = code or 1
    os._exit(code)
