"""Handshakes of an HTTP port: which count, and which do not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from legation.http_server import HttpServer
from legation.tls.shown import Ask, PortTls, Shown
from tests.unit.tls.signing import NAME, Authority, trusting
from tests.unit.transports.loopback import until

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PATIENCE = 20.0


async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


class World:
    """An HTTP port that asks for certificates."""

    def __init__(self) -> None:
        self.own, self.clients = Authority(), Authority()
        shown = Shown()
        self.tls: PortTls = shown.port(Ask.REQUIRED)
        shown.show(self.own.material(self.clients))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        server = HttpServer(
            app, bind="127.0.0.1", port=0, setting="--rest", tls=self.tls.context, handshakes=self.tls.handshakes
        )
        started = asyncio.Event()
        run = asyncio.create_task(server.run(started=started.set))
        try:
            async with asyncio.timeout(PATIENCE):
                await started.wait()
            yield server.port
        finally:
            run.cancel()
            await asyncio.wait([run])


async def attempt(port: int, *, context: ssl.SSLContext | None, sends: bytes) -> bytes:
    """Return what comes back until the other side closes."""
    name = None if context is None else NAME
    writer = None
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
            if not sends:
                return b""
            writer.write(sends)
            return await reader.read(12)
    except (ssl.SSLError, OSError):
        return b""
    finally:
        if writer is not None:
            writer.close()
            with contextlib.suppress(ssl.SSLError, OSError):
                await writer.wait_closed()


REQUEST = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.mark.parametrize("what", ["no certificate", "another authority", "no trust", "no TLS"])
async def test_one_that_fails_has_begun_and_come_to_nothing(what: str, tmp_path: Path) -> None:
    world = World()
    context = {
        "no certificate": trusting(world.own),
        "another authority": trusting(world.own, shows=Authority().client("edge.home.svc"), folder=tmp_path),
        "no trust": trusting(Authority(), shows=world.clients.client("edge.home.svc"), folder=tmp_path),
        "no TLS": None,
    }[what]
    async with world.serving() as port:
        assert b"HTTP" not in await attempt(port, context=context, sends=REQUEST)
        await until(lambda: world.tls.handshakes.counts == (1, 0))


async def test_one_that_succeeds_has_come_to_something(tmp_path: Path) -> None:
    world = World()
    context = trusting(world.own, shows=world.clients.client("edge.home.svc"), folder=tmp_path)
    async with world.serving() as port:
        assert await attempt(port, context=context, sends=REQUEST) == b"HTTP/1.1 200"
        assert world.tls.handshakes.counts == (1, 1)


async def test_who_only_looks_whether_the_port_is_open_does_not_count(tmp_path: Path) -> None:
    world = World()
    async with world.serving() as port:
        for _ in range(3):
            await attempt(port, context=None, sends=b"")
        context = trusting(world.own, shows=world.clients.client("edge.home.svc"), folder=tmp_path)
        assert await attempt(port, context=context, sends=REQUEST) == b"HTTP/1.1 200"
        assert world.tls.handshakes.counts == (1, 1)
