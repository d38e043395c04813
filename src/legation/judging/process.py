"""One running Envoy that is asked. It knows how to ask, and refuses to know what about.

A question is two files that are renamed into place, and it is answered when Envoy has counted both. Then the files are
emptied: that nothing is kept, and that Envoy is still there after it. It crashes, if at all, a moment after it has
counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog

from legation.judging import launcher
from legation.judging.sayings import LOG_FORMAT, Saying, read_log
from legation.judging.scratch import CLUSTERS, LISTENERS, Scratch

MOST_MEMORY = 400_000_000
"""Bytes. Envoy gives little back of what a large question took."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05
_PAGE = 1 << 16
_END = 3.0
"""Seconds that its end may take, and the removal of its files: a disk may hang, and nobody must wait for that."""
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TZ")
"""All that it gets of this program's environment."""
_READY = b"LIVE"
_COUNTED = "/stats?filter=^(cluster_manager.cds|listener_manager.lds).update_(success|rejected|failure)$"
_COUNT = re.compile(rb"(cds|lds)\.update_(success|rejected|failure): (\d+)")


class JudgeEndedError(Exception):
    """Envoy has ended by itself."""

    def __init__(self, code: int) -> None:
        self.code = code
        """Negative for a signal."""
        super().__init__(f"Envoy ended with {code}")


