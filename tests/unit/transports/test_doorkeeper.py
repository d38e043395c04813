"""Connections of a port: who is one too many, and who is hung up on. At sockets of this process, without gRPC."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterator
from contextlib import ExitStack

import pytest

from legation.model.limits import Limits
from legation.model.node import Peer
from legation.testing import ManualClock
from legation.transports import open_sockets
from legation.transports.conduct import Conduct
from legation.transports.crowd import Crowd
from legation.transports.doorkeeper import Doorkeeper
from legation.transports.open_sockets import Remote
from tests.unit.transports.test_open_sockets import Port

LIMIT = 3


class World:
    """A port whose connections are looked after."""

    def __init__(self, closing: ExitStack, *, limit: int = LIMIT) -> None:
        self.clock = ManualClock()
        self.conduct = Conduct(self.clock)
        self.port = Port(closing, family=socket.AF_INET, host="127.0.0.1")
        limits = Limits(strange_connections=limit)
        self.crowd = Crowd(self.clock, self.conduct, limits=limits, hang_up=lambda _: None)
        self.doorkeeper = Doorkeeper(
            self.clock, self.conduct, limits=limits, crowd=lambda: self.crowd, ports=lambda: {self.port.number}
        )
        self.clients: list[socket.socket] = []

    def connect(self) -> Peer:
        client, (host, port) = self.port.connected()
        self.clients.append(client)
        return Peer(address=f"ipv4:{host}:{port}", transport="grpc")

    def open(self, number: int) -> bool:
        self.clients[number].settimeout(0)
        try:
            return self.clients[number].recv(1) != b""
        except BlockingIOError:
            return True


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as closing:
        yield World(closing)


async def test_of_those_on_which_nothing_is_asked_who_has_been_there_longest_goes(world: World) -> None:
    world.connect()
    await world.doorkeeper.look()
    # More than LIMIT descriptors are open in any process: each look is a close one.
    for _ in range(LIMIT):
        world.clock.step(1)
        world.connect()
        await world.doorkeeper.look()
    assert [world.open(number) for number in range(LIMIT + 1)] == [False, True, True, True]
    assert world.conduct.counts


async def test_who_is_known_is_never_one_too_many(world: World) -> None:
    for _ in range(LIMIT + 2):
        world.crowd.enter(world.connect(), end=lambda *_: None).known()
    await world.doorkeeper.look()
    assert all(world.open(number) for number in range(LIMIT + 2))


async def test_who_asks_stays_before_who_is_silent(world: World) -> None:
    world.crowd.enter(world.connect(), end=lambda *_: None).asked()
    world.clock.step(1)
    for _ in range(LIMIT):
        world.connect()
    await world.doorkeeper.look()
    assert world.open(0)
    assert [world.open(number) for number in range(1, LIMIT + 1)].count(False) == 1


async def test_who_is_to_be_hung_up_on_is_at_the_next_look(world: World) -> None:
    peer = world.connect()
    world.connect()
    world.doorkeeper.hang_up(peer)
    assert world.open(0)
    await world.doorkeeper.look()
    assert (world.open(0), world.open(1)) == (False, True)


async def test_while_there_cannot_be_too_many_nobody_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Collection[int]] = []

    def remotes(ports: Collection[int]) -> list[Remote]:
        looks.append(ports)
        return []

    monkeypatch.setattr(open_sockets, "remotes", remotes)
    with ExitStack() as closing:
        number = open_sockets.count()
        for limit, looked in ((number + 10, 0), (number - 1, 1)):
            world = World(closing, limit=limit)
            await world.doorkeeper.look()
            assert len(looks) == looked
