"""Handshakes at the gRPC ports: which come to nothing."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from grpc_health.v1 import health_pb2

from legation.tls.handshakes import Handshakes
from legation.tls.shown import Ask, PortTls
from tests.unit.tls.signing import Authority
from tests.unit.transports.loopback import PATIENCE, until
from tests.unit.transports.test_grpc_tls import EDGE, World

if TYPE_CHECKING:
    import grpc.aio


def counted(world: World) -> Handshakes:
    """Have the one port of a world counted."""
    handshakes = Handshakes()
    port = PortTls(shown=world.shown, ask=world.ask, handshakes=handshakes)
    # What the world takes for its port.
    world.shown.port = lambda _ask: port  # type: ignore[method-assign, assignment]  # a fake of one line
    return handshakes


@pytest.mark.parametrize("what", ["nothing", "of another authority", "trusts another"])
async def test_one_that_fails_has_begun_and_come_to_nothing(what: str) -> None:
    world = World()
    handshakes = counted(world)
    world.show()
    shows = {"nothing": None, "of another authority": Authority().client(EDGE)}.get(what, world.envoys.client(EDGE))
    trusts = Authority() if what == "trusts another" else None
    async with world.serving() as served:
        (address,) = served.transport.addresses
        assert not await world.is_served(address, shows=shows, trusts=trusts)
        begun, used = handshakes.counts
    assert begun > 0
    assert used == 0


async def test_who_speaks_no_tls_has_begun_and_come_to_nothing() -> None:
    world = World()
    handshakes = counted(world)
    world.show()
    async with world.serving() as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.transport.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                await reader.read()
        writer.close()
        await until(lambda: handshakes.counts == (1, 0))


async def test_a_connection_counts_once_whatever_is_asked_on_it() -> None:
    """Health checks over gRPC among it: they are no failures."""
    world = World(Ask.NOTHING)
    handshakes = counted(world)
    world.shown.show(world.own.material())
    async with world.serving() as served:
        (address,) = served.transport.addresses
        async with world.channel(address, shows=None) as channel:
            check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
            question = health_pb2.HealthCheckRequest().SerializeToString()
            for _ in range(3):
                await check(question)
        assert handshakes.counts == (1, 1)
        assert await world.is_served(address, shows=None)
        assert handshakes.counts == (2, 2)


async def test_the_port_for_tokens_counts_with_the_other_one() -> None:
    world = World()
    handshakes = counted(world)
    world.show()
    # It is another port of the same: what is shown there asks for nothing.
    asked: list[Ask] = []

    def port(ask: Ask) -> PortTls:
        asked.append(ask)
        return PortTls(shown=world.shown, ask=ask, handshakes=handshakes if ask is world.ask else Handshakes())

    world.shown.port = port  # type: ignore[method-assign]  # a fake of two lines
    async with world.serving(token_port=0) as served:
        assert asked == [Ask.REQUIRED, Ask.NOTHING]
        address = f"127.0.0.1:{served.transport.token_port}"
        assert await world.is_served(address, shows=None)
        assert handshakes.counts == (1, 1)
