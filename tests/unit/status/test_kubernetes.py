"""All of the room, joined: who writes, what it adds up, and what it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from legation.kube.lease import LEASES
from legation.model.delivery import NO_DELIVERY, Delivery, ObjectState
from legation.model.objects import ObjectKey
from legation.model.replicas import ALONE, ReplicaCount
from legation.status.conditions import Status
from legation.status.kubernetes import KubernetesStatus
from legation.status.writer import Writer
from legation.testing import ManualClock
from legation.testing.fake_kube import FakeKube
from tests.unit.kube.traffic import Traffic
from tests.unit.status.replicas import put_slice, replica
from tests.unit.status.worlds import CLUSTERS, WEB, FakeObjects, delivery, opinions, state

OWN, OTHER = "127.0.0.1", "127.0.0.2"


class Kube(FakeKube):
    """An API server, and what is asked of it and of replicas."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__()
        self.traffic = traffic


class Replica:
    """One replica, as the server would run it."""

    def __init__(self, kube: Kube, name: str, **others: Any) -> None:
        self._traffic = kube.traffic
        self.kube, self.clock, self.objects = kube, ManualClock(), FakeObjects(f"run of {name}")
        self.faults: list[Exception] = []
        self.status = KubernetesStatus(
            kube.connection,
            objects=self.objects,
            observed=self.observed,
            identity=name,
            namespace="home",
            clock=self.clock,
            chance=lambda: 0.0,
            own_address=OWN,
            fault=self.faults.append,
            **{"kinds": (CLUSTERS,), **others},
        )

    def put(self, it: ObjectState, counts: Delivery = NO_DELIVERY) -> None:
        if not self.kube.objects(CLUSTERS):
            metadata = {"namespace": it.key.namespace, "name": it.key.name}
            self.kube.put({"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": metadata})
        uid = self.kube.get(CLUSTERS, "shop", "web")["metadata"]["uid"]
        self.objects.put(ObjectState(key=it.key, uid=uid, generation=it.generation, served=it.served), counts)

    def observed(self, it: ObjectKey) -> Status | None:
        status: Status | None = self.kube.get(CLUSTERS, it.namespace, it.name).get("status")
        return status

    @property
    def programmed(self) -> str:
        return str((self.observed(WEB) or {}).get("programmed"))

    async def until(self, condition: Callable[[], bool], *, step: float = 0.05) -> None:
        """Let time pass until something holds; what is asked meanwhile takes none."""
        end = self.clock.now() + 200.0
        while not condition():
            assert self.clock.now() < end
            await self.clock.advance(step)
            await self._traffic.idle()


@contextlib.asynccontextmanager
async def running(*them: Replica) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(each.status.run()) for each in them]
    try:
        yield tasks
        assert not any(each.done() for each in tasks)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.wait(tasks)


@pytest.fixture
async def kube(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Kube]:
    async with Kube(Traffic(monkeypatch)) as it:
        it.install(CLUSTERS)
        yield it


async def test_alone_it_writes_at_once(kube: Kube) -> None:
    it = Replica(kube, "host_1")
    it.put(state(), delivery(1, 1))
    async with running(it):
        await it.until(lambda: it.programmed == "1/1")
        assert it.status.leading
        assert it.status.counted == ALONE


async def test_it_asks_nothing_beside_the_lease_and_what_it_writes(kube: Kube) -> None:
    it = Replica(kube, "host_1", replica_service="legation")
    it.put(state(), delivery(1, 1))
    async with running(it):
        await it.until(lambda: it.programmed == "1/1")
        kube.forget_asked()
        it.put(state(), delivery(1, 2))
        await it.until(lambda: it.programmed == "1/2")
        it.put(state(), delivery(2, 2))
        await it.until(lambda: it.programmed == "2/2")
        asked = {(each.verb, each.plural, each.subresource) for each in kube.asked}
        assert asked <= {("patch", "leases", ""), ("patch", "clusters", "status"), ("create", "events", "")}


async def test_it_leads_for_others_where_no_status_is_written(kube: Kube) -> None:
    it = Replica(kube, "host_1", kinds=(), lead=True)
    async with running(it):
        await it.until(lambda: it.status.leading)
        kube.forget_asked()
        await it.clock.advance(4)
        await it.until(lambda: kube.count() > 0)
        assert {each.plural for each in kube.asked} == {"leases"}


async def test_what_it_did_is_counted_and_the_lease_given_back(kube: Kube) -> None:
    it = Replica(kube, "host_1")
    async with running(it):
        await it.until(lambda: it.objects.watched)
        it.put(state(), delivery(1, 1))
        await it.until(lambda: it.status.statistics().events == 1)
        told = it.status.statistics()
        assert (told.leading, told.writes, told.events, told.failures, told.waiting) == (True, 1, 1, 0, 0)
        assert it.status.problems() == ()
    assert kube.get(LEASES, "home", "legation")["spec"]["holderIdentity"] == ""
    assert not it.objects.watched
    assert not it.status.leading


