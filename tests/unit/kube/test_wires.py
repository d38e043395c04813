"""The way to the server: through proxies, and over IPv6."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from legation.errors import KubeUnreachable
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.tls.pem import Pem
from tests.unit.kube.certificates import Authority
from tests.unit.kube.loopback import Answer, Asked, Loopback, loopback, server_tls

SECRET = "hush-hush"


async def fine(asked: Asked, answer: Answer) -> None:
    await answer.whole()


async def refuse(asked: Asked, answer: Answer) -> None:
    await answer.whole(407, b"")


async def connect(asked: Asked, answer: Answer) -> None:
    """Be a proxy: connect, and carry bytes both ways."""
    host, _, port = asked.target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    await answer.raw(b"HTTP/1.1 200 Connected\r\n\r\n")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_carry(answer.reader, writer))
            group.create_task(_carry(reader, answer.writer))
    finally:
        writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof() if writer.can_write_eof() else None


@contextlib.asynccontextmanager
async def client_of(connection: Connection) -> AsyncIterator[Client]:
    """Give a client for the time of a block."""
    client = Client(connection)
    try:
        yield client
    finally:
        await client.aclose()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[tuple[Loopback, Pem]]:
    """An API server, and whom to trust."""
    authority = Authority()
    async with loopback(fine, tls=server_tls(authority.issue("kubernetes.test"), tmp_path)) as made:
        yield made, Pem(data=authority.pem)


async def test_a_proxy_carries_and_sees_no_credential(server: tuple[Loopback, Pem]) -> None:
    made, authority = server
    async with loopback(connect) as proxy:
        connection = Connection(
            server=made.url,
            authority=authority,
            tls_server_name="kubernetes.test",
            proxy=proxy.url.replace("://", f"://me:{SECRET}@"),
            user=User(token="token"),
        )
        async with client_of(connection) as client:
            assert await client.request("GET", "/x") == b"{}"
    (asked,) = proxy.asked
    assert (asked.method, asked.target) == ("CONNECT", made.url.removeprefix("https://"))
    assert "authorization" not in asked.headers
    assert asked.headers["proxy-authorization"].startswith("Basic ")
    assert "proxy-authorization" not in made.asked[0].headers


async def test_a_proxy_that_refuses(server: tuple[Loopback, Pem]) -> None:
    made, authority = server
    async with loopback(refuse) as proxy:
        connection = Connection(
            server=made.url, authority=authority, proxy=proxy.url.replace("://", f"://me:{SECRET}@")
        )
        async with client_of(connection) as client:
            with pytest.raises(KubeUnreachable, match=r"the proxy refuses to connect to it \(407") as raised:
                await client.request("GET", "/x")
    assert SECRET not in str(raised.value)


async def test_a_proxy_that_is_away(server: tuple[Loopback, Pem]) -> None:
    made, authority = server
    async with loopback(refuse) as proxy:
        pass
    connection = Connection(server=made.url, authority=authority, proxy=proxy.url)
    async with client_of(connection) as client:
        with pytest.raises(KubeUnreachable, match=f"the proxy at {proxy.url} refuses connections"):
            await client.request("GET", "/x")


async def test_the_environment_has_no_say(server: tuple[Loopback, Pem], monkeypatch: pytest.MonkeyPatch) -> None:
    made, authority = server
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    connection = Connection(server=made.url, authority=authority, tls_server_name="kubernetes.test")
    async with client_of(connection) as client:
        assert await client.request("GET", "/x") == b"{}"


async def test_ipv6(tmp_path: Path) -> None:
    try:
        with socket.socket(socket.AF_INET6) as each:
            each.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    authority = Authority()
    async with loopback(fine, tls=server_tls(authority.issue("::1"), tmp_path), host="::1") as made:
        async with client_of(Connection(server=made.url, authority=Pem(data=authority.pem))) as client:
            assert await client.request("GET", "/x") == b"{}"
        assert made.asked[0].headers["host"] == f"[::1]:{made.port}"
