"""The runner of a watch: what it tells, when, and that nothing ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from legation.errors import KubeForbidden, KubeNotFound, KubeUnreachable
from legation.kube.reflector import Reflector
from legation.kube.watch import Change, Gone, Put, WatchPolicy
from legation.testing import ManualClock
from tests.unit.kube.api_model import (
    DEEP,
    THINGS,
    Thing,
    bookmark,
    decode,
    event,
    groups,
    page,
    resources,
    status,
    thing,
)
from tests.unit.kube.fake_client import FakeClient, Request

if TYPE_CHECKING:
    import msgspec

PAGES = WatchPolicy(stream_first=False)


class World:
    """A reflector that runs, and what it told."""

    def __init__(self, **options: Any) -> None:
        self.client = FakeClient()
        self.task: asyncio.Task[None]
        self.clock = ManualClock()
        self.told: asyncio.Queue[Sequence[Change[Thing]]] = asyncio.Queue()
        self.reflector = Reflector(
            self.client,
            THINGS,
            **{
                "decode": decode,
                "changed": self.told.put_nowait,
                "clock": self.clock,
                "chance": lambda: 0.5,
                "policy": PAGES,
                **options,
            },
        )

    async def names(self) -> list[str]:
        """Return what is told next, in short: `+a` was put, `-a` is gone."""
        signs = {Put: "+", Gone: "-"}
        return [f"{signs.get(type(each), '?')}{each.key.name}" for each in await self.told.get()]

    async def stands(self, *things: dict[str, Any]) -> Request:
        """Let it list these things and begin to watch; what is told of that is taken."""
        (await self.client.next()).answer(page(*things))
        await self.told.get()
        watch = await self.client.next()
        watch.answer()
        assert await self.names() == []
        return watch


@contextlib.asynccontextmanager
async def running(world: World) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(world.reflector.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World()
    async with running(world) as task:
        world.task = task
        yield world


async def test_a_page_is_told_in_one_call(world: World) -> None:
    (await world.client.next()).answer(page(thing("a"), thing("b"), rest="token"))
    assert await world.names() == ["+a", "+b"]
    assert not synced(world)

    (await world.client.next()).answer(page(thing("c")))
    assert await world.names() == ["+c"]
    assert synced(world)
    assert len(world.reflector.objects) == 3


async def test_a_large_page_is_told_in_parts(world: World) -> None:
    (await world.client.next()).answer(page(*(thing(f"t{number}") for number in range(600))))
    for told, sofar in ((250, 250), (250, 500), (100, 600)):
        assert len(await world.names()) == told
        assert len(world.reflector.objects) == sofar
        assert synced(world) == (sofar == 600)


async def test_others_have_turns_while_a_large_page_is_read(world: World) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    request = await world.client.next()
    counting = asyncio.create_task(count())
    before = turns
    request.answer(page(*(thing(f"t{number}") for number in range(5000))))
    while len(world.reflector.objects) < 5000:
        await world.names()
    counting.cancel()
    assert turns - before >= 20


async def test_a_burst_of_lines_is_told_in_one_call(world: World) -> None:
    watch = await world.stands(thing("a"))
    watch.send(
        event("ADDED", thing("b", version=6)), event("MODIFIED", thing("b", version=7)), event("DELETED", thing("a"))
    )
    assert await world.names() == ["+b", "+b", "-a"]
    watch.send(event("ADDED", thing("c", version=9)))
    assert await world.names() == ["+c"]


async def test_nothing_is_known_before_it_is_told(world: World) -> None:
    watch = await world.stands()
    watch.send(*(event("ADDED", thing(f"t{number}", version=number + 2)) for number in range(600)))
    for told, sofar in ((250, 250), (250, 500), (100, 600)):
        assert len(await world.names()) == told
        assert len(world.reflector.objects) == sofar


async def test_the_standing_is_told_too(world: World) -> None:
    watch = await world.stands()
    assert current(world)

    watch.send(KubeUnreachable("broken"))
    assert await world.names() == []
    assert not current(world)
    assert "broken" in str(world.reflector.missing)

    await world.clock.advance(1.0)
    (await world.client.next()).answer()
    assert await world.names() == []
    assert current(world)


async def test_a_bookmark_is_not_told(world: World) -> None:
    watch = await world.stands()
    watch.send(bookmark(20), event("ADDED", thing("a", version=21)))
    assert await world.names() == ["+a"]
    watch.send(bookmark(30))
    watch.send(None)
    await world.told.get()
    (await world.client.next()).answer()


async def test_a_watch_that_ends_in_time_goes_on_without_a_word(world: World) -> None:
    watch = await world.stands()
    await world.clock.advance(60.0)
    watch.send(None)
    again = await world.client.next()
    assert again.params["resourceVersion"] == "1"
    assert current(world)
    again.answer()
    again.send(event("ADDED", thing("a", version=2)))
    assert await world.names() == ["+a"]


async def test_a_version_that_is_too_old_shows_what_was_deleted(world: World) -> None:
    watch = await world.stands(thing("a"), thing("b"))
    watch.send(status(410, "Expired"))
    assert await world.names() == []
    (await world.client.next()).answer(page(thing("b")))
    assert await world.names() == ["-a"]


async def test_what_comes_after_an_error_is_not_heard(world: World) -> None:
    watch = await world.stands()
    watch.send(status(410, "Expired"), event("ADDED", thing("a", version=6)), event("ADDED", thing("b", version=7)))
    assert await world.names() == []
    (await world.client.next()).answer(page(thing("c")))
    assert await world.names() == ["+c"]
    (await world.client.next()).answer()
    assert await world.names() == []
    assert len(world.reflector.objects) == 1


async def test_nobody_waits_for_a_server_that_is_silent(world: World) -> None:
    watch = await world.stands()
    watch.send(bookmark(5), event("ADDED", thing("a", version=6)))
    await world.names()

    await world.clock.advance(179.0)
    assert current(world)
    await world.clock.advance(1.0)

    assert await world.names() == []
    assert watch.closed
    assert "is silent" in str(world.reflector.missing)
    assert (await world.client.next()).params["resourceVersion"] == "6"


async def test_a_line_puts_the_end_of_patience_off(world: World) -> None:
    watch = await world.stands()
    watch.send(bookmark(5), event("ADDED", thing("a", version=6)))
    await world.names()
    for version in range(7, 10):
        await world.clock.advance(100.0)
        watch.send(event("MODIFIED", thing("a", version=version)))
        await world.names()
    # Before the server was to end it, too.
    assert not watch.closed


async def test_a_failure_is_followed_by_a_pause(world: World) -> None:
    for pause in (0.375, 0.75, 1.5):
        (await world.client.next()).fail(KubeUnreachable("away"))
        if pause == 0.375:
            await world.told.get()
        await world.clock.advance(pause - 0.01)
        assert not world.client.waiting
        await world.clock.advance(0.01)
    (await world.client.next()).answer(page(thing("a")))
    assert await world.names() == ["+a"]


async def test_a_pause_ends_soon_when_somebody_has_heard_of_the_server(world: World) -> None:
    for pause in (0.375, 0.75, 1.5):
        (await world.client.next()).fail(KubeUnreachable("away"))
        await world.clock.advance(0.0)  # so that it has begun to pause
        await world.clock.advance(pause)
    (await world.client.next()).fail(KubeUnreachable("away"))
    await world.clock.advance(0.1)
    world.reflector.hurry(within=1.0)
    await world.clock.advance(0.4)
    # Others are heard of, one after the other.
    world.reflector.hurry(within=0.0)
    await world.clock.advance(0.0)
    assert not world.client.waiting
    await world.clock.advance(0.1)
    (await world.client.next()).answer(page(thing("a")))
    await world.told.get()
    assert await world.names() == ["+a"]


async def test_a_pause_that_is_short_is_made_no_longer(world: World) -> None:
    (await world.client.next()).fail(KubeUnreachable("away"))
    await world.told.get()
    await world.clock.advance(0.3)
    world.reflector.hurry(within=1.0)
    await world.clock.advance(0.075)
    (await world.client.next()).answer(page(thing("a")))
    assert await world.names() == ["+a"]


async def test_a_kind_that_seems_not_to_exist_is_asked_about(world: World) -> None:
    watch = await world.stands(thing("a"))
    await world.clock.advance(60.0)
    watch.send(None)
    (await world.client.next()).fail(KubeNotFound(404, "", "no"))
    assert await world.names() == []
    asked = await world.client.next()
    assert (asked.path, asked.params) == ("/apis", {})
    asked.answer(groups("example.com/v1"))
    asked = await world.client.next()
    assert (asked.path, asked.params) == ("/apis/example.com/v1", {})
    assert len(world.reflector.objects) == 1
    asked.answer(resources("others"))
    assert await world.names() == ["-a"]
    assert current(world)
    assert not world.reflector.installed
    await world.clock.advance(9.9)
    assert not world.client.waiting
    await world.clock.advance(1.0)
    (await world.client.next()).answer(page(thing("b")))
    assert await world.names() == ["+b"]


@pytest.mark.parametrize("answer", [KubeNotFound(404, "", "no"), KubeUnreachable("away"), b"<html>"])
async def test_a_kind_of_which_nobody_tells_stays_as_it_was(world: World, answer: Any) -> None:
    watch = await world.stands(thing("a"))
    await world.clock.advance(60.0)
    watch.send(None)
    (await world.client.next()).fail(KubeNotFound(404, "", "no"))
    assert await world.names() == []
    asked = await world.client.next()
    if isinstance(answer, bytes):
        asked.answer(answer)
    else:
        asked.fail(answer)
    assert await world.names() == []
    assert not current(world)
    await world.clock.advance(0.5)
    (await world.client.next()).answer(page(thing("a"), thing("b")))
    assert await world.names() == ["+b"]


async def test_who_asks_about_kinds_takes_a_turn_too() -> None:
    turn = asyncio.Semaphore(1)
    world = World(turn=turn)
    async with running(world):
        (await world.client.next()).fail(KubeNotFound(404, "", "no"))
        asked = await world.client.next()
        assert turn.locked()
        await world.told.get()
        asked.answer(groups())
        await world.told.get()
        assert not turn.locked()


async def test_an_object_that_is_nested_too_deep_stops_nothing(world: World) -> None:
    watch = await world.stands({**thing("a"), "spec": DEEP}, thing("b"))
    assert world.reflector.unreadable.keys() == {("shop", "a")}
    watch.send(event("MODIFIED", {**thing("b", version=6), "spec": DEEP}), event("ADDED", thing("c", version=7)))
    assert await world.names() == ["?b", "+c"]
    assert [key.name for key in world.reflector.objects] == ["b", "c"]


async def test_who_may_not_list_is_told(world: World) -> None:
    (await world.client.next()).fail(KubeForbidden(403, "Forbidden", "no"))
    assert await world.names() == []
    assert "may not list things.example.com" in str(world.reflector.missing)
    assert not synced(world)


async def test_a_streamed_state_is_told_in_bursts() -> None:
    world = World(policy=WatchPolicy())
    async with running(world):
        watch = await world.client.next()
        assert "sendInitialEvents" in watch.params
        watch.answer()
        watch.send(event("ADDED", thing("a")), event("ADDED", thing("b")), bookmark(9, ends=True))
        assert await world.names() in ([], ["+a", "+b"])
        if not current(world):
            assert await world.names() == ["+a", "+b"]
        assert synced(world)
        assert current(world)


async def test_lists_take_turns() -> None:
    turn = asyncio.Semaphore(1)
    world = World(turn=turn)
    async with running(world):
        async with turn:
            for _ in range(5):
                await asyncio.sleep(0)
            assert not world.client.waiting
        watch = await world.stands(thing("a"))
        # A watch that stands takes nobody's turn.
        assert not turn.locked()
        watch.send(event("ADDED", thing("b", version=6)))
        assert await world.names() == ["+b"]


async def test_streamed_states_take_turns_too() -> None:
    turn = asyncio.Semaphore(1)
    world = World(turn=turn, policy=WatchPolicy())
    async with running(world):
        async with turn:
            # Who waits for a turn is not silent.
            await world.clock.advance(100.0)
            assert not world.client.waiting
        watch = await world.client.next()
        watch.answer()
        watch.send(event("ADDED", thing("a")))
        while await world.names() != ["+a"]:
            pass
        assert turn.locked()
        watch.send(bookmark(9, ends=True))
        assert await world.names() == []
        assert current(world)
        assert not turn.locked()


async def test_to_cancel_it_closes_the_watch() -> None:
    world = World()
    async with running(world):
        watch = await world.stands()
    assert watch.closed


@pytest.mark.parametrize("when", ["list", "watch"])
async def test_a_bug_of_who_decodes_is_about_one_object(when: str) -> None:
    def wrong(raw: msgspec.Raw) -> Thing:
        if b"odd" in bytes(raw):
            raise LookupError("a bug")
        return decode(raw)

    world = World(decode=wrong)
    async with running(world):
        if when == "list":
            await world.stands(thing("odd"), thing("a"))
        else:
            watch = await world.stands(thing("a"))
            watch.send(event("ADDED", thing("odd")))
            assert await world.names() == ["?odd"]
        assert world.reflector.unreadable == {("shop", "odd"): "it cannot be read (LookupError)"}
        assert len(world.reflector.objects) == 1


async def test_a_bug_of_the_client_is_not_hidden(world: World) -> None:
    watch = await world.stands()
    watch.send(LookupError("a bug"))
    with pytest.raises(LookupError, match="a bug"):
        await world.task


async def test_a_bug_of_who_is_told_is_not_hidden() -> None:
    calls: list[Sequence[Change[Thing]]] = []

    def changed(changes: Sequence[Change[Thing]]) -> None:
        calls.append(changes)
        if len(calls) == 3:
            raise LookupError("a bug")

    world = World(changed=changed)
    async with running(world) as task:
        (await world.client.next()).answer(page(thing("a")))
        watch = await world.client.next()
        watch.answer()
        watch.send(event("ADDED", thing("b", version=6)))
        watch.send(event("ADDED", thing("c", version=7)))
        with pytest.raises(LookupError, match="a bug"):
            await _until(task, lambda: watch.send(event("ADDED", thing("d", version=len(calls) + 8))))
    assert watch.closed


async def _until(task: asyncio.Task[None], do: Callable[[], None]) -> None:
    """Do something again and again until the task has ended."""
    while not task.done():
        do()
        await asyncio.sleep(0)
    task.result()


# Functions: the type checker takes a property for something that stays.


def synced(world: World) -> bool:
    return world.reflector.synced


def current(world: World) -> bool:
    return world.reflector.current
