"""What the clients show and whom they trust, before a server that wants TLS and proofs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from legation.client import AsyncClient, Client, ClientError, Credentials
from legation.errors import SettingsError
from legation.management.v1 import management_pb2 as pb
from legation.pki.certificates import Pair
from tests.unit.tls.signing import Authority

NAME = "legation.home.svc"


class Server(grpc.GenericRpcHandler):
    """Says to everybody what they showed."""

    def __init__(self, own: Authority, clients: Authority | None) -> None:
        self.own = own
        self._clients = clients
        self.tokens: list[str] = []
        self.names: list[bytes] = []
        self.target = ""
        self.pair = own.server(NAME)
        self._lock = threading.Lock()

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        del details

        def answer(_: bytes, context: grpc.ServicerContext) -> bytes:
            with self._lock:
                self.tokens += [str(value) for key, value in context.invocation_metadata() if key == "authorization"]
                said: Mapping[str, Any] = context.auth_context()
                self.names += said.get("peer_uri", ())
            return pb.StoredObject(object=pb.ObjectReference(name="a"), text="{}").SerializeToString()

        return grpc.unary_unary_rpc_method_handler(answer)

    def configuration(self) -> grpc.ServerCertificateConfiguration:
        roots = None if self._clients is None else self._clients.pem
        return grpc.ssl_server_certificate_configuration(
            [(self.pair.key, self.pair.certificate)], root_certificates=roots
        )

    @contextmanager
    def serving(self) -> Iterator[None]:
        with ThreadPoolExecutor(4) as threads:
            server = grpc.server(threads, handlers=[self], options=[("grpc.so_reuseport", 0)])
            credentials = grpc.dynamic_ssl_server_credentials(
                self.configuration(), self.configuration, require_client_authentication=self._clients is not None
            )
            self.target = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', credentials)}"
            server.start()
            try:
                yield
            finally:
                server.stop(grace=None).wait()


class World:
    def __init__(self, folder: Path, *, mutual: bool = False) -> None:
        self.folder = folder
        self.clients = Authority()
        self.server = Server(Authority(), self.clients if mutual else None)
        self.write(ca=self.server.own.pem, token=b"first\n")
        self.show(self.clients.client("spiffe://home/ci"))

    def write(self, **files: bytes) -> None:
        for name, content in files.items():
            new = self.folder / f"{name}.new"
            new.write_bytes(content)
            new.replace(self.folder / name)

    def show(self, pair: Pair) -> None:
        self.write(cert=pair.certificate, key=pair.key)

    def credentials(self, **other: Any) -> Credentials:
        shown: dict[str, Any] = {"ca": self.folder / "ca", "server_name": NAME}
        return Credentials(**shown | other)

    @property
    def token(self) -> Path:
        return self.folder / "token"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    with found.server.serving():
        yield found


def get(client: Client) -> str:
    return client.get("Cluster", "a").object.name


def test_a_token_goes_with_each_call_as_its_file_has_it_then(world: World) -> None:
    with Client(world.server.target, credentials=world.credentials(token_file=world.token)) as client:
        assert get(client) == "a"
        world.write(token=b"second")
        get(client)
        world.token.unlink()
        get(client)
    assert world.server.tokens == ["Bearer first", "Bearer second", "Bearer second"]


async def test_the_client_for_asyncio_does_the_same(world: World) -> None:
    async with AsyncClient(world.server.target, credentials=world.credentials(token_file=world.token)) as client:
        await client.get("Cluster", "a")
        world.write(token=b"second")
        await client.get("Cluster", "a")
    assert world.server.tokens == ["Bearer first", "Bearer second"]


def test_a_certificate_is_shown_and_another_one_as_soon_as_it_is_there(tmp_path: Path) -> None:
    world = World(tmp_path, mutual=True)
    credentials = world.credentials(cert=tmp_path / "cert", key=tmp_path / "key")
    with world.server.serving(), Client(world.server.target, credentials=credentials) as client:
        get(client)
        world.show(world.clients.client("spiffe://home/other"))
        get(client)
        (tmp_path / "cert").unlink()
        get(client)
    assert world.server.names == [b"spiffe://home/ci", b"spiffe://home/other", b"spiffe://home/other"]


def test_another_authority_is_trusted_as_soon_as_it_is_there(world: World) -> None:
    with Client(world.server.target, credentials=world.credentials(), attempts=1) as client:
        world.server.pair = Authority().server(NAME)
        with pytest.raises(ClientError, match="signed by none of those that are trusted"):
            get(client)
        other = Authority()
        world.server.pair = other.server(NAME)
        world.write(ca=other.pem)
        assert get(client) == "a"


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({"server_name": "other.home.svc"}, "has another name"),
        ({"ca": None, "server_name": None}, "it wants TLS"),
    ],
)
def test_why_a_connection_does_not_come_about_is_told(world: World, shown: dict[str, Any], words: str) -> None:
    with (
        Client(world.server.target, credentials=world.credentials(**shown), attempts=1) as client,
        pytest.raises(ClientError, match=words),
    ):
        get(client)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda at: Credentials(ca=at / "none"), "ca: .* cannot be read: no such file"),
        (lambda at: Credentials(ca=at / "token"), "ca: there is nothing in .* that could be it"),
        (lambda at: Credentials(cert=at / "cert"), "key: a certificate and its key belong together"),
        (lambda at: Credentials(key=at / "key"), "cert: a certificate and its key belong together"),
        (lambda at: Credentials(token_file=at / "none"), "token_file: it cannot be read"),
        (lambda at: Credentials(token_file=at / "empty"), "token_file: it holds no token"),
        (lambda at: Credentials(token_file=at / "cert"), "token_file: it holds no token, or more than one"),
    ],
)
def test_what_cannot_be_used_is_told_at_once(tmp_path: Path, make: Callable[[Path], Credentials], words: str) -> None:
    World(tmp_path).write(empty=b"")
    with pytest.raises(SettingsError, match=words):
        Client("localhost:1", credentials=make(tmp_path))


def test_a_token_is_not_sent_where_others_could_read_it(tmp_path: Path) -> None:
    World(tmp_path)
    for target in ("192.0.2.1:18005", "legation.home.svc:18005"):
        with pytest.raises(SettingsError, match="for everybody to read"):
            Client(target, credentials=Credentials(token_file=tmp_path / "token"))
        with Client(target, credentials=Credentials(token_file=tmp_path / "token", ca=tmp_path / "ca")):
            pass
    for target in ("localhost:18005", "[::1]:18005", "127.0.0.2:18005", "unix:/run/legation.sock"):
        with Client(target, credentials=Credentials(token_file=tmp_path / "token")):
            pass


def test_the_environment_says_what_the_program_does_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEGATION_CA", str(world.folder / "ca"))
    monkeypatch.setenv("LEGATION_TOKEN_FILE", str(world.token))
    monkeypatch.setenv("LEGATION_SERVER_NAME", NAME)
    with Client(world.server.target) as client:
        assert get(client) == "a"
    assert world.server.tokens == ["Bearer first"]


def test_nothing_that_is_printed_holds_a_token(world: World) -> None:
    credentials = world.credentials(token_file=world.token)
    with Client(world.server.target, credentials=credentials) as client:
        get(client)
        assert "first" not in repr(credentials) + repr(client) + repr(vars(client))
