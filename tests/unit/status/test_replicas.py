"""The other replicas, over HTTP on loopback; who they are comes from an API server on loopback, too."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest

from legation.kube.client import Client
from legation.model.delivery import NO_DELIVERY
from legation.model.objects import ObjectKey
from legation.model.replicas import ALONE, ReplicaCount
from legation.status.replicas import Replicas
from legation.status.totals import Totals
from legation.testing import ManualClock
from legation.testing.fake_kube import FakeKube
from tests.unit.kube.loopback import Answer, Asked, loopback
from tests.unit.kube.traffic import Traffic
from tests.unit.status.replicas import put_slice, replica
from tests.unit.status.worlds import WEB, FakeObjects, delivery, key, state

PATIENCE = 15.0
OWN, OTHER, THIRD = "127.0.0.1", "127.0.0.2", "127.0.0.3"


class Noticed(Replicas):
    """The other replicas; tests may wait until these have heard who they are."""

    def __init__(self, *args: Any, **others: Any) -> None:
        self.heard = asyncio.Event()
        super().__init__(*args, **others)

    def _slices_changed(self, changes: Any) -> None:
        super()._slices_changed(changes)
        self.heard.set()


class World:
    """The other replicas as one asks them, and what came of it."""

    def __init__(self, kube: FakeKube, client: Client, port: int, traffic: Traffic) -> None:
        self._traffic = traffic
        self.kube, self.clock, self.totals = kube, ManualClock(), Totals()
        self.told: list[frozenset[ObjectKey] | None] = []
        self.replicas = Noticed(
            client,
            service="legation",
            namespace="home",
            port=port,
            own_address=OWN,
            own_epoch="own run",
            totals=self.totals,
            clock=self.clock,
            chance=lambda: 0.0,
            changed=self.note,
        )

    def note(self, keys: Iterable[ObjectKey] | None) -> None:
        self.told.append(None if keys is None else frozenset(keys))

    async def until(self, condition: Callable[[], bool], *, step: float = 0.5) -> None:
        """Let time pass until something holds; what is asked meanwhile takes none."""
        while not condition():
            await self.clock.advance(step)
            await self._traffic.idle()

    async def put(self, addresses: Iterable[str], *, silent: Iterable[str] = ()) -> None:
        """Have the Service's Pods be these, and wait until that is heard of."""
        put_slice(self.kube, addresses, silent=silent)
        while self.replicas._standings.keys() != {*addresses, *silent} - {OWN}:
            self.replicas.heard.clear()
            await self.replicas.heard.wait()


@contextlib.asynccontextmanager
async def asking(port: int) -> AsyncIterator[World]:
    async with asyncio.timeout(PATIENCE), FakeKube() as kube, contextlib.AsyncExitStack() as stack:
        traffic = Traffic(stack.enter_context(pytest.MonkeyPatch.context()))
        client = Client(kube.connection)
        world = World(kube, client, port, traffic)
        watching = asyncio.create_task(world.replicas.run())
        task = asyncio.create_task(world.replicas.ask())
        try:
            yield world
            assert not task.done()
            assert not watching.done()
        finally:
            for each in (task, watching):
                each.cancel()
            await asyncio.wait([task, watching])
            await client.aclose()
        assert world.totals.of(WEB, served=1) == NO_DELIVERY


@pytest.fixture
def other() -> FakeObjects:
    it = FakeObjects("run of the other one")
    it.put(state(), delivery(1, 2))
    it.put(state(key(1)), delivery(0, 1))
    return it


async def test_the_counts_of_another_replica_come_and_later_only_what_changed(other: FakeObjects) -> None:
    async with replica(other, OTHER) as port, asking(port) as world:
        await world.put([OWN, OTHER])
        await world.until(lambda: len(world.told) == 2)
        assert world.replicas.counted == ReplicaCount(replicas=2, answered=2)
        assert world.replicas.settled
        assert world.totals.of(WEB, served=1) == delivery(1, 2)
        assert world.told == [frozenset({WEB, key(1)}), None]
        other.count(WEB, delivery(2, 2))
        await world.until(lambda: world.totals.of(WEB, served=1) == delivery(2, 2))
        assert world.told[2:] == [frozenset({WEB})]


async def test_before_it_has_answered_nothing_is_settled_and_it_is_not_counted(other: FakeObjects) -> None:
    async with replica(other, THIRD) as port, asking(port) as world:
        assert not world.replicas.settled
        assert world.replicas.problems() == ()
        await world.put([OWN, OTHER])
        assert not world.replicas.settled
        assert world.replicas.counted == ALONE
        since = world.replicas._standings[OTHER].since
        await world.until(lambda: world.replicas.settled)
        assert world.clock.now() - since >= 5.0
        assert world.replicas.counted == ReplicaCount(replicas=2, answered=1)


