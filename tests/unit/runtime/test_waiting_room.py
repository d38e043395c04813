"""Who waits for its Pod: for how long, and what becomes of it."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from legation.model.node import Node, Peer
from legation.runtime.waiting_room import WaitingRoom
from legation.testing import ManualClock
from legation.transports.base import Refusal
from tests.fakes import PEER


class Guest:
    """A client that waits; it can be dismissed, and leaves when its streams have ended."""

    def __init__(self, name: str, since: float) -> None:
        self.peer = PEER
        self.node = Node(id=name)
        self.since = since
        self.dismissed: list[tuple[str, str]] = []

    @property
    def client(self) -> Guest:
        return self

    def subscribes(self, *_: object) -> bool:
        return False

    def asked(self, *_: object) -> frozenset[str]:
        return frozenset()

    def accepted(self, *_: object) -> None:
        return None

    def sent(self, *_: object) -> None:
        return None

    def dismiss(self, status: str, words: str) -> None:
        self.dismissed.append((status, words))


@dataclass
class World:
    """A room with patience for ten seconds."""

    clock: ManualClock = field(default_factory=ManualClock)
    guests: list[Guest] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    known: bool = True
    turned_away: list[tuple[str, str, str]] = field(default_factory=list)
    looks: int = 0

    def __post_init__(self) -> None:
        self.room = WaitingRoom(
            clock=self.clock,
            patience=10.0,
            guests=self._look,
            check=self._check,
            why=lambda node: f"nobody knows {node.id}" if self.known else None,
            turned_away=lambda _, node, why: self.turned_away.append((node.id, why.status, str(why))),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        running = asyncio.create_task(self.room.run())
        await self.clock.advance(0)
        yield self
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()

    async def come(self, name: str) -> Guest:
        guest = Guest(name, self.clock.now())
        self.room.wake()
        self.guests.append(guest)
        await self.clock.advance(0)
        return guest

    def _look(self) -> list[Guest]:
        self.looks += 1
        return self.guests

    def _check(self, peer: Peer, node: Node) -> None:
        assert peer is PEER
        if node.id in self.refused:
            raise Refusal("PERMISSION_DENIED", "not from there")


async def test_who_is_waited_for_in_vain_is_turned_away_with_the_reason() -> None:
    async with World().running() as world:
        guest = await world.come("edge.shop")
        await world.clock.advance(9.9)
        assert guest.dismissed == []
        await world.clock.advance(0.1)
        assert guest.dismissed == [("NOT_FOUND", "nobody knows edge.shop")]
        assert world.turned_away == [("edge.shop", "NOT_FOUND", "nobody knows edge.shop")]


async def test_each_waits_from_the_moment_at_which_it_came() -> None:
    async with World().running() as world:
        first = await world.come("first.shop")
        await world.clock.advance(6)
        second = await world.come("second.shop")
        await world.clock.advance(4)
        assert (len(first.dismissed), len(second.dismissed)) == (1, 0)
        await world.clock.advance(6)
        assert (len(first.dismissed), len(second.dismissed)) == (1, 1)


async def test_who_got_its_seat_meanwhile_is_left_alone() -> None:
    async with World().running() as world:
        guest = await world.come("edge.shop")
        world.guests.clear()
        await world.clock.advance(100)
        assert guest.dismissed == []
        assert world.clock.sleepers == 0


async def test_while_nobody_can_say_why_it_waits_on() -> None:
    """The watch of Pods is broken, so the Pod may be there."""
    async with World(known=False).running() as world:
        guest = await world.come("edge.shop")
        await world.clock.advance(35)
        assert guest.dismissed == []
        assert world.looks == 1 + 3
        world.known = True
        world.room.wake()
        await world.clock.advance(0)
        assert guest.dismissed == [("NOT_FOUND", "nobody knows edge.shop")]


async def test_it_is_looked_at_again_though_nobody_says_anything() -> None:
    async with World(known=False).running() as world:
        guest = await world.come("edge.shop")
        await world.clock.advance(12)
        world.known = True
        await world.clock.advance(8)
        assert len(guest.dismissed) == 1


async def test_who_may_not_be_whom_it_says_is_turned_away_as_soon_as_that_is_known() -> None:
    async with World().running() as world:
        guest = await world.come("edge.shop")
        world.refused.add("edge.shop")
        world.room.wake()
        await world.clock.advance(0)
        assert guest.dismissed == [("PERMISSION_DENIED", "not from there")]
        assert world.turned_away == [("edge.shop", "PERMISSION_DENIED", "not from there")]


async def test_who_was_turned_away_is_told_once_until_its_streams_have_ended() -> None:
    async with World().running() as world:
        slow = await world.come("slow.shop")
        await world.clock.advance(10)
        for _ in range(3):
            world.room.wake()
            await world.clock.advance(10)
        assert len(slow.dismissed) == 1
        assert len(world.turned_away) == 1


async def test_who_comes_again_at_once_waits_again_and_is_turned_away_again() -> None:
    """Wherever in memory it may sit: a place that is free is taken by the next one."""
    async with World().running() as world:
        for _ in range(5):
            guest = await world.come("edge.shop")
            await world.clock.advance(10)
            assert len(guest.dismissed) == 1
            world.guests.clear()
            del guest
        assert len(world.turned_away) == 5


async def test_who_was_turned_away_is_forgotten_when_its_streams_have_ended() -> None:
    async with World().running() as world:
        guest = await world.come("edge.shop")
        await world.clock.advance(10)
        gone = weakref.ref(guest)
        world.guests.clear()
        del guest
        world.room.wake()
        await world.clock.advance(0)
        assert gone() is None


async def test_an_empty_room_costs_nothing() -> None:
    async with World().running() as world:
        assert world.clock.sleepers == 0
        world.room.wake()
        await world.clock.advance(0)
        assert world.clock.sleepers == 0
