"""How an Envoy is asked that does not say whom it means, or that crashes; with one that does what a test wants."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import pytest

from legation.envoy import types
from legation.judging.judge import Judge
from legation.judging.posing import MOST_TOGETHER
from legation.judging.process import JudgeEndedError, Process
from legation.judging.sayings import Saying
from legation.judging.verdict import ACCEPTED, Cause, Kind, Verdict
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER
from tests import judged

MARK = "poison"

LONG = 60.0
"""Seconds that a judge has in a test with one that hangs: nothing else takes so long, on no machine."""


class FakeProcess:
    """An Envoy that refuses nothing."""

    alone = True
    pid = 1

    def __init__(self, world: World) -> None:
        self.world = world
        self.has_ended = False

    async def ask(self, clusters: bytes, listeners: bytes) -> Saying:
        found = _clusters(clusters)
        assert not listeners
        self.world.asked.append(len(found))
        return await self.world.answer(found)

    def is_large(self) -> bool:
        return self.world.large

    async def stop(self) -> None:
        self.world.stopped += 1


class World:
    """What judges start, and what that says."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._flown = 0.0
        self.asked: list[int] = []
        self.started = self.stopped = 0
        self.large = False
        self.answer: Callable[[list[Any]], Awaitable[Saying]] = self.fine

    async def start(self, program: Path) -> FakeProcess:
        assert program.is_absolute()
        self.started += 1
        return FakeProcess(self)

    async def fine(self, clusters: list[Any]) -> Saying:
        del clusters
        return Saying()

    async def hang(self) -> NoReturn:
        """Never answer. The event loop's time flies meanwhile, so nobody is late but who hangs."""
        loop = asyncio.get_running_loop()
        real = type(loop).time
        self._patch.setattr(loop, "time", lambda: real(loop) + self._flown)
        while True:
            self._flown += LONG / 200
            await asyncio.sleep(0)

    async def hang_on_marked(self, clusters: list[Any]) -> Saying:
        """Never answer where one is marked."""
        if marked(clusters):
            await self.hang()
        return Saying()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Have judges start fakes."""
    made = World(monkeypatch)
    monkeypatch.setattr(Process, "start", made.start)
    return made


@pytest.fixture
def judge() -> Judge:
    """Return a judge."""
    return Judge(binary=Path("/bin/true"))


def _clusters(response: bytes) -> list[Any]:
    message: Any = types.message_class("envoy.service.discovery.v3.DiscoveryResponse").FromString(response)
    return [judged.message_of(CLUSTER, each.value) for each in message.resources]


def several(number: int, *bad: int) -> list[Resource]:
    """Return clusters, of which some are marked."""
    return [judged.cluster(f"c{each}", alt_stat_name=MARK if each in bad else "fine") for each in range(number)]


def marked(clusters: list[Any]) -> list[Any]:
    return [each for each in clusters if each.alt_stat_name == MARK]


async def test_the_one_that_it_crashes_on_is_found_and_the_others_are_judged(world: World, judge: Judge) -> None:
    async def crash(clusters: list[Any]) -> Saying:
        if marked(clusters):
            raise JudgeEndedError(-11)
        return Saying()

    world.answer = crash
    resources = several(8, 5)

    verdicts = await judge.judge(resources)

    assert verdicts[resources[5]].cause is Cause.RESOURCE
    assert "SIGSEGV" in verdicts[resources[5]].words
    assert [verdicts[each] for each in resources if each is not resources[5]] == [ACCEPTED] * 7
    assert world.stopped == world.started - 1
    await judge.close()
    assert world.stopped == world.started


async def test_one_that_somebody_kills_is_no_crash(world: World, judge: Judge) -> None:
    async def once(clusters: list[Any]) -> Saying:
        del clusters
        world.answer = world.fine
        raise JudgeEndedError(-9)

    world.answer = once

    assert set((await judge.judge(several(1))).values()) == {ACCEPTED}


async def test_words_that_name_nobody_are_traced_by_halves(world: World, judge: Judge) -> None:
    async def nameless(clusters: list[Any]) -> Saying:
        return Saying(all_refused=("it is wrong",) if marked(clusters) else (), responses=1)

    world.answer = nameless
    resources = several(16, 3, 11)

    verdicts = await judge.judge(resources)

    assert [each.name for each in resources if verdicts[each].kind is Kind.REFUSED] == ["c3", "c11"]
    assert verdicts[resources[3]].words == "it is wrong"


async def test_a_name_in_the_middle_of_the_words_saves_that(world: World, judge: Judge) -> None:
    async def named(clusters: list[Any]) -> Saying:
        found = tuple(f'name: "{each.name}"\n: Proto constraint validation failed (X: y)' for each in marked(clusters))
        return Saying(all_refused=found[:1], responses=1)

    world.answer = named
    resources = several(16, 3)

    verdicts = await judge.judge(resources)

    assert [each.name for each in resources if verdicts[each].kind is Kind.REFUSED] == ["c3"]
    assert world.asked == [16, 15]


async def test_a_full_disk_is_no_verdict(world: World, judge: Judge) -> None:
    async def full(clusters: list[Any]) -> Saying:
        del clusters
        raise OSError(errno.ENOSPC, "no room is left")

    world.answer = full
    resources = several(2)

    verdicts = await judge.judge(resources)

    assert {each.cause for each in verdicts.values()} == {Cause.JUDGE}
    assert "no room is left" in verdicts[resources[0]].words
    assert world.stopped == world.started


async def test_what_was_judged_is_never_asked_about_again(world: World, judge: Judge) -> None:
    await judge.judge(several(3))
    await judge.judge(several(4))

    assert world.asked == [3, 1]


async def test_the_same_content_is_asked_about_once(world: World, judge: Judge) -> None:
    resources = [*several(2), *several(2)]

    verdicts = await judge.judge(resources)

    assert world.asked == [2]
    assert [verdicts[each] for each in resources] == [ACCEPTED] * 4


async def test_no_more_than_some_are_asked_about_together(world: World, judge: Judge) -> None:
    verdicts = await judge.judge(several(MOST_TOGETHER + 1))

    assert world.asked == [MOST_TOGETHER, 1]
    assert set(verdicts.values()) == {ACCEPTED}


async def test_one_that_takes_much_memory_is_started_anew(world: World, judge: Judge) -> None:
    world.large = True

    await judge.judge(several(1))
    await judge.judge(several(2))

    assert world.started == 2


async def test_what_was_judged_in_time_counts(world: World) -> None:
    judge = Judge(binary=Path("/bin/true"), timeout=LONG)

    async def first_batch_alone(clusters: list[Any]) -> Saying:
        if len(clusters) <= 1:
            await world.hang()
        return Saying()

    world.answer = first_batch_alone
    resources = several(MOST_TOGETHER + 1)

    verdicts = await judge.judge(resources)

    assert verdicts[resources[0]] == ACCEPTED
    assert verdicts[resources[-1]].cause is Cause.JUDGE
    world.answer = world.fine
    assert (await judge.judge(resources))[resources[-1]] == ACCEPTED


async def test_questions_are_asked_one_after_the_other(world: World, judge: Judge) -> None:
    under_way = 0

    async def alone(clusters: list[Any]) -> Saying:
        del clusters
        nonlocal under_way
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(0)
        under_way -= 1
        return Saying()

    world.answer = alone

    both = await asyncio.gather(judge.judge(several(1)), judge.judge(several(2)))

    assert [set(each.values()) for each in both] == [{ACCEPTED}] * 2


async def test_the_one_that_it_hangs_on_is_found_and_the_others_are_judged(world: World) -> None:
    judge = Judge(binary=Path("/bin/true"), timeout=LONG)
    world.answer = world.hang_on_marked
    resources = several(8, 5)

    verdicts = await judge.judge(resources)

    assert verdicts[resources[5]].cause is Cause.RESOURCE
    assert "hangs" in verdicts[resources[5]].words
    assert [verdicts[each] for each in resources if each is not resources[5]] == [ACCEPTED] * 7
    await judge.close()
    assert world.stopped == world.started


async def test_one_that_is_slow_once_is_not_to_blame(world: World) -> None:
    judge = Judge(binary=Path("/bin/true"), timeout=LONG)

    async def once(clusters: list[Any]) -> Saying:
        del clusters
        world.answer = world.fine
        await world.hang()

    world.answer = once

    assert set((await judge.judge(several(1))).values()) == {ACCEPTED}


async def test_while_one_is_looked_for_that_it_hangs_on_the_others_come_first(world: World) -> None:
    judge = Judge(binary=Path("/bin/true"), timeout=LONG)
    world.answer = world.hang_on_marked
    resources = several(64, 5)

    verdicts: Mapping[Resource, Verdict] = {}
    for number in range(20):
        other = judged.cluster(f"other-{number}")
        verdicts = await judge.judge([*resources, other])
        if number:
            assert verdicts[other] == ACCEPTED
        if verdicts[resources[5]].cause is Cause.RESOURCE:
            break

    assert verdicts[resources[5]].cause is Cause.RESOURCE
    assert {verdicts[each] for each in resources if each is not resources[5]} == {ACCEPTED}


async def test_many_that_are_named_one_after_the_other_are_all_found(world: World, judge: Judge) -> None:
    async def first_named(clusters: list[Any]) -> Saying:
        names = [f'name: "{each.name}"' for each in marked(clusters)]
        return Saying(all_refused=tuple(names[:1]), responses=1)

    world.answer = first_named

    verdicts = await judge.judge(several(400, *range(399)))

    assert [each.kind for each in verdicts.values()] == [Kind.REFUSED] * 399 + [Kind.ACCEPTED]
