"""The HTTP server inside the event loop, on real sockets."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from legation import http_server
from legation.errors import TransportError
from legation.http_server import HttpServer

if TYPE_CHECKING:
    from starlette.requests import Request


async def _hello(_: Request) -> Response:
    return PlainTextResponse("hello")


def make(*, bind: str = "localhost", port: int = 0, connections: int | None = None) -> HttpServer:
    """Return a server that says hello."""
    app = Starlette(routes=[Route("/", _hello)])
    return HttpServer(app, bind=bind, port=port, setting="--admin", connections=connections)


def test_where_connections_are_encrypted_its_address_says_so() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server = HttpServer(Starlette(), bind="::1", port=1, setting="--webhook", tls=context)
    assert server.url == "https://[::1]:1"
    assert make(port=1).url == "http://localhost:1"


@asynccontextmanager
async def running(server: HttpServer) -> AsyncIterator[HttpServer]:
    """Run a server for the time of a block."""
    started = asyncio.Event()
    task = asyncio.create_task(server.run(started=started.set))
    async with asyncio.timeout(10):
        await started.wait()
    try:
        yield server
    finally:
        task.cancel()
        async with asyncio.timeout(10):
            await asyncio.wait([task])
    assert task.cancelled()


async def ask(host: str, port: int) -> bytes:
    """Return all that the server says to one request."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
    return said


def has_ipv6() -> bool:
    """Say whether this machine has an IPv6 loopback address."""
    try:
        with socket.socket(socket.AF_INET6) as each:
            each.bind(("::1", 0))
    except OSError:
        return False
    return True


async def test_localhost_answers_in_every_family_that_the_machine_has() -> None:
    """The chosen port is the same in both."""
    async with running(make()) as server:
        assert (await ask("127.0.0.1", server.port)).endswith(b"hello")
        if has_ipv6():
            assert (await ask("::1", server.port)).endswith(b"hello")
        assert server.url == f"http://localhost:{server.port}"


async def test_it_says_nothing_about_itself() -> None:
    """No header tells which server it is."""
    async with running(make()) as server:
        assert b"server:" not in (await ask("127.0.0.1", server.port)).lower()


async def test_it_leaves_the_signals_to_the_program() -> None:
    """The handlers are those of before."""
    before = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
    async with running(make()):
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


async def test_its_port_is_free_again_when_it_was_cancelled() -> None:
    """A second server takes the same port at once, though a client of the first had kept its connection."""
    async with running(make()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        await reader.readuntil(b"hello")
    assert await reader.read() == b""
    writer.close()
    async with running(make(port=server.port)) as second:
        assert (await ask("127.0.0.1", second.port)).endswith(b"hello")


async def test_a_taken_port_is_an_error_that_names_the_setting() -> None:
    """Somebody else listens there already."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TransportError) as caught:
            await make(port=port).run(started=lambda: None)
    assert str(caught.value) == (
        f"port {port} on localhost is taken by another program; stop it, or choose another port with --admin-port"
    )


async def test_an_address_of_another_machine_is_an_error_that_names_the_setting() -> None:
    """An address out of the block for documentation is nobody's."""
    with pytest.raises(TransportError, match=r"^192\.0\.2\.1 is not an address of this machine; .* with --admin-bind$"):
        await make(bind="192.0.2.1").run(started=lambda: None)


def test_an_ipv6_address_stands_in_brackets_in_its_url() -> None:
    """What a person opens."""
    assert make(bind="::1", port=18002).url == "http://[::1]:18002"


async def test_who_speaks_no_http_is_told_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests without a host, and bodies that break off: each is one line in a minute, not one for each request."""
    # Another test may have had it said already.
    monkeypatch.setattr(http_server, "_SELDOM", http_server.SeldomTheSame())
    logging.getLogger("uvicorn.error").filters.clear()
    garbage = (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n")
    async with running(make()) as server:
        for request in garbage * 5:
            async with asyncio.timeout(10):
                reader, writer = await asyncio.open_connection("localhost", server.port)
                writer.write(request)
                writer.write_eof()
                await reader.read()
                writer.close()
        assert b"hello" in await ask("localhost", server.port)
    said = [record.msg for record in caplog.records if record.name == "uvicorn.error"]
    assert "Invalid HTTP request received." in said
    assert len(said) == len(set(said))


class Holding:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()
        self.app = Starlette(routes=[Route("/", self._answer)])

    async def _answer(self, _: Request) -> Response:
        self.asked.set()
        await self.go_on.wait()
        return PlainTextResponse("late")


async def test_with_too_many_connections_the_next_one_is_sent_away() -> None:
    """Those that are being answered keep their place."""
    holding = Holding()
    server = HttpServer(holding.app, bind="127.0.0.1", port=0, setting="--admin", connections=2)
    async with running(server), asyncio.TaskGroup() as group:
        first = group.create_task(ask("127.0.0.1", server.port))
        async with asyncio.timeout(10):
            await holding.asked.wait()
        assert b" 503 " in await ask("127.0.0.1", server.port)
        holding.go_on.set()
    assert b"late" in first.result()


async def closed(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Wait until the server has closed it."""
    reader, writer = connection
    async with asyncio.timeout(10):
        with suppress(ConnectionResetError):
            await reader.read()
        writer.close()
        with suppress(ConnectionResetError):
            await writer.wait_closed()


async def test_who_says_nothing_makes_room_for_a_newcomer() -> None:
    """The one that has been silent longest leaves, and one that has been answered only after those."""
    async with running(make(bind="127.0.0.1", connections=4)) as server:
        kept = await asyncio.open_connection("127.0.0.1", server.port)
        kept[1].write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        async with asyncio.timeout(10):
            await kept[0].readuntil(b"hello")
        silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(3)]
        assert b"hello" in await ask("127.0.0.1", server.port)
        await closed(silent[0])
        kept[1].write(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        async with asyncio.timeout(10):
            assert (await kept[0].read()).endswith(b"hello")
        for _, writer in (kept, *silent[1:]):
            writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HTTP/1.1\r\nhost: ",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n1",
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\n",
    ],
)
async def test_who_does_not_end_a_request_is_closed(said: bytes) -> None:
    """Whether anybody else needs the place or not."""
    app = Starlette(routes=[Route("/", _hello)])
    server = HttpServer(app, bind="127.0.0.1", port=0, setting="--admin", keep_alive=60.0, patience=(0.05, 0.05))
    async with running(server):
        connection = await asyncio.open_connection("127.0.0.1", server.port)
        connection[1].write(said)
        await closed(connection)


