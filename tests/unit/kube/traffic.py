"""What is asked and not answered yet: so that a test goes on when the answers have come, whatever its clock says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from legation.kube.client import Client

if TYPE_CHECKING:
    import pytest


class Traffic:
    """All clients of a test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._open = 0
        self._moved = asyncio.Event()
        request, stream = Client.request, Client.stream

        async def noted(client: Client, *asked: Any, **how: Any) -> bytes:
            with self._under_way():
                return await request(client, *asked, **how)

        @contextlib.asynccontextmanager
        async def noted_stream(client: Client, *asked: Any, **how: Any) -> AsyncGenerator[AsyncIterator[bytes]]:
            async with contextlib.AsyncExitStack() as stack:
                with self._under_way():
                    lines = await stack.enter_async_context(stream(client, *asked, **how))
                yield lines

        monkeypatch.setattr(Client, "request", noted)
        monkeypatch.setattr(Client, "stream", noted_stream)

    async def idle(self) -> None:
        """Return when everything is answered; of a watch that is its beginning."""
        await self.wait(lambda: not self._open)

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Return when a condition holds that an answer may make true."""
        while not condition():
            self._moved.clear()
            await self._moved.wait()

    @contextlib.contextmanager
    def _under_way(self) -> Iterator[None]:
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            self._moved.set()
