"""One object by its name, over HTTP: what it knows, what it asks for, and that nothing ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from legation.clock import MonotonicClock
from legation.errors import KubeError, KubeForbidden, KubeNotFound, KubeUnreachable
from legation.kube.client import Client
from legation.kube.connection import Connection, User
from legation.kube.named_object import NamedObject
from legation.kube.watch_policy import WatchPolicy
from legation.model.api_kinds import ApiKind
from legation.testing import FakeKube, ManualClock
from tests.unit.kube.api_model import THINGS, Thing, bookmark, encoded, event, thing
from tests.unit.kube.api_model import decode as decode_thing
from tests.unit.kube.fake_client import FakeClient

CONFIG_MAPS = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")
SPLITS = ApiKind(group="split.smi-spec.io", version="v1alpha2", kind="TrafficSplit", plural="trafficsplits")
EAGER = WatchPolicy(first_pause=0.02, longest_pause=0.05, absent_pause=0.02, steady=0.0)
PATIENCE = 20.0
LARGE = 2 * 1024 * 1024


class ConfigMap(msgspec.Struct):
    data: dict[str, str]


def decode(raw: msgspec.Raw) -> dict[str, str]:
    return msgspec.json.decode(raw, type=ConfigMap).data


class World:
    """An object that is kept, and the server that has it."""

    def __init__(self, kube: FakeKube, client: Client, **options: Any) -> None:
        self.kube = kube
        self.told = 0
        self._told = asyncio.Event()
        self.kept: NamedObject[dict[str, str]] = NamedObject(
            client,
            **{
                "kind": CONFIG_MAPS,
                "namespace": "shop",
                "name": "xds",
                "decode": decode,
                "changed": self._changed,
                "clock": MonotonicClock(),
                "chance": lambda: 0.5,
                "policy": EAGER,
                **options,
            },
        )

    def put(self, name: str = "xds", **data: str) -> None:
        metadata = {"namespace": "shop", "name": name}
        self.kube.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})

    def version(self) -> str:
        found: str = self.kube.get(CONFIG_MAPS, "shop", "xds")["metadata"]["resourceVersion"]
        return found

    def delete(self) -> None:
        self.kube.delete(CONFIG_MAPS, "shop", "xds")

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._told.clear()
                await self._told.wait()

    async def until_it_is(self, **data: str) -> None:
        """Wait until it is current, and has this data; with none, until there is none."""
        await self.until(lambda: self.kept.current and self.kept.object == (data or None))

    def asked(self) -> list[str]:
        """Return the verbs that were asked for since the last time."""
        verbs = [each.verb for each in self.kube.asked]
        self.kube.forget_asked()
        return verbs

    def _changed(self) -> None:
        self.told += 1
        self._told.set()


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(world.kept.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def kube() -> AsyncIterator[FakeKube]:
    async with FakeKube() as kube:
        yield kube
        # Whatever happens: a role of get and watch is enough.
        assert not kube.count("list")
        assert {each.verb for each in kube.asked} <= {"get", "watch", ""}


@pytest.fixture
async def client(kube: FakeKube) -> AsyncIterator[Client]:
    client = Client(kube.connection)
    yield client
    await client.aclose()


@pytest.fixture
async def world(kube: FakeKube, client: Client) -> AsyncIterator[World]:
    """One that is there, and watched."""
    world = World(kube, client)
    world.put(a="1")
    async with running(world):
        await world.until_it_is(a="1")
        assert world.asked() == ["get", "watch"]
        yield world


async def test_a_change_comes_without_a_request(world: World) -> None:
    world.put(a="2")
    await world.until_it_is(a="2")
    assert world.asked() == []


async def test_the_watch_names_the_object(kube: FakeKube, client: Client) -> None:
    world = World(kube, client)
    world.put(a="1")
    async with running(world):
        await world.until_it_is(a="1")
        get, watch = kube.asked
        assert (get.verb, get.namespace, get.name, get.params) == ("get", "shop", "xds", {})
        assert watch.params["fieldSelector"] == "metadata.name=xds"
        assert watch.params["resourceVersion"] == str(
            kube.get(CONFIG_MAPS, "shop", "xds")["metadata"]["resourceVersion"]
        )
        world.put("other", a="3")
        world.put(a="2")
        await world.until_it_is(a="2")


async def test_it_is_deleted_and_made_anew(world: World) -> None:
    for number in "23":
        world.delete()
        await world.until_it_is()
        world.put(a=number)
        await world.until_it_is(a=number)
    assert world.asked() == []


async def test_it_is_not_there_yet(kube: FakeKube, client: Client) -> None:
    world = World(kube, client)
    async with running(world):
        await world.until_it_is()
        assert world.kept.asked
        world.put(a="1")
        await world.until_it_is(a="1")
        assert world.asked() == ["get", "watch"]


async def test_a_large_one(world: World) -> None:
    world.put(a="x" * LARGE)
    await world.until(lambda: (world.kept.object or {}).get("a") == "x" * LARGE)
    world.put(a="\n" * LARGE)
    await world.until(lambda: (world.kept.object or {}).get("a") == "\n" * LARGE)
    assert world.asked() == []


async def test_one_that_cannot_be_read(world: World) -> None:
    value = world.kube.get(CONFIG_MAPS, "shop", "xds")
    world.kube.put({**value, "data": {"a": 5}})
    await world.until(lambda: world.kept.unreadable)
    assert world.kept.object == {"a": "1"}
    assert world.kept.current
    world.put(a="2")
    await world.until_it_is(a="2")
    assert not world.kept.unreadable


async def test_a_watch_that_ends_goes_on_where_it_was(world: World) -> None:
    world.put("other", a="1")
    world.kube.bookmark()
    world.put(a="2")
    await world.until_it_is(a="2")
    world.kube.end_watches()
    await world.kube.wait(lambda: world.kube.count("watch") == 1)
    assert world.kube.asked[0].params["resourceVersion"] == world.version()
    world.put(a="3")
    await world.until_it_is(a="3")
    assert world.asked() == ["watch"]


async def test_a_watch_that_breaks_misses_nothing(world: World) -> None:
    for number in "2345":
        world.kube.drop()
        world.delete()
        world.put(a=number)
        await world.until_it_is(a=number)


@pytest.mark.parametrize("by_status", [True, False])
async def test_a_version_that_has_become_too_old(world: World, *, by_status: bool) -> None:
    world.put(a="2")
    await world.until_it_is(a="2")
    world.kube.refuse_next(503, verb="watch")
    world.kube.end_watches()
    await world.kube.wait(lambda: world.kube.watches == 0)
    world.delete()
    world.kube.compact(by_status=by_status)
    await world.until_it_is()
    world.put(a="3")
    await world.until_it_is(a="3")


@pytest.mark.parametrize("by_status", [True, False])
async def test_one_that_nobody_has_changed_for_long(kube: FakeKube, client: Client, *, by_status: bool) -> None:
    world = World(kube, client)
    world.put(a="1")
    world.put("other", a="1")
    kube.compact(by_status=by_status)
    async with running(world):
        await world.until_it_is(a="1")
        assert world.asked() == ["get", "watch", "watch"]
        world.put(a="2")
        await world.until_it_is(a="2")
        world.delete()
        await world.until_it_is()
        assert world.asked() == []


async def test_an_error_of_the_server_brings_a_get(world: World) -> None:
    world.kube.send_error(500)
    await world.kube.wait(lambda: world.kube.count("watch") == 1)
    assert world.asked() == ["get", "watch"]


async def test_the_server_is_away(world: World) -> None:
    await world.kube.stop()
    await world.until(lambda: world.kept.missing is not None and world.kept.missing.unreachable)
    assert "what was known of it stays" in str(world.kept.missing)
    assert world.kept.object == {"a": "1"}
    world.put(a="2")
    await world.kube.start()
    await world.until_it_is(a="2")


async def test_the_server_is_away_at_first(kube: FakeKube, client: Client) -> None:
    world = World(kube, client)
    world.put(a="1")
    await kube.stop()
    async with running(world):
        await world.until(lambda: world.kept.missing is not None and world.kept.missing.trouble)
        assert not world.kept.asked
        await kube.start()
        await world.until_it_is(a="1")


@pytest.mark.parametrize("status", [401, 429, 500, 503])
async def test_the_server_refuses_for_some_time(world: World, status: int) -> None:
    world.kube.refuse_next(status, times=1000)
    world.kube.drop()
    await world.until(lambda: str(status) in str(world.kept.missing))
    assert world.kept.object == {"a": "1"}
    world.kube.heal()
    await world.until_it_is(a="1")


async def test_somebody_on_the_way_answers_in_its_place(world: World) -> None:
    world.kube.intercept("/api/v1/namespaces/shop")
    world.kube.drop()
    await world.until(lambda: "is it the API server that answers there?" in str(world.kept.missing))
    assert world.kept.object == {"a": "1"}
    world.kube.heal()
    await world.until_it_is(a="1")


async def test_a_kind_that_is_not_installed_appears_and_disappears(kube: FakeKube, client: Client) -> None:
    world = World(kube, client, kind=SPLITS, decode=lambda raw: msgspec.json.decode(raw)["spec"])
    async with running(world):
        await world.until_it_is()
        kube.install(SPLITS)
        metadata = {"namespace": "shop", "name": "xds"}
        kube.put({"apiVersion": SPLITS.api_version, "kind": SPLITS.kind, "metadata": metadata, "spec": {"a": "1"}})
        await world.until_it_is(a="1")
        # As the real one does, it deletes the objects first.
        kube.remove(SPLITS)
        await world.until_it_is()
        await kube.wait(lambda: kube.asked[-1].verb == "")
    assert not kube.count(plural="/apis")


async def test_who_may_not_watch_asks_at_an_interval(kube: FakeKube, client: Client) -> None:
    kube.forbid("watch", "configmaps")
    world = World(kube, client, interval=0.1)
    world.put(a="1")
    async with running(world):
        await world.until_it_is(a="1")
        assert 'resourceNames: ["xds"], verbs: ["get", "watch"]' in str(world.kept.not_watched)
        world.put(a="2")
        await world.until_it_is(a="2")
        world.delete()
        await world.until_it_is()
    assert kube.count("watch") == 1


async def test_one_that_is_not_to_be_watched(kube: FakeKube, client: Client) -> None:
    world = World(kube, client, watch=False, interval=0.1)
    world.put(a="1")
    async with running(world):
        await world.until_it_is(a="1")
        world.put(a="2")
        await world.until_it_is(a="2")
        assert world.kept.not_watched is None
    assert not kube.count("watch")


async def test_to_cancel_it_closes_the_watch(kube: FakeKube, client: Client) -> None:
    world = World(kube, client)
    async with running(world):
        await world.until_it_is()
    await kube.wait(lambda: kube.watches == 0)


# ----------------------------------------------------------------------------------------------------------- one look


async def test_one_look(kube: FakeKube, client: Client) -> None:
    world = World(kube, client)
    assert await world.kept.look() is None
    world.put(a="1")
    assert await world.kept.look() == {"a": "1"}
    world.delete()
    assert await world.kept.look() is None
    assert world.kept.asked
    assert world.asked() == ["get", "get", "get"]


async def test_a_look_says_why_it_has_seen_nothing(kube: FakeKube, client: Client) -> None:
    world = World(kube, client)
    world.put(a="1")
    kube.refuse_next(500)
    with pytest.raises(KubeError, match="the test wants a 500"):
        await world.kept.look()
    kube.forbid("get", "configmaps")
    with pytest.raises(KubeForbidden):
        await world.kept.look()
    kube.allow("get", "configmaps")
    kube.intercept("/api/v1")
    with pytest.raises(KubeNotFound):
        await world.kept.look()
    kube.heal()
    await kube.stop()
    with pytest.raises(KubeUnreachable):
        await world.kept.look()
    await kube.start()
    assert await world.kept.look() == {"a": "1"}


async def test_a_look_at_what_cannot_be_read(kube: FakeKube, client: Client) -> None:
    world = World(kube, client)
    kube.put(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "shop", "name": "xds"}, "data": {"a": 1}}
    )
    assert await world.kept.look() is None
    assert world.kept.unreadable


async def test_a_look_at_somebody_else() -> None:
    client = FakeClient()
    looking = asyncio.create_task(manual(client).look())
    (await client.next()).answer(b"<html>")
    with pytest.raises(KubeUnreachable, match="what is told of Thing shop/a cannot be understood"):
        await looking


async def test_after_a_look_it_goes_on_with_the_watch(kube: FakeKube, client: Client) -> None:
    world = World(kube, client)
    world.put(a="1")
    await world.kept.look()
    async with running(world):
        await world.until_it_is(a="1")
        assert world.asked() == ["get", "watch"]


# ------------------------------------------------------------------------------------------------- time, and its bugs


def manual(
    client: FakeClient, clock: ManualClock | None = None, changed: Callable[[], None] = lambda: None
) -> NamedObject[Thing]:
    return NamedObject(
        client,
        THINGS,
        namespace="shop",
        name="a",
        decode=decode_thing,
        changed=changed,
        clock=clock or ManualClock(),
        chance=lambda: 0.5,
    )


async def test_nobody_waits_for_a_server_that_is_silent() -> None:
    client, clock = FakeClient(), ManualClock()
    kept = manual(client, clock)
    task = asyncio.create_task(kept.run())
    (await client.next()).answer(encoded(thing("a", version=5)))
    watch = await client.next()
    watch.answer()
    watch.send(bookmark(6))
    await clock.advance(179.0)
    assert kept.current
    await clock.advance(1.0)
    again = await client.next()
    assert again.params["resourceVersion"] == "6"
    assert watch.closed
    assert "is silent" in str(kept.missing)
    task.cancel()
    await asyncio.wait([task])


async def test_what_changes_nothing_is_not_told() -> None:
    calls: list[None] = []
    client, clock = FakeClient(), ManualClock()
    task = asyncio.create_task(manual(client, clock, lambda: calls.append(None)).run())
    (await client.next()).answer(encoded(thing("a", version=5)))
    watch = await client.next()
    watch.answer()
    await clock.advance(1.0)
    told = len(calls)
    for line in (
        event("MODIFIED", thing("a", version=6)),
        bookmark(7),
        event("MODIFIED", thing("b", value=2, version=8)),
    ):
        watch.send(line)
        await clock.advance(1.0)
    assert len(calls) == told
    watch.send(event("MODIFIED", thing("a", value=2, version=9)))
    await clock.advance(1.0)
    assert len(calls) == told + 1
    task.cancel()
    await asyncio.wait([task])


async def test_what_comes_after_an_error_is_not_heard() -> None:
    client, clock = FakeClient(), ManualClock()
    kept = manual(client, clock)
    task = asyncio.create_task(kept.run())
    (await client.next()).answer(encoded(thing("a", version=5)))
    watch = await client.next()
    watch.answer()
    watch.send(b"<html>", event("DELETED", thing("a", version=6)))
    await clock.advance(1.0)
    await client.next()
    assert watch.closed
    assert kept.object is not None
    task.cancel()
    await asyncio.wait([task])


async def test_a_pause_ends_soon_when_somebody_has_heard_of_the_server() -> None:
    client, clock = FakeClient(), ManualClock()
    kept = manual(client, clock)
    task = asyncio.create_task(kept.run())
    for pause in (0.375, 0.75, 1.5, 3.0):
        (await client.next()).fail(KubeUnreachable("away"))
        await clock.advance(0.0)
        if pause < 3.0:
            await clock.advance(pause)
    kept.hurry(within=1.0)
    await clock.advance(0.5)
    await client.next()
    task.cancel()
    await asyncio.wait([task])


async def test_a_bug_of_who_is_told_is_not_hidden() -> None:
    def changed() -> None:
        raise LookupError("a bug")

    client = FakeClient()
    task = asyncio.create_task(manual(client, changed=changed).run())
    (await client.next()).answer(encoded(thing("a")))
    with pytest.raises(LookupError, match="a bug"):
        await task


async def test_a_bug_of_the_client_is_not_hidden() -> None:
    client = FakeClient()
    task = asyncio.create_task(manual(client).run())
    (await client.next()).answer(encoded(thing("a")))
    watch = await client.next()
    watch.answer()
    watch.send(LookupError("a bug"))
    with pytest.raises(LookupError, match="a bug"):
        await task


async def test_who_is_nobody_is_told_so_without_the_token(kube: FakeKube) -> None:
    client = Client(Connection(server=kube.url, user=User(token="hush")))
    world = World(kube, client)
    async with running(world):
        await world.until(lambda: "401" in str(world.kept.missing))
        assert "hush" not in str(world.kept.missing)
    await client.aclose()
