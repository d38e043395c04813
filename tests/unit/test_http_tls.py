"""HTTP over TLS: what a request tells of the client's certificate, and what becomes of who speaks without TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from legation.http_connection import certificate_of
from legation.http_server import HttpServer
from legation.model.identity import CertificateProof
from legation.pki.certificates import Pair
from legation.tls.shown import Ask, Shown
from tests.unit.tls.signing import HOUR, NAME, Authority, trusting

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

EDGE = "spiffe://home/node/edge"
PATIENCE = 20.0


class World:
    """A server that notes what its clients have shown, and says which request it was."""

    def __init__(self) -> None:
        self.shown, self.own, self.clients = Shown(), Authority(), Authority()
        self.proofs: list[CertificateProof | None] = []
        self.shown.port(Ask.OPTIONAL)
        self.shown.show(self.own.material(self.clients))

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.proofs.append(certificate_of(scope))
        body = str(len(self.proofs)).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    @asynccontextmanager
    async def serving(self, ask: Ask = Ask.OPTIONAL) -> AsyncIterator[int]:
        tls = self.shown.port(ask).context
        server = HttpServer(self.app, bind="127.0.0.1", port=0, setting="--rest", tls=tls, keep_alive=60.0)
        started = asyncio.Event()
        run = asyncio.create_task(server.run(started=started.set))
        try:
            async with asyncio.timeout(PATIENCE):
                await started.wait()
            yield server.port
        finally:
            run.cancel()
            await asyncio.wait([run])


class Connection:
    """One that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int, context: ssl.SSLContext | None) -> AsyncIterator[Connection]:
        name = None if context is None else NAME
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def ask(self) -> bytes:
        self.writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            await self.reader.readuntil(b"\r\n\r\n")
            return await self.reader.read(1)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_request_tells_what_its_connection_has_shown_and_no_other_one(world: World, tmp_path: Path) -> None:
    shows = trusting(world.own, shows=world.clients.client(EDGE, "edge.home.svc"), folder=tmp_path)
    async with (
        world.serving() as port,
        Connection.to(port, shows) as known,
        Connection.to(port, trusting(world.own)) as stranger,
    ):
        for each in (known, stranger, known, stranger):
            await each.ask()
    proof = CertificateProof(uris=(EDGE,), dns=("edge.home.svc",))
    assert world.proofs == [proof, None, proof, None]


async def test_a_port_that_asks_for_nothing_takes_nothing_for_a_proof(world: World, tmp_path: Path) -> None:
    shows = trusting(world.own, shows=Authority().client(EDGE), folder=tmp_path)
    async with world.serving(Ask.NOTHING) as port, Connection.to(port, shows) as connection:
        await connection.ask()
    assert world.proofs == [None]


@pytest.mark.parametrize("ask", list(Ask))
async def test_without_tls_nothing_is_answered(world: World, ask: Ask) -> None:
    async with world.serving(ask) as port, Connection.to(port, None) as connection:
        connection.writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                assert b"HTTP" not in await connection.reader.read()
    assert world.proofs == []


async def test_a_connection_goes_on_when_others_are_shown(world: World, tmp_path: Path) -> None:
    shows = trusting(world.own, shows=world.clients.client(EDGE), folder=tmp_path)
    async with world.serving() as port, Connection.to(port, shows) as connection:
        await connection.ask()
        world.shown.show(world.own.material(Authority()))
        await connection.ask()
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            async with Connection.to(port, shows) as refused:
                await refused.ask()
    assert world.proofs == [CertificateProof(uris=(EDGE,))] * 2


async def test_a_connection_lasts_no_longer_than_the_certificate_of_its_client(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shows = trusting(world.own, shows=world.clients.client(EDGE), folder=tmp_path)
    ahead = [0.0]
    monkeypatch.setattr("legation.http_connection._now", lambda: time.time() + ahead[0])
    monkeypatch.setattr("legation.http_connection._LOOK_AGAIN", 0.01)
    async with world.serving() as port:
        async with Connection.to(port, shows) as before, Connection.to(port, shows) as connection:
            await before.ask()
            await connection.ask()
            ahead[0] = HOUR + 1.0
            async with asyncio.timeout(PATIENCE):
                for each in (before, connection):
                    assert await each.reader.read() == b""
        async with Connection.to(port, trusting(world.own)) as stranger:
            await stranger.ask()
    proof = CertificateProof(uris=(EDGE,))
    assert world.proofs == [proof, proof, None]
    assert world.proofs[0] is not None
    assert world.proofs[0].ends == pytest.approx(time.time() + HOUR, abs=60)


async def test_names_that_python_cannot_read_end_no_connection(world: World, tmp_path: Path) -> None:
    shows = trusting(world.own, shows=_odd(world.clients), folder=tmp_path)
    async with world.serving() as port, Connection.to(port, shows) as connection:
        await connection.ask()
    assert world.proofs == [CertificateProof()]


def _odd(signer: Authority) -> Pair:
    """Return what this authority signed for a URI that is no ASCII."""
    given = signer.client(EDGE)
    certificate = x509.load_pem_x509_certificate(given.certificate)
    name = EDGE.encode() + b"\xe9"
    body = bytes((0x86, len(name))) + name
    signing, key = (serialization.load_pem_private_key(each, password=None) for each in (signer.pair.key, given.key))
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject)
        .issuer_name(certificate.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(certificate.not_valid_before_utc)
        .not_valid_after(certificate.not_valid_after_utc)
        .add_extension(
            x509.UnrecognizedExtension(x509.OID_SUBJECT_ALTERNATIVE_NAME, bytes((0x30, len(body))) + body),
            critical=False,
        )
    )
    signed = builder.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return Pair(certificate=signed, key=given.key)


def test_a_scope_of_somebody_else_tells_nothing() -> None:
    assert certificate_of({}) is None
    assert certificate_of({"state": {"legation.certificate": "edge"}}) is None
