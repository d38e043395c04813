"""A narrow way to a server: the last of what it writes stays with its kernel until the test opens the way."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_NARROW = 1 << 14
"""Bytes that are on the way at most: what the other end's kernel has taken is safe from a reset of the connection."""

_WINDOW_UPDATE = b"\0\0\4\x08\0" + b"\0\0\0\0" + b"\0\0\0\1"
"""An HTTP/2 frame: the server may send one byte more. Clients say such things at any time while they read."""


class Narrow:
    """A way for one client. `way_to` makes one."""

    def __init__(self, port: int, *, first: int) -> None:
        self.port = 0
        """Where it begins."""
        self._end = port
        self._first = first
        self._opened = asyncio.Event()
        self._server: asyncio.StreamWriter | None = None
        self._joined: set[asyncio.Task[None] | None] = set()

    def open(self) -> None:
        """Let everything through."""
        self._opened.set()

    def say_something(self) -> None:
        """Say to the server what the client may say at any time."""
        assert self._server is not None
        self._server.write(_WINDOW_UPDATE)

    async def join(self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        """Let a client talk with the server until one of them hangs up."""
        self._joined.add(asyncio.current_task())
        with socket.socket() as way:
            way.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _NARROW)
            way.settimeout(0.0)
            await asyncio.get_running_loop().sock_connect(way, ("127.0.0.1", self._end))
            from_server, self._server = await asyncio.open_connection(sock=way, limit=_NARROW)
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass(from_client, self._server))
                both.create_task(self._pass_narrowly(from_server, client))
            for writer in (self._server, client):
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    async def left(self) -> None:
        """Wait until all have hung up: what is open when the event loop ends is blamed on a later test."""
        await asyncio.gather(*filter(None, self._joined))

    async def _pass_narrowly(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _pass(reader, writer, most=self._first)
        await self._opened.wait()
        await _pass(reader, writer)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, most: float = float("inf")) -> None:
    # Whoever hangs up, the other one is to hear of it in the same way as without anything between them.
    with contextlib.suppress(ConnectionError):
        while most > 0 and (data := await reader.read(_NARROW)):
            most -= len(data)
            writer.write(data)
            await writer.drain()
    if most > 0:
        writer.close()


@asynccontextmanager
async def way_to(port: int, *, first: int) -> AsyncIterator[Narrow]:
    """Give a way to a port that lets only so many bytes of the server through before it is opened."""
    way = Narrow(port, first=first)
    async with await asyncio.start_server(way.join, "127.0.0.1", 0) as listening:
        way.port = listening.sockets[0].getsockname()[1]
        try:
            yield way
        finally:
            way.open()
            await way.left()
