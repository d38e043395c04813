"""Few questions at a time, and none for a moment where nobody answers."""

from __future__ import annotations

import asyncio

from legation.kube.tokens.claims import Claims
from legation.kube.tokens.sparing import Sparing
from legation.model.identity import Flaw, TokenProof
from legation.testing import ManualClock
from tests.unit.kube.tokens.made import PATIENCE, HeldJudge, proof

NO = Flaw(words="no")
AWAY = Flaw(words="away", passing=True)
CLAIMS = Claims(issuer="", subject="", ends=0.0)


class World:
    def __init__(self) -> None:
        self.judge = HeldJudge()
        self.clock = ManualClock()
        self.sparing = Sparing(self.judge, clock=self.clock, at_once=2)

    def begin(self, token: str = "t") -> asyncio.Task[TokenProof | Flaw]:
        return asyncio.create_task(self.sparing.judge(token, CLAIMS))

    async def ask(self, found: TokenProof | Flaw) -> TokenProof | Flaw:
        number = len(self.judge.asked) + 1
        task = self.begin()
        await self.judge.answer(number, found)
        return await self.told(task)

    async def told(self, task: asyncio.Task[TokenProof | Flaw]) -> TokenProof | Flaw:
        async with asyncio.timeout(PATIENCE):
            return await task


async def test_what_is_said_is_passed_on() -> None:
    world = World()
    assert await world.ask(proof()) == proof()
    assert await world.ask(NO) == NO
    assert world.sparing.trouble is None


async def test_few_are_asked_at_a_time_and_the_others_afterwards() -> None:
    world = World()
    tasks = [world.begin(str(number)) for number in range(5)]
    await world.judge.wait(2)
    assert [token for token, _ in world.judge.asked] == ["0", "1"]
    for number in range(5):
        await world.judge.answer(number + 1, proof())
    assert [await world.told(each) for each in tasks] == [proof()] * 5


async def test_where_nobody_answers_nobody_who_waits_is_asked_about() -> None:
    world = World()
    tasks = [world.begin(str(number)) for number in range(5)]
    await world.judge.answer(1, AWAY)
    await world.judge.answer(2, AWAY)
    assert [await world.told(each) for each in tasks] == [AWAY] * 5
    assert len(world.judge.asked) == 2
    assert world.sparing.trouble == AWAY
    world.clock.step(1.0)
    assert await world.ask(proof()) == proof()
    assert world.sparing.trouble is None


async def test_a_silence_is_forgotten_where_nobody_asks_again() -> None:
    world = World()
    await world.ask(AWAY)
    world.clock.step(119.0)
    assert world.sparing.trouble == AWAY
    world.clock.step(1.0)
    assert world.sparing.trouble is None


async def test_a_silence_is_over_as_soon_as_somebody_answers_whatever_it_is_about() -> None:
    world = World()
    await world.sparing.look()
    assert world.judge.asked == []
    await world.ask(AWAY)
    for number, found in enumerate((AWAY, NO), start=2):
        assert world.sparing.trouble == AWAY
        world.clock.step(5.0)
        looking = asyncio.create_task(world.sparing.look())
        await world.judge.answer(number, found)
        await looking
    assert world.sparing.trouble is None


async def test_one_who_gives_up_leaves_his_turn_to_others() -> None:
    world = World()
    first, second, third = world.begin(), world.begin(), world.begin()
    await world.judge.wait(2)
    first.cancel()
    await world.judge.answer(3, proof())
    assert await world.told(third) == proof()
    await world.judge.answer(2, NO)
    assert await world.told(second) == NO
