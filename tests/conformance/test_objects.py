"""What is told of the objects of a replica, by what counts them and by the fake that stands for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest

from legation.model.delivery import NO_DELIVERY, Delivery
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.resource_types import CLUSTER
from legation.runtime.engine import Engine
from legation.status.base import Objects
from legation.testing import ManualClock
from tests.fakes import FakeClient, FakeSource, FakeTransport
from tests.manifests import manifest
from tests.unit.status.worlds import BROKEN, FakeObjects, state


class Rig(Protocol):
    """Objects, and who changes what they tell."""

    objects: Objects

    async def put(self, name: str, generation: int, *, broken: bool = False) -> None:
        """Have a generation of an object, and know about it."""
        ...

    async def remove(self, name: str) -> None:
        """Delete an object."""
        ...

    async def ask(self, name: str) -> None:
        """Let one Envoy ask for what an object makes."""
        ...

    async def accept(self, name: str) -> None:
        """Let that Envoy accept it."""
        ...


class Counting:
    """`runtime.deliveries.DeliveryCounts`, in an engine."""

    def __init__(self) -> None:
        self._clock, self._source, self._transport = ManualClock(), FakeSource(), FakeTransport()
        self.engine = Engine(sources=[self._source], transports=[self._transport], clock=self._clock, count=True)
        self.objects: Objects = self.engine.objects
        self._manifests: dict[str, ManifestObject] = {}
        self._clients: dict[str, FakeClient] = {}

    async def put(self, name: str, generation: int, *, broken: bool = False) -> None:
        config: dict[str, Any] = {"name": name, ("conect_timeout" if broken else "connect_timeout"): f"{generation}s"}
        it = manifest(name=name, namespace="shop", spec={"config": config})
        self._manifests[name] = ManifestObject(
            key=it.key,
            api_version=it.api_version,
            body={**it.body, "metadata": {"name": name, "uid": f"uid-of-{name}", "generation": generation}},
        )
        await self.publish()

    async def remove(self, name: str) -> None:
        del self._manifests[name]
        await self.publish()

    async def ask(self, name: str) -> None:
        client = self._clients[name] = FakeClient(self._transport.feed, f"edge-{name}.shop")
        client.subscribe(CLUSTER, name)
        await self._clock.advance(1)

    async def accept(self, name: str) -> None:
        self._clients[name].take(CLUSTER)
        await self._clock.advance(1)

    async def publish(self) -> None:
        self._source.publish(*self._manifests.values())
        await self._clock.advance(1)


class Fake:
    """`tests.unit.status.worlds.FakeObjects`."""

    def __init__(self) -> None:
        self._fake = FakeObjects()
        self.objects: Objects = self._fake

    async def put(self, name: str, generation: int, *, broken: bool = False) -> None:
        before = self._fake.states.get(key(name))
        if not broken:
            self._fake.put(state(key(name), generation=generation))
        else:
            served = None if before is None else before.served
            self._fake.put(state(key(name), BROKEN, generation=generation, served=served))

    async def remove(self, name: str) -> None:
        self._fake.delete(key(name))

    async def ask(self, name: str) -> None:
        self._fake.count(key(name), Delivery(matching=1))

    async def accept(self, name: str) -> None:
        self._fake.count(key(name), Delivery(matching=1, accepted=1))


@asynccontextmanager
async def counting() -> AsyncIterator[Rig]:
    made = Counting()
    async with made.engine.serving.in_background(made.engine.run()):
        await made.publish()
        yield made


@asynccontextmanager
async def fake() -> AsyncIterator[Rig]:
    yield Fake()


@pytest.fixture(params=(counting, fake), ids=lambda rig: rig.__name__)
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """Each in turn, with two objects."""
    async with request.param() as made:
        await made.put("a", 1)
        await made.put("b", 1)
        yield made


def key(name: str) -> ObjectKey:
    return ObjectKey("bootes.io", "Cluster", "shop", name)


def there(objects: Objects) -> dict[str, tuple[int | None, Delivery]]:
    """Return what is told to who asks for the first time, without what is gone: it may be left out there."""
    told = objects.deliveries()
    assert told.whole
    return {each.name: counts for each, counts in told.objects.items() if counts is not None}


async def test_who_asks_for_the_first_time_is_told_of_all(rig: Rig) -> None:
    assert there(rig.objects) == {"a": (1, NO_DELIVERY), "b": (1, NO_DELIVERY)}


async def test_who_asks_again_is_told_what_may_be_another(rig: Rig) -> None:
    first = rig.objects.deliveries()
    again = rig.objects.deliveries(epoch=first.epoch, since=first.number)
    assert (again.epoch, again.number, again.whole, again.objects) == (first.epoch, first.number, False, {})
    await rig.put("a", 2)
    again = rig.objects.deliveries(epoch=first.epoch, since=first.number)
    assert not again.whole
    assert again.number > first.number
    assert again.objects == {key("a"): (2, NO_DELIVERY)}


async def test_what_envoys_have_is_told_of_the_generation_that_is_served(rig: Rig) -> None:
    await rig.ask("a")
    assert there(rig.objects)["a"] == (1, Delivery(matching=1))
    await rig.accept("a")
    assert there(rig.objects)["a"] == (1, Delivery(matching=1, accepted=1))


async def test_an_object_that_breaks_is_news_and_its_served_generation_stays(rig: Rig) -> None:
    first = rig.objects.deliveries()
    await rig.put("a", 2, broken=True)
    again = rig.objects.deliveries(epoch=first.epoch, since=first.number)
    assert again.objects == {key("a"): (1, NO_DELIVERY)}
    known = rig.objects.state(key("a"))
    assert known is not None
    assert (known.generation, known.served) == (2, 1)
    assert [each.code for each in known.problems] == ["unknown-field"]


async def test_an_object_that_was_never_good_is_told_as_there(rig: Rig) -> None:
    await rig.put("c", 1, broken=True)
    assert there(rig.objects)["c"] == (None, NO_DELIVERY)


async def test_an_object_that_is_gone_is_told_as_gone(rig: Rig) -> None:
    first = rig.objects.deliveries()
    await rig.remove("a")
    again = rig.objects.deliveries(epoch=first.epoch, since=first.number)
    assert (again.whole, again.objects) == (False, {key("a"): None})
    assert there(rig.objects).keys() == {"b"}
    assert rig.objects.state(key("a")) is None


async def test_the_state_of_an_object(rig: Rig) -> None:
    known = rig.objects.state(key("a"))
    assert known is not None
    assert (known.key, known.uid, known.generation, known.served, known.problems) == (key("a"), "uid-of-a", 1, 1, ())
    assert rig.objects.state(key("nobody")) is None


async def test_a_number_that_was_never_told_means_nothing(rig: Rig) -> None:
    told = rig.objects.deliveries()
    assert rig.objects.deliveries(epoch=told.epoch, since=told.number + 1).whole
    assert rig.objects.deliveries(epoch="another run", since=told.number).whole


async def test_who_watches_is_woken_until_he_does_not_want_to_be(rig: Rig) -> None:
    woken: list[int] = []
    forget = rig.objects.watch(lambda: woken.append(rig.objects.deliveries().number))
    await rig.put("a", 2)
    assert woken
    assert woken[-1] == rig.objects.deliveries().number
    number = len(woken)
    forget()
    await rig.put("a", 3)
    assert len(woken) == number
