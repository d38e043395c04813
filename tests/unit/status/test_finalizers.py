"""The finalizer of a kind, taken off objects that are being deleted, at an API server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from legation.kube.client import Client
from legation.model.api_kinds import ApiKind
from legation.model.delivery import ObjectState
from legation.model.objects import ObjectKey
from legation.status.finalizers import Finalizers
from legation.testing import ManualClock
from legation.testing.fake_kube import FakeKube
from tests.unit.kube.traffic import Traffic
from tests.unit.status.worlds import CLUSTERS, WEB, FakeObjects, state

OURS, OTHER = "example.com/delete", "example.com/other"
PIPES = ApiKind(group="example.com", version="v1", kind="Pipe", plural="pipes", finalizer=OURS)


def key(name: str, namespace: str = "shop") -> ObjectKey:
    return ObjectKey("example.com", "Pipe", namespace, name)


class World:
    """Who takes finalizers off, and the API server; what this replica knows is what that has, unless told otherwise."""

    def __init__(self, kube: FakeKube, client: Client, traffic: Traffic) -> None:
        self.kube, self.clock, self._traffic = kube, ManualClock(), traffic
        self.objects, self.leads = FakeObjects(), True
        self.faults: list[Exception] = []
        self._client = client
        self.finalizers = self.new_finalizers(state=self.objects.state)

    def new_finalizers(self, *, state: Callable[[ObjectKey], ObjectState | None]) -> Finalizers:
        return Finalizers(
            self._client,
            kinds={("example.com", "Pipe"): PIPES, ("bootes.io", "Cluster"): CLUSTERS},
            state=state,
            leads=lambda: self.leads,
            clock=self.clock,
            chance=lambda: 0.0,
            fault=self.faults.append,
        )

    def put(self, name: str = "a", *finalizers: str, namespace: str = "shop", **spec: Any) -> None:
        """Have an object at the API server."""
        metadata = {"namespace": namespace, "name": name, "finalizers": list(finalizers)}
        self.kube.put({"apiVersion": "example.com/v1", "kind": "Pipe", "metadata": metadata, "spec": spec})

    def read(self, name: str = "a", *, namespace: str = "shop", withdrawn: bool | None = None) -> None:
        """Read it here, and serve that unless told otherwise."""
        found = self.kube.get(PIPES, namespace, name)["metadata"]
        deleting = "deletionTimestamp" in found
        it = ObjectState(
            key=key(name, namespace),
            uid=found["uid"],
            generation=found["generation"],
            served=found["generation"],
            deleting=deleting,
            withdrawn=deleting if withdrawn is None else withdrawn,
            finalizers=tuple(each for each in found.get("finalizers", ()) if each == OURS),
        )
        self.objects.put(it)
        self.finalizers.look(it.key)

    def delete(self, name: str = "a", *, namespace: str = "shop") -> None:
        """Have it deleted, and hear of that."""
        self.kube.delete(PIPES, namespace, name)
        self.read(name, namespace=namespace)

    def is_there(self, name: str = "a", namespace: str = "shop") -> bool:
        return (namespace, name) in self.kube.objects(PIPES)

    @property
    def patches(self) -> int:
        return self.kube.count("patch", "pipes")

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.finalizers.problems()]

    async def quiet(self, seconds: float = 0.0) -> None:
        """Let time pass, what is due be done, and all answers come."""
        await self.clock.advance(seconds)
        for _ in range(20):
            await asyncio.sleep(0)
            await self._traffic.idle()

    async def until(self, condition: Callable[[], bool], *, step: float = 0.1, limit: float = 900.0) -> None:
        end = self.clock.now() + limit
        while not condition():
            assert self.clock.now() < end
            await self.quiet(step)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with FakeKube() as kube:
        kube.install(PIPES)
        client = Client(kube.connection)
        try:
            yield World(kube, client, Traffic(monkeypatch))
        finally:
            await client.aclose()


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(world.finalizers.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])
        assert world.faults == []


async def test_an_object_that_is_deleted_goes(world: World) -> None:
    async with running(world):
        world.put("a", OURS)
        world.delete()
        await world.until(lambda: not world.is_there())
        assert world.patches == 1


async def test_it_is_taken_off_once_however_late_the_watch_is(world: World) -> None:
    async with running(world):
        world.put("a", OURS, OTHER)
        world.delete()
        await world.until(lambda: world.patches == 1)
        world.kube.forget_asked()
        for _ in range(5):
            world.finalizers.look(key("a"))
            await world.quiet(60.0)
        assert not world.kube.asked
        assert world.kube.get(PIPES, "shop", "a")["metadata"]["finalizers"] == [OTHER]


@pytest.mark.parametrize("finalizers", [(OURS, OTHER), (OTHER, OURS), ("first", OURS, OTHER)])
async def test_those_of_others_stay(world: World, finalizers: tuple[str, ...]) -> None:
    async with running(world):
        world.put("a", *finalizers)
        world.delete()
        await world.until(lambda: world.patches == 1)
        left = [each for each in finalizers if each != OURS]
        assert world.kube.get(PIPES, "shop", "a")["metadata"]["finalizers"] == left


async def test_an_object_that_is_not_deleted_keeps_it(world: World) -> None:
    async with running(world):
        world.put("a", OURS)
        world.read()
        await world.quiet(60.0)
        assert not world.kube.asked


async def test_it_stays_until_no_envoy_is_told_of_the_object(world: World) -> None:
    async with running(world):
        world.put("a", OURS)
        world.kube.delete(PIPES, "shop", "a")
        world.read(withdrawn=False)
        await world.quiet(60.0)
        assert not world.kube.asked
        world.read()
        await world.until(lambda: not world.is_there())


async def test_kinds_without_one_are_not_looked_at(world: World) -> None:
    async with running(world):
        world.objects.put(state())
        world.finalizers.look(WEB)
        await world.quiet(60.0)
        assert not world.kube.asked


async def test_who_does_not_lead_asks_nothing(world: World) -> None:
    world.leads = False
    async with running(world):
        world.put("a", OURS)
        world.delete()
        await world.quiet(60.0)
        assert not world.kube.asked


async def test_an_object_of_the_same_name_that_came_after_it_is_another_one(world: World) -> None:
    async with running(world):
        world.put("a", OURS)
        world.kube.delete(PIPES, "shop", "a")
        world.read()
        old = world.objects.states[key("a")]
        world.put("a")
        assert not world.is_there()
        world.put("a", OURS)
        world.kube.delete(PIPES, "shop", "a")
        assert world.kube.get(PIPES, "shop", "a")["metadata"]["uid"] != old.uid
        await world.quiet(60.0)
        # What is served is the end of the one before.
        assert (world.kube.count("get", "pipes"), world.patches) == (1, 0)
        world.read()
        await world.until(lambda: not world.is_there())


async def test_an_object_that_is_gone_is_no_failure(world: World) -> None:
    async with running(world):
        world.put("a", OURS)
        world.kube.delete(PIPES, "shop", "a")
        world.read()
        world.put("a")
        await world.until(lambda: world.kube.count("get", "pipes") == 1)
        await world.quiet(120.0)
        assert world.kube.count(plural="pipes") == 1
        assert world.codes == []


async def test_others_that_change_it_at_the_same_time_are_waited_for(world: World) -> None:
    async with running(world):
        world.put("a", OURS)
        world.kube.refuse_next(409, times=2, verb="patch", plural="pipes")
        world.delete()
        await world.quiet()
        assert not world.is_there()
        assert world.kube.count("get", "pipes") == 3


async def test_what_others_do_between_the_look_and_the_change_is_not_undone(world: World) -> None:
    async with running(world):
        world.put("a", OTHER, OURS)
        world.kube.forestall_next(lambda: world.put("a", OURS), verb="patch", plural="pipes")
        world.delete()
        await world.until(lambda: world.patches == 2)
        # Had the first one been taken, the other finalizer would have come back.
        await world.until(lambda: not world.is_there(), limit=5.0)


async def test_others_that_change_it_all_the_time_are_waited_for_longer(world: World) -> None:
    async with running(world):
        world.put("a", OURS)
        world.kube.refuse_next(409, times=7, verb="patch", plural="pipes")
        world.delete()
        await world.quiet()
        assert world.patches == 3
        await world.until(lambda: not world.is_there())
        assert world.clock.now() >= 1.0
        assert world.patches == 8


@pytest.mark.parametrize("verb", ["get", "patch"])
async def test_a_right_that_is_missing_is_told_and_tried_again_at_long_pauses(world: World, verb: str) -> None:
    world.kube.forbid(verb, "pipes")
    async with running(world):
        for name in ("a", "b"):
            world.put(name, OURS)
            world.delete(name)
            await world.quiet()
        assert world.codes == ["finalizer-forbidden"]
        assert world.kube.count(verb, "pipes") == 1
        for _ in range(10):
            world.finalizers.look(key("a"))
            world.finalizers.look(key("b"))
            await world.quiet(60.0)
        assert world.kube.count(verb, "pipes") <= 6
        world.kube.allow(verb, "pipes")
        for _ in range(11):
            world.finalizers.look(key("a"))
            world.finalizers.look(key("b"))
            await world.quiet(60.0)
        assert world.kube.objects(PIPES) == {}
        assert world.codes == []


async def test_an_object_that_the_api_server_does_not_take_is_told_and_holds_up_no_other(world: World) -> None:
    async with running(world):
        for name in ("a", "b"):
            world.put(name, OURS)
        world.kube.refuse_next(422, verb="patch", plural="pipes")
        world.delete("a")
        await world.quiet()
        world.delete("b")
        await world.quiet()
        assert (world.is_there("a"), world.is_there("b")) == (True, False)
        (problem,) = world.finalizers.problems()
        assert (problem.code, problem.object) == ("finalizer-refused", key("a"))
        world.finalizers.look(key("a"))
        await world.quiet(30.0)
        assert world.is_there("a")
        # Its owner mends it.
        world.put("a", OURS, port=1)
        world.read("a")
        await world.until(lambda: not world.is_there("a"), limit=5.0)
        assert world.codes == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_api_server_in_trouble_is_tried_again(world: World, status: int) -> None:
    async with running(world):
        world.put("a", OURS)
        world.kube.refuse_next(status, times=3, plural="pipes")
        world.delete()
        await world.until(lambda: not world.is_there(), limit=60.0)
        assert world.codes == []
        assert world.patches <= 3


async def test_an_api_server_that_is_away_is_tried_again(world: World) -> None:
    async with running(world):
        world.put("a", OURS)
        world.delete()
        await world.kube.stop()
        await world.quiet(60.0)
        await world.kube.start()
        await world.until(lambda: not world.is_there(), limit=120.0)


async def test_trouble_that_is_over_makes_the_next_pauses_no_longer(world: World) -> None:
    async with running(world):
        for name in ("a", "b"):
            world.put(name, OURS)
        world.kube.refuse_next(503, times=4, plural="pipes")
        world.delete("a")
        await world.until(lambda: not world.is_there("a"))
        world.kube.refuse_next(503, plural="pipes")
        world.delete("b")
        # The fourth pause was 8 s.
        await world.until(lambda: not world.is_there("b"), limit=2.0)


async def test_an_object_that_comes_after_one_that_is_gone_waits_for_nothing(world: World) -> None:
    """Two changes of one object have a pause between them, and this is another object."""
    async with running(world):
        for _ in range(2):
            world.put("a", OURS)
            world.delete()
            await world.quiet()
            assert not world.is_there()
            world.objects.delete(key("a"))
            world.finalizers.forget(key("a"))
        assert world.clock.now() == 0.0


async def test_an_answer_that_was_lost_is_no_reason_to_do_it_twice(world: World) -> None:
    async with running(world):
        world.put("a", OURS, OTHER)
        world.kube.cut_next(verb="patch", plural="pipes")
        world.delete()
        await world.until(lambda: world.kube.count("get", "pipes") == 2)
        await world.quiet(60.0)
        assert world.patches == 1
        assert world.kube.get(PIPES, "shop", "a")["metadata"]["finalizers"] == [OTHER]


async def test_what_is_forgotten_is_told_no_longer(world: World) -> None:
    world.kube.forbid("patch", "pipes")
    async with running(world):
        world.put("a", OURS)
        world.delete()
        await world.until(lambda: world.codes == ["finalizer-forbidden"])
        world.put("a")
        world.objects.delete(key("a"))
        world.finalizers.forget(key("a"))
        assert world.codes == []


async def test_a_thousand_that_are_deleted_together_go_within_seconds(world: World) -> None:
    for number in range(1000):
        world.put(f"a-{number}", OURS)
    async with running(world):
        for number in range(1000):
            world.delete(f"a-{number}")
        await world.until(lambda: not world.kube.objects(PIPES), step=0.5, limit=30.0)
        assert world.patches == 1000


async def test_a_fault_of_its_own_with_one_stops_no_other(world: World) -> None:
    bug = RuntimeError("a bug")
    known = world.objects.state

    def failing(it: ObjectKey) -> ObjectState | None:
        if it.name == "a" and not world.faults:
            raise bug
        return known(it)

    world.finalizers = world.new_finalizers(state=failing)
    task = asyncio.create_task(world.finalizers.run())
    for name in ("a", "b"):
        world.put(name, OURS)
        world.delete(name)
    await world.until(lambda: not world.kube.objects(PIPES), limit=120.0)
    assert world.faults == [bug]
    task.cancel()
    await asyncio.wait([task])
