"""Programs that are started and surely ended: each in a process group of its own, its output in a file."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from demo import web

Found = TypeVar("Found")

PATIENCE = 20.0
"""Seconds for a program to start; it takes about one."""

_PORTS = range(20000, 30000)
_FIRST = random.SystemRandom().randrange(len(_PORTS))
"""Not of the generator that a test run seeds: tests side by side would all try the same ports."""
_ROUND = itertools.cycle((*_PORTS[_FIRST:], *_PORTS[:_FIRST]))
"""No port is given again soon: a program may not listen yet at one that it was given."""


class Program:
    """A running program. Leaving the `with` block ends it and all that it started."""

    def __init__(self, name: str, *command: str | Path, log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            # A session of its own: Ctrl-C reaches the parent alone, which then ends everything in order.
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process, and the group of everything that it starts."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    async def until(self, look: Callable[[], Awaitable[Found]], *, within: float = PATIENCE) -> Found:
        """Look until something is found, as long as the program runs, and return it.

        Raises:
            RuntimeError: The program ended, or nothing was found in time; with its last words.
        """

        async def look_if_running() -> Found:
            if not self.running:
                raise RuntimeError(f"{self.name} ended with status {self.process.returncode}:\n{self.last_words()}")
            return await look()

        try:
            return await web.until(look_if_running, within=within, what=self.name)
        except TimeoutError as error:
            raise RuntimeError(f"{error}:\n{self.last_words()}") from error

    def stop(self, *, grace: float = 15.0) -> int:
        """Ask it to end, wait, and end by force what is left after the grace; return its exit code."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        self._signal(signal.SIGKILL)
        return self.process.wait()

    def kill(self) -> None:
        """End it as a crash would."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def last_words(self, lines: int = 20) -> str:
        """Return the end of its output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback that nobody listens at.

    They lie below those that systems give to outgoing connections: one of these could take a port before its program
    listens there.
    """
    with contextlib.ExitStack() as stack:
        # All at once, so that no port is given twice.
        return [stack.enter_context(_free_port()).getsockname()[1] for _ in range(count)]


def _free_port() -> socket.socket:
    for port in itertools.islice(_ROUND, len(_PORTS)):
        with contextlib.suppress(OSError):
            return socket.create_server(("127.0.0.1", port))
    raise RuntimeError(f"no port is free from {_PORTS.start} to {_PORTS.stop - 1}")
