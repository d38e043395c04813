"""Tokens at a server, joined of its settings: who says whose they are, and what is told where nobody can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog.testing

from legation.cli.server_parts import doubts, has_tokens, tokens
from legation.cli.tokens_side import TokensSide, tokens_side
from legation.errors import SettingsError
from legation.kube.client import Client
from legation.model.identity import Flaw, TokenProof
from legation.settings import Identity, Settings, Tls
from legation.testing import FakeKube, ManualClock

PATIENCE = 10.0


class World:
    def __init__(self, kube: FakeKube) -> None:
        self.kube = kube
        self.clock = ManualClock()
        self._made: list[TokensSide] = []

    def side(self, **settings: Any) -> TokensSide:
        identity = Identity(token_audience="legation", **settings)
        made = tokens_side(identity, connection=self.kube.connection, clock=self.clock)
        assert made is not None
        self._made.append(made)
        return made

    @property
    def questions(self) -> int:
        return self.kube.count("create", "tokenreviews")

    async def aclose(self) -> None:
        for each in self._made:
            await each.aclose()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with FakeKube() as kube:
        kube.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "cart-1"}})
        made = World(kube)
        yield made
        await made.aclose()


async def check(side: TokensSide, token: str) -> TokenProof | Flaw:
    async with asyncio.timeout(PATIENCE):
        return await side.check(token)


async def test_the_api_server_is_asked_once_about_a_token(world: World) -> None:
    side = world.side()
    token = world.kube.account_token("shop", "cart", pod="cart-1")
    for _ in range(3):
        found = await check(side, token)
        assert isinstance(found, TokenProof)
        assert (found.namespace, found.service_account, found.pod) == ("shop", "cart", "cart-1")
    assert world.questions == 1
    assert side.problems() == ()


async def test_it_is_not_asked_about_what_somebody_made_up(world: World) -> None:
    side = world.side()
    world.kube.rotate_token_key()
    token = world.kube.account_token("shop", "cart")
    for number in range(20):
        head, said, signature = token.split(".")
        assert isinstance(await check(side, f"{head}.{said}.{signature[:-8]}{number:08}"), Flaw)
    assert isinstance(await check(side, world.kube.account_token("shop", "cart", audiences=["other"])), Flaw)
    assert isinstance(await check(side, world.kube.account_token("shop", "cart", seconds=-1)), Flaw)
    assert world.questions == 0


async def test_its_word_counts_whatever_the_signature_says(world: World) -> None:
    side = world.side()
    token = world.kube.account_token("shop", "cart", pod="cart-1", pod_uid="of-the-one-before")
    assert isinstance(await check(side, token), Flaw)
    world.kube.remove_account("shop", "other")
    assert isinstance(await check(side, world.kube.account_token("shop", "other")), Flaw)
    assert world.questions == 2


async def test_without_the_keys_it_is_asked_about_all(world: World) -> None:
    side = world.side()
    world.kube.intercept("/openid")
    assert isinstance(await check(side, world.kube.account_token("shop", "cart")), TokenProof)
    assert side.problems() == ()


async def test_where_nobody_can_tell_it_is_told_until_somebody_can(world: World) -> None:
    side = world.side()
    world.kube.forbid("create", "tokenreviews")
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            found = await check(side, world.kube.account_token("shop", "cart"))
            assert isinstance(found, Flaw)
            assert found.passing
        (problem,) = side.problems()
        assert problem.code == "unchecked-tokens"
        assert "tokenreviews" in problem.message
        # An API server that answers now and then does not fill the log.
        for _ in range(3):
            world.kube.allow("create", "tokenreviews")
            world.clock.step(1.0)
            assert isinstance(await check(side, world.kube.account_token("shop", "cart")), TokenProof)
            assert side.problems() == ()
            world.kube.forbid("create", "tokenreviews")
            assert isinstance(await check(side, world.kube.account_token("shop", "cart")), Flaw)
        world.kube.allow("create", "tokenreviews")
        world.clock.step(10.0)
        assert isinstance(await check(side, world.kube.account_token("shop", "cart")), TokenProof)
    assert side.problems() == ()
    assert [each["event"] for each in logs] == ["tokens cannot be checked", "tokens can be checked again"]


async def test_it_is_told_no_longer_than_it_is_so_also_where_nobody_shows_a_token(world: World) -> None:
    side = world.side()
    running = asyncio.create_task(side.run())
    try:
        world.kube.forbid("create", "tokenreviews")
        assert isinstance(await check(side, world.kube.account_token("shop", "cart")), Flaw)
        (problem,) = side.problems()
        assert "bind that ClusterRole" in problem.mend
        asked = world.questions
        world.kube.allow("create", "tokenreviews")
        async with asyncio.timeout(PATIENCE):
            while side.problems():
                await world.clock.advance(1.0)
                await asyncio.sleep(0.001)
        # And once it is over nobody asks.
        for _ in range(20):
            await world.clock.advance(1.0)
        assert world.questions == asked + 1
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_while_the_api_server_is_away_those_who_were_here_come_back(world: World) -> None:
    side = world.side()
    token = world.kube.account_token("shop", "cart", pod="cart-1")
    assert isinstance(await check(side, token), TokenProof)
    late = world.kube.account_token("shop", "late")
    await world.kube.stop()
    world.clock.step(3000.0)
    assert isinstance(await check(side, token), TokenProof)
    found = await check(side, late)
    assert isinstance(found, Flaw)
    assert found.passing
    await world.kube.start()
    world.clock.step(1.0)
    assert isinstance(await check(side, late), TokenProof)


async def test_keys_of_the_cluster_are_enough_if_that_is_asked_for(world: World) -> None:
    side = world.side(token_check="jwks")
    assert isinstance(await check(side, world.kube.account_token("shop", "cart", pod="cart-1")), TokenProof)
    world.kube.rotate_token_key()
    world.clock.step(10.0)
    assert isinstance(await check(side, world.kube.account_token("shop", "cart", pod="cart-1")), TokenProof)
    assert world.questions == 0


async def test_keys_in_a_file_need_no_cluster(world: World, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    token = world.kube.account_token("shop", "cart", pod="cart-1")
    client = Client(world.kube.connection)
    issuer = msgspec.json.decode(await client.request("GET", "/.well-known/openid-configuration"))["issuer"]
    keys = await client.request("GET", "/openid/v1/jwks")
    await client.aclose()
    identity = Identity(token_audience="legation", token_check="jwks", token_jwks=file, token_issuer=issuer)
    for content, words in ((None, "no such file"), (b"{}", "no JSON Web Key Set")):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(SettingsError, match=f"--token-jwks: .*keys.json: .*{words}"):
            tokens(Settings(identity=identity), None)
    file.write_bytes(keys)
    side = tokens_side(identity, connection=None, clock=world.clock)
    assert side is not None
    assert isinstance(await check(side, token), TokenProof)
    assert side.problems() == ()
    # What breaks later leaves what was there, and is told.
    file.write_bytes(b"broken")
    world.clock.step(300.0)
    fresh = world.kube.account_token("shop", "cart", pod="cart-1")
    with structlog.testing.capture_logs():
        assert isinstance(await check(side, fresh), TokenProof)
    (problem,) = side.problems()
    assert (problem.code, "keys.json: it is no JSON Web Key Set" in problem.message) == ("unchecked-tokens", True)
    file.write_bytes(keys)
    other = tokens_side(
        Identity(token_audience="legation", token_check="jwks", token_jwks=file, token_issuer="https://other"),
        connection=None,
        clock=world.clock,
    )
    assert other is not None
    assert isinstance(await check(other, token), Flaw)


def test_without_an_audience_tokens_prove_nothing() -> None:
    assert tokens(Settings(), None) is None
    assert not has_tokens(Settings())
    assert has_tokens(Settings(identity=Identity(token_audience="legation")))


@pytest.mark.parametrize(
    ("identity", "key", "words"),
    [
        (Identity(token_jwks=Path("keys")), "--token-jwks", "--token-audience"),
        (Identity(token_issuer="me"), "--token-issuer", "--token-audience"),
        (Identity(token_audience="legation"), "--token-audience", "--kubernetes"),
        (Identity(token_audience="legation", token_check="jwks"), "--token-check", "--token-jwks FILE"),
        (
            Identity(token_audience="legation", token_check="jwks", token_jwks=Path("keys")),
            "--token-issuer",
            "--service-account-issuer",
        ),
        (Identity(token_audience="legation", token_jwks=Path("keys")), "--token-jwks", "--token-check jwks"),
        (
            Identity(token_audience="legation", token_check="jwks", token_jwks=Path("/nowhere"), token_issuer="me"),
            "--token-jwks",
            "/nowhere: no such file",
        ),
        (Identity(token_audience="legation", token_issuer="me"), "--token-issuer", "--token-check jwks"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(identity: Identity, key: str, words: str) -> None:
    with pytest.raises(SettingsError) as raised:
        tokens(Settings(identity=identity), None)
    assert raised.value.key == key
    assert words in str(raised.value)


def test_tokens_at_a_port_in_the_clear_are_doubtful() -> None:
    identity = Identity(token_audience="legation")
    (problem,) = doubts(Settings(identity=identity, xds_bind="0.0.0.0"))
    assert problem.code == "tokens-in-the-clear"
    assert list(doubts(Settings(identity=identity))) == []
    assert list(doubts(Settings(identity=identity, xds_bind="0.0.0.0", tls=Tls(tls=Path("tls"))))) == []


async def test_nothing_that_is_told_holds_a_token(world: World) -> None:
    side = world.side()
    token = world.kube.account_token("shop", "cart")
    shown = [token, f"{token}x", token.split(".")[1], world.kube.account_token("shop", "cart", audiences=["x"])]
    with structlog.testing.capture_logs() as logs:
        world.kube.refuse_next(500, plural="tokenreviews")
        told = [repr(await check(side, each)) for each in shown]
        told += [repr(logs), repr(side), repr(vars(side)), repr(side.problems())]
    for each in shown:
        assert not any(each in words for words in told)
