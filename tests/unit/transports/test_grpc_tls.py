"""TLS of the gRPC port: who comes in, what they have proven by that, and what becomes of it when others are shown."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import grpc.aio
import pytest

from legation.errors import TransportError
from legation.model.identity import CertificateProof
from legation.model.resource_types import ADS_SERVICE, CLUSTER
from legation.pki import certificates
from legation.pki.certificates import Pair
from legation.tls.material import Unusable
from legation.tls.shown import Ask, Shown
from legation.transports import grpc_tls
from legation.transports.grpc_server import GrpcTransport
from tests.unit.tls.signing import HOUR, NAME, Authority, trusting
from tests.unit.transports.loopback import PATIENCE, FakeFeed, Loopback, RawStream, resource, until

EDGE = "spiffe://home/node/edge"
_PATH = f"/{ADS_SERVICE}/DeltaAggregatedResources"


class World:
    """A server with TLS, whose Envoys and itself have authorities of their own."""

    def __init__(self, ask: Ask = Ask.REQUIRED) -> None:
        self.shown, self.own, self.envoys = Shown(), Authority(), Authority()
        self.ask = ask
        self.feed = FakeFeed(resource("a"))

    def show(self, *trusted: Authority) -> None:
        self.shown.show(self.own.material(*(trusted or (self.envoys,))))

    @asynccontextmanager
    async def serving(self, **options: Any) -> AsyncIterator[Loopback]:
        """Serve, with no channel."""
        options = {"bind": ("127.0.0.1",), **options}
        transport = GrpcTransport(port=0, tls=self.shown.port(self.ask), **options)
        started = asyncio.Event()
        run = asyncio.create_task(transport.run(self.feed, started=started.set))
        served = Loopback(transport, self.feed, run)
        try:
            if self.shown.ready:
                async with asyncio.timeout(PATIENCE):
                    await started.wait()
            yield served
        finally:
            await served.stop()

    @asynccontextmanager
    async def stream(self, address: str, *, shows: Pair | None, trusts: Authority | None = None) -> AsyncIterator[Any]:
        """Open a stream over a connection of its own."""
        async with self.channel(address, shows=shows, trusts=trusts) as channel:
            yield RawStream(channel, _PATH)

    @asynccontextmanager
    async def channel(self, address: str, *, shows: Pair | None, trusts: Authority | None = None) -> AsyncIterator[Any]:
        """Have connections of its own."""
        credentials = grpc.ssl_channel_credentials(
            (trusts or self.own).pem,
            None if shows is None else shows.key,
            None if shows is None else shows.certificate,
        )
        options = (
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.ssl_target_name_override", NAME),
            ("grpc.enable_retries", 0),
        )
        async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
            yield channel

    async def is_served(self, address: str, *, shows: Pair | None, trusts: Authority | None = None) -> bool:
        """Say whether a new connection gets what there is."""
        async with self.stream(address, shows=shows, trusts=trusts) as stream:
            with contextlib.suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
                await stream.send(node="edge", type_url=CLUSTER.url)
                return bool((await stream.receive()).resources)
            status, _ = await stream.end()
            assert status == "UNAVAILABLE"
            return False


@pytest.fixture
def world() -> World:
    return World()


async def test_what_a_client_has_shown_is_its_proof(world: World) -> None:
    world.show()
    async with world.serving() as served:
        (address,) = served.transport.addresses
        assert await world.is_served(address, shows=world.envoys.client(EDGE, "edge.home.svc"))
        await until(lambda: world.feed.left)
    assert world.feed.left[0].peer.proof.certificate == CertificateProof(uris=(EDGE,), dns=("edge.home.svc",))


@pytest.mark.parametrize("what", ["nothing", "of another authority", "expired", "not yet valid", "for servers"])
async def test_who_shows_nothing_good_gets_nothing(world: World, what: str) -> None:
    world.show()
    now = time.time()
    shows = {
        "nothing": None,
        "of another authority": Authority().client(EDGE),
        "expired": world.envoys.client(EDGE, now=now - 2 * HOUR),
        "not yet valid": world.envoys.client(EDGE, now=now + HOUR / 2, seconds=60),
        "for servers": _for_servers(world.envoys),
    }[what]
    async with world.serving() as served:
        (address,) = served.transport.addresses
        assert not await world.is_served(address, shows=shows)
        assert await world.is_served(address, shows=world.envoys.client(EDGE))
    assert len(world.feed.left) == 1


async def test_who_trusts_another_authority_gets_nothing(world: World) -> None:
    world.show()
    async with world.serving() as served:
        (address,) = served.transport.addresses
        assert not await world.is_served(address, shows=world.envoys.client(EDGE), trusts=Authority())


async def test_nobody_gets_in_before_there_is_something_to_show(world: World) -> None:
    async with world.serving() as served:
        with pytest.raises(Unusable):
            world.shown.show(world.own.material())
        assert not served.transport.addresses
        world.show()
        await until(lambda: served.transport.addresses)
        assert await world.is_served(served.transport.addresses[0], shows=world.envoys.client(EDGE))


async def test_what_is_shown_by_the_time_of_the_first_connection_counts(world: World) -> None:
    world.show()
    async with world.serving() as served:
        late = Authority()
        world.show(late)
        (address,) = served.transport.addresses
        assert not await world.is_served(address, shows=world.envoys.client(EDGE))
        assert await world.is_served(address, shows=late.client(EDGE))


async def test_old_and_new_authorities_overlap_and_streams_go_on_when_the_old_one_has_gone(world: World) -> None:
    new = Authority()
    before, after = world.envoys.client(EDGE), new.client(EDGE)
    world.show()
    async with world.serving() as served:
        (address,) = served.transport.addresses
        async with world.stream(address, shows=before) as stream:
            await stream.send(node="edge", type_url=CLUSTER.url)
            await stream.acknowledge(await stream.receive())
            for trusted in ((world.envoys,), (world.envoys, new), (new,)):
                world.show(*trusted)
                assert await world.is_served(address, shows=before) is (world.envoys in trusted)
                assert await world.is_served(address, shows=after) is (new in trusted)
            world.feed.publish(resource("a"), resource("b"))
            assert [each.name for each in (await stream.receive()).resources] == ["b"]


async def test_a_broken_pair_leaves_the_one_before(world: World) -> None:
    world.show()
    async with world.serving() as served:
        (address,) = served.transport.addresses
        good = world.own.server()
        with pytest.raises(Unusable):
            world.shown.show(
                world.own.material(world.envoys, pair=Pair(certificate=good.certificate, key=world.own.server().key))
            )
        assert await world.is_served(address, shows=world.envoys.client(EDGE))


async def test_at_the_port_for_tokens_nobody_has_to_show_a_certificate(world: World) -> None:
    world.show()
    async with world.serving(token_port=0) as served:
        mutual, token = served.transport.addresses
        assert token.endswith(f":{served.transport.token_port}")
        assert await world.is_served(token, shows=None)
        await until(lambda: world.feed.left)
        assert world.feed.left[0].peer.proof.certificate is None
        assert not await world.is_served(mutual, shows=None)
        # What is shown there all the same nobody has looked at.
        assert await world.is_served(token, shows=Authority().client(EDGE))
        await until(lambda: len(world.feed.left) == 2)
        assert world.feed.left[1].peer.proof.certificate is None


@pytest.mark.parametrize("ask", [Ask.NOTHING, Ask.REQUIRED])
async def test_without_tls_nothing_is_said_to_anybody(ask: Ask) -> None:
    world = World(ask)
    world.show()
    async with world.serving(token_port=0) as served:
        for address in served.transport.addresses:
            reader, writer = await asyncio.open_connection(*address.rsplit(":", 1))
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
            async with asyncio.timeout(PATIENCE):
                # At most a TLS alert, and nothing of HTTP/2.
                with contextlib.suppress(ConnectionError):
                    assert b"\x00\x00\x04" not in await reader.read()
            writer.close()
            async with grpc.aio.insecure_channel(address) as channel:
                stream = RawStream(channel, f"/{ADS_SERVICE}/DeltaAggregatedResources")
                with contextlib.suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
                    await stream.send(node="edge", type_url=CLUSTER.url)
                assert (await stream.end())[0] == "UNAVAILABLE"
    assert (world.feed.seats, world.feed.left) == ([], [])


async def test_tls_1_1_is_refused(world: World) -> None:
    world.ask = Ask.NOTHING
    world.show()
    old = trusting(world.own)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with world.serving() as served:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.to_thread(_session, served.transport.port, old, None)
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await asyncio.to_thread(_session, served.transport.port, old, None)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
async def test_no_session_is_resumed_when_others_are_trusted(world: World, tmp_path: Path, version: str) -> None:
    world.show()
    context = trusting(world.own, shows=world.envoys.client(EDGE), folder=tmp_path)
    context.maximum_version = ssl.TLSVersion[version]
    async with world.serving() as served:
        session, _ = await asyncio.to_thread(_session, served.transport.port, context, None)
        assert session is not None
        world.show(Authority())
        reused: bool | None = False
        with contextlib.suppress(ssl.SSLError, ConnectionError, AssertionError):
            _, reused = await asyncio.to_thread(_session, served.transport.port, context, session)
        assert reused is False


class Context:
    """A call over a connection that has shown something."""

    def __init__(self, pair: Pair, *, port: int = 1, reused: bytes = b"true") -> None:
        self._pair, self._port, self._reused = pair, port, reused

    def peer(self) -> str:
        return f"ipv4:10.0.0.1:{self._port}"

    def auth_context(self) -> dict[str, list[bytes]]:
        return {
            "transport_security_type": [b"ssl"],
            "x509_pem_cert": [self._pair.certificate],
            "peer_uri": [EDGE.encode()],
            **({"ssl_session_reused": [self._reused]} if self._reused else {}),
        }


@pytest.mark.parametrize("reused", [b"true", b""])
def test_a_certificate_that_has_ended_proves_nothing_in_a_session_of_before(world: World, reused: bytes) -> None:
    good, ended = world.envoys.client(EDGE), world.envoys.client(EDGE, now=time.time() - 2 * HOUR)
    unread = Pair(certificate=b"none", key=b"")
    assert grpc_tls.certificate_of(Context(good, reused=reused)) == CertificateProof(uris=(EDGE,))
    assert grpc_tls.certificate_of(Context(ended, reused=reused)) is None
    assert grpc_tls.certificate_of(Context(unread, reused=reused)) is None


def test_a_certificate_proves_something_as_long_as_it_lasts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shows, proof = world.envoys.client(EDGE), CertificateProof(uris=(EDGE,))
    resumed, whole = Context(shows, port=2), Context(shows, port=3, reused=b"false")
    found = [grpc_tls.certificate_of(each) for each in (resumed, whole)]
    assert found == [proof, proof]
    assert found[0] is not None
    assert found[0].ends == pytest.approx(time.time() + HOUR, abs=60)
    assert not grpc_tls.has_ended(whole)
    ahead = time.time() + 2 * HOUR
    monkeypatch.setattr(time, "time", lambda: ahead)
    assert [grpc_tls.certificate_of(each) for each in (resumed, whole)] == [None, None]
    assert grpc_tls.has_ended(whole)


async def test_no_stream_begins_on_a_connection_whose_certificate_has_ended_and_the_client_connects_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.show()
    async with world.serving() as served:
        (address,) = served.transport.addresses
        shows = world.envoys.client(EDGE)
        async with world.channel(address, shows=shows) as channel:
            old = RawStream(channel, _PATH)
            await old.send(type_url=CLUSTER.url, node="old")
            assert (await old.receive()).resources
            with monkeypatch.context() as later:
                clock = SimpleNamespace(time=lambda: time.time() + 2 * HOUR, monotonic=time.monotonic, sleep=time.sleep)
                later.setattr("legation.transports.grpc_tls.time", clock)
                new = RawStream(channel, _PATH)
                with contextlib.suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
                    await new.send(type_url=CLUSTER.url, node="new")
                # The words come along, unless the connection ends before them.
                assert (await new.end())[0] == "UNAVAILABLE"
            # With the connection all that is on it ends: it comes back with a newer certificate, if it has one.
            assert (await old.end())[0] == "UNAVAILABLE"
            async with asyncio.timeout(60):
                while not await _is_served(channel):
                    pass


async def _is_served(channel: grpc.aio.Channel) -> bool:
    """Say whether a stream is served; one that is opened while its connection goes is not, and is opened anew."""
    stream = RawStream(channel, _PATH)
    try:
        await stream.send(type_url=CLUSTER.url, node="again")
        return bool((await stream.receive()).resources)
    except (asyncio.InvalidStateError, grpc.aio.AioRpcError):
        return False


def test_grpc_is_told_of_a_change_alone_and_all_handshakes_wait_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It frees what it had without a lock: whoever begins a handshake with that just then ends the process."""
    moments: list[float] = []

    def rest(seconds: float) -> None:
        moments[0] += seconds

    moments.append(100.0)
    still = SimpleNamespace(monotonic=lambda: moments[0], sleep=rest, time=time.time)
    monkeypatch.setattr("legation.transports.grpc_tls.time", still)
    world.show()
    swapping = grpc_tls._Swapping(world.shown.port(Ask.REQUIRED))
    assert swapping.fetch() is None
    assert moments == [100.0]

    world.show(Authority())
    assert swapping.fetch() is not None
    assert moments == [100.25], "those that asked before have begun"
    assert swapping.fetch() is None
    assert moments == [100.5], "the new one is in place"
    assert swapping.fetch() is None
    assert moments == [100.5]


