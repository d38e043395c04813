"""A judge is asked beside everything else; what is served follows its verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from legation.judging.verdict import ACCEPTED, Verdict, no_judge, refused
from legation.model.objects import ManifestObject
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER
from legation.model.snapshot import Snapshot
from legation.runtime.court import AGAIN, LIMITS, MOST_AT_A_TIME
from legation.runtime.engine import Engine
from legation.runtime.last_good import LastGood
from legation.runtime.read import read
from legation.runtime.state_folder import StateFolder
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
        self.fault: BaseException | None = None
        self.forgets: set[str] = set()
        self.stubborn = False
        self.most = -1
        """So many questions are answered at once; the next ones when it is told to."""

    async def judge(self, resources: Sequence[Resource]) -> Mapping[Resource, Verdict]:
        self.asked.append(resources)
        self.more.set()
        if len(self.asked) == self.most + 1:
            self.answers.clear()
        try:
            await self.answers.wait()
        except asyncio.CancelledError:
            if not self.stubborn:
                raise
            await self.answers.wait()
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return {each: self.verdicts.get(each.name, ACCEPTED) for each in resources if each.name not in self.forgets}

    async def close(self) -> None:
        self.closed += 1

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(20):
            while len(self.asked) < times:
                self.more.clear()
                await self.more.wait()


class World:
    """An engine with a judge, a source and a transport."""

    def __init__(self, folder: Path | None = None) -> None:
        self.judge = FakeJudge()
        self.source, self.transport, self.clock = FakeSource(), FakeTransport(), ManualClock()
        self.engine = Engine(
            sources=[self.source],
            transports=[self.transport],
            clock=self.clock,
            judge=self.judge,
            verdict_limit=LIMIT,
            state_folder=StateFolder(folder) if folder is not None else None,
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
    def told(self) -> Snapshot | None:
        """What an Envoy gets that comes now; None where it is told nothing."""
        client = FakeClient(self.transport.feed, "test-id")
        client.subscribe(CLUSTER)
        snapshot = client.seat.snapshot
        client.seat.leave()
        return snapshot

    @property
    def served(self) -> dict[str, str]:
        """The clusters in that: versions by name."""
        snapshot = self.told
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
        assert world.told is None

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


async def test_a_judge_that_fails_is_no_judge_and_is_asked_again_later() -> None:
    world = World()
    world.judge.fault = RuntimeError("can't start new thread")
    world.judge.verdicts["two"] = refused("no")

    async with world.running(version("one"), version("two")):
        await world.handled()

        assert world.served.keys() == {"one", "two"}
        assert world.codes == ["no-verdict"]
        assert world.engine.missing == ()
        await world.clock.advance(AGAIN - 1.0)
        assert len(world.judge.asked) == 1

        await world.clock.advance(2.0)
        await world.until(lambda: "refused-by-judge" in world.codes)

        assert [[each.name for each in those] for those in world.judge.asked] == [["one", "two"]] * 2
        assert world.codes == ["refused-by-judge"]
        assert world.served.keys() == {"one", "two"}  # it is what was served last


async def test_a_judge_that_is_cancelled_or_forgets_half_is_outlived() -> None:
    world = World()
    world.judge.fault = asyncio.CancelledError()

    async with world.running(version("one")):
        await world.handled()
        assert world.codes == ["no-verdict"]

        world.judge.forgets = {"two"}
        await world.publish(version("one"), version("two"))

        assert world.served.keys() == {"one", "two"}


async def test_a_judge_that_never_comes_back_holds_nothing_longer_than_the_limit() -> None:
    world = World()
    world.judge.answers.clear()

    async with world.running(version("one")):
        await world.judge.until_asked(1)
        await world.clock.advance(LIMIT)
        await world.handled()

        world.source.publish(version("one"), version("two"))
        await world.clock.advance(1.0)
        assert world.served.keys() == {"one"}
        begun = world.clock.now()
        await world.handled()
        assert world.clock.now() - begun < 1.5 * LIMIT  # it is not given up yet
        assert world.served.keys() == {"one", "two"}

        await world.clock.advance(LIMITS * LIMIT)
        world.judge.answers = asyncio.Event()  # for the next question only
        world.judge.answers.set()
        world.judge.verdicts["three"] = refused("no")
        await world.publish(version("one"), version("two"), version("three"))

        assert world.served.keys() == {"one", "two"}
        assert "refused-by-judge" in world.codes


async def test_a_judge_that_cannot_be_stopped_is_left_behind() -> None:
    world = World()
    world.judge.answers.clear()
    world.judge.stubborn = True

    async with world.running(version("one")):
        await world.judge.until_asked(1)
        await world.clock.advance(LIMITS * LIMIT)
        await world.clock.advance(LIMIT)
        await world.handled()
        world.judge.verdicts["two"] = refused("no")
        world.judge.stubborn = False
        world.judge.answers.set()
        await world.publish(version("one"), version("two"))

        assert world.served.keys() == {"one"}


async def test_what_has_no_verdict_is_asked_about_again_until_it_has_one() -> None:
    world = World()
    world.judge.verdicts["one"] = no_judge("there is no Envoy")

    async with world.running(version("one")):
        await world.handled()
        for times in (2, 3):
            await world.clock.advance(AGAIN)
            await world.judge.until_asked(times)
            assert world.codes == ["no-verdict"]
        del world.judge.verdicts["one"]
        await world.clock.advance(AGAIN)
        await world.until(lambda: world.codes == [])
        await world.clock.advance(10 * AGAIN)

        assert len(world.judge.asked) == 4


async def test_the_time_of_the_judge_counts_as_time_to_the_envoys() -> None:
    world = World()

    async with world.running(version("one")):
        await world.handled()
        client = FakeClient(world.transport.feed, "test-id")
        client.subscribe(CLUSTER)
        client.take(CLUSTER)
        await world.clock.advance(1.0)
        world.judge.answers.clear()
        world.source.publish(version("one", 2))
        await world.until(lambda: len(world.judge.asked) == 2)
        await world.clock.advance(9.0)
        world.judge.answers.set()
        await world.handled()
        client.take(CLUSTER)

        (histogram,) = world.engine.statistics().feedback.convergence.values()
        assert histogram.total >= 9.0


async def test_at_the_first_start_many_are_served_at_once_when_all_are_judged() -> None:
    world = World()
    several = [version(f"c{number}") for number in range(MOST_AT_A_TIME + 1)]
    world.judge.most = 1

    async with world.running(*several):
        await world.judge.until_asked(2)
        await world.clock.advance(1.0)
        assert world.told is None
        world.judge.answers.set()
        await world.handled()

        assert [len(each) for each in world.judge.asked] == [MOST_AT_A_TIME, 1]
        assert len(world.served) == len(several)


async def test_later_many_are_served_as_they_are_judged() -> None:
    world = World()
    several = [version(f"c{number}") for number in range(MOST_AT_A_TIME + 1)]

    async with world.running(version("one")):
        await world.handled()
        world.judge.most = 2
        world.source.publish(version("one"), *several)
        await world.until(lambda: len(world.served) == MOST_AT_A_TIME + 1)
        world.judge.answers.set()
        await world.handled()

        assert len(world.served) == len(several) + 1


async def test_what_a_state_folder_knows_is_served_before_the_first_verdicts(tmp_path: Path) -> None:
    before, last_good, folder = version("one"), LastGood(), StateFolder(tmp_path)
    last_good.settle({before.key: before})
    folder.load()
    folder.save(last_good.take_changes())
    world = World(tmp_path)
    world.judge.answers.clear()

    async with world.running(version("one", 2), version("two")):
        await world.judge.until_asked(1)
        await world.until(lambda: world.told is not None)

        assert world.served == {"one": read(before).items[0].resource.version}


async def test_the_judge_is_ended_with_everything_else() -> None:
    world = World()

    async with world.running(version("one")):
        await world.handled()
        assert not world.judge.closed

    assert world.judge.closed
