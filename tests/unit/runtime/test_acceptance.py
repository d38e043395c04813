"""Waiting for Envoys' answers."""

from __future__ import annotations

import asyncio

import pytest

from legation.model.node import Node, Peer
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, ROUTE_CONFIGURATION
from legation.model.snapshot import Snapshot, collect
from legation.runtime.acceptance import Acceptance, wait_accepted
from legation.runtime.feedback import Feedback
from legation.runtime.hub import Content, Hub
from legation.testing import ManualClock
from tests.fakes import FakeClient
from tests.small_world import cluster, route


class World(Content[str]):
    """Groups `a` and `b`: the node's id up to its dash."""

    def __init__(self) -> None:
        self.snapshots: dict[str, Snapshot] = {}
        self.feedback = Feedback(clock=ManualClock())
        self.hub: Hub[str] = Hub(self, feedback=self.feedback)

    def group_of(self, _peer: Peer, node: Node) -> str:
        return node.id.partition("-")[0]

    def snapshot_of(self, group: str) -> Snapshot | None:
        return self.snapshots.get(group)

    def publish(self, group: str, *resources: Resource) -> None:
        rows = {each.type for each in resources}
        self.snapshots[group] = Snapshot.of(
            collect(row, [each for each in resources if each.type is row]) for row in rows
        )
        self.hub.publish([group])

    def client(self, name: str) -> FakeClient:
        client = FakeClient(self.hub, name)
        client.subscribe(CLUSTER)
        return client

    async def waiting(self, *names: str, group: str | None = None, at_least: int = 0) -> asyncio.Task[Acceptance]:
        """Begin to wait, and see that it does wait."""
        wanted = [(CLUSTER, name) for name in names] or None
        task = asyncio.create_task(wait_accepted(self.feedback, wanted, group=group, at_least=at_least, timeout=30))
        for _ in range(5):
            await asyncio.sleep(0)
        assert not task.done()
        return task

    async def at_once(self, *names: str, group: str | None = None) -> Acceptance:
        wanted = [(CLUSTER, name) for name in names] or None
        return await wait_accepted(self.feedback, wanted, group=group, timeout=0)


@pytest.fixture
def world() -> World:
    return World()


async def test_it_waits_for_everyone_who_asked(world: World) -> None:
    world.publish("a", cluster("one"))
    first, second = world.client("a-1"), world.client("a-2")
    first.take(CLUSTER)
    task = await world.waiting("one")
    second.take(CLUSTER)
    assert await task == Acceptance(accepted=("a-1", "a-2"))


async def test_nobody_is_waited_for_who_did_not_ask_or_is_not_to_get_it(world: World) -> None:
    world.publish("a", cluster("one"), route("r"))
    world.publish("b", cluster("two"))
    world.client("a-1").take(CLUSTER)
    world.client("b-1")
    assert await world.at_once("one") == Acceptance(accepted=("a-1",))
    answer = await wait_accepted(world.feedback, [(ROUTE_CONFIGURATION, "r")], timeout=0)
    assert (answer, str(answer), bool(answer)) == (Acceptance(), "no Envoy asked for it", True)


async def test_an_older_version_is_not_enough(world: World) -> None:
    world.publish("a", cluster("one"))
    client = world.client("a-1")
    client.take(CLUSTER)
    world.publish("a", cluster("one", 2))
    task = await world.waiting("one")
    client.take(CLUSTER)
    assert (await task).accepted == ("a-1",)


async def test_without_an_answer_in_time_it_says_who_is_waited_for(world: World) -> None:
    world.publish("a", cluster("one"))
    world.client("a-1")
    answer = await world.at_once("one")
    assert (answer.waiting, bool(answer)) == (("a-1",), False)
    assert str(answer) == "no answer from a-1"


async def test_a_refusal_ends_the_wait_with_the_reason(world: World) -> None:
    bad = cluster("one")
    world.publish("a", bad)
    client = world.client("a-1")
    task = await world.waiting("one")
    client.refuse(client.is_sent(CLUSTER), "malformed IP address", [bad])
    answer = await task
    assert not answer
    assert not answer.accepted
    assert str(answer) == 'a-1 refuses Cluster "one": malformed IP address'