async def test_who_waits_for_the_answer_to_a_whole_request_is_not_closed() -> None:
    holding = Holding()
    server = HttpServer(holding.app, bind="127.0.0.1", port=0, setting="--admin", patience=(0.05, 0.05))
    async with running(server), asyncio.TaskGroup() as group:
        asking = group.create_task(ask("127.0.0.1", server.port))
        async with asyncio.timeout(10):
            await holding.asked.wait()
        # Who came later and says nothing is closed: as much time has passed for the first one.
        await closed(await asyncio.open_connection("127.0.0.1", server.port))
        holding.go_on.set()
    assert b"late" in asking.result()


async def test_a_handshake_that_does_not_end_is_closed() -> None:
    server = HttpServer(
        Starlette(),
        bind="127.0.0.1",
        port=0,
        setting="--admin",
        tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        patience=(0.05, 0.05),
    )
    async with running(server):
        await closed(await asyncio.open_connection("127.0.0.1", server.port))


async def asked_at(path: Path) -> bytes:
    """Return all that the server says to one request at a Unix socket."""
    reading, writing = await asyncio.open_unix_connection(path)
    writing.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        said = await reading.read()
    writing.close()
    return said


def at(path: Path) -> HttpServer:
    """Return a server at a Unix socket that says hello."""
    return HttpServer.on_socket(Starlette(routes=[Route("/", _hello)]), path=path, setting="--management-http-socket")


async def test_a_unix_socket_is_for_its_owner_and_goes_with_the_server(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    async with running(at(path)) as server:
        assert server.url == f"unix:{path}"
        assert await asyncio.to_thread(lambda: stat.S_IMODE(path.stat().st_mode)) == 0o600
        assert b"hello" in await asked_at(path)
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_an_address_that_is_not_ours_is_told_with_its_own_setting() -> None:
    server = HttpServer(
        Starlette(), bind="192.0.2.1", port=0, setting="--management-http", bind_setting="--management-bind"
    )
    with pytest.raises(TransportError, match="another with --management-bind"):
        await server.run(started=pytest.fail)


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_that_comes_while_it_ends_is_closed_too(turns: int) -> None:
    async with running(make(bind="127.0.0.1")) as server:
        client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        # It is accepted at one of these turns of the event loop; which one is not ours to say.
        for _ in range(turns):
            await asyncio.sleep(0)
    with client, suppress(ConnectionResetError):
        assert client.recv(1) == b""
