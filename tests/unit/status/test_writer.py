"""The writer against an API server on loopback, while time is in the test's hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from legation.kube.client import Client
from legation.model.delivery import NO_DELIVERY, Delivery, ObjectState
from legation.model.objects import ObjectKey
from legation.model.replicas import ALONE
from legation.status.conditions import Status
from legation.status.events import EVENTS
from legation.status.finalizers import Finalizers
from legation.status.obstacles import Obstacles
from legation.status.requests import Counts, Requests
from legation.status.schedule import Schedule
from legation.status.totals import Totals
from legation.status.words import rfc3339
from legation.status.writer import Surroundings, Writer
from legation.testing import ManualClock
from legation.testing.fake_kube import FakeKube
from tests.unit.kube.traffic import Traffic
from tests.unit.status.worlds import BROKEN, CLUSTERS, REFUSAL, WEB, FakeObjects, delivery, key, opinions, state

FINALIZER = "example.com/delete"
START = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """A writer, and all that is around it."""

    def __init__(self, kube: FakeKube, client: Client, traffic: Traffic) -> None:
        self.kube, self.clock, self._traffic = kube, ManualClock(), traffic
        self.objects, self.totals, self.obstacles = FakeObjects(), Totals(), Obstacles()
        self.counts, self.leads, self.is_late = Counts(), True, False
        self.faults: list[Exception] = []
        self._client = client
        self._shown: dict[ObjectKey, Status | None] = {}
        self.writer = self.new_writer()

    def new_writer(self) -> Writer:
        requests = Requests(
            self._client,
            obstacles=self.obstacles,
            counts=self.counts,
            instance="legation-0",
            clock=self.clock,
            now=self.now,
        )
        around = Surroundings(
            kinds={("bootes.io", "Cluster"): replace(CLUSTERS, finalizer=FINALIZER)},
            objects=self.objects,
            observed=self.observed,
            counted=lambda: ALONE,
            leads=lambda: self.leads,
        )
        self.finalizers = Finalizers(
            self._client,
            kinds=around.kinds,
            state=self.objects.state,
            leads=around.leads,
            clock=self.clock,
            chance=lambda: 0.0,
            fault=self.faults.append,
        )
        return Writer(
            requests,
            around,
            totals=self.totals,
            obstacles=self.obstacles,
            finalizers=self.finalizers,
            schedule=Schedule(),
            clock=self.clock,
            chance=lambda: 0.0,
            stamp=lambda: rfc3339(self.now()),
            fault=self.faults.append,
        )

    def now(self) -> datetime:
        return START + timedelta(seconds=self.clock.now())

    def observed(self, it: ObjectKey) -> Status | None:
        if not self.is_late:
            self._shown[it] = self.status(it)
        return self._shown.get(it)

    def put(self, it: ObjectState, counts: Delivery = NO_DELIVERY) -> None:
        """Have an object, here and at the API server."""
        metadata = {"namespace": it.key.namespace, "name": it.key.name}
        stored = {each.name: each for each in self.kube.objects(CLUSTERS)}.get(it.key.name)
        if stored is None:
            made = self.kube.put({"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": metadata, "spec": {}})
        else:
            made = self.kube.get(CLUSTERS, it.key.namespace, it.key.name)
        uid = made["metadata"]["uid"]
        self.objects.put(
            ObjectState(key=it.key, uid=uid, generation=it.generation, served=it.served, problems=it.problems),
            counts,
        )

    def status(self, it: ObjectKey = WEB) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] | None = self.kube.get(CLUSTERS, it.namespace, it.name).get("status")
        except Exception:  # noqa: BLE001 - it was deleted
            return None
        return found

    def opinion(self, name: str, it: ObjectKey = WEB) -> str:
        return opinions(self.status(it) or {"conditions": [{"type": name, "status": "", "reason": ""}]})[name]

    @property
    def events(self) -> list[str]:
        found = self.kube.objects(EVENTS).values()
        return [f"{each['type']} {each['reason']}" for each in sorted(found, key=lambda each: each["eventTime"])]

    @property
    def patches(self) -> int:
        return self.kube.count("patch", "clusters")

    async def quiet(self) -> None:
        """Let what is due be written, and all answers come."""
        await self.clock.advance(0.3)
        await self.idle()

    async def idle(self) -> None:
        await self._traffic.wait(lambda: not self.writer._busy)
        await asyncio.sleep(0)

    async def until(self, condition: Callable[[], bool], *, step: float = 0.1, limit: float = 900.0) -> None:
        """Let time pass until something holds."""
        end = self.clock.now() + limit
        while not condition():
            assert self.clock.now() < end
            await self.clock.advance(step)
            await self.idle()


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    async with FakeKube() as kube:
        kube.install(CLUSTERS)
        client = Client(kube.connection)
        try:
            yield World(kube, client, Traffic(monkeypatch))
        finally:
            await client.aclose()


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(world.writer.run())
    await asyncio.sleep(0)
    try:
        yield task
    finally:
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])


async def test_an_object_is_told_what_became_of_it(world: World) -> None:
    async with running(world):
        world.put(state(generation=3), delivery(2, 3))
        await world.quiet()
        assert world.status() is not None
        assert world.opinion("Programmed") == "False/Pending"
        assert world.events == []

        world.put(state(generation=3), delivery(3, 3))
        await world.until(lambda: world.opinion("Programmed") == "True/Programmed")
        assert world.events == ["Normal Programmed"]
        (event,) = world.kube.objects(EVENTS).values()
        assert event["regarding"]["name"] == "web"
        assert event["reportingInstance"] == "legation-0"
    assert not world.objects.watched


async def test_what_happens_in_a_moment_is_written_once(world: World) -> None:
    async with running(world):
        for accepted in range(4):
            world.put(state(generation=2), delivery(accepted, 3))
            await world.clock.advance(0.05)
        await world.quiet()
        assert world.patches == 1
        assert world.opinion("Programmed") == "True/Programmed"
        assert world.events == ["Normal Programmed"]


async def test_a_thousand_envoys_that_flap_write_each_object_once_a_second(world: World) -> None:
    keys = [key(number) for number in range(5)]
    for it in keys:
        world.put(state(it), delivery(1000, 1000))
    async with running(world):
        await world.quiet()
        world.kube.forget_asked()
        at: dict[ObjectKey, list[float]] = {it: [] for it in keys}
        for turn in range(100):
            for it in keys:
                world.objects.count(it, delivery(1000 - turn % 7, 1000))
            before = Counter(each.name for each in world.kube.asked)
            await world.clock.advance(0.1)
            await world.idle()
            for name, number in (Counter(each.name for each in world.kube.asked) - before).items():
                if name:
                    at[next(it for it in keys if it.name == name)] += [world.clock.now()] * number
    for moments in at.values():
        assert 8 <= len(moments) <= 11
        assert all(after - before > 0.85 for before, after in pairwise(moments))
    # An Event for a change of mind, not for each flap.
    assert len(world.events) <= 5


async def test_a_status_that_is_right_already_is_not_written(world: World) -> None:
    world.put(state(), delivery(1, 1))
    async with running(world):
        await world.quiet()
    assert world.patches == 1
    world.writer = world.new_writer()
    async with running(world):
        await world.quiet()
        world.writer.touch_all()
        await world.clock.advance(5.0)
    assert world.patches == 1
    assert world.events == []


async def test_a_server_that_begins_waits_for_its_envoys_to_come_back(world: World) -> None:
    world.put(state(), delivery(2, 2))
    async with running(world):
        await world.quiet()
    world.writer = world.new_writer()
    world.put(state(), delivery(0, 0))
    began = world.clock.now()
    async with running(world):
        await world.quiet()
        assert (world.status() or {})["programmed"] == "2/2"
        await world.until(lambda: world.opinion("Programmed") == "False/NoEnvoys")
        assert world.clock.now() - began >= 10.0
        assert world.patches == 2


async def test_what_others_wrote_is_set_right_after_a_while(world: World) -> None:
    world.put(state(), delivery(1, 1))
    async with running(world):
        await world.quiet()
        world.kube.patch_status(CLUSTERS, "shop", "web", {"programmed": "9/9"})
        await world.until(lambda: (world.status() or {})["programmed"] == "1/1", step=10.0)


async def test_a_late_watch_does_not_hide_what_has_to_be_written(world: World) -> None:
    """The API server still shows the first status when the second is to be taken back."""
    async with running(world):
        world.put(state(), delivery(1, 1))
        await world.quiet()
        world.observed(WEB)
        world.is_late = True
        world.put(state(), delivery(1, 2))
        await world.until(lambda: world.opinion("Programmed") == "False/Pending")
        world.put(state(), delivery(1, 1))
        await world.until(lambda: world.opinion("Programmed") == "True/Programmed")


async def test_counts_of_another_replica_are_added(world: World) -> None:
    world.put(state(), delivery(1, 1))
    other = FakeObjects("other")
    other.put(state(), delivery(1, 2, REFUSAL))
    async with running(world):
        await world.quiet()
        world.writer.touch(world.totals.take("10.0.0.1", other.deliveries()))
        await world.until(lambda: world.opinion("Refused") == "True/RefusedByEnvoy")
        assert (world.status() or {})["programmed"] == "2/3"
        world.writer.touch(world.totals.drop("10.0.0.1"))
        await world.until(lambda: (world.status() or {})["programmed"] == "1/1")


async def test_counts_of_a_generation_before_are_none_of_the_newest(world: World) -> None:
    """The state is the newest at once, the counts come a little later."""
    async with running(world):
        world.put(state(), delivery(3, 3))
        await world.quiet()
        world.objects.states[WEB] = state(generation=2)
        world.objects.states[WEB] = ObjectState(
            key=WEB, uid=world.kube.get(CLUSTERS, "shop", "web")["metadata"]["uid"], generation=2, served=2
        )
        world.writer.touch([WEB])
        await world.until(lambda: world.opinion("Programmed") == "False/Pending")
        assert (world.status() or {})["programmed"] == "0/3"


async def test_a_broken_object_and_its_mending_are_told(world: World) -> None:
    async with running(world):
        world.put(state(), delivery(1, 1))
        await world.quiet()
        world.put(state(WEB, BROKEN, generation=2, served=1), delivery(1, 1))
        await world.until(lambda: world.opinion("Accepted") == "False/UnknownField")
        assert (world.status() or {})["observedGeneration"] == 2
        world.put(state(generation=3), delivery(1, 1))
        await world.until(lambda: world.opinion("Accepted") == "True/Valid")
        await world.idle()
        assert world.events[:2] == ["Normal Programmed", "Warning UnknownField"]
        assert sorted(world.events[2:]) == ["Normal Accepted", "Normal Programmed"]


async def test_without_the_status_subresource_events_are_told(world: World) -> None:
    world.kube.remove(CLUSTERS)
    world.kube.install(CLUSTERS, status=False)
    async with running(world):
        world.put(state(), delivery(1, 1))
        await world.quiet()
        # That tells a kind without status from an object that is gone.
        assert world.kube.count("get", "clusters") == 1
        world.put(state(WEB, BROKEN, generation=2, served=1), delivery(1, 1))
        await world.clock.advance(2.0)
        await world.idle()
        assert world.events == ["Normal Programmed", "Warning UnknownField"]
        assert world.status() is None
        assert world.kube.count("get", "clusters") == 1
        assert tuple(world.obstacles.problems()) == ()

        # Ours are installed, and found within ten minutes.
        world.kube.remove(CLUSTERS)
        world.kube.install(CLUSTERS)
        world.put(state(WEB, BROKEN, generation=3, served=1), delivery(1, 1))
        await world.until(lambda: world.opinion("Accepted") == "False/UnknownField", step=10.0)


async def test_a_missing_right_is_told_once_with_its_rule_and_events_go_on(world: World) -> None:
    world.kube.forbid("patch", "clusters/status")
    async with running(world):
        for number in range(3):
            world.put(state(key(number)), delivery(1, 1))
        await world.clock.advance(2.0)
        await world.idle()
        (problem,) = world.obstacles.problems()
        assert problem.code == "status-forbidden"
        assert 'apiGroups: ["bootes.io"], resources: ["clusters/status"], verbs: ["patch"]' in problem.mend
        assert world.events == ["Normal Programmed"] * 3
        assert world.patches <= 3

        world.kube.allow("patch", "clusters/status")
        await world.until(lambda: world.opinion("Programmed", key(0)) == "True/Programmed", step=10.0)
        assert tuple(world.obstacles.problems()) == ()


@pytest.mark.parametrize("status", [409, 429, 500, 503])
async def test_what_fails_is_written_later(world: World, status: int) -> None:
    world.kube.refuse_next(status, verb="patch", times=3)
    async with running(world):
        world.put(state(), delivery(1, 1))
        await world.until(lambda: world.opinion("Programmed") == "True/Programmed")
        assert world.patches == 4
        assert world.events == ["Normal Programmed"]
        assert world.counts.failures == 3
        assert world.clock.now() > 3.0


async def test_an_api_server_that_is_away_is_asked_seldom_and_told_all_later(world: World) -> None:
    for number in range(20):
        world.put(state(key(number)), delivery(1, 1))
    await world.kube.stop()
    async with running(world):
        await world.clock.advance(60.0)
        await world.idle()
        assert world.counts.failures < 40
        await world.kube.start()
        await world.until(lambda: all(world.status(key(number)) for number in range(20)), step=5.0)


async def test_a_status_that_is_not_taken_leaves_events(world: World) -> None:
    world.kube.refuse_next(422, verb="patch")
    async with running(world):
        world.put(state(), delivery(1, 1))
        await world.quiet()
        (problem,) = world.obstacles.problems()
        assert (problem.code, world.events) == ("status-refused", ["Normal Programmed"])


async def test_an_object_that_is_gone_is_forgotten(world: World) -> None:
    async with running(world):
        world.put(state(), delivery(1, 1))
        await world.quiet()
        world.put(state(), delivery(1, 2))
        world.kube.delete(CLUSTERS, "shop", "web")
        await world.clock.advance(2.0)
        await world.idle()
        assert (world.patches, world.kube.count("get", "clusters")) == (2, 1)
        world.objects.delete(WEB)
        await world.clock.advance(200.0)
        assert world.patches == 2
        assert world.writer.waiting == 0


async def test_one_that_was_made_anew_gets_a_status_of_its_own(world: World) -> None:
    """It may get that of the old one for a moment: there is no way to say which one is meant."""
    world.put(state(), delivery(1, 1))
    async with running(world):
        world.kube.delete(CLUSTERS, "shop", "web")
        new = world.kube.put(
            {"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": {"namespace": "shop", "name": "web"}}
        )
        await world.quiet()
        assert world.events == []
        world.put(state(), delivery(0, 1))
        assert world.objects.states[WEB].uid == new["metadata"]["uid"]
        await world.until(lambda: world.opinion("Programmed") == "False/Pending")


async def test_other_kinds_and_objects_of_files_are_not_written(world: World) -> None:
    async with running(world):
        world.objects.put(state(key(1, kind="Other")), delivery(1, 1))
        world.objects.put(ObjectState(key=key(2), uid="", generation=0, served=0), delivery(1, 1))
        await world.clock.advance(100.0)
        assert world.kube.count() == 0


async def test_who_does_not_lead_any_more_writes_nothing(world: World) -> None:
    world.leads = False
    async with running(world):
        world.put(state(), delivery(1, 1))
        await world.clock.advance(100.0)
        assert world.kube.count() == 0


async def test_events_that_cannot_be_told_are_dropped(world: World) -> None:
    world.kube.forbid("create", "events")
    async with running(world):
        world.put(state(), delivery(1, 1))
        world.put(state(key(1)), delivery(1, 1))
        await world.clock.advance(2.0)
        await world.idle()
        assert world.opinion("Programmed") == "True/Programmed"
        assert world.kube.count("create", "events") <= 2
        world.put(state(WEB, BROKEN, generation=2, served=1), delivery(1, 1))
        await world.until(lambda: world.opinion("Accepted") == "False/UnknownField")
        assert world.kube.count("create", "events") <= 2


async def test_a_fault_with_one_object_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    put = Requests.put

    async def failing(self: Requests, it: ObjectState, *rest: Any) -> Any:
        if it.key == key(0):
            raise RuntimeError("a bug")
        return await put(self, it, *rest)

    monkeypatch.setattr(Requests, "put", failing)
    async with running(world):
        for number in range(2):
            world.put(state(key(number)), delivery(1, 1))
        await world.until(lambda: world.status(key(1)) is not None)
        assert world.status(key(0)) is None


async def test_an_object_that_is_being_deleted_gets_no_status_and_no_event(world: World) -> None:
    async with running(world):
        world.put(state(), delivery(1, 1))
        await world.until(lambda: world.opinion("Programmed") == "True/Programmed")
        world.kube.forget_asked()
        it = replace(world.objects.states[WEB], generation=2, served=2, problems=(BROKEN,), deleting=True)
        world.objects.put(it, delivery(0, 0))
        await world.quiet()
        await world.clock.advance(120.0)
        await world.idle()
        assert not world.kube.asked


async def test_finalizers_wait_for_no_status_and_hold_up_none(world: World) -> None:
    """Each waits for the API server by itself."""
    async with running(world):
        world.put(state(), delivery(1, 2))
        world.put(state(key(1)), delivery(1, 2))
        made = world.kube.get(CLUSTERS, "shop", "web")
        world.kube.put({**made, "metadata": {**made["metadata"], "finalizers": [FINALIZER]}})
        world.kube.delete(CLUSTERS, "shop", "web")
        world.kube.hang_next(verb="get", plural="clusters")
        it = replace(world.objects.states[WEB], deleting=True, withdrawn=True, finalizers=(FINALIZER,))
        world.objects.put(it)
        await world.kube.wait(lambda: world.kube.hanging == 1)
        await world.until(lambda: world.status(key(1)) is not None)
        assert world.status() is None
        world.kube.heal()
        await world.until(lambda: world.status() is None and len(world.kube.objects(CLUSTERS)) == 1)
        assert list(world.finalizers.problems()) == []