async def test_a_removed_name_is_accepted_when_nobody_holds_it(world: World) -> None:
    world.publish("a", cluster("one"), cluster("two"))
    client = world.client("a-1")
    client.take(CLUSTER)
    world.publish("a", cluster("one"))
    task = await world.waiting("two")
    client.take(CLUSTER)
    assert (await task).accepted == ("a-1",)


async def test_without_names_it_waits_for_all_that_came_and_all_that_goes(world: World) -> None:
    world.publish("a", cluster("one"), cluster("two"))
    client = world.client("a-1")
    client.take(CLUSTER)
    world.publish("a", cluster("one"))
    assert (await world.at_once()).waiting == ("a-1",)
    client.take(CLUSTER)
    assert await world.at_once() == Acceptance(accepted=("a-1",))


async def test_of_one_group_the_others_do_not_matter(world: World) -> None:
    world.publish("a", cluster("one"))
    world.publish("b", cluster("one"))
    world.client("a-1").take(CLUSTER)
    world.client("b-1")
    assert await world.at_once(group="a") == Acceptance(accepted=("a-1",))


async def test_who_leaves_is_not_waited_for(world: World) -> None:
    world.publish("a", cluster("one"))
    client = world.client("a-1")
    task = await world.waiting("one")
    client.seat.leave()
    assert await task == Acceptance()


async def test_a_change_taken_back_before_it_was_sent_is_not_waited_for(world: World) -> None:
    world.publish("a", cluster("one"))
    world.client("a-1").take(CLUSTER)
    world.publish("a", cluster("one", 2))
    task = await world.waiting("one")
    world.publish("a", cluster("one"))
    assert (await task).accepted == ("a-1",)


async def test_a_new_resource_taken_back_before_it_was_sent_is_not_waited_for(world: World) -> None:
    world.publish("a", cluster("one"))
    world.client("a-1").take(CLUSTER)
    world.publish("a", cluster("one"), cluster("two"))
    task = await world.waiting()
    world.publish("a", cluster("one"))
    assert (await task).accepted == ("a-1",)


async def test_who_comes_while_it_waits_is_waited_for_too(world: World) -> None:
    world.publish("a", cluster("one"))
    task = await world.waiting("one", at_least=1)
    client = world.client("a-1")
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    client.take(CLUSTER)
    assert (await task).accepted == ("a-1",)


async def test_only_those_that_are_meant_are_waited_for(world: World) -> None:
    world.publish("a", cluster("one"))
    meant, other = world.client("a-1"), world.client("a-2")
    waiting = asyncio.create_task(
        wait_accepted(
            world.feedback, [(CLUSTER, "one")], matches=lambda each: each.node.id == "a-1", at_least=1, timeout=30
        )
    )
    await asyncio.sleep(0)
    other.refuse(other.is_sent(CLUSTER), "no", [cluster("one")])
    await asyncio.sleep(0)
    assert not waiting.done()
    meant.take(CLUSTER)
    assert str(await waiting) == "accepted by a-1"


async def test_who_is_meant_only_later_is_waited_for_from_then_on(world: World) -> None:
    known: set[str] = set()
    client = world.client("a-1")
    waiting = asyncio.create_task(
        wait_accepted(world.feedback, None, matches=lambda each: each.node.id in known, at_least=1, timeout=30)
    )
    await asyncio.sleep(0)
    known.add("a-1")
    world.publish("a", cluster("one"))
    client.take(CLUSTER)
    assert (await waiting).accepted == ("a-1",)


async def test_who_comes_back_counts_once(world: World) -> None:
    world.publish("a", cluster("one"))
    task = await world.waiting("one", at_least=2)
    for _ in range(3):
        client = world.client("a-1")
        client.take(CLUSTER)
        client.seat.leave()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    world.client("a-2").take(CLUSTER)
    assert (await task).accepted == ("a-1", "a-2")


async def test_who_leaves_without_an_answer_does_not_count(world: World) -> None:
    world.publish("a", cluster("one"))
    task = await world.waiting("one", at_least=1)
    world.client("a-1").seat.leave()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    world.client("a-2").take(CLUSTER)
    assert (await task).accepted == ("a-2",)
