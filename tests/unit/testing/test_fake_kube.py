"""What a test can wish of FakeKube. What it does as the real API server does: `tests/conformance/`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from legation.errors import KubeError, KubeForbidden, KubeGone, KubeNotFound, KubeUnreachable
from legation.kube import objects
from legation.kube.client import Client
from legation.model.api_kinds import ApiKind
from legation.testing import FakeKube
from tests.conformance.kubernetes_api import PATIENCE, reflecting

THINGS = ApiKind(group="example.com", version="v1", kind="Thing", plural="things")
PODS = ApiKind(group="", version="v1", kind="Pod", plural="pods")


class World:
    """A fake with one kind installed, and a client of it."""

    namespace = "shop"
    things = THINGS
    short_watch = 1

    def __init__(self, kube: FakeKube) -> None:
        self.kube = kube
        self.client = self.stranger = self.unknown = Client(kube.connection)

    def put(self, name: str, value: int = 1, **more: Any) -> dict[str, Any]:
        metadata = {"namespace": "shop", "name": name}
        kind = {"apiVersion": THINGS.api_version, "kind": THINGS.kind}
        return self.kube.put({**kind, "metadata": metadata, "spec": {"a": value}, **more})

    async def list(self) -> list[str]:
        found = json.loads(await self.client.request("GET", THINGS.path(namespace="shop")))
        return [each["metadata"]["name"] for each in found["items"]]

    async def install(self, kind: ApiKind) -> None:
        self.kube.install(kind)

    async def remove(self, kind: ApiKind) -> None:
        self.kube.remove(kind)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with FakeKube() as kube:
        kube.install(THINGS)
        world = World(kube)
        yield world
        await world.client.aclose()


async def within_patience(waiting: Awaitable[None]) -> None:
    async with asyncio.timeout(PATIENCE):
        await waiting


# ----------------------------------------------------------------------------------------------------------- objects


async def test_an_object_is_put_with_its_status_whatever_is_there(world: World) -> None:
    first = world.put("a", status={"x": 1})
    again = world.put("a", 2, status={"x": 2})
    assert again["metadata"]["uid"] == first["metadata"]["uid"]
    assert world.kube.get(THINGS, "shop", "a")["status"] == {"x": 2}
    assert world.kube.get(THINGS, "shop", "a")["spec"] == {"a": 2}
    assert world.kube.patch_status(THINGS, "shop", "a", {"y": 1})["status"] == {"x": 2, "y": 1}
    assert [key.name for key in world.kube.objects(THINGS)] == ["a"]
    world.kube.delete(THINGS, "shop", "a")
    assert await world.list() == []


async def test_what_it_gives_is_the_tests_own(world: World) -> None:
    world.put("a")["spec"]["a"] = 5
    world.kube.get(THINGS, "shop", "a")["spec"]["a"] = 5
    assert world.kube.get(THINGS, "shop", "a")["spec"]["a"] == 1


def test_a_kind_that_is_not_installed_is_said_so() -> None:
    with pytest.raises(LookupError, match=r"no kind Other in example\.com/v1; install it first"):
        FakeKube().put({"apiVersion": "example.com/v1", "kind": "Other", "metadata": {"name": "a"}})


# --------------------------------------------------------------------------------------------------- what was asked


async def test_it_says_what_was_asked(world: World) -> None:
    await world.list()
    with contextlib.suppress(KubeError):
        await world.client.request("PATCH", f"{THINGS.path(namespace='shop', name='a')}/status", body=b"{}")
    assert [str(each) for each in world.kube.asked] == ["list things shop", "patch things/status shop/a"]
    assert world.kube.count() == 2
    assert world.kube.count("list") == world.kube.count("list", "things") == 1
    assert world.kube.count("list", "pods") == 0
    world.kube.forget_asked()
    assert world.kube.count() == 0


async def test_a_watch_is_all_that_a_change_takes(world: World) -> None:
    async with reflecting(world, THINGS) as seen:
        await seen.until(lambda: seen.reflector.current)
        world.kube.forget_asked()
        world.put("a")
        await seen.until(lambda: bool(seen.reflector.objects))
        assert world.kube.watches == 1
        assert world.kube.count() == 0


# -------------------------------------------------------------------------------------------- what goes wrong at will

BREAKS: dict[str, Callable[[FakeKube], None]] = {
    "drop": lambda kube: kube.drop(),
    "end": lambda kube: kube.end_watches(),
    "error": lambda kube: kube.send_error(500),
    "gone": lambda kube: kube.send_error(410),
}


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("how", BREAKS)
async def test_a_reflector_gets_over_it(world: World, how: str, *, streams: bool) -> None:
    world.kube.streams = streams
    world.put("a")
    world.put("b")
    async with reflecting(world, THINGS) as seen:
        await seen.until(lambda: seen.reflector.current)
        BREAKS[how](world.kube)
        # Nobody watches at this moment.
        world.kube.delete(THINGS, "shop", "a")
        world.put("b", 2)
        world.kube.compact()
        await seen.until(lambda: seen.values() == {"b": 2})
        assert seen.replayed == seen.reflector.objects


@pytest.mark.parametrize("by_status", [True, False])
async def test_an_old_version_is_refused_or_told_to_be_gone(world: World, *, by_status: bool) -> None:
    version = world.put("a")["metadata"]["resourceVersion"]
    world.put("b")
    world.kube.compact(by_status=by_status)
    params = {"watch": "true", "resourceVersion": version}
    if by_status:
        with pytest.raises(KubeGone):
            async with world.client.stream(THINGS.path(), params=params):
                pass
    else:
        async with world.client.stream(THINGS.path(), params=params) as lines:
            said = [json.loads(line) async for line in lines]
        assert [(each["type"], each["object"]["code"]) for each in said] == [("ERROR", 410)]


async def test_pages_expire_too(world: World) -> None:
    for name in "abc":
        world.put(name)
    first = json.loads(await world.client.request("GET", THINGS.path(), params={"limit": "2"}))
    world.put("d")
    world.kube.compact()
    with pytest.raises(KubeGone):
        await world.client.request("GET", THINGS.path(), params={"continue": first["metadata"]["continue"]})


async def test_it_goes_away_and_comes_back_with_its_port_and_its_data(world: World) -> None:
    world.put("a")
    url = world.kube.url
    async with reflecting(world, THINGS) as seen:
        await seen.until(lambda: seen.reflector.current)
        await world.kube.stop()
        await seen.until(lambda: not seen.reflector.current)
        with pytest.raises(KubeUnreachable):
            await world.list()
        assert seen.values() == {"a": 1}

        world.put("b")
        await world.kube.start()
        assert world.kube.url == url
        await seen.until(lambda: seen.values() == {"a": 1, "b": 1})


async def test_the_next_requests_are_refused(world: World) -> None:
    world.kube.refuse_next(429, times=2, retry_after=3, verb="list", plural="things")
    await world.client.request("GET", PODS.path())
    for _ in range(2):
        with pytest.raises(KubeError) as refusal:
            await world.list()
        assert (refusal.value.status, refusal.value.retry_after) == (429, 3)
    assert await world.list() == []


async def test_the_next_request_hangs_until_all_is_healed(world: World) -> None:
    world.kube.hang_next()
    waiting = asyncio.create_task(world.list())
    await within_patience(world.kube.wait(lambda: world.kube.hanging == 1))
    world.kube.heal()
    with pytest.raises(KubeUnreachable):
        await waiting


async def test_who_gives_up_hangs_no_more(world: World) -> None:
    world.kube.hang_next()
    waiting = asyncio.create_task(world.list())
    await within_patience(world.kube.wait(lambda: world.kube.hanging == 1))
    waiting.cancel()
    await within_patience(world.kube.wait(lambda: world.kube.hanging == 0))


async def test_the_next_answer_breaks_off(world: World) -> None:
    world.put("a")
    world.kube.cut_next(verb="list")
    with pytest.raises(KubeUnreachable):
        await world.list()
    world.kube.cut_next(verb="watch")
    async with world.client.stream(THINGS.path(), params={"watch": "true"}) as lines:
        with pytest.raises(KubeUnreachable):
            await anext(aiter(lines))


async def test_somebody_else_is_faster_than_the_next_request(world: World) -> None:
    world.put("a")
    world.kube.forestall_next(lambda: world.kube.delete(THINGS, "shop", "a"), verb="list")
    assert await world.list() == []


async def test_somebody_on_the_way_answers_in_its_place(world: World) -> None:
    world.kube.intercept("/apis/")
    for path in (THINGS.path(), "/apis/example.com/v1", "/apis/nobody.test/v1"):
        with pytest.raises(KubeNotFound) as refusal:
            await world.client.request("GET", path)
        # A page for people, not a word of the API server.
        assert str(refusal.value).endswith("404 Not Found")
    await world.client.request("GET", PODS.path())
    assert json.loads(await world.client.request("GET", "/apis"))["kind"] == "APIGroupList"
    world.kube.heal()
    assert await world.list() == []


async def test_an_object_may_be_nested_as_deep_as_the_real_one_takes_it(world: World) -> None:
    deep: Any = 1
    for _ in range(2000):
        deep = [deep]
    world.kube.put({**world.put("a"), "spec": {"a": 1, "any": deep}})
    answer = await world.client.request("GET", THINGS.path(namespace="shop", name="a"))
    assert b"[" * 2000 + b"1" in answer
    assert [key.name for key in world.kube.objects(THINGS)] == ["a"]


async def test_a_watch_can_be_silent(world: World) -> None:
    async with world.client.stream(THINGS.path(), params={"watch": "true"}) as lines:
        world.kube.silence()
        world.put("a")
        told = asyncio.ensure_future(anext(aiter(lines)))
        # Another request takes its whole way meanwhile.
        await world.list()
        assert not told.done()
        world.kube.silence(wanted=False)
        assert b'"ADDED"' in await told


async def test_a_bookmark_is_sent_to_who_wants_it(world: World) -> None:
    version = world.put("a")["metadata"]["resourceVersion"]
    params = {"watch": "true", "resourceVersion": version}
    async with (
        world.client.stream(THINGS.path(), params={**params, "allowWatchBookmarks": "true"}) as wanted,
        world.client.stream(THINGS.path(), params=params) as unwanted,
    ):
        await within_patience(world.kube.wait(lambda: world.kube.watches == 2))
        world.kube.bookmark()
        world.kube.end_watches()
        said = [json.loads(line) async for line in wanted]
        assert [(each["type"], each["object"]["metadata"]["resourceVersion"]) for each in said] == [
            ("BOOKMARK", version)
        ]
        assert [line async for line in unwanted] == []


async def test_a_closed_watch_is_noticed(world: World) -> None:
    async with world.client.stream(THINGS.path(), params={"watch": "true"}):
        await within_patience(world.kube.wait(lambda: world.kube.watches == 1))
    await within_patience(world.kube.wait(lambda: world.kube.watches == 0))


async def test_rights_can_be_taken_and_given_back(world: World) -> None:
    world.kube.forbid("list", "things", "shop")
    with pytest.raises(KubeForbidden, match='User "tests" cannot list resource "things"'):
        await world.list()
    await world.client.request("GET", THINGS.path(namespace="bank"))
    world.kube.allow("list", "things", "shop")
    assert await world.list() == []


async def test_a_token_can_be_taken_away(world: World) -> None:
    world.kube.tokens.clear()
    with pytest.raises(KubeError) as refusal:
        await world.list()
    assert refusal.value.status == 401


async def test_a_list_beside_the_spec_is_applied_like_any_other_field(world: World) -> None:
    for parts in (["a"], ["b", "c"]):
        made = await objects.apply(
            world.client, kind=THINGS, name="a", namespace="shop", value={"parts": parts}, field_manager="one"
        )
        assert made["parts"] == parts
