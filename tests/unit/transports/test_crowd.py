"""Places of streams: who makes room for whom, and what waits until others have read. Without a network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from legation.errors import RemoteProtocolError
from legation.model.identity import CertificateProof, Proof
from legation.model.limits import Limits
from legation.model.node import Peer
from legation.testing import ManualClock
from legation.transports.conduct import Conduct
from legation.transports.crowd import REFUSED, Crowd, Place, Standing
from tests.unit.transports.loopback import until


class World:
    def __init__(self, **limits: Any) -> None:
        self.clock = ManualClock()
        self.conduct = Conduct(self.clock)
        self.hung_up: list[str] = []
        self.crowd = Crowd(
            self.clock, self.conduct, limits=Limits(**limits), hang_up=lambda peer: self.hung_up.append(peer.address)
        )
        self.ended: list[tuple[int, str]] = []
        self._number = 0

    def enter(self, address: str = "ipv4:10.0.0.1:1", *, proven: bool = False, looking: bool = False) -> Place:
        self._number += 1
        number = self._number
        proof = Proof(certificate=CertificateProof(uris=("spiffe://home/node/a",))) if proven else Proof()
        return self.crowd.enter(
            Peer(address=address, transport="grpc", proof=proof),
            end=lambda status, _words: self.ended.append((number, status)),
            looking=looking,
        )


def test_who_has_asked_is_not_sent_away_for_who_has_not() -> None:
    world = World(strange_streams=2)
    for _ in range(2):
        world.enter().asked()
    with pytest.raises(RemoteProtocolError) as refused:
        world.enter()
    assert refused.value.status == "RESOURCE_EXHAUSTED"
    assert world.ended == []


def test_the_one_that_is_silent_for_longest_makes_room() -> None:
    world = World(strange_streams=3)
    world.enter().asked()
    world.enter()
    world.enter()
    world.enter()
    assert world.ended == [(2, "RESOURCE_EXHAUSTED")]


def test_who_has_proven_something_is_no_stranger() -> None:
    world = World(strange_streams=1, streams=10)
    for _ in range(9):
        world.enter(proven=True)
    world.enter()
    with pytest.raises(RemoteProtocolError):
        world.enter(proven=True)
    assert world.ended == []


def test_other_addresses_have_places_of_their_own_and_a_network_of_ipv6_has_one() -> None:
    world = World(strange_streams=1)
    world.enter("ipv4:10.0.0.1:1")
    world.enter("ipv4:10.0.0.2:1")
    world.enter("ipv6:[fd00::1]:1")
    assert world.ended == []
    world.enter("ipv6:[fd00::2]:1")
    assert world.ended == [(3, "RESOURCE_EXHAUSTED")]


def test_what_has_gone_is_forgotten_once() -> None:
    world = World(strange_streams=1)
    place = world.enter()
    place.leave()
    place.leave()
    place.known()
    place.asked()
    assert (world.crowd.strange, list(world.crowd.connections)) == (0, [])
    world.enter()
    assert world.ended == []


def test_a_connection_is_known_by_its_best_stream() -> None:
    world = World()
    address = "ipv4:10.0.0.1:1"
    assert world.crowd.standing(address) is Standing.SILENT
    first, second = world.enter(address), world.enter(address)
    assert world.crowd.standing(address) is Standing.SILENT
    first.asked()
    assert world.crowd.standing(address) is Standing.ASKING
    second.known()
    assert world.crowd.standing(address) is Standing.KNOWN
    second.leave()
    assert world.crowd.standing(address) is Standing.ASKING


def test_a_connection_that_is_refused_too_often_is_ended() -> None:
    world = World(strange_streams=1)
    world.enter("ipv4:10.0.0.1:1").asked()
    for _ in range(REFUSED + 1):
        assert world.hung_up == []
        with pytest.raises(RemoteProtocolError):
            world.enter("ipv4:10.0.0.1:2")
    assert world.hung_up == ["ipv4:10.0.0.1:2"]


def test_only_those_that_are_silent_for_too_long_are_ended() -> None:
    world = World(first_request=15)
    world.enter()
    world.enter().asked()
    world.clock.step(10)
    world.enter()
    world.clock.step(5)
    world.crowd.look()
    assert world.ended == [(1, "DEADLINE_EXCEEDED")]


def test_while_it_is_looked_at_a_stream_is_not_silent() -> None:
    world = World(first_request=15)
    place = world.enter(looking=True)
    assert world.crowd.standing(place.peer.address) is Standing.ASKING
    world.clock.step(20)
    world.crowd.look()
    place.seen(proven=True)
    assert world.crowd.standing(place.peer.address) is Standing.KNOWN
    world.clock.step(14)
    world.crowd.look()
    assert world.ended == []
    # From then on it is its turn.
    world.clock.step(1)
    world.crowd.look()
    assert world.ended == [(1, "DEADLINE_EXCEEDED")]


def test_who_is_not_looked_at_in_time_is_told_to_come_again_and_not_blamed() -> None:
    world = World(first_request=15)
    for _ in range(REFUSED + 2):
        world.enter(looking=True)
    world.clock.step(30)
    world.crowd.look()
    assert {status for _, status in world.ended} == {"UNAVAILABLE"}
    assert (world.conduct.counts, world.hung_up, list(world.crowd.connections)) == ({}, [], [])


def test_who_is_looked_at_makes_no_room_and_takes_none() -> None:
    world = World(strange_streams=2)
    looked_at = [world.enter(looking=True) for _ in range(5)]
    world.enter()
    world.enter()
    assert world.ended == []
    world.enter()
    assert world.ended == [(6, "RESOURCE_EXHAUSTED")]
    for each in looked_at[:4]:
        each.seen(proven=True)
    assert world.crowd.strange == 2
    # Who has shown something false is a stranger like any other.
    looked_at[4].seen(proven=False)
    assert world.ended[1:] == [(7, "RESOURCE_EXHAUSTED")]
    for each in looked_at:
        each.leave()
    assert (world.crowd._looking, world.crowd._looking_of) == ({}, {})


def test_who_has_shown_something_false_is_one_too_many_where_all_have_asked() -> None:
    world = World(strange_streams=1)
    place = world.enter(looking=True)
    world.enter().asked()
    with pytest.raises(RemoteProtocolError):
        place.seen(proven=False)
    place.leave()
    assert world.crowd.strange == 1


def test_of_those_that_are_looked_at_the_connection_with_most_makes_room() -> None:
    world = World(strange_streams=2)
    flood, honest = "ipv4:10.0.0.1:1", "ipv4:10.0.0.1:2"
    for _ in range(8):
        world.enter(flood, looking=True)
    with pytest.raises(RemoteProtocolError):
        world.enter(flood, looking=True)
    for _ in range(4):
        world.enter(honest, looking=True)
    with pytest.raises(RemoteProtocolError):
        world.enter(honest, looking=True)
    assert len(world.ended) == 4
    assert all(number <= 8 for number, _ in world.ended)


async def test_the_time_of_each_is_kept_by_itself() -> None:
    world = World(first_request=15)
    running = asyncio.create_task(world.crowd.run())
    world.enter(looking=True)
    await world.clock.advance(5)
    world.enter()
    await world.clock.advance(15)
    assert world.ended == [(2, "DEADLINE_EXCEEDED")]
    await world.clock.advance(10)
    assert world.ended == [(2, "DEADLINE_EXCEEDED"), (1, "UNAVAILABLE")]
    running.cancel()
    await asyncio.wait((running,))


async def test_what_is_written_waits_for_room_in_order() -> None:
    world = World(unread_bytes=10)
    read = [asyncio.Event() for _ in range(4)]
    begun: list[int] = []

    async def write(number: int) -> None:
        async with world.enter().room() as taken:
            taken(10)
            begun.append(number)
            await read[number].wait()

    writing = [asyncio.create_task(write(number)) for number in range(4)]
    await until(lambda: begun == [0])
    read[0].set()
    await until(lambda: begun == [0, 1])
    # One that gives up passes its turn on.
    writing[2].cancel()
    read[1].set()
    await until(lambda: begun == [0, 1, 3])
    read[3].set()
    await asyncio.wait(writing)
    assert not world.crowd._unread
    assert not world.crowd._rooms


async def test_others_do_not_wait_for_an_address_that_does_not_read() -> None:
    world = World(unread_bytes=10)
    async with world.enter("ipv4:10.0.0.1:1").room() as taken:
        taken(100)
        async with asyncio.timeout(10), world.enter("ipv4:10.0.0.2:1").room() as also_taken:
            also_taken(100)


async def test_the_place_knows_since_when_something_is_unread() -> None:
    world = World()
    world.clock.step(7)
    place = world.enter()
    seen = [place.unread_since]
    async with place.room() as taken:
        seen.append(place.unread_since)
        taken(1)
        seen.append(place.unread_since)
    assert [*seen, place.unread_since] == [None, None, 7, None]
