"""Tokens that somebody made up do not reach the API server."""

from __future__ import annotations

import asyncio
from typing import Any

from legation.kube.tokens.claims import Claims
from legation.kube.tokens.guarded import Guarded
from legation.kube.tokens.keys import Keys
from legation.kube.tokens.offline import NOT_SIGNED, Signatures
from legation.model.identity import Flaw, TokenProof
from legation.testing import ManualClock
from tests.unit.kube.tokens.made import PATIENCE, HeldJudge, proof, token
from tests.unit.kube.tokens.signing import GivenKeys, key, shown, signed

NO = Flaw(words="no")
CLAIMS = Claims(issuer="", subject="", ends=0.0)


class World:
    def __init__(self) -> None:
        self.source = GivenKeys(shown(key(), "k"))
        self.judge = HeldJudge()
        self.clock = ManualClock()
        signatures = Signatures(Keys(self.source, clock=ManualClock()))
        self.guarded = Guarded(self.judge, signatures=signatures, clock=self.clock)

    def begin(self, shown_token: str) -> asyncio.Task[TokenProof | Flaw]:
        return asyncio.create_task(self.guarded.judge(shown_token, CLAIMS))

    async def told(self, task: asyncio.Task[TokenProof | Flaw]) -> TokenProof | Flaw:
        async with asyncio.timeout(PATIENCE):
            return await task


async def test_one_that_the_cluster_has_signed_is_asked_about() -> None:
    world = World()
    for found in (proof(), NO):
        task = world.begin(signed(key()))
        await world.judge.answer(len(world.judge.asked) + 1, found)
        assert await world.told(task) == found


async def test_one_with_a_false_signature_is_not() -> None:
    world = World()
    for forged in (token(), signed(key(number=2)), signed(b"0" * 40, algorithm="HS256")):
        assert await world.told(world.begin(forged)) == NOT_SIGNED
    assert world.judge.asked == []


async def test_one_that_names_another_key_is_asked_about_slowly_and_holds_up_nobody() -> None:
    world = World()
    strange = [world.begin(signed(key(number=2), f"other-{number}")) for number in range(10)]
    await world.judge.wait(1)
    # All the others sleep, and one that is genuine passes them.
    honest = world.begin(signed(key()))
    await world.judge.answer(2, proof())
    assert await world.told(honest) == proof()
    assert len(world.judge.asked) == 2
    for number in range(9):
        world.clock.step(0.1)
        await world.judge.wait(3 + number)
    for number in (1, *range(3, 12)):
        await world.judge.answer(number, NO)
    assert [await world.told(each) for each in strange] == [NO] * 10


async def test_more_of_those_are_sent_away() -> None:
    world = World()
    strange = [world.begin(signed(key(number=2), f"other-{number}")) for number in range(60)]
    done: set[asyncio.Task[Any]] = set()
    async with asyncio.timeout(PATIENCE):
        while len(done) < 8:
            done, _ = await asyncio.wait(strange, return_when=asyncio.FIRST_COMPLETED)
    for each in done:
        found = each.result()
        assert isinstance(found, Flaw)
        assert found.passing
    for each in strange:
        each.cancel()
    await asyncio.gather(*strange, return_exceptions=True)


async def test_where_no_keys_are_known_all_are_asked_about() -> None:
    world = World()
    world.source.trouble = "forbidden"
    tasks = [world.begin(signed(key(), f"key-{number}")) for number in range(20)]
    for number in range(20):
        await world.judge.answer(number + 1, proof())
    assert [await world.told(each) for each in tasks] == [proof()] * 20
