"""FakeKube says whose a token is and who may do what, as the real one does: `tests/cluster/test_tokens.py`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from legation.errors import KubeError
from legation.kube import objects
from legation.kube.client import Client
from legation.model.api_kinds import ApiKind
from legation.testing import FakeKube
from legation.testing.fake_kube_reviews import ACCESS_REVIEWS, TOKEN_REVIEWS

PODS = ApiKind(group="", version="v1", kind="Pod", plural="pods")
PATIENCE = 10.0


class World:
    def __init__(self, kube: FakeKube) -> None:
        self.kube = kube
        self.client = Client(kube.connection)
        self.uid = self.pod()

    def pod(self) -> str:
        made = self.kube.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "cart-1"}})
        return str(made["metadata"]["uid"])

    async def ask(self, kind: ApiKind, spec: dict[str, Any]) -> dict[str, Any]:
        value = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": spec}
        async with asyncio.timeout(PATIENCE):
            answer = await objects.create(self.client, kind=kind, value=value)
        status: dict[str, Any] = answer["status"]
        return status

    async def whose(self, token: str, *audiences: str) -> dict[str, Any]:
        return await self.ask(TOKEN_REVIEWS, {"token": token, "audiences": list(audiences or ("legation",))})

    async def good(self, token: str, *audiences: str) -> bool:
        return (await self.whose(token, *audiences)).get("authenticated") is True

    async def may(self, who: str, verb: str, namespace: str = "", name: str = "", groups: tuple[str, ...] = ()) -> bool:
        attributes = {
            "verb": verb,
            "resource": "upstreams",
            "group": "legation.dev",
            "namespace": namespace,
            "name": name,
        }
        spec = {"user": who, "groups": list(groups), "resourceAttributes": attributes}
        return (await self.ask(ACCESS_REVIEWS, spec))["allowed"] is True


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with FakeKube() as kube:
        made = World(kube)
        try:
            yield made
        finally:
            await made.client.aclose()


async def test_a_token_says_whose_it_is(world: World) -> None:
    found = await world.whose(world.kube.account_token("shop", "cart", pod="cart-1"), "legation", "other")
    assert found["audiences"] == ["legation"]
    assert found["user"]["username"] == "system:serviceaccount:shop:cart"
    assert "system:serviceaccounts:shop" in found["user"]["groups"]
    assert found["user"]["extra"] == {
        "authentication.kubernetes.io/pod-name": ["cart-1"],
        "authentication.kubernetes.io/pod-uid": [world.uid],
    }
    unbound = await world.whose(world.kube.account_token("shop", "cart"))
    assert "extra" not in unbound["user"]


async def test_a_token_is_good_for_its_audience_and_its_time(world: World) -> None:
    assert not await world.good(world.kube.account_token("shop", "cart", audiences=["other"]))
    assert not await world.good(world.kube.account_token("shop", "cart", seconds=-1))
    assert not await world.good("opaque")
    assert not await world.good(world.kube.account_token("shop", "cart") + "x")


async def test_a_token_goes_with_its_pod(world: World) -> None:
    token = world.kube.account_token("shop", "cart", pod="cart-1")
    assert await world.good(token)
    world.kube.delete(PODS, "shop", "cart-1")
    assert not await world.good(token)
    world.pod()
    assert not await world.good(token)
    assert await world.good(world.kube.account_token("shop", "cart", pod="cart-1"))
    assert not await world.good(world.kube.account_token("shop", "cart", pod="cart-1", pod_uid=world.uid))


async def test_a_token_goes_with_its_service_account(world: World) -> None:
    token = world.kube.account_token("shop", "cart")
    world.kube.remove_account("shop", "cart")
    assert not await world.good(token)
    assert await world.good(world.kube.account_token("shop", "other"))


async def test_keys_change_with_and_without_an_overlap(world: World) -> None:
    old = world.kube.account_token("shop", "cart")
    world.kube.rotate_token_key()
    new = world.kube.account_token("shop", "cart")
    assert await world.good(old)
    assert await world.good(new)
    keys = json.loads(await world.client.request("GET", "/openid/v1/jwks"))["keys"]
    assert len({each["kid"] for each in keys}) == 2
    assert not any("d" in each for each in keys)
    world.kube.rotate_token_key(forget=True)
    assert not await world.good(new)


async def test_who_has_no_right_may_not(world: World) -> None:
    assert not await world.may("jane", "get")
    world.kube.permit("jane", "get", "upstreams", "shop")
    assert await world.may("jane", "get", "shop", "a")
    assert not await world.may("jane", "get", "bank")
    assert not await world.may("jane", "get")
    assert not await world.may("joe", "get", "shop")
    world.kube.permit("devs", "get", "upstreams", name="a")
    assert await world.may("joe", "get", "bank", "a", groups=("devs",))
    assert not await world.may("joe", "get", "bank", "b", groups=("devs",))
    world.kube.revoke("jane", "get", "upstreams", "shop")
    assert not await world.may("jane", "get", "shop", "a")


async def test_questions_are_kept_from_who_may_not_ask_and_fail_as_all_requests_do(world: World) -> None:
    world.kube.forbid("create", "tokenreviews")
    with pytest.raises(KubeError, match="tokenreviews"):
        await world.good("a.b.c")
    world.kube.allow("create", "tokenreviews")
    world.kube.refuse_next(503, plural="tokenreviews")
    with pytest.raises(KubeError, match="503"):
        await world.good("a.b.c")
    assert world.kube.count("create", "tokenreviews") == 2
    with pytest.raises(KubeError, match="400"):
        await world.client.request("POST", TOKEN_REVIEWS.path(), body=b"[]")