async def test_the_envoys_of_all_replicas_are_added_up_before_anything_is_written(kube: Kube) -> None:
    other = FakeObjects("run of the other one")
    other.put(state(), delivery(2, 3))
    async with replica(other, OTHER) as port:
        put_slice(kube, [OWN, OTHER])
        it = Replica(kube, "a", replica_service="legation", replica_port=port)
        it.put(state(), delivery(1, 1))
        async with running(it):
            await it.until(lambda: it.programmed != "None")
            assert it.programmed == "3/4"
            assert it.status.counted == ReplicaCount(replicas=2, answered=2)
            other.count(WEB, delivery(3, 3))
            await it.until(lambda: it.programmed == "4/4")
            assert kube.count("patch", "clusters") == 2


async def test_a_replica_that_does_not_answer_is_told_in_the_status(kube: Kube) -> None:
    put_slice(kube, [OWN, OTHER])
    async with replica(FakeObjects(), "127.0.0.3") as port:
        it = Replica(kube, "a", replica_service="legation", replica_port=port)
        it.put(state(), delivery(1, 1))
        async with running(it):
            await it.until(lambda: it.programmed != "None")
            status = it.observed(WEB) or {}
            assert opinions(status)["Programmed"] == "Unknown/NotAllAnswered"
            assert status["envoys"]["replicas"] == 2
            assert (await it.status.pages()).silent == (OTHER,)


async def test_the_other_takes_over_and_repeats_nothing(kube: Kube) -> None:
    first, second = Replica(kube, "a"), Replica(kube, "b")
    for each in (first, second):
        each.put(state(), delivery(1, 1))
    async with running(second):
        async with running(first):
            await first.until(lambda: first.programmed == "1/1" or second.status.leading)
            await first.until(lambda: first.status.leading or second.status.leading)
        await second.until(lambda: second.status.leading)
        second.clock.step(0.5)
        writes = kube.count("patch", "clusters")
        second.put(state(), delivery(1, 2))
        await second.until(lambda: second.programmed == "1/2")
        assert kube.count("patch", "clusters") == writes + 1
        assert not first.status.leading


async def test_who_cannot_renew_stops_writing_and_begins_again(kube: Kube) -> None:
    it = Replica(kube, "a")
    it.put(state(), delivery(1, 1))
    async with running(it):
        await it.until(lambda: it.programmed == "1/1")
        await kube.stop()
        await it.until(lambda: not it.status.leading)
        await it.until(lambda: not it.objects.watched)
        await it.until(lambda: bool(it.status.problems()))
        assert it.status.problems()[0].code == "no-lease"
        await kube.start()
        it.put(state(), delivery(1, 2))
        await it.until(lambda: it.programmed == "1/2", step=1.0)
        assert it.status.problems() == ()


async def test_a_fault_of_its_own_ends_nothing(kube: Kube, monkeypatch: pytest.MonkeyPatch) -> None:
    pull = Writer._pull
    it = Replica(kube, "a")
    bug = RuntimeError("a bug")

    def failing(self: Writer) -> None:
        if not it.faults:
            raise bug
        pull(self)

    monkeypatch.setattr(Writer, "_pull", failing)
    it.put(state(), delivery(1, 1))
    async with running(it):
        await it.until(lambda: it.programmed == "1/1")
        (fault,) = it.faults
        assert isinstance(fault, ExceptionGroup) or fault is bug


async def test_where_no_status_is_wanted_nobody_leads_and_the_others_show_their_envoys(kube: Kube) -> None:
    async with replica(FakeObjects(), OTHER) as port:
        put_slice(kube, [OWN, OTHER])
        it = Replica(kube, "a", kinds=(), replica_service="legation", replica_port=port)
        it.put(state(), delivery(1, 1))
        async with running(it):
            assert it.status._replicas is not None
            await it.until(lambda: bool(it.status._replicas and it.status._replicas._replicas))
            assert [each.replica for each in (await it.status.pages()).pages] == [OTHER]
            await it.clock.advance(20.0)
            assert not it.status.leading
            assert kube.count("patch") == 0


async def test_without_others_there_are_no_pages(kube: Kube) -> None:
    found = await Replica(kube, "a").status.pages()
    assert (found.pages, found.silent) == ((), ())


async def test_one_of_two_takes_a_finalizer_off_and_tells_what_is_in_the_way(kube: Kube) -> None:
    kind = replace(CLUSTERS, finalizer="example.com/delete")
    first, second = (Replica(kube, name, kinds=(kind,)) for name in ("a", "b"))
    metadata = {"namespace": "shop", "name": "web", "finalizers": [kind.finalizer]}
    kube.put({"apiVersion": "bootes.io/v1", "kind": "Cluster", "metadata": metadata})
    kube.delete(CLUSTERS, "shop", "web")
    uid = kube.get(CLUSTERS, "shop", "web")["metadata"]["uid"]
    kube.forbid("patch", "clusters")
    async with running(first):
        await first.until(lambda: first.status.leading)
        async with running(second):
            for each in (first, second):
                leaving = replace(state(), uid=uid, deleting=True, withdrawn=True, finalizers=(kind.finalizer,))
                each.objects.put(leaving)
            await first.until(lambda: bool(first.status.problems()))
            assert [each.code for each in first.status.problems()] == ["finalizer-forbidden"]
            kube.allow("patch", "clusters")
            await first.until(lambda: not kube.objects(CLUSTERS), step=1.0)
            assert first.status.problems() == ()
            assert not second.status.leading
            # One that was refused, and one that was not.
            assert kube.count("patch", "clusters") == 2
