from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest
from google.rpc import code_pb2

from legation.api.management import watching
from legation.api.management.answers import Manifests
from legation.api.management.refused import Refused
from legation.api.management.tokens import revision_of, token_of
from legation.api.management.watching import Watch
from legation.errors import Compacted
from legation.management.v1 import management_pb2 as pb
from legation.model.delivery import Delivery
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from tests.unit.api.management.stores import FakePlane, FakeStore, stored

OBJECTS, PROBLEMS, DELIVERY = pb.WatchRequest.OBJECTS, pb.WatchRequest.PROBLEMS, pb.WatchRequest.DELIVERY
Events = AsyncGenerator[pb.WatchEvent, None]


class World:
    def __init__(self, *names: str) -> None:
        self.store = FakeStore(*map(stored, names))
        self.plane = FakePlane()

    def watch(self, **request: Any) -> Watch:
        return Watch(pb.WatchRequest(**request), plane=self.plane, store=self.store, manifests=Manifests())

    def events(self, **request: Any) -> Any:
        return aclosing(self.watch(**request).events())


def key(name: str) -> ObjectKey:
    return stored(name).key


def problem(name: str = "", message: str = "m") -> Problem:
    return Problem(code="c", message=message, object=key(name) if name else None)


async def following(events: Events) -> pb.WatchEvent:
    async with asyncio.timeout(30):
        return await anext(events)


async def begun(events: Events) -> list[pb.WatchEvent]:
    """Return what is told up to the mark."""
    found: list[pb.WatchEvent] = []
    while not found or found[-1].WhichOneof("event") != "synced":
        found.append(await following(events))
    return found


def short(event: pb.WatchEvent) -> tuple[str, str]:
    match event.WhichOneof("event"):
        case "object":
            return pb.ObjectChange.Kind.Name(event.object.change), event.object.stored.object.name
        case "problem":
            return "problem" if event.problem.is_there else "over", event.problem.problem.message
        case "delivery":
            return "delivery", f"{event.delivery.accepted}/{event.delivery.envoys}"
    return "synced", ""


async def test_first_what_there_is_then_the_mark_then_what_changes() -> None:
    world = World("a", "b")
    world.plane.problem_feed.said["p"] = problem("a", "bad")
    world.plane.objects.count(key("a"), Delivery(matching=2, accepted=1))
    async with world.events() as events:
        assert [short(each) for each in await begun(events)] == [
            ("PUT", "a"),
            ("PUT", "b"),
            ("problem", "bad"),
            ("delivery", "1/2"),
            ("synced", ""),
        ]
        world.store.put(stored("c", version=3))
        assert short(await following(events)) == ("PUT", "c")
        await world.store.delete([(key("a"), None)])  # type: ignore[list-item]  # the fake looks at the key alone
        assert short(await following(events)) == ("DELETED", "a")
        world.plane.problem_feed.tell("p", None)
        assert short(await following(events)) == ("over", "bad")
        world.plane.objects.count(key("b"), Delivery(matching=1, accepted=1))
        assert short(await following(events)) == ("delivery", "1/1")


async def test_nobody_can_go_on_in_the_middle_of_what_there_is() -> None:
    world = World("a", "b")
    world.plane.problem_feed.said["p"] = problem("a")
    async with world.events() as events:
        assert [each.resume_token for each in await begun(events)] == ["", "", "", token_of(2)]
    async with world.events(resume_token=token_of(2)) as events:
        assert {each.resume_token for each in await begun(events)} == {token_of(2)}


async def test_only_what_was_asked_for_is_told() -> None:
    world = World("a", "b")
    world.plane.problem_feed.said.update(a=problem("a"), b=problem("b"), nobody=problem())
    async with world.events(name="a", topics=[OBJECTS, PROBLEMS]) as events:
        assert [short(each)[0] for each in await begun(events)] == ["PUT", "problem", "synced"]
        world.store.put(stored("b", version=3))
        world.plane.objects.count(key("a"), Delivery())
        world.store.put(stored("a", version=4))
        event = await following(events)
        assert (short(event), event.resume_token) == (("PUT", "a"), token_of(4))


@pytest.mark.parametrize("topic", [OBJECTS, PROBLEMS, DELIVERY])
async def test_a_topic_alone(topic: pb.WatchRequest.Topic) -> None:
    world = World("a")
    world.plane.problem_feed.said["p"] = problem("a")
    world.plane.objects.count(key("a"), Delivery())
    async with world.events(topics=[topic]) as events:
        kinds = {each.WhichOneof("event") for each in await begun(events)}
        assert kinds == {"synced", {OBJECTS: "object", PROBLEMS: "problem", DELIVERY: "delivery"}[topic]}


