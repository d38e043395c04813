"""The programs of the comparison: servers, and the load client; what they use, and what they say."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from bench.manifests import load, marked, save
from bench.running import Server as Shipped

PATIENCE = 180.0
"""Seconds for anything that is waited for."""
QUIET = 0.15
"""Seconds without work after which a server has finished."""
_NOISE = 0.004
"""Seconds of processor time in that time which are no work."""


class Talking:
    """A program that is told lines and says lines."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, *command: str | Path, log: Path) -> AsyncIterator[Self]:
        """Give the running program, and end it."""
        with log.open("ab") as words:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=words,
                start_new_session=True,
            )
        try:
            yield cls(process, log)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def said(self) -> str:
        """Return the next line that it says.

        Raises:
            RuntimeError: It ended.
            TimeoutError: It says nothing.
        """
        output = self._process.stdout
        assert output is not None
        async with asyncio.timeout(PATIENCE):
            line = await output.readline()
        if not line:
            raise RuntimeError(f"status {await self._process.wait()}: {self._log.read_text()[-2000:]}")
        return line.decode().strip()

    def tell(self, line: str) -> None:
        """Write a line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())


class Contestant(Protocol):
    """A server that is measured."""

    pid: int
    address: str

    def change(self, kind: str, name: str, mark: str) -> None:
        """Have a resource changed."""
        ...


class Told(Talking):
    """A server that reads changes from its input."""

    address: str

    def change(self, kind: str, name: str, mark: str) -> None:
        """Tell the change."""
        self.tell(f"{kind} {name} {mark}")


class Watching:
    """`legation serve` as it is shipped, with a folder; a change is a file that is saved."""

    def __init__(self, server: Shipped, folder: Path) -> None:
        self.pid = server.pid
        self.address = f"127.0.0.1:{server.xds}"
        self._folder = folder
        self._configs = load(folder)

    def change(self, kind: str, name: str, mark: str) -> None:
        """Save the manifest with another content."""
        save(self._folder, kind, marked(kind, self._configs[kind, name], mark))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When clients saw what they waited for: seconds of the system's clock."""

    began: float
    median: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the clients have received since it was counted before; `bench/go/load/received.go` says what is what."""

    fewest: int
    most: int
    bytes: int
    versions: int
    partial: int
    arrivals: list[float]
    """Seconds of the system's clock."""


class Load(Talking):
    """The clients."""

    async def seen(self) -> Seen:
        """Return what it says next."""
        moments = json.loads(await self.said())
        return Seen(**{name: each / 1e9 for name, each in moments.items()})

    async def counted(self) -> Counted:
        """Return what the clients received since this was asked before; for the versions it has to be asked twice."""
        self.tell("=")
        told = json.loads(await self.said())
        arrivals = [each / 1e9 for each in told.pop("arrivals") or ()]
        return Counted(**told, arrivals=arrivals)


@contextlib.asynccontextmanager
async def legation_serve(manifests: Path, folder: Path) -> AsyncIterator[Contestant]:
    """Give the shipped command."""
    with Shipped(manifests, folder=folder) as server:
        await server.ready()
        yield Watching(server, manifests)


@contextlib.asynccontextmanager
async def told(*command: str | Path, log: Path) -> AsyncIterator[Contestant]:
    """Give a server that says where it listens, and then reads changes."""
    async with Told.started(*command, log=log) as server:
        server.address = await server.said()
        yield server


def python(module: str, manifests: Path, folder: Path) -> contextlib.AbstractAsyncContextManager[Contestant]:
    """Give one of the programs of this folder."""
    return told(sys.executable, "-m", f"bench.{module}", manifests, log=folder / f"{module}.log")


# What they use


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process, of all threads that it has and had, and of its children."""
    # What clock_getcpuclockid(3) returns: the clock of another process.
    return time.clock_gettime(~pid << 3 | 2) + sum(map(processor_seconds, _children(pid)))


def memory(pid: int) -> float:
    """Return the resident memory of a process and its children in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    own = next(float(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return own + sum(map(memory, _children(pid)))


def peak_memory(pid: int) -> float:
    """Return the most resident memory that a process has had, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


async def finished(pid: int) -> float:
    """Wait until the server has no work any more, and return the processor time that it has used."""
    used, quiet = processor_seconds(pid), time.monotonic()
    while time.monotonic() - quiet < QUIET:
        await asyncio.sleep(0.02)
        now = processor_seconds(pid)
        if now - used > _NOISE:
            used, quiet = now, time.monotonic()
    return processor_seconds(pid)
