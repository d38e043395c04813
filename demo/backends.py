"""A small HTTP server that answers every request with its own name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

END = b"\r\n\r\n"
"""Ends a request that has no body."""


@contextlib.asynccontextmanager
async def backend(name: str, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Answer with the name at a port of this machine, any free one for 0, until the block ends; give the port."""
    connections: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Answering(name, connections), host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in connections:
            connection.abort()


class _Answering(asyncio.Protocol):
    """One connection. It is kept for as long as the other side wants."""

    def __init__(self, name: str, connections: set[asyncio.Transport]) -> None:
        body = name.encode()
        self._answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        self._connections = connections
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._received = (self._received + data).split(END)
        self._transport.write(self._answer * len(requests))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._connections.discard(self._transport)