async def test_one_that_falls_silent_is_left_out_after_five_seconds_and_comes_back(other: FakeObjects) -> None:
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(replica(other, THIRD))
        world = await stack.enter_async_context(asking(port))
        await world.put([OWN, OTHER, THIRD])
        async with replica(other, OTHER, port=port):
            await world.until(lambda: world.replicas.counted.answered == 3)
        heard = world.replicas._standings[OTHER].since
        await world.until(lambda: world.replicas.counted.answered < 3)
        assert world.clock.now() - heard >= 5.0
        assert world.replicas.counted == ReplicaCount(replicas=3, answered=2)
        await world.until(lambda: world.totals.of(WEB, served=1) == delivery(1, 2))
        async with replica(other, OTHER, port=port):
            await world.until(lambda: world.replicas.counted.answered == 3)
            assert world.totals.of(WEB, served=1) == delivery(2, 4)
        assert world.told.count(None) >= 3


async def test_one_that_is_no_replica_any_more_is_forgotten_at_once(other: FakeObjects) -> None:
    async with replica(other, OTHER) as port, asking(port) as world:
        await world.put([OWN, OTHER])
        await world.until(lambda: world.replicas.counted.answered == 2)
        await world.put([OWN])
        await world.until(lambda: world.replicas.counted == ALONE)
        assert world.totals.of(WEB, served=1) == delivery(0, 0)


async def test_one_that_ends_is_counted_while_it_answers(other: FakeObjects) -> None:
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(replica(FakeObjects("third"), THIRD))
        world = await stack.enter_async_context(asking(port))
        await world.put([OWN], silent=[OTHER])
        async with replica(other, OTHER, port=port):
            await world.until(lambda: world.replicas.counted == ReplicaCount(replicas=2, answered=2))
        await world.until(lambda: world.replicas.counted == ALONE)


async def test_one_that_turns_out_to_be_this_very_program_is_left_out() -> None:
    async with replica(FakeObjects("own run"), OTHER) as port, asking(port) as world:
        await world.put([OTHER])
        await world.until(lambda: world.replicas._standings[OTHER].itself)
        assert world.replicas.settled
        assert world.replicas.counted == ALONE
        assert (await world.replicas.pages()).pages == ()


async def test_one_that_was_begun_anew_tells_all_anew(other: FakeObjects) -> None:
    async with replica(other, OTHER) as port, asking(port) as world:
        await world.put([OTHER])
        await world.until(lambda: world.replicas.counted.answered == 2)
        other.epoch, other.states, other._changed, other.number = "next run", {}, {}, 0
        other.put(state(key(5)), delivery(1, 1))
        await world.until(lambda: world.totals.of(key(5), served=1) == delivery(1, 1))
        assert world.totals.of(WEB, served=1) == delivery(0, 0)


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"{}", b'{"epoch": "another", "number": 3, "whole": false, "objects": []}'],
)
async def test_who_speaks_otherwise_counts_as_silent(body: bytes) -> None:
    async def odd(asked: Asked, answer: Answer) -> None:
        await answer.whole(body=body)

    async with loopback(odd, host=OTHER) as server, asking(server.port) as world:
        await world.put([OTHER])
        await world.until(lambda: world.replicas.counted == ReplicaCount(replicas=2, answered=1))
        assert (await world.replicas.pages()).silent == (OTHER,)


async def test_the_envoys_of_all_are_asked_for_once(other: FakeObjects) -> None:
    async with replica(other, OTHER) as port, asking(port) as world:
        await world.put([OWN, OTHER, THIRD])
        found = await world.replicas.pages()
        (page,) = found.pages
        assert (page.replica, found.silent) == (OTHER, (THIRD,))
        assert [each["node"] for each in page.proxies] == ["test-id"]
        assert page.turned_away == ()


async def test_all_are_asked_for_a_list_on_one_of_their_pages(other: FakeObjects) -> None:
    async with replica(other, OTHER) as port, asking(port) as world:
        await world.put([OWN, OTHER, THIRD])
        found = await world.replicas.records("/proxies", "proxies", {})
        assert [each["node"] for each in found.records[OTHER]] == ["test-id"]
        assert (list(found.records), found.silent) == ([OTHER], (THIRD,))
        assert (await world.replicas.records("/proxies", "no such list", {})).silent == (OTHER, THIRD)


async def test_a_missing_right_is_told_and_holds_up_nothing() -> None:
    async with asking(1) as world:
        world.kube.forbid("list", "endpointslices")
        world.kube.forbid("watch", "endpointslices")
        world.kube.drop()
        await world.until(lambda: bool(world.replicas.problems()))
        await world.until(lambda: "may not" in world.replicas.problems()[0].message)
        assert 'resources: ["endpointslices"]' in world.replicas.problems()[0].mend
        await world.until(lambda: world.replicas.settled)
        assert world.replicas.counted == ALONE
