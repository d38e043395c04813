"""The API server's answer about a token, at one on loopback: only its clear yes for our audience is one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from legation.kube.client import Client
from legation.kube.tokens.claims import Claims, look
from legation.kube.tokens.review import AWAY, FORBIDDEN, REFUSED, TokenReviews
from legation.model.identity import Flaw, TokenProof
from legation.testing import FakeKube
from tests.unit.kube.loopback import Answer, Asked, client_of, loopback
from tests.unit.kube.tokens.made import AUDIENCE, NOW, proof, token


def claims(**changes: Any) -> Claims:
    found = look(token(**changes), audience=AUDIENCE, now=NOW)
    assert isinstance(found, Claims)
    return found


EXTRA = {
    "authentication.kubernetes.io/pod-name": ["cart-1"],
    "authentication.kubernetes.io/pod-uid": ["uid-1"],
    "authentication.kubernetes.io/node-name": ["node"],
}
USER = {
    "username": "system:serviceaccount:shop:cart",
    "uid": "1",
    "groups": ["system:serviceaccounts", "system:serviceaccounts:shop", "system:authenticated"],
    "extra": EXTRA,
}
YES = {"authenticated": True, "user": USER, "audiences": [AUDIENCE]}


async def said(status: object, **changes: Any) -> TokenProof | Flaw:
    """Return what is made of a status."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}

    async def speak(_: Asked, answer: Answer) -> None:
        await answer.whole(body=json.dumps(body).encode())

    async with loopback(speak) as server, client_of(server) as client:
        return await TokenReviews(client, audience=AUDIENCE).judge(token(**changes), claims(**changes))


async def test_a_yes_says_whose_it_is() -> None:
    assert await said(YES) == proof()
    found = await said(YES)
    assert isinstance(found, TokenProof)
    assert found.ends == NOW + 600


async def test_one_of_another_user_is_no_service_account() -> None:
    user = {**USER, "username": "jane", "groups": ["developers"]}
    found = await said({**YES, "user": user}, own=None)
    assert found == TokenProof(user="jane", groups=("developers",))


@pytest.mark.parametrize(
    "status",
    [
        None,
        [],
        {},
        {"authenticated": False, "user": USER, "audiences": [AUDIENCE]},
        {"authenticated": "true", "user": USER, "audiences": [AUDIENCE]},
        {"authenticated": 1, "user": USER, "audiences": [AUDIENCE]},
        {"error": "no", "user": {}},
        {**YES, "user": None},
        {**YES, "user": {**USER, "username": ""}},
        {**YES, "user": {**USER, "username": 7}},
    ],
)
async def test_what_is_no_clear_yes_is_a_no(status: object) -> None:
    assert await said(status) == REFUSED


@pytest.mark.parametrize("audiences", [None, [], ["other"], AUDIENCE, {AUDIENCE: 1}])
async def test_a_yes_for_others_is_a_no(audiences: object) -> None:
    found = await said({**YES, "audiences": audiences})
    assert isinstance(found, Flaw)
    assert "audience" in found.words


@pytest.mark.parametrize(
    "extra",
    [
        None,
        {},
        {**EXTRA, "authentication.kubernetes.io/pod-name": ["other"]},
        {**EXTRA, "authentication.kubernetes.io/pod-uid": ["other"]},
        {**EXTRA, "authentication.kubernetes.io/pod-uid": ["uid-1", "uid-2"]},
    ],
)
async def test_one_whose_pod_is_said_differently_is_not_taken_for_the_whole_service_account(extra: object) -> None:
    found = await said({**YES, "user": {**USER, "extra": extra}})
    assert isinstance(found, Flaw)
    assert not found.passing


class World:
    """A fake, and who asks it."""

    def __init__(self, kube: FakeKube) -> None:
        self.kube = kube
        self.client = Client(kube.connection)
        self.reviews = TokenReviews(self.client, audience=AUDIENCE)

    async def ask(self) -> TokenProof | Flaw:
        return await self.reviews.judge(self.kube.account_token("shop", "cart"), claims(own=None))


@asynccontextmanager
async def opened() -> AsyncIterator[World]:
    async with FakeKube() as kube:
        world = World(kube)
        try:
            yield world
        finally:
            await world.client.aclose()


@pytest.mark.parametrize("status", [401, 404, 409, 429, 500, 502, 503, 504])
async def test_a_server_in_trouble_says_nothing_about_a_token(status: int) -> None:
    async with opened() as world:
        world.kube.refuse_next(status)
        assert await world.ask() == AWAY


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_token_that_the_server_cannot_read_is_none(status: int) -> None:
    async with opened() as world:
        world.kube.refuse_next(status)
        assert await world.ask() == REFUSED


async def test_who_may_not_ask_is_told_which_right_is_missing() -> None:
    async with opened() as world:
        world.kube.forbid("create", "tokenreviews")
        assert await world.ask() == FORBIDDEN
        assert FORBIDDEN.passing
        world.kube.allow("create", "tokenreviews")
        assert isinstance(await world.ask(), TokenProof)


async def test_a_server_that_is_away_says_nothing_about_a_token() -> None:
    async with opened() as world:
        world.kube.cut_next()
        assert await world.ask() == AWAY
        world.kube.hang_next()
        reviews = TokenReviews(world.client, audience=AUDIENCE, timeout=0.05)
        assert await reviews.judge(token(), claims()) == AWAY
        world.kube.heal()
        await world.kube.stop()
        assert await world.ask() == AWAY


async def test_who_answers_in_its_place_is_not_believed() -> None:
    async def speak(_: Asked, answer: Answer) -> None:
        await answer.whole(body=b"<html>yes</html>")

    async with loopback(speak) as server, client_of(server) as client:
        assert await TokenReviews(client, audience=AUDIENCE).judge(token(), claims()) == AWAY


async def test_a_refusal_that_repeats_the_token_is_not_told() -> None:
    shown = token()

    async def speak(_: Asked, answer: Answer) -> None:
        await answer.status(400, "BadRequest", f"cannot read {shown}")

    async with loopback(speak) as server, client_of(server) as client:
        found = await TokenReviews(client, audience=AUDIENCE).judge(shown, claims())
        assert isinstance(found, Flaw)
        assert shown not in repr(found)
