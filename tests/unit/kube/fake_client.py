"""A stand-in for the client: a test holds each request in its hand and says what comes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

from legation.errors import KubeError, KubeUnreachable


class Request:
    """A request that waits for its answer."""

    def __init__(self, path: str, params: Mapping[str, str]) -> None:
        self.path = path
        self.params = params
        self.closed = False
        self._answer = asyncio.get_running_loop().create_future()
        self._lines: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()

    def answer(self, body: bytes = b"") -> None:
        """Answer with a body, or begin a stream."""
        self._answer.set_result(body)

    def fail(self, error: KubeError | KubeUnreachable) -> None:
        self._answer.set_exception(error)

    def send(self, *lines: bytes | Exception | None) -> None:
        """Send lines in one piece; None ends the stream, an error breaks it."""
        for each in lines:
            self._lines.put_nowait(each)

    async def wait(self) -> bytes:
        body: bytes = await self._answer
        return body

    async def lines(self) -> AsyncIterator[bytes]:
        while True:
            line = await self._lines.get()
            if line is None:
                return
            if isinstance(line, Exception):
                raise line
            yield line


class FakeClient:
    """Gives each request to the test."""

    def __init__(self) -> None:
        self._requests: asyncio.Queue[Request] = asyncio.Queue()

    async def next(self) -> Request:
        """Return the next request, when there is one."""
        return await self._requests.get()

    @property
    def waiting(self) -> int:
        """How many requests the test has not taken."""
        return self._requests.qsize()

    def _ask(self, path: str, params: Mapping[str, str] | None) -> Request:
        request = Request(path, params or {})
        self._requests.put_nowait(request)
        return request

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - as the client has it
    ) -> bytes:
        return await self._ask(path, params).wait()

    @contextlib.asynccontextmanager
    async def stream(
        self, path: str, *, params: Mapping[str, str] | None = None
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        request = self._ask(path, params)
        try:
            await request.wait()
            yield request.lines()
        finally:
            request.closed = True
