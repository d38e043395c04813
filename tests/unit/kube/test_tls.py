"""Whom the client trusts, whom it shows itself to, and what changes when files do: real TLS on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from legation.errors import KubeUnreachable
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.kube.tls import context_for
from legation.tls.pem import Pem
from tests.unit.kube.certificates import Authority
from tests.unit.kube.loopback import Answer, Asked, Loopback, loopback, server_tls

ADDRESS = "127.0.0.1"


async def fine(asked: Asked, answer: Answer) -> None:
    await answer.whole()


@contextlib.asynccontextmanager
async def client_of(connection: Connection) -> AsyncIterator[Client]:
    """Give a client for the time of a block."""
    client = Client(connection)
    try:
        yield client
    finally:
        await client.aclose()


@contextlib.asynccontextmanager
async def served(
    authority: Authority, folder: Path, *, name: str = ADDRESS, days: tuple[int, int] = (-1, 1), clients: bytes = b""
) -> AsyncIterator[Loopback]:
    """Run a server that has a certificate for a name."""
    tls = server_tls(authority.issue(name, days=days), folder, clients=clients)
    async with loopback(fine, tls=tls) as server:
        yield server


@pytest.fixture
def authority() -> Authority:
    """Who signs."""
    return Authority()


async def ask(connection: Connection) -> bytes:
    """Ask once."""
    async with client_of(connection) as client:
        return await client.request("GET", "/x")


async def test_an_authority_as_text_or_in_a_file(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_bytes(authority.pem)
    async with served(authority, tmp_path) as server:
        assert await ask(Connection(server=server.url, authority=Pem(data=authority.pem))) == b"{}"
        assert await ask(Connection(server=server.url, authority=Pem(file=str(file)))) == b"{}"


async def test_a_signer_that_nobody_named(authority: Authority, tmp_path: Path) -> None:
    async with served(authority, tmp_path) as server:
        with pytest.raises(KubeUnreachable, match="is signed by nobody whom certificate-authority names") as raised:
            await ask(Connection(server=server.url, authority=Pem(data=Authority("other").pem)))
        assert server.url in str(raised.value)
        with pytest.raises(KubeUnreachable, match="cannot be trusted"):
            await ask(Connection(server=server.url))
    assert not server.asked


async def test_the_server_itself_may_be_whom_one_trusts(authority: Authority, tmp_path: Path) -> None:
    issued = authority.issue(ADDRESS)
    async with loopback(fine, tls=server_tls(issued, tmp_path)) as server:
        assert await ask(Connection(server=server.url, authority=Pem(data=issued.certificate))) == b"{}"


async def test_insecure_means_anybody(authority: Authority, tmp_path: Path) -> None:
    async with served(authority, tmp_path, name="elsewhere.test") as server:
        assert await ask(Connection(server=server.url, insecure=True)) == b"{}"


async def test_a_name_that_is_not_the_address(authority: Authority, tmp_path: Path) -> None:
    async with served(authority, tmp_path, name="kubernetes.test") as server:
        connection = Connection(server=server.url, authority=Pem(data=authority.pem))
        with pytest.raises(KubeUnreachable, match=r"is for another name: .*tls-server-name can say which to expect"):
            await ask(connection)
        assert await ask(replace(connection, tls_server_name="kubernetes.test")) == b"{}"
        with pytest.raises(KubeUnreachable, match="is for another name"):
            await ask(replace(connection, tls_server_name="other.test"))


@pytest.mark.parametrize(("days", "words"), [((-3, -1), "has expired"), ((1, 3), "is not valid yet")])
async def test_a_certificate_out_of_its_time(
    authority: Authority, tmp_path: Path, days: tuple[int, int], words: str
) -> None:
    async with served(authority, tmp_path, days=days) as server:
        with pytest.raises(KubeUnreachable, match=words):
            await ask(Connection(server=server.url, authority=Pem(data=authority.pem)))


async def test_a_server_without_tls() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.\n")
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(KubeUnreachable, match="does not speak TLS there"):
            await ask(Connection(server=f"https://127.0.0.1:{port}", insecure=True))
        await ended.wait()


async def test_a_client_certificate_as_text_or_in_files(authority: Authority, tmp_path: Path) -> None:
    clients = Authority("clients")
    issued = clients.issue("somebody")
    certificate, key = issued.write(tmp_path, "client")
    texts = User(certificate=Pem(data=issued.certificate), key=Pem(data=issued.key))
    files = User(certificate=Pem(file=str(certificate)), key=Pem(file=str(key)))
    async with served(authority, tmp_path, clients=clients.pem) as server:
        for user in (texts, files, replace(files, key=texts.key)):
            await ask(Connection(server=server.url, authority=Pem(data=authority.pem), user=user))
    assert [asked.client_name for asked in server.asked] == ["somebody"] * 3


@pytest.mark.parametrize("signer", ["nobody", "other"])
async def test_a_client_that_is_not_known(authority: Authority, tmp_path: Path, signer: str) -> None:
    issued = Authority("other").issue("somebody")
    user = User(certificate=Pem(data=issued.certificate), key=Pem(data=issued.key)) if signer == "other" else User()
    async with served(authority, tmp_path, clients=Authority("clients").pem) as server:
        with pytest.raises(KubeUnreachable, match=r"(does not accept the client certificate|broke the connection off)"):
            await ask(Connection(server=server.url, authority=Pem(data=authority.pem), user=user))


async def test_an_authority_that_is_renewed_is_read_again(tmp_path: Path) -> None:
    old, new = Authority("old"), Authority("new")
    file = tmp_path / "ca.crt"
    file.write_bytes(old.pem)
    async with served(old, tmp_path) as before, served(new, tmp_path) as after:
        # One client for both, as if one server had changed its certificate.
        connection = Connection(server=before.url, authority=Pem(file=str(file)))
        async with client_of(connection) as client:
            await client.request("GET", "/x")
            client._connection = replace(connection, server=after.url)
            with pytest.raises(KubeUnreachable, match="is signed by nobody"):
                await client.request("GET", "/x")
            file.write_bytes(new.pem)
            await client.request("GET", "/x")


async def test_an_authority_that_is_half_written_changes_nothing(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_bytes(authority.pem)
    async with (
        served(authority, tmp_path) as server,
        client_of(Connection(server=server.url, authority=Pem(file=str(file)))) as client,
    ):
        await client.request("GET", "/x")
        for content in (b"", authority.pem[:80], None):
            if content is None:
                file.unlink()
            else:
                file.write_bytes(content)
            await client.request("GET", "/x")
    assert server.connections == 1


async def test_a_client_certificate_that_is_renewed_is_shown(authority: Authority, tmp_path: Path) -> None:
    clients = Authority("clients")
    certificate, key = clients.issue("before").write(tmp_path, "client")
    user = User(certificate=Pem(file=str(certificate)), key=Pem(file=str(key)))
    async with served(authority, tmp_path, clients=clients.pem) as server:
        connection = Connection(server=server.url, authority=Pem(data=authority.pem), user=user)
        async with client_of(connection) as client:
            await client.request("GET", "/x")
            renewed = clients.issue("afterwards")
            certificate.write_bytes(renewed.certificate)
            # The key does not fit yet.
            await client.request("GET", "/x")
            key.write_bytes(renewed.key)
            await client.request("GET", "/x")
            await server.closed.wait()
    assert [asked.client_name for asked in server.asked] == ["before", "before", "afterwards"]


async def test_a_stream_outlives_the_certificate_it_began_with(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_bytes(authority.pem)

    go_on = asyncio.Event()

    async def speak(asked: Asked, answer: Answer) -> None:
        if asked.target == "/watch":
            await answer.begin()
            await answer.part(b"a\n")
            await go_on.wait()
            await answer.part(b"b\n")
            await answer.end()
        else:
            await answer.whole()

    tls = server_tls(authority.issue(ADDRESS), tmp_path)
    async with (
        loopback(speak, tls=tls) as server,
        client_of(Connection(server=server.url, authority=Pem(file=str(file)))) as client,
        client.stream("/watch") as lines,
    ):
        assert await anext(lines) == b"a"
        file.write_bytes(authority.pem + Authority("one more").pem)
        await client.request("GET", "/x")
        go_on.set()
        assert [line async for line in lines] == [b"b"]


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (Pem(file="/nowhere/client.crt"), "/nowhere/client.crt|No such file|cannot be read: no such file"),
        (Pem(data=b"nonsense"), "a certificate or key for it cannot be used"),
    ],
)
async def test_a_client_certificate_that_cannot_be_used(certificate: Pem, words: str) -> None:
    key = Authority().issue("a").key
    user = User(certificate=certificate, key=Pem(data=key))
    with pytest.raises(KubeUnreachable, match=words):
        await ask(Connection(server="https://127.0.0.1:1", insecure=True, user=user))


async def test_an_authority_that_is_no_certificate() -> None:
    with pytest.raises(KubeUnreachable, match="certificate-authority holds no certificate in PEM"):
        await ask(Connection(server="https://127.0.0.1:1", authority=Pem(data=b"nonsense")))


def test_old_versions_of_tls_are_not_spoken() -> None:
    context = context_for(Connection(server="https://a"), certificate=Pem(), key=Pem())
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


@pytest.mark.parametrize("system", ["with files that have no name", "without"])
def test_no_key_is_left_behind(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if system == "without":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    issued = authority.issue("somebody")
    context = context_for(
        Connection(server="https://a"), certificate=Pem(data=issued.certificate), key=Pem(data=issued.key)
    )
    assert isinstance(context, ssl.SSLContext)
    assert not list(tmp_path.iterdir())
