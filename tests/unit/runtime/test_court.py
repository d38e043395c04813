"""A judge is asked beside everything else; what is served follows its verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from legation.judging.verdict import ACCEPTED, Verdict, refused
from legation.model.objects import ManifestObject
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER
from legation.runtime.court import MOST_AT_A_TIME
from legation.runtime.engine import Engine
from legation.testing import ManualClock
from tests.fakes import FakeClient, FakeSource, FakeTransport
from tests.manifests import cluster

LIMIT = 10.0


class FakeJudge:
    """Answers when it is told to, or at once."""

    def __init__(self) -> None:
        self.asked: list[Sequence[Resource]] = []
        self.verdicts: dict[str, Verdict] = {}
        self.answers = asyncio.Event()
        self.answers.set()
        self.more = asyncio.Event()
        self.closed = 0
        self.fault: Exception | None = None

    async def judge(self, resources: Sequence[Resource]) -> Mapping[Resource, Verdict]:
        self.asked.append(resources)
        self.more.set()
        await self.answers.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return {each: self.verdicts.get(each.name, ACCEPTED) for each in resources}

    async def close(self) -> None:
        self.closed += 1

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(20):
            while len(self.asked) < times:
                self.more.clear()
                await self.more.wait()


class World:
    """An engine with a judge, a source and a transport."""

    def __init__(self) -> None:
        self.judge = FakeJudge()
        self.source, self.transport, self.clock = FakeSource(), FakeTransport(), ManualClock()
        self.engine = Engine(
            sources=[self.source],
            transports=[self.transport],
            clock=self.clock,
            judge=self.judge,
            verdict_limit=LIMIT,
        )

    @asynccontextmanager
    async def running(self, *objects: ManifestObject) -> AsyncIterator[World]:
        self.source.publish(*objects)
        async with self.engine.serving.in_background(self.engine.run()):
            yield self

    async def publish(self, *objects: ManifestObject) -> None:
        """Publish and wait until it is served, or held."""
        self.source.publish(*objects)
        await self.handled()

    async def handled(self) -> None:
        handled = asyncio.ensure_future(self.engine.wait_handled())
        async with asyncio.timeout(20):
            while not handled.done():
                await self.clock.advance(0.01)  # what is to be acted on has a moment
        await handled

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await self.clock.advance(0.01)

    @property
    def served(self) -> dict[str, str]:
        """What an Envoy gets that comes now: versions by name."""
        client = FakeClient(self.transport.feed, "test-id")
        client.subscribe(CLUSTER)
        snapshot = client.seat.snapshot
        client.seat.leave()
        return {} if snapshot is None else {each.name: each.version for each in snapshot[CLUSTER]}

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.engine.problems()]


def version(name: str, seconds: int = 1) -> ManifestObject:
    return cluster(name, config={"name": name, "connect_timeout": f"{seconds}s"})


async def test_nothing_is_ready_before_the_first_verdicts() -> None:
    world = World()
    world.judge.answers.clear()

    async with world.running(version("one")):
        ready = asyncio.ensure_future(world.engine.wait_handled())
        await world.judge.until_asked(1)
        await world.clock.advance(1.0)
        assert "the first verdicts of the judge are not there yet" in world.engine.missing
        assert not ready.done()
        assert world.served == {}

        world.judge.answers.set()
        await world.handled()
        await ready

        assert world.engine.missing == ()
        assert world.served.keys() == {"one"}


async def test_what_is_refused_is_held_and_the_others_go_on() -> None:
    world = World()

    async with world.running(version("one"), version("other")):
        await world.handled()
        before = world.served
        world.judge.verdicts["one"] = refused("no")

        await world.publish(version("one", 2), version("other", 2))

        assert world.served["one"] == before["one"]
        assert world.served["other"] != before["other"]
        assert "refused-by-judge" in world.codes
        del world.judge.verdicts["one"]
        await world.publish(version("one", 3), version("other", 2))
        assert world.served["one"] != before["one"]
        assert "refused-by-judge" not in world.codes


async def test_only_what_is_new_is_asked_about() -> None:
    world = World()

    async with world.running(version("one"), version("other")):
        await world.handled()
        await world.publish(version("one", 2), version("other"))

    assert [[each.name for each in those] for those in world.judge.asked] == [["one", "other"], ["one"]]


async def test_a_change_is_handled_when_its_verdict_is_applied_and_others_are_not_kept() -> None:
    world = World()

    async with world.running(version("one")):
        await world.handled()
        world.judge.answers.clear()
        world.source.publish(version("one", 2))
        accepted = asyncio.ensure_future(world.engine.wait_accepted([version("one").key]))
        await world.until(lambda: len(world.judge.asked) == 2)

        assert not accepted.done()
        world.judge.answers.set()
        await world.until(accepted.done)

        assert await accepted


async def test_a_judge_that_does_not_answer_is_not_waited_for() -> None:
    world = World()
    world.judge.answers.clear()

    async with world.running(version("one")):
        await world.judge.until_asked(1)
        await world.clock.advance(LIMIT)
        await world.handled()

        assert world.served.keys() == {"one"}
        assert "no-verdict" in world.codes


async def test_a_verdict_that_comes_too_late_is_told() -> None:
    world = World()
    world.judge.verdicts["one"] = refused("no")
    world.judge.answers.clear()

    async with world.running(version("one")):
        await world.judge.until_asked(1)
        await world.clock.advance(LIMIT)
        await world.handled()
        world.judge.answers.set()

        await world.until(lambda: "refused-by-judge" in world.codes)

        assert world.served.keys() == {"one"}  # it is what was served last


async def test_a_fault_in_the_judge_is_outlived() -> None:
    world = World()
    world.judge.fault = RuntimeError("a bug")

    async with world.running(version("one")):
        await world.judge.until_asked(1)
        await world.until(lambda: len(world.judge.asked) == 2)
        await world.handled()

        assert world.served.keys() == {"one"}


async def test_many_are_served_as_they_are_judged() -> None:
    world = World()
    several = [version(f"c{number}") for number in range(MOST_AT_A_TIME + 1)]

    async with world.running(*several):
        await world.handled()

        assert [len(each) for each in world.judge.asked] == [MOST_AT_A_TIME, 1]
        assert len(world.served) == len(several)


async def test_the_judge_is_ended_with_everything_else() -> None:
    world = World()

    async with world.running(version("one")):
        await world.handled()
        assert not world.judge.closed

    assert world.judge.closed
