"""Leading over a client: what is asked of an API server on loopback, and who leads when."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.kube.leading import Leading
from legation.kube.lease import LEASES
from legation.testing import ManualClock
from legation.testing.fake_kube import FakeKube
from tests.unit.kube.loopback import Answer, Asked, loopback

PATIENCE = 10.0


class Clock(ManualClock):
    """Time that stands still, and tells when somebody waits for a moment of it."""

    def __init__(self) -> None:
        super().__init__()
        self._asleep = asyncio.Event()

    async def sleep_until(self, moment: float) -> None:
        # Who waits for it goes on only when this one sleeps.
        self._asleep.set()
        await super().sleep_until(moment)

    async def resting(self) -> None:
        """Return when somebody sleeps."""
        while not self.sleepers:
            self._asleep.clear()
            await self._asleep.wait()


class Candidate:
    """One who would like to lead, and when something changed for it."""

    def __init__(self, connection: Connection, identity: str, clock: Clock) -> None:
        self.client = Client(connection)
        self.changes = asyncio.Event()
        self.clock = clock
        self.leading = Leading(
            self.client,
            name="legation",
            namespace="home",
            identity=identity,
            clock=clock,
            chance=lambda: 0.5,
            now=lambda: datetime(2026, 1, 1, second=int(clock.now()) % 60, tzinfo=UTC),
            changed=self.changes.set,
        )

    async def changed(self) -> None:
        await self.changes.wait()
        self.changes.clear()

    async def resting(self) -> None:
        """Wait until it rests: nothing is under way."""
        await self.clock.resting()


@contextlib.asynccontextmanager
async def running(it: Candidate) -> AsyncIterator[None]:
    task = asyncio.create_task(it.leading.run())
    try:
        async with asyncio.timeout(PATIENCE):
            yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])
        await it.client.aclose()


@pytest.fixture
async def kube() -> AsyncIterator[FakeKube]:
    async with FakeKube() as it:
        yield it


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_it_makes_the_lease_and_renews_it_every_two_seconds(kube: FakeKube, clock: Clock) -> None:
    it = Candidate(kube.connection, "a", clock)
    async with running(it):
        await it.changed()
        assert it.leading.leads
        kube.forget_asked()
        for _ in range(10):
            await it.resting()
            await clock.advance(2.0)
        await it.resting()
        assert it.leading.leads
        assert (kube.count(), kube.count("patch", "leases")) == (10, 10)
        assert kube.get(LEASES, "home", "legation")["spec"] == {
            "holderIdentity": "a",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-01-01T00:00:00.000000Z",
            "renewTime": "2026-01-01T00:00:20.000000Z",
            "leaseTransitions": 0,
        }
        assert it.leading.problem is None


async def test_what_is_given_back_is_taken_at_the_next_look(kube: FakeKube, clock: Clock) -> None:
    other_clock = Clock()
    first, second = Candidate(kube.connection, "a", clock), Candidate(kube.connection, "b", other_clock)
    async with running(first):
        await first.changed()
    async with running(second):
        await second.resting()
        assert (second.leading.leads, second.leading.holder) == (False, "a")
        first.client = Client(kube.connection)
        first.leading._client = first.client
        await first.leading.release()
        assert not first.leading.leads
        await second.clock.advance(5.0)
        await second.changed()
        assert second.leading.leads
        assert kube.get(LEASES, "home", "legation")["spec"]["leaseTransitions"] == 1
    await first.client.aclose()


async def test_one_whom_nobody_answers_stops_to_lead_in_time(kube: FakeKube, clock: Clock) -> None:
    it = Candidate(kube.connection, "a", clock)
    async with running(it):
        await it.changed()
        await it.resting()
        kube.hang_next(times=100)
        await clock.advance(9.9)
        assert it.leading.leads
        await clock.advance(0.2)
        assert not it.leading.leads


async def test_a_renewal_that_came_late_is_told_although_it_led_before(
    kube: FakeKube, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile it did not lead: who saw that waits to be told."""
    it = Candidate(kube.connection, "a", clock)
    gate, request = asyncio.Event(), it.client.request

    async def late(*asked: Any, **how: Any) -> bytes:
        await gate.wait()
        return await request(*asked, **how)

    async with running(it):
        await it.changed()
        await it.resting()
        monkeypatch.setattr(it.client, "request", late)
        led = []
        for seconds in (9.0, 1.5):
            await clock.advance(seconds)
            led.append(it.leading.leads)
        gate.set()
        await it.changed()
        assert [*led, it.leading.leads] == [True, False, True]


async def test_a_missing_right_is_told(kube: FakeKube, clock: Clock) -> None:
    kube.forbid("get", "leases")
    it = Candidate(kube.connection, "a", clock)
    async with running(it):
        await it.changed()
        assert not it.leading.leads
        problem = it.leading.problem
        assert problem is not None
        assert problem.message.startswith("may not get the Lease home/legation: GET /apis/coordination.k8s.io/v1/")
        kube.allow("get", "leases")
        await it.resting()
        await clock.advance(60.0)
        await it.changed()
        assert it.leading.problem is None


async def test_who_is_no_api_server_makes_nobody_lead(clock: Clock) -> None:
    async def portal(asked: Asked, answer: Answer) -> None:
        await answer.whole(body=b"<html>log in</html>")

    async with loopback(portal) as server:
        it = Candidate(Connection(server=server.url), "a", clock)
        async with running(it):
            for _ in range(3):
                await it.resting()
                await clock.advance(60.0)
            await it.changed()
            problem = it.leading.problem
            assert problem is not None
            assert "is no API server: it does not show a Lease" in problem.message
            assert not it.leading.leads


async def test_the_release_of_one_who_is_cut_off_takes_no_time(kube: FakeKube, clock: Clock) -> None:
    it = Candidate(kube.connection, "a", clock)
    async with running(it):
        await it.changed()
    await kube.stop()
    await it.leading.release()
    assert not it.leading.leads
