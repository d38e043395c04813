"""Replicas that show each other their certificate, and who else is no replica."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from legation.http_server import HttpServer
from legation.ops.replicas import replicas_app
from legation.pki.certificates import Pair
from legation.status.replica import Replica, Silence
from legation.tls.material import Material
from legation.tls.shown import Ask, Shown
from tests.unit.status.worlds import FakeObjects
from tests.unit.tls.signing import NAME, Authority, trusting

HERE = "127.0.0.1"


class World:
    """A replica, and others that ask it."""

    def __init__(self) -> None:
        self.authority, self.shown = Authority(), Shown()
        self.shown.port(Ask.REQUIRED)

    def show(self, *trusted: Authority, pair: Pair | None = None) -> Material:
        material = self.authority.material(*(trusted or (self.authority,)), pair=pair)
        self.shown.show(material)
        return material

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        app = replicas_app(
            deliveries=FakeObjects().deliveries, proxies=tuple, turned_away=tuple, names=lambda: (NAME, "other")
        )
        tls = self.shown.port(Ask.REQUIRED).context
        server = HttpServer(app, bind=HERE, port=0, setting="--replica", tls=tls)
        started = asyncio.Event()
        task = asyncio.create_task(server.run(started=started.set))
        try:
            await started.wait()
            yield server.port
        finally:
            task.cancel()
            await asyncio.wait([task])


async def answers(port: int, shows: Material | None, *, plain: bool = False) -> bool:
    replica = Replica(HERE, port=port, secured=None if plain else lambda: shows)
    try:
        await replica.page()
    except Silence:
        return False
    finally:
        await replica.aclose()
    return True


async def test_who_shows_a_certificate_of_the_same_name_is_answered() -> None:
    world = World()
    own = world.show()
    async with world.serving() as port:
        assert await answers(port, own)
        assert await answers(port, world.authority.material(world.authority))


@pytest.mark.parametrize(
    "what", ["nothing to show", "no tls", "of an Envoy", "of another authority", "of another name"]
)
async def test_nobody_else_is(what: str) -> None:
    world, stranger = World(), Authority()
    world.show()
    shows = {
        "nothing to show": None,
        "no tls": None,
        "of an Envoy": world.authority.material(
            world.authority, pair=world.authority.client("spiffe://home/node/edge", "edge.home.svc")
        ),
        "of another authority": stranger.material(world.authority),
        "of another name": world.authority.material(world.authority, pair=world.authority.server("web.home.svc")),
    }[what]
    async with world.serving() as port:
        assert not await answers(port, shows, plain=what == "no tls")


async def test_one_that_cannot_prove_to_be_one_is_not_asked() -> None:
    world, stranger = World(), Authority()
    own = world.authority.material(world.authority)
    world.shown.show(stranger.material(world.authority))
    async with world.serving() as port:
        assert not await answers(port, own)


async def test_certificates_and_authorities_may_be_replaced_while_they_are_asked() -> None:
    world, new = World(), Authority()
    shows = [world.show()]
    async with world.serving() as port:
        replica = Replica(HERE, port=port, secured=lambda: shows[0])
        try:
            for trusted in ((world.authority,), (world.authority, new), (world.authority, new), (new,)):
                signer = new if trusted == (new,) else world.authority
                material = signer.material(*trusted)
                # First the one and then the other: they do not look at the same moment.
                world.shown.show(material)
                await replica.page()
                shows[0] = material
                await asyncio.gather(*(replica.page() for _ in range(5)))
        finally:
            await replica.aclose()


async def test_a_certificate_without_a_name_is_told_as_silence() -> None:
    world = World()
    own = world.show()
    unnamed = world.authority.material(world.authority, pair=world.authority.server("spiffe://home/ns/a/sa/b"))
    async with world.serving() as port:
        replica = Replica(HERE, port=port, secured=lambda: unnamed)
        with pytest.raises(Silence, match="no DNS name"):
            await replica.page()
        await replica.aclose()
    assert own.authorities


@pytest.mark.parametrize(
    ("names", "status"), [((NAME,), b"200"), (("spiffe://home/node/edge", "edge.home.svc"), b"403")]
)
async def test_what_the_same_authority_signed_for_an_envoy_opens_nothing(
    tmp_path: Path, names: tuple[str, ...], status: bytes
) -> None:
    world = World()
    world.show()
    shows = trusting(world.authority, shows=world.authority.client(*names), folder=tmp_path)
    async with world.serving() as port:
        reader, writer = await asyncio.open_connection(HERE, port, ssl=shows, server_hostname=NAME)
        writer.write(b"GET /proxies HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        async with asyncio.timeout(20):
            assert (await reader.read()).startswith(b"HTTP/1.1 " + status)
        writer.close()
        await writer.wait_closed()
