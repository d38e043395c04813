"""Connections of strangers to an HTTP server: few of one address, small heads, and who is served is none."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from legation.http_connection import Strangers
from legation.http_server import HttpServer
from legation.model.limits import Limits
from legation.model.node import address_block
from tests.unit.transports.loopback import PATIENCE, until


async def app(scope: Any, receive: Any, send: Any) -> None:
    status = 200 if scope["path"] == "/known" else 404
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[int]:
    server = HttpServer(app, bind="127.0.0.1", port=0, setting="--x", keep_alive=600, limits=Limits(**limits))
    started = asyncio.Event()
    run = asyncio.create_task(server.run(started=started.set))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
    try:
        yield server.port
    finally:
        run.cancel()
        await asyncio.wait([run])


class Client:
    """A connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, path: str, head: str = "") -> bytes:
        self._writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\n{head}\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            line = await self._reader.readline()
            await self._reader.readuntil(b"\r\n\r\nok")
        return line.split()[1]

    async def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def ended(self) -> bytes:
        """Return what the server said before it hung up."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                return await self._reader.read()
        return b""

    @property
    def open(self) -> bool:
        return not self._reader.at_eof()

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def connect(stack: AsyncExitStack, port: int) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    stack.callback(client.close)
    return client


async def test_the_one_that_is_silent_for_longest_makes_room(stack: AsyncExitStack) -> None:
    async with serving(strange_connections=2) as port:
        first, second, third = [await connect(stack, port) for _ in range(3)]
        await first.ended()
        assert await second.ask("/known") == b"200"
        assert await third.ask("/known") == b"200"


async def test_who_is_served_is_no_stranger(stack: AsyncExitStack) -> None:
    async with serving(strange_connections=2) as port:
        known = [await connect(stack, port) for _ in range(2)]
        for each in known:
            assert await each.ask("/known") == b"200"
        strange = [await connect(stack, port) for _ in range(4)]
        await asyncio.gather(*(each.ended() for each in strange[:2]))
        for each in (*known, *strange[2:]):
            assert await each.ask("/known") == b"200"


async def test_who_is_refused_stays_one(stack: AsyncExitStack) -> None:
    async with serving(strange_connections=2) as port:
        refused = [await connect(stack, port) for _ in range(2)]
        for each in refused:
            assert await each.ask("/unknown") == b"404"
        await connect(stack, port)
        await refused[0].ended()
        assert await refused[1].ask("/known") == b"200"


async def test_places_are_given_back(stack: AsyncExitStack) -> None:
    async with serving(strange_connections=1) as port:
        for _ in range(5):
            async with AsyncExitStack() as own:
                client = await connect(own, port)
                assert await client.ask("/unknown") == b"404"
        last = await connect(stack, port)
        assert await last.ask("/known") == b"200"


async def test_a_head_that_is_too_large_is_refused(stack: AsyncExitStack) -> None:
    async with serving(header_bytes=4096) as port:
        client = await connect(stack, port)
        assert await client.ask("/known", f"x: {'y' * 2000}\r\n") == b"200"
        await client.write(f"GET /known HTTP/1.1\r\nhost: x\r\nx: {'y' * 5000}".encode())
        assert (await client.ended()).startswith(b"HTTP/1.1 4")


def test_strangers_of_another_address_are_others() -> None:
    class Connection:
        answers_nothing = True

        def __init__(self, host: str) -> None:
            self.host, self.left = host, False

        def leave(self) -> None:
            self.left = True
            strangers.leave(self)  # type: ignore[arg-type]

    strangers = Strangers(1)
    made = [Connection(host) for host in ("10.0.0.1", "10.0.0.2", "10.0.0.1", "fd00::1", "fd00::2", "fd00:0:0:1::1")]
    for each in made:
        strangers.enter(each)  # type: ignore[arg-type]
    assert [each.left for each in made] == [True, False, False, True, False, False]


def test_an_ipv6_host_is_its_network() -> None:
    assert address_block("fd00::1:2:3:4") == address_block("fd00::9") == "fd00::/64"
    assert address_block("::ffff:10.0.0.1") == "10.0.0.1"
    assert address_block("") == ""
    assert address_block("10.0.0.1") == "10.0.0.1"


async def test_nobody_waits_for_ever() -> None:
    """The tests above are only worth something if a connection that is not ended stays open."""
    async with AsyncExitStack() as stack, serving(strange_connections=5) as port:
        client = await connect(stack, port)
        await until(lambda: client.open)
        assert await client.ask("/known") == b"200"