class Process:
    """A running Envoy. `start` makes one, `stop` ends it, whatever has become of it."""

    def __init__(self, scratch: Scratch) -> None:
        self._scratch = scratch
        self._process: asyncio.subprocess.Process
        self._lines: list[bytes] = []
        """What it said of the question that it is asked; and, at the start, of its network."""
        self._more = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._stderr: asyncio.ReadTransport | None = None
        self.alone = True
        """It has a network of its own."""

    @classmethod
    async def start(cls, program: Path) -> Process:
        """Start an Envoy, and return when it can be asked.

        Raises:
            JudgeEndedError: It does not start.
            NoFolderError: There is no place for its files.
            OSError: It cannot be run.
        """
        process = cls(await _new_scratch())
        try:
            await process._launch(program)
            await process._until_ready()
        except BaseException:
            await process.stop()
            raise
        process.alone = not any(line.startswith(launcher.NO_NAMESPACE.encode()) for line in process._lines)
        return process

    async def ask(self, clusters: bytes, listeners: bytes) -> Saying:
        """Return what Envoy says of two discovery responses.

        Raises:
            JudgeEndedError: It ended over it.
            OSError: The question cannot be written, or not be read.
        """
        saying = await self._put(clusters, listeners)
        await self._put(b"", b"")
        return saying

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it has ended."""
        return self._process.returncode is not None

    def is_large(self) -> bool:
        """Say whether it takes more memory than it should."""
        try:
            pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return False
        return pages * os.sysconf("SC_PAGE_SIZE") > MOST_MEMORY

    async def stop(self) -> None:
        """End it, and remove its files. It always returns, and never fails."""
        process = getattr(self, "_process", None)
        if process is not None:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)  # it may be a script that has started the real one
            if not await _in_time(process.wait()):
                _log.warning("the judge does not end", pid=process.pid)
        if self._reading is not None:
            self._reading.cancel()
        if self._stderr is not None:
            self._stderr.close()
        if not await _in_time(asyncio.to_thread(self._scratch.remove)):
            _log.warning("the files of the judge cannot be removed", folder=str(self._scratch.folder))

    async def _launch(self, program: Path) -> None:
        # A pipe of our own: whatever Envoy started and holds it open does not keep anybody waiting for its end.
        ours, its = os.pipe()
        try:
            await self._listen(ours)
            folder = str(self._scratch.folder)
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", launcher.__file__, str(os.getpid()), folder, str(program)),
                *("-c", str(self._scratch.bootstrap), "--concurrency", "1", "--disable-hot-restart"),
                *("--drain-time-s", "1", "--drain-strategy", "immediate"),  # nobody is served
                *("--log-level", "warn", "--log-format", LOG_FORMAT, "--log-format-escaped"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=its,
                cwd=folder,
                env={each: os.environ[each] for each in _PASSED_ON if each in os.environ}
                | {"HOME": folder, "TMPDIR": folder},
                start_new_session=True,  # what ends this program by the keyboard must leave the end of that to it
            )
        finally:
            os.close(its)

    async def _listen(self, descriptor: int) -> None:
        said = asyncio.StreamReader()
        self._stderr, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(said), os.fdopen(descriptor, "rb")
        )
        self._reading = asyncio.create_task(self._read(said))

    async def _read(self, said: asyncio.StreamReader) -> None:
        rest = b""
        while page := await said.read(_PAGE):
            *lines, rest = (rest + page).split(b"\n")
            self._lines += (line for line in lines if b"rejected" in line or line.startswith(b"no network"))
            self._more.set()
            self._more.clear()

    async def _until_ready(self) -> None:
        pause = _SHORTEST_PAUSE
        while True:
            with contextlib.suppress(FileNotFoundError, ConnectionError):
                if _READY in await self._get("/ready"):
                    return
            await self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _put(self, clusters: bytes, listeners: bytes) -> Saying:
        before = await self._counts()
        self._lines.clear()
        await asyncio.to_thread(self._write, clusters, listeners)
        pause = _SHORTEST_PAUSE
        while not _both_counted(before, after := await self._counts()):
            await self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        if any(after[name, b"failure"] > before[name, b"failure"] for name in (b"cds", b"lds")):
            raise OSError(errno.EIO, "Envoy cannot read what it is asked")
        refused = sum(after[name, b"rejected"] - before[name, b"rejected"] for name in (b"cds", b"lds"))
        while (saying := read_log(self._lines)).responses < refused:
            # The words are on their way: they come over another pipe than the counts.
            await self._more.wait()
        return saying

    def _write(self, clusters: bytes, listeners: bytes) -> None:
        self._scratch.ask(CLUSTERS, clusters)
        self._scratch.ask(LISTENERS, listeners)

    async def _counts(self) -> dict[tuple[bytes, bytes], int]:
        try:
            page = await self._get(_COUNTED)
        except (ConnectionError, FileNotFoundError):
            page = b""
        counts = {(name, what): int(number) for name, what, number in _COUNT.findall(page)}
        if len(counts) < 2 * 3:
            raise JudgeEndedError(await self._ended())
        return counts

    async def _ended(self) -> int:
        return await self._process.wait()

    async def _get(self, path: str) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self._scratch.admin)
        try:
            writer.write(f"GET {path} HTTP/1.1\r\nHost: judge\r\nConnection: close\r\n\r\n".encode())
            return await reader.read()
        finally:
            writer.close()

    async def _pause(self, seconds: float) -> None:
        """Wait a while.

        Raises:
            JudgeEndedError: It has ended.
        """
        if self.has_ended:
            raise JudgeEndedError(self._process.returncode or 0)
        await asyncio.sleep(seconds)


async def _new_scratch() -> Scratch:
    making = asyncio.ensure_future(asyncio.to_thread(Scratch))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        # A disk that hangs must not keep whoever does not want it any more.
        making.add_done_callback(_remove)
        await _in_time(making)
        raise


def _remove(making: asyncio.Future[Scratch]) -> None:
    if not making.cancelled() and making.exception() is None:
        making.result().remove()


async def _in_time(ending: Coroutine[Any, Any, object] | asyncio.Future[Scratch]) -> bool:
    """Wait for the end of something, but not for ever. Returns whether it ended; how does not matter."""
    waited = asyncio.ensure_future(ending)
    done, _ = await asyncio.wait([waited], timeout=_END)
    if not done:
        waited.add_done_callback(_hear)
    return bool(done) and (waited.cancelled() or waited.exception() is None)


def _hear(ended: asyncio.Future[Any]) -> None:
    if not ended.cancelled():
        ended.exception()


def _both_counted(before: dict[tuple[bytes, bytes], int], after: dict[tuple[bytes, bytes], int]) -> bool:
    counted = {name for name, what in after if after[name, what] > before[name, what]}
    return len(counted) == 2