async def test_who_resumes_is_told_what_came_since() -> None:
    world = World()
    async with world.events(topics=[OBJECTS]) as events:
        token = (await begun(events))[-1].resume_token
    world.store.put(stored("a"))
    world.store.put(stored("b", version=2))
    async with world.events(topics=[OBJECTS], resume_token=token) as events:
        told = [await following(events) for _ in range(3)]
        assert [short(each) for each in told] == [("synced", ""), ("PUT", "a"), ("PUT", "b")]
    async with world.events(topics=[OBJECTS], resume_token=told[1].resume_token) as events:
        await begun(events)
        assert short(await following(events)) == ("PUT", "b")


async def test_what_is_forgotten_is_said() -> None:
    world = World("a", "b")
    world.store.oldest = 2
    world.plane.problem_feed.tell("a", problem("a"))
    async with world.events(resume_token=token_of(1)) as events:
        # Before anything else: who hears that all is told gives up what he knew.
        with pytest.raises(Compacted):
            await following(events)


async def test_a_long_list_is_told_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_PAGE", 2)
    world = World("a", "b", "c", "d", "e")
    async with world.events(topics=[OBJECTS]) as events:
        assert [short(each)[1] for each in await begun(events)] == ["a", "b", "c", "d", "e", ""]
    assert len(world.store.asked) == 3


async def test_what_changes_while_what_there_is_is_told_is_told_after_the_mark() -> None:
    world = World("a", "b")
    async with world.events(topics=[OBJECTS]) as events:
        assert short(await following(events)) == ("PUT", "a")
        world.store.put(stored("c", version=3))
        world.store.put(stored("b", version=4))
        told = [*await begun(events), await following(events), await following(events)]
        assert [short(each) for each in told] == [("PUT", "b"), ("synced", ""), ("PUT", "c"), ("PUT", "b")]


async def test_of_problems_a_slow_reader_hears_the_newest_alone() -> None:
    world = World()
    async with world.events(topics=[PROBLEMS]) as events:
        await begun(events)
        for number in range(5):
            world.plane.problem_feed.tell("p", problem("a", str(number)))
        world.plane.problem_feed.tell("came and went", problem("a"))
        world.plane.problem_feed.tell("came and went", None)
        assert short(await following(events)) == ("problem", "4")
        world.plane.problem_feed.tell("p", None)
        assert short(await following(events)) == ("over", "4")


async def test_too_many_problems_end_it_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MOST_PENDING", 3)
    world = World()
    async with world.events(topics=[PROBLEMS]) as events:
        await begun(events)
        for number in range(4):
            world.plane.problem_feed.tell(number, problem("a"))
        with pytest.raises(Refused, match="read faster") as caught:
            await following(events)
        assert caught.value.status.code == code_pb2.RESOURCE_EXHAUSTED


async def test_of_many_changes_few_are_taken_ahead() -> None:
    """The others stay with the store, which has them once for all who watch."""
    world = World()
    watch = world.watch(topics=[OBJECTS])
    async with aclosing(watch.events()) as events:
        await begun(events)
        for number in range(300):
            world.store.put(stored(f"c{number}", version=number + 1))
        await following(events)
        assert watch._changes.qsize() <= watching._AHEAD
        told = [(await following(events)).object.stored.object.name for _ in range(299)]
        assert told == [f"c{number}" for number in range(1, 300)]


async def test_who_is_gone_is_not_told_anything_any_more() -> None:
    world = World()
    async with world.events() as events:
        await begun(events)
        assert world.plane.problem_feed.watchers
        assert world.plane.objects.watchers
    assert not world.plane.problem_feed.watchers
    assert not world.plane.objects.watchers


async def test_it_is_ended_when_the_server_goes() -> None:
    world = World()
    watch = world.watch()
    async with aclosing(watch.events()) as events:
        await begun(events)
        watch.leave()
        with pytest.raises(Refused) as caught:
            await following(events)
        assert caught.value.reason == "SHUTTING_DOWN"


@pytest.mark.parametrize("token", ["x", "1", "r", "r-1", "r1 ", "r\u0661"])
def test_a_token_that_was_not_told_here_is_refused(token: str) -> None:
    with pytest.raises(Refused):
        World().watch(resume_token=token)
    assert revision_of(token_of(7)) == 7
