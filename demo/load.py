"""Continuous requests: some on connections that are kept, some each on a new one, and who answered them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self

KEEPING = 3
"""Workers that keep their connection for as long as the other side lets them."""
RENEWING = 1
"""Workers that make a new connection for each request."""
PAUSE = 0.008
"""Seconds that a worker rests between two requests."""
PATIENCE = 10.0
"""Seconds after which a request without an answer has failed."""
RECENT = 240
"""Answers that `shares` looks at."""


class Load:
    """Requests to one port of this machine, for as long as the `async with` block lasts."""

    def __init__(self, port: int, *, path: str = "/") -> None:
        self.answers: Counter[str] = Counter()
        """How many answers each backend gave."""
        self.failures: Counter[str] = Counter()
        """How many requests failed, by reason."""
        self._port = port
        self._request = f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
        self._recent: deque[str] = deque(maxlen=RECENT)
        self._workers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._workers = [
            *(asyncio.create_task(self._work(keep=True)) for _ in range(KEEPING)),
            *(asyncio.create_task(self._work(keep=False)) for _ in range(RENEWING)),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    @property
    def requests(self) -> int:
        """How many requests have been answered or have failed."""
        return self.answers.total() + self.failed

    @property
    def failed(self) -> int:
        """How many requests have failed."""
        return self.failures.total()

    def shares(self) -> Mapping[str, float]:
        """Return which part of the most recent answers each backend gave."""
        recent = Counter(self._recent)
        return {name: count / len(self._recent) for name, count in recent.items()}

    async def _work(self, *, keep: bool) -> None:
        async with contextlib.AsyncExitStack() as stack:
            kept = None
            while True:
                try:
                    async with asyncio.timeout(PATIENCE):
                        if kept is None:
                            kept = await stack.enter_async_context(_connection(self._port))
                        name, closing = await self._ask(*kept)
                    self.answers[name] += 1
                    self._recent.append(name)
                except (OSError, ValueError, EOFError, TimeoutError) as error:
                    self.failures[_words(error)] += 1
                    closing = True
                if closing or not keep:
                    await stack.aclose()
                    kept = None
                await asyncio.sleep(PAUSE)  # so that the machine has time for others

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, bool]:
        """Return who answered, and whether the other side closes the connection."""
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        status, *lines = head.splitlines()
        headers = dict(line.split(": ", 1) for line in lines if line)
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        if status.split()[1] != "200":
            raise ValueError(f"{status.upper()}: {body}")
        return body, headers.get("connection") == "close"


@contextlib.asynccontextmanager
async def _connection(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {PATIENCE:g} s"
    if isinstance(error, EOFError):
        return "the connection was closed in place of an answer"
    return str(error)
