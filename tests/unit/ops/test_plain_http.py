"""The health port without a framework, on real sockets."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.testclient import TestClient

from legation.errors import TransportError
from legation.ops import plain_http
from legation.ops.health import health_app
from legation.ops.metrics import Metrics
from legation.ops.plain_http import METRICS, Answer, PlainHttpServer, health_pages
from tests.unit.ops.records import STATISTICS, THROUGH

PATIENCE = 20.0


def make(*missing: str, bind: str = "localhost", port: int = 0) -> PlainHttpServer:
    """Return the server of a health port."""
    pages = health_pages(missing=lambda: missing, metrics=lambda: "files 7\n")
    return PlainHttpServer(pages, bind=bind, port=port, setting="--health")


@asynccontextmanager
async def running(server: PlainHttpServer) -> AsyncIterator[PlainHttpServer]:
    """Run a server for the time of a block."""
    started = asyncio.Event()
    task = asyncio.create_task(server.run(started=started.set))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
    try:
        yield server
    finally:
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([task])
    assert task.cancelled()


async def say(server: PlainHttpServer, request: bytes) -> tuple[bytes, bytes]:
    """Return head and body of all that the server says."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(request)
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
    head, _, body = said.partition(b"\r\n\r\n")
    return head, body


async def rest_of(reader: asyncio.StreamReader) -> bytes:
    """Return what is still said until the connection ends, whether it is closed or reset."""
    said = b""
    with suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            while more := await reader.read(1000):
                said += more
    return said


async def get(server: PlainHttpServer, path: str, *, method: str = "GET") -> tuple[int, str, bytes]:
    """Return status, content type and body."""
    head, body = await say(server, f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
    status, *headers = head.decode().split("\r\n")
    found = dict(each.split(": ", 1) for each in headers)
    assert found["connection"] == "close"
    if method != "HEAD":
        assert int(found["content-length"]) == len(body)
    return int(status.split(" ")[1]), found["content-type"], body


@pytest.mark.parametrize("missing", [(), ("no port", "no objects")])
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/readyz?verbose=1", "/none"])
async def test_it_says_what_the_other_health_port_says(path: str, missing: tuple[str, ...]) -> None:
    metrics = Metrics(statistics=lambda: STATISTICS, problems=lambda: (), transport=lambda: THROUGH)
    expected = TestClient(health_app(missing=lambda: missing, metrics=metrics)).get(path)
    async with running(make(*missing)) as server:
        status, content_type, body = await get(server, path)
    assert (status, body) == (expected.status_code, expected.content)
    assert content_type == expected.headers["content-type"]


async def test_metrics_are_asked_for_at_each_request() -> None:
    numbers = iter(range(10))
    pages = health_pages(missing=lambda: (), metrics=lambda: f"asked {next(numbers)}\n")
    async with running(PlainHttpServer(pages, bind="localhost", port=0, setting="--health")) as server:
        assert await get(server, "/metrics") == (200, METRICS, b"asked 0\n")
        assert await get(server, "/metrics") == (200, METRICS, b"asked 1\n")


async def test_head_has_no_body() -> None:
    async with running(make("no port")) as server:
        head, body = await say(server, b"HEAD /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n")
    assert b"503 Service Unavailable" in head
    assert b"content-length: 19" in head
    assert body == b""


async def test_other_methods_are_not_allowed() -> None:
    async with running(make()) as server:
        head, body = await say(server, b"POST /healthz HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc")
    assert head.startswith(b"HTTP/1.1 405 Method Not Allowed")
    assert b"allow: GET, HEAD" in head
    assert body == b"Method Not Allowed"


async def test_http_1_0_is_answered_too() -> None:
    async with running(make()) as server:
        assert (await say(server, b"GET /healthz HTTP/1.0\r\n\r\n"))[1] == b"ok\n"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /healthz HTTP/2\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nx: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 200_000, 431),
    ],
    ids=["words", "http2", "tls", "header", "endless"],
)
async def test_who_speaks_no_http_is_told(request_: bytes, status: int) -> None:
    async with running(make()) as server:
        head, _ = await say(server, request_)
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert (await get(server, "/healthz"))[0] == 200


async def test_a_page_that_fails_is_an_error_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> Answer:
        raise KeyError("secret")

    server = PlainHttpServer(
        {"/metrics": fail, "/healthz": lambda: Answer(text="ok\n")}, bind="localhost", port=0, setting=""
    )
    async with running(server):
        status, _, body = await get(server, "/metrics")
        assert (status, body) == (500, b"Internal Server Error")
        assert (await get(server, "/healthz"))[0] == 200
    assert "page failed" in caplog.text


async def test_who_breaks_off_is_let_go() -> None:
    async with running(make()) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /heal")
        writer.close()
        await writer.wait_closed()
        assert (await get(server, "/healthz"))[0] == 200


async def test_who_is_slow_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_http, "PATIENCE", 0.05)
    async with running(make()) as server:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"GET /healthz HT")
            assert await rest_of(reader) == b""
        writer.close()


async def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_http, "MOST_CONNECTIONS", 2)
    async with running(make()) as server:
        held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert await rest_of(reader) == b""
        writer.close()
        for reader, writer in held:
            writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
            assert (await rest_of(reader)).endswith(b"ok\n")
            writer.close()


async def test_when_it_is_stopped_nobody_is_waited_for_and_its_port_is_free() -> None:
    async with running(make()) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        assert (await get(server, "/healthz"))[0] == 200
    assert await rest_of(reader) == b""
    writer.close()
    async with running(make(port=server.port)) as second:
        assert (await get(second, "/healthz"))[0] == 200


async def test_a_taken_port_is_an_error_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TransportError) as caught:
            await make(port=port).run(started=lambda: None)
    assert str(caught.value) == (
        f"port {port} on localhost is taken by another program; stop it, or choose another port with --health-port"
    )


def test_an_ipv6_address_stands_in_brackets_in_its_url() -> None:
    assert make(bind="::1", port=18002).url == "http://[::1]:18002"
    assert make(port=18002).url == "http://localhost:18002"


def test_it_needs_no_framework() -> None:
    script = (
        "import sys, legation.ops.plain_http\n"
        "print([name for name in ('starlette', 'uvicorn', 'prometheus_client', 'structlog') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
