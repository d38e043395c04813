"""Objects in: what a program sees of the plane that serves them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from legation.control_plane import ControlPlane
from legation.errors import SettingsError, TransportError
from legation.model.problems import Level
from legation.model.resource_types import CLUSTER
from legation.sources.base import Inputs
from legation.sources.memory import MemorySource
from legation.transports.base import Feed
from tests.fakes import FakeClient, FakeSource, FakeTransport
from tests.manifests import manifest


def cluster(name: str, *, envoy_name: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "apiVersion": "bootes.io/v1",
        "kind": "Cluster",
        "metadata": {"name": name},
        "spec": {"config": {"name": envoy_name or name, **fields}},
    }


class World:
    """A plane with a source in memory and a fake transport."""

    def __init__(self) -> None:
        self.source = MemorySource()
        self.transport = FakeTransport()
        self.plane = ControlPlane([self.source], transports=[self.transport])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        async with self.plane, asyncio.timeout(30):
            await self.plane.wait_ready()
            yield self

    def client(self) -> FakeClient:
        client = FakeClient(self.transport.feed, "edge")
        client.subscribe(CLUSTER)
        return client


async def test_what_is_put_in_is_accepted_when_every_envoy_has_it() -> None:
    async with World().running() as world:
        client = world.client()
        web = world.source.put(cluster("web"))
        waiting = asyncio.create_task(world.plane.wait_accepted(web))
        await client.wait_woken()
        assert not waiting.done()
        client.take(CLUSTER)
        assert str(await waiting) == "accepted by edge"


async def test_to_wait_right_after_a_change_is_to_wait_for_that_change() -> None:
    async with World().running() as world:
        client = world.client()
        for seconds in range(1, 4):
            web = world.source.put(cluster("web", connect_timeout=f"{seconds}s"))
            waiting = asyncio.create_task(world.plane.wait_accepted(web.key))
            await client.wait_woken()
            assert not waiting.done()
            client.take(CLUSTER)
            assert await waiting


async def test_what_is_deleted_is_accepted_when_nobody_holds_it() -> None:
    async with World().running() as world:
        client = world.client()
        web = world.source.put(cluster("web"))
        await client.wait_woken()
        client.take(CLUSTER)
        world.source.delete(web.key)
        waiting = asyncio.create_task(world.plane.wait_accepted(web))
        await client.wait_woken()
        assert not waiting.done()
        client.take(CLUSTER)
        assert await waiting


async def test_a_broken_object_is_not_waited_for_and_its_problem_is_the_answer() -> None:
    async with World().running() as world:
        world.client()
        web = world.source.put(cluster("web", connect_timeuot="2s"))
        answer = await world.plane.wait_accepted(web)
        assert not answer
        assert "unknown field" in str(answer)
        assert 'did you mean "connect_timeout"' in str(answer)


async def test_it_may_wait_for_envoys_that_have_not_come_yet() -> None:
    async with World().running() as world:
        web = world.source.put(cluster("web"))
        assert str(await world.plane.wait_accepted(web)) == "no Envoy asked for it"
        waiting = asyncio.create_task(world.plane.wait_accepted(web, at_least=1))
        client = world.client()
        assert not waiting.done()
        client.take(CLUSTER)
        assert (await waiting).accepted == ("edge",)


async def test_it_says_what_is_missing_before_it_is_ready() -> None:
    transport = FakeTransport()
    plane = ControlPlane([FakeSource("the late one")], transports=[transport])
    assert list(plane.missing) == ["the late one has not loaded yet", "fake does not listen yet"]
    async with plane:
        assert list(plane.missing) == ["the late one has not loaded yet"]
        answer = await plane.wait_accepted(timeout=0.01)
        assert not answer
        assert "the late one has not loaded yet" in str(answer)


async def test_it_says_that_it_is_draining_while_its_transports_end_their_streams() -> None:
    class SlowToEnd(FakeTransport):
        async def run(self, feed: Feed, *, started: Callable[[], None]) -> None:
            try:
                await super().run(feed, started=started)
            finally:
                ending.set()
                await may_end.wait()

    ending, may_end = asyncio.Event(), asyncio.Event()
    plane = ControlPlane([MemorySource()], transports=[SlowToEnd()])
    async with asyncio.timeout(30):
        task = asyncio.create_task(plane.run())
        await plane.wait_ready()
        assert list(plane.missing) == []
        task.cancel()
        await ending.wait()
        assert list(plane.missing) == ["draining"]
        may_end.set()
        await asyncio.wait([task])
    assert task.cancelled()


async def test_what_is_put_in_while_the_transports_end_is_taken_as_ever() -> None:
    """A source may be what the last call over a port puts something into."""

    class PutsInAtTheEnd(FakeTransport):
        async def run(self, feed: Feed, *, started: Callable[[], None]) -> None:
            try:
                await super().run(feed, started=started)
            finally:
                running.append(not sources_end.is_set())
                await asyncio.sleep(0)
                running.append(not sources_end.is_set())

    class Ends(FakeSource):
        async def run(self, inputs: Inputs) -> None:
            try:
                await super().run(inputs)
            finally:
                sources_end.set()

    running: list[bool] = []
    sources_end = asyncio.Event()
    source = Ends()
    source.publish()
    async with ControlPlane([source], transports=[PutsInAtTheEnd()]) as plane, asyncio.timeout(30):
        await plane.wait_ready()
    assert (running, sources_end.is_set()) == ([True, True], True)


async def test_it_tells_of_its_envoys_and_problems() -> None:
    async with World().running() as world:
        world.client()
        await world.plane.wait_accepted(world.source.put(cluster("web", connect_timeuot="2s")))
        assert [proxy.node.id for proxy in world.plane.proxies()] == ["edge"]
        assert [problem.code for problem in world.plane.problems()] == ["unknown-field"]
        assert world.plane.statistics().feedback.proxies == 1


async def test_it_tells_what_would_be_wrong_with_an_object_beside_what_is_served() -> None:
    async with World().running() as world:
        world.source.put(cluster("web"))
        await world.plane.wait_ready()
        await world.plane.wait_accepted(timeout=10)
        asked = manifest("Cluster", "other", spec={"config": {"name": "web"}})
        (problem,) = (each for each in world.plane.what_if()(asked) if each.level is Level.ERROR)
        assert problem.code == "duplicate-name"
        assert not any(each.object == asked.key for each in world.plane.problems())


async def test_the_end_of_the_body_drains_the_transports() -> None:
    world = World()
    async with world.running():
        assert not world.transport.drained
    assert world.transport.drained


async def test_an_error_at_the_start_comes_out_alone() -> None:
    plane = ControlPlane([MemorySource()], transports=[FakeTransport(TransportError("port 18000 is taken"))])
    with pytest.raises(TransportError, match="is taken"):
        async with plane:
            pass


async def test_a_state_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    plane = ControlPlane([MemorySource()], transports=[FakeTransport()], state_dir=tmp_path / "file" / "state")
    with pytest.raises(SettingsError, match="state_dir"):
        await plane.run()


async def test_an_error_of_the_body_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with World().running():
            raise ZeroDivisionError
