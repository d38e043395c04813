"""Datagrams: somebody who answers each with a name, and streams of them that notice which were not answered."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from typing import cast

PAUSE = 0.005
"""Seconds between some datagrams and the next, so that the machine has time for others."""
AT_A_TIME = 8
"""How many those are."""
_ROOM = 4_000_000
"""Bytes that wait for one who answers: all streams may be asked at once."""
_SET_ROOM = 33  # SO_RCVBUFFORCE of asm-generic/socket.h


class Echo(asyncio.DatagramProtocol):
    """Answers each datagram with a name and what it said."""

    def __init__(self, name: str) -> None:
        self._name = name.encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # In Python 3.11 it is none by its class.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(self._name + b" " + data, addr)


class Stream(asyncio.DatagramProtocol):
    """A socket of its own that sends numbered datagrams to one port. `opened` makes one."""

    def __init__(self) -> None:
        self.answers: dict[int, str] = {}
        """Who answered which."""
        self.refused = 0
        """How often it was told that nobody listens there."""
        self.refusal = asyncio.Event()
        """Set when that has been said once."""
        self.sent = 0
        self._told = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def send(self) -> None:
        """Send one more."""
        self._told.clear()
        self._transport.sendto(b"%d" % self.sent)
        self.sent += 1

    async def first(self) -> str:
        """Send one after the other until somebody listens, and return who answered the first that was not refused.

        It waits for ever if that was lost.
        """
        while not self.answers:
            self.send()
            await self._told.wait()
            await asyncio.sleep(0 if self.answers else PAUSE / 10)
        return self.worker

    async def last(self) -> None:
        """Send one after the other until nobody listens."""
        while not self.refused:
            self.send()
            await asyncio.sleep(PAUSE)

    def close(self) -> None:
        """Send and hear nothing more."""
        self._transport.close()

    @property
    def missing(self) -> int:
        """How many datagrams were neither answered nor refused (yet)."""
        return self.sent - len(self.answers) - self.refused

    @property
    def worker(self) -> str:
        """Who answered the newest datagram that is answered."""
        return self.answers[max(self.answers)]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        del addr
        name, number = data.decode().split()
        self.answers[int(number)] = name
        self._told.set()

    def error_received(self, exc: Exception) -> None:
        if not isinstance(exc, ConnectionRefusedError):
            raise exc
        self.refused += 1
        self.refusal.set()
        self._told.set()


@contextlib.asynccontextmanager
async def echo(name: str, at: socket.socket) -> AsyncIterator[None]:
    """Answer with the name what comes to a socket, until the block ends."""
    at.setsockopt(socket.SOL_SOCKET, _SET_ROOM, _ROOM)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Echo(name), sock=at)
    try:
        yield
    finally:
        transport.close()


async def opened(address: str, port: int) -> Stream:
    """Return a stream from a fresh port of this machine."""
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(Stream, remote_addr=(address, port))
    return made


@contextlib.asynccontextmanager
async def talking(streams: Sequence[Stream]) -> AsyncIterator[None]:
    """Send on all streams, one after the other and again, until the block ends."""

    async def talk() -> None:
        while True:
            for number, each in enumerate(streams):
                each.send()
                if number % AT_A_TIME == 0:
                    await asyncio.sleep(PAUSE)

    task = asyncio.create_task(talk())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