async def test_both_addresses_of_localhost_are_served(world: World) -> None:
    world.show()
    async with world.serving(bind=("localhost",)) as served:
        for address in served.transport.addresses:
            assert await world.is_served(address, shows=world.envoys.client(EDGE))


@pytest.mark.parametrize("ask", [Ask.OPTIONAL, Ask.REQUIRED, Ask.NOTHING])
def test_what_grpc_cannot_do_is_refused_and_nothing_opens(ask: Ask) -> None:
    with pytest.raises(TransportError):
        grpc_tls.server_credentials(Shown().port(ask))


def test_tls_1_3_alone_has_to_be_said_before_grpc_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, authority = Shown(minimum=ssl.TLSVersion.TLSv1_3), Authority()
    shown.show(authority.material())
    monkeypatch.delenv(grpc_tls.CIPHERS, raising=False)
    with pytest.raises(TransportError, match="before it is loaded"):
        grpc_tls.server_credentials(shown.port(Ask.NOTHING))
    monkeypatch.setitem(os.environ, grpc_tls.CIPHERS, grpc_tls.ONLY_1_3)
    grpc_tls.server_credentials(shown.port(Ask.NOTHING))


def test_a_port_for_tokens_needs_tls() -> None:
    with pytest.raises(TransportError, match="needs TLS"):
        GrpcTransport(token_port=0)


def _for_servers(authority: Authority) -> Pair:
    return certificates.issue(authority.pair, names=[EDGE], now=time.time(), seconds=HOUR)


def _session(
    port: int, context: ssl.SSLContext, session: ssl.SSLSession | None
) -> tuple[ssl.SSLSession | None, bool | None]:
    """Connect, and return what could be resumed, and whether something was."""
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as raw,
        context.wrap_socket(raw, server_hostname=NAME, session=session) as connection,
    ):
        # With TLS 1.3 what a session is resumed by comes with the first words of the server.
        assert connection.recv(1)
        return connection.session, connection.session_reused


async def test_no_session_is_resumed_when_an_authority_has_ended(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.show(world.envoys, Authority(seconds=HOUR))
    context = trusting(world.own, shows=world.envoys.client(EDGE, seconds=10 * HOUR), folder=tmp_path)
    async with world.serving() as served:
        session, _ = await asyncio.to_thread(_session, served.transport.port, context, None)
        _, reused = await asyncio.to_thread(_session, served.transport.port, context, session)
        assert reused
        ahead = time.time() + 2 * HOUR
        monkeypatch.setattr(time, "time", lambda: ahead)
        _, reused = await asyncio.to_thread(_session, served.transport.port, context, session)
        assert not reused
