"""Tokens are looked at once, however many show them, and are good for as long as they say and somebody says so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from legation.kube.tokens.checker import Tokens
from legation.model.identity import Flaw, TokenProof
from legation.testing import ManualClock
from tests.unit.kube.tokens.made import AUDIENCE, NOW, PATIENCE, HeldJudge, proof, token

NO = Flaw(words="no")
AWAY = Flaw(words="away", passing=True)


@dataclass
class World:
    judge: HeldJudge = field(default_factory=HeldJudge)
    clock: ManualClock = field(default_factory=ManualClock)
    waiting: int = 100
    tokens: Tokens = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = Tokens(
            self.judge,
            audience=AUDIENCE,
            clock=self.clock,
            now=lambda: NOW + self.clock.now(),
            again=300.0,
            waiting=self.waiting,
        )

    async def ask(self, shown: str, found: TokenProof | Flaw) -> TokenProof | Flaw:
        """Show a token that is asked about, and answer that."""
        number = len(self.judge.asked) + 1
        task = asyncio.create_task(self.tokens.check(shown))
        await self.judge.answer(number, found)
        return await within_patience(task)

    async def known(self, shown: str) -> TokenProof | Flaw:
        """Show one that nobody is asked about."""
        before = len(self.judge.asked)
        found = await within_patience(asyncio.create_task(self.tokens.check(shown)))
        assert len(self.judge.asked) == before
        return found


async def within_patience(task: asyncio.Task[TokenProof | Flaw]) -> TokenProof | Flaw:
    async with asyncio.timeout(PATIENCE):
        return await task


async def test_what_is_plainly_no_good_costs_no_question() -> None:
    world = World()
    for shown in ("opaque", token(aud="other"), token(exp=NOW - 1)):
        assert isinstance(await world.known(shown), Flaw)


async def test_a_good_one_is_asked_about_once() -> None:
    world = World()
    shown = token()
    assert await world.ask(shown, proof()) == proof()
    assert await world.known(shown) == proof()
    assert await world.ask(token(signature="other"), NO) == NO


async def test_it_is_good_until_it_expires_and_no_longer() -> None:
    world = World()
    shown = token(exp=NOW + 200)
    assert await world.ask(shown, proof(ends=NOW + 200)) == proof()
    world.clock.step(199.0)
    assert await world.known(shown) == proof()
    world.clock.step(1.0)
    flaw = await world.known(shown)
    assert isinstance(flaw, Flaw)
    assert "expired" in flaw.words


async def test_it_does_not_become_good_while_it_expires() -> None:
    world = World()
    task = asyncio.create_task(world.tokens.check(token(exp=NOW + 5)))
    await world.judge.wait(1)
    world.clock.step(5.0)
    await world.judge.answer(1, proof(ends=NOW + 5))
    assert isinstance(await within_patience(task), Flaw)


async def test_a_good_one_is_asked_about_again_when_it_is_shown_late() -> None:
    world = World()
    shown, good = token(exp=NOW + 6000), proof(ends=NOW + 6000)
    await world.ask(shown, good)
    world.clock.step(300.0)
    assert await world.ask(shown, good) == good
    world.clock.step(299.0)
    assert await world.known(shown) == good
    world.clock.step(1.0)
    # It was taken back meanwhile.
    assert await world.ask(shown, NO) == NO
    assert await world.known(shown) == NO


async def test_a_bad_one_is_asked_about_again_after_a_while() -> None:
    world = World()
    shown = token()
    assert await world.ask(shown, NO) == NO
    world.clock.step(9.0)
    assert await world.known(shown) == NO
    world.clock.step(1.0)
    assert await world.ask(shown, proof()) == proof()


async def test_what_nobody_answered_is_not_remembered() -> None:
    world = World()
    shown = token()
    assert await world.ask(shown, AWAY) == AWAY
    assert await world.ask(shown, proof()) == proof()


async def test_while_nobody_answers_what_was_good_goes_on_until_it_expires() -> None:
    world = World()
    shown = token(exp=NOW + 400)
    good = proof(ends=NOW + 400)
    await world.ask(shown, good)
    world.clock.step(300.0)
    assert await world.ask(shown, AWAY) == good
    # It is not asked about with each stream meanwhile.
    assert await world.known(shown) == good
    world.clock.step(30.0)
    assert await world.ask(shown, AWAY) == good
    world.clock.step(70.0)
    assert isinstance(await world.known(shown), Flaw)


async def test_one_question_is_asked_for_all_who_show_the_same() -> None:
    world = World()
    tasks = [asyncio.create_task(world.tokens.check(token())) for _ in range(50)]
    await world.judge.answer(1, proof())
    assert [await within_patience(each) for each in tasks] == [proof()] * 50
    assert len(world.judge.asked) == 1


async def test_one_who_goes_away_does_not_end_the_question_of_others() -> None:
    world = World()
    first = asyncio.create_task(world.tokens.check(token()))
    await world.judge.wait(1)
    second = asyncio.create_task(world.tokens.check(token()))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await world.judge.answer(1, proof())
    assert await within_patience(second) == proof()


async def give_up(task: asyncio.Task[TokenProof | Flaw]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_question_goes_on_when_nobody_waits_and_its_answer_is_there_afterwards() -> None:
    world = World()
    first = asyncio.create_task(world.tokens.check(token()))
    await world.judge.wait(1)
    await give_up(first)
    # Who comes back joins it.
    second = asyncio.create_task(world.tokens.check(token()))
    await asyncio.sleep(0)
    await give_up(second)
    await world.judge.answer(1, proof())
    for _ in range(5):
        await asyncio.sleep(0)
    assert await world.known(token()) == proof()
    assert len(world.judge.asked) == 1


async def test_questions_for_which_nobody_waits_make_room_the_last_first() -> None:
    world = World(waiting=3)
    tasks = [asyncio.create_task(world.tokens.check(token(signature=f"s{number}"))) for number in range(3)]
    await world.judge.wait(3)
    await give_up(tasks[0])
    await give_up(tasks[1])
    assert await world.ask(token(signature="new"), proof()) == proof()
    await asyncio.wait((world.judge.asked[1][1],), timeout=PATIENCE)
    assert [answer.cancelled() for _, answer in world.judge.asked] == [False, True, False, False]
    await world.judge.answer(3, proof())
    assert await within_patience(tasks[2]) == proof()
    # Who comes back after that asks anew.
    assert await world.ask(token(signature="s1"), proof()) == proof()


async def test_an_error_that_nobody_waits_for_is_shown_to_nobody() -> None:
    world = World()
    task = asyncio.create_task(world.tokens.check(token()))
    await world.judge.wait(1)
    await give_up(task)
    await world.judge.answer(1, RuntimeError(token()))
    for _ in range(5):
        await asyncio.sleep(0)
    assert await world.ask(token(), proof()) == proof()


async def test_all_questions_end_with_it() -> None:
    world = World()
    task = asyncio.create_task(world.tokens.check(token()))
    await world.judge.wait(1)
    await give_up(task)
    await world.tokens.aclose()
    assert world.judge.asked[0][1].cancelled()


async def test_an_error_of_ours_proves_nothing_and_is_not_remembered() -> None:
    world = World()
    task = asyncio.create_task(world.tokens.check(token()))
    await world.judge.answer(1, RuntimeError("broken"))
    with pytest.raises(RuntimeError):
        await within_patience(task)
    assert await world.ask(token(), proof()) == proof()


async def test_a_crowd_of_tokens_waits_no_further_than_it_may() -> None:
    world = World(waiting=3)
    known = token(signature="known")
    await world.ask(known, proof())
    tasks = [asyncio.create_task(world.tokens.check(token(signature=f"s{number}"))) for number in range(3)]
    await world.judge.wait(4)
    flaw = await world.known(token(signature="more"))
    assert isinstance(flaw, Flaw)
    assert flaw.passing
    # Who is known is not held up, though it is time to ask again.
    world.clock.step(300.0)
    assert await world.known(known) == proof()
    for number in range(3):
        await world.judge.answer(number + 2, NO)
        assert await within_patience(tasks[number]) == NO
    assert await world.ask(token(signature="more"), proof()) == proof()


async def test_no_representation_shows_a_token() -> None:
    world = World()
    shown = token()
    task = asyncio.create_task(world.tokens.check(shown))
    await world.judge.wait(1)
    for each in (world.tokens, *vars(world.tokens).values(), proof(), NO):
        assert shown not in repr(each)
    await world.judge.answer(1, proof())
    await within_patience(task)
