"""How many Envoys have what each object makes, from a source to what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from legation.model.delivery import NO_DELIVERY, SHOWN_REFUSALS, SHOWN_WAITING, Delivery
from legation.model.node import Node
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.resource_types import CLUSTER, LISTENER
from legation.model.snapshot import collect
from legation.runtime import deliveries as module
from legation.runtime.deliveries import MOMENT, DeliveryCounts, Known
from legation.runtime.engine import Engine
from legation.testing import ManualClock
from tests.fakes import FakeClient, FakeSource, FakeTransport
from tests.manifests import manifest
from tests.small_cluster import SmallCluster

if TYPE_CHECKING:
    import pytest


def key(name: str, kind: str = "Cluster") -> ObjectKey:
    return ObjectKey("legation.dev" if kind == "EnvoyResources" else "bootes.io", kind, "shop", name)


def cluster(name: str, generation: int = 1, *, config: dict[str, Any] | None = None, **labels: str) -> ManifestObject:
    """Return a Cluster as a cluster of Kubernetes has it, with a timeout that tells its generations apart."""
    selector = {"workloadSelector": {"labels": labels}} if labels else {}
    spec = {"config": {"name": name, "connect_timeout": f"{generation}s", **(config or {})}, **selector}
    return with_metadata(manifest("Cluster", name, namespace="shop", spec=spec), generation=generation)


def listener(name: str = "in", *, to: str) -> ManifestObject:
    """Return a Listener that refers to a cluster."""
    typed = {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": "in",
        "cluster": to,
    }
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 10000}}
    config = {
        "name": name,
        "address": address,
        "filter_chains": [{"filters": [{"name": "tcp", "typed_config": typed}]}],
    }
    return with_metadata(manifest("Listener", name, namespace="shop", spec={"config": config}), generation=1)


def several(*names: str) -> ManifestObject:
    """Return an object that makes several clusters."""
    resources = [{"@type": f"type.googleapis.com/{CLUSTER.message}", "name": each} for each in names]
    it = manifest(
        "EnvoyResources",
        "several",
        api_version="legation.dev/v1alpha1",
        namespace="shop",
        spec={"resources": resources},
    )
    return with_metadata(it, generation=1)


def with_metadata(it: ManifestObject, *, generation: int) -> ManifestObject:
    more = {"uid": f"uid-of-{it.key.name}", "generation": generation}
    return replace(it, body={**it.body, "metadata": {**it.body["metadata"], **more}})


@dataclass
class World:
    """An engine that counts, with one source and clients at its fake transport."""

    source: FakeSource = field(default_factory=FakeSource)
    transport: FakeTransport = field(default_factory=FakeTransport)
    clock: ManualClock = field(default_factory=ManualClock)
    kube: SmallCluster | None = None

    def __post_init__(self) -> None:
        self.engine = Engine(sources=[self.source], transports=[self.transport], clock=self.clock, count=True)
        self.objects = self.engine.objects
        self.woken = 0
        self.said: tuple[ManifestObject, ...] = ()
        self.objects.watch(self._wake)

    def _wake(self) -> None:
        self.woken += 1

    @asynccontextmanager
    async def running(self, *objects: ManifestObject) -> AsyncIterator[World]:
        async with self.engine.serving.in_background(self.engine.run()):
            await self.publish(*objects)
            yield self

    async def publish(self, *objects: ManifestObject) -> None:
        """Let these be all objects; what is said as before is the same Python object, as sources have it."""
        known = {each.key: each for each in self.said}
        objects = tuple(
            old if (old := known.get(each.key)) is not None and old.body == each.body else each for each in objects
        )
        self.said = objects
        self.source.publish(*objects, cluster=None if self.kube is None else self.kube.now())
        await self.counted()

    async def counted(self) -> None:
        """Let a moment pass."""
        await self.clock.advance(10 * MOMENT)

    def client(self, node: str = "edge-1.shop", *wanted: str, **labels: str) -> FakeClient:
        client = FakeClient(self.transport.feed, Node(id=node, metadata={"labels": labels}))
        client.subscribe(CLUSTER, *wanted)
        return client

    def told(self, name: str = "web", kind: str = "Cluster") -> tuple[int | None, Delivery] | None:
        return self.objects.deliveries().objects[key(name, kind)]

    def counts(self, name: str = "web") -> tuple[int, int, int]:
        """Return for how many clients it is, how many have it, and how many refuse it."""
        told = self.told(name)
        assert told is not None
        return told[1].matching, told[1].accepted, told[1].refused

    def news(self, since: int) -> set[str]:
        told = self.objects.deliveries(epoch=self.epoch, since=since)
        assert not told.whole
        return {each.name for each in told.objects}

    @property
    def epoch(self) -> str:
        return self.objects.deliveries().epoch

    @property
    def number(self) -> int:
        return self.objects.deliveries().number


# What is counted


async def test_an_object_without_clients_is_counted_as_there() -> None:
    async with World().running(cluster("web")) as world:
        assert world.told() == (1, NO_DELIVERY)


async def test_each_object_is_counted_for_itself() -> None:
    async with World().running(cluster("web"), cluster("shop")) as world:
        first, second, _ = (world.client(f"edge-{number}.shop") for number in range(3))
        first.take(CLUSTER)
        sent = second.is_sent(CLUSTER)
        second.refuse(sent, "no such thing", [each for each in sent.resources if each.name == "web"])
        await world.counted()
        assert world.counts("web") == (3, 1, 1)
        assert world.counts("shop") == (3, 1, 0)
        told = world.told("web")
        assert told is not None
        (refusal,) = told[1].refusals
        assert (refusal.node, refusal.resource) == ("edge-1.shop", 'Cluster "web"')
        assert "no such thing" in refusal.words


async def test_another_generation_is_counted_anew() -> None:
    async with World().running(cluster("web")) as world:
        client = world.client()
        client.take(CLUSTER)
        await world.counted()
        assert (world.told(), world.counts()) == ((1, Delivery(matching=1, accepted=1)), (1, 1, 0))
        await world.publish(cluster("web", 2))
        assert world.told() == (2, Delivery(matching=1))
        client.take(CLUSTER)
        await world.counted()
        assert world.told() == (2, Delivery(matching=1, accepted=1))


async def test_that_an_object_is_deleted_is_told_and_whether_that_is_served() -> None:
    async with World().running(cluster("web")) as world:

        def leaving(generation: int, **more: Any) -> ManifestObject:
            it = cluster("web", generation, config=more)
            departure = {"deletionTimestamp": "2030-01-01T00:00:00Z", "finalizers": ["example.com/delete"]}
            return replace(it, body={**it.body, "metadata": {**it.body["metadata"], **departure}})

        def told() -> tuple[bool, bool, tuple[str, ...]]:
            found = world.objects.state(key("web"))
            assert found is not None
            return found.deleting, found.withdrawn, found.finalizers

        assert told() == (False, False, ())
        assert not world.objects.is_leaving(key("web"))
        before = world.number
        await world.publish(leaving(2, connect_timeout=[]))
        assert told() == (True, False, ("example.com/delete",))
        assert world.news(before) == {"web"}
        assert world.objects.is_leaving(key("web"))
        await world.publish(leaving(3))
        assert told() == (True, True, ("example.com/delete",))
        await world.publish()
        assert world.objects.state(key("web")) is None
        assert not world.objects.is_leaving(key("web"))


async def test_a_refusal_that_is_mended_is_none_any_more() -> None:
    async with World().running(cluster("web")) as world:
        client = world.client()
        client.refuse(client.is_sent(CLUSTER), "bad")
        await world.counted()
        assert world.counts() == (1, 0, 1)
        await world.publish(cluster("web", 2))
        assert world.counts() == (1, 0, 0)


async def test_only_those_count_whom_the_selector_means() -> None:
    async with World().running(cluster("web", app="edge"), cluster("all")) as world:
        edge, other = world.client("edge-1.shop", app="edge"), world.client("web-1.shop", app="web")
        for each in (edge, other):
            each.take(CLUSTER)
        await world.counted()
        assert world.counts("web") == (1, 1, 0)
        assert world.counts("all") == (2, 2, 0)
        await world.publish(cluster("web", 2, app="web"), cluster("all"))
        assert world.told("web") == (2, Delivery(matching=1))
        other.take(CLUSTER)
        await world.counted()
        assert world.told("web") == (2, Delivery(matching=1, accepted=1))


async def test_who_has_another_object_of_that_name_does_not_count() -> None:
    first, second = (cluster(name, config={"name": "same"}) for name in ("a", "b"))
    async with World().running(first, second) as world:
        world.client().take(CLUSTER)
        await world.counted()
        world.objects.touch([first.key, second.key])
        await world.counted()
        assert (world.counts("a"), world.counts("b")) == ((1, 1, 0), (0, 0, 0))
        await world.publish(second)
        assert world.counts("b") == (1, 1, 0)


async def test_who_has_only_a_part_of_what_an_object_makes_has_not_accepted_it() -> None:
    async with World().running(several("one", "two")) as world:
        client, other = world.client(), world.client("edge-2.shop", "one")
        for each in (client, other):
            sent = each.is_sent(CLUSTER)
            part = tuple(it for it in sent.resources if it.name == "one")
            # A response names exactly what a client has by then; a part has another version.
            each.accept(replace(sent, version=collect(CLUSTER, part).version, resources=part))
        await world.counted()
        told = world.told("several", "EnvoyResources")
        # The other one asks for no more than it has.
        assert told == (1, Delivery(matching=2, accepted=1))


async def test_who_asks_for_everything_counts_before_it_is_sent_anything() -> None:
    async with World().running(cluster("web")) as world:
        world.client()
        await world.counted()
        assert world.counts() == (1, 0, 0)


async def test_who_asks_by_name_counts_for_what_it_asks() -> None:
    async with World().running(cluster("web"), cluster("shop")) as world:
        client = world.client("edge-1.shop", "web")
        await world.counted()
        assert (world.counts("web"), world.counts("shop")) == ((1, 0, 0), (0, 0, 0))
        client.subscribe(CLUSTER, "web", "shop")
        await world.counted()
        assert world.counts("shop") == (1, 0, 0)


async def test_a_client_that_leaves_counts_no_more() -> None:
    async with World().running(cluster("web")) as world:
        client, other = world.client("edge-1.shop"), world.client("edge-2.shop")
        client.take(CLUSTER)
        other.refuse(other.is_sent(CLUSTER), "bad")
        await world.counted()
        assert world.counts() == (2, 1, 1)
        other.seat.leave()
        await world.counted()
        assert world.told() == (1, Delivery(matching=1, accepted=1))
        client.seat.leave()
        await world.counted()
        assert world.told() == (1, NO_DELIVERY)


async def test_a_client_whose_pod_gets_other_labels_counts_for_other_objects() -> None:
    kube = SmallCluster()
    kube.pod("edge-1", "127.0.0.1", app="edge")
    objects = (cluster("web", app="edge"), cluster("shop", app="shop"))
    async with World(kube=kube).running(*objects) as world:
        world.client().take(CLUSTER)
        await world.counted()
        assert (world.counts("web"), world.counts("shop")) == ((1, 1, 0), (0, 0, 0))
        kube.pod("edge-1", "127.0.0.1", app="shop")
        await world.publish(*objects)
        assert (world.counts("web"), world.counts("shop")) == ((0, 0, 0), (1, 0, 0))


async def test_the_refusals_that_are_shown_do_not_depend_on_who_came_first() -> None:
    nodes = [f"edge-{number}.shop" for number in range(SHOWN_REFUSALS + 3)]
    async with World().running(cluster("web")) as world:
        for node in reversed(nodes):
            client = world.client(node)
            client.refuse(client.is_sent(CLUSTER), "bad")
        await world.counted()
        told = world.told()
        assert told is not None
        assert told[1].refused == len(nodes)
        assert [each.node for each in told[1].refusals] == nodes[:SHOWN_REFUSALS]


# What is known of an object


async def test_the_state_of_an_object() -> None:
    async with World().running(cluster("web", 7)) as world:
        state = world.objects.state(key("web"))
        assert state is not None
        assert (state.key, state.uid, state.generation, state.served) == (key("web"), "uid-of-web", 7, 7)
        assert state.problems == ()
        assert world.objects.state(key("nobody")) is None


async def test_an_object_of_a_file_has_no_uid_and_no_generation() -> None:
    async with World().running(manifest("Cluster", "web", namespace="shop", spec={"config": {"name": "web"}})) as world:
        state = world.objects.state(key("web"))
        assert state is not None
        assert (state.uid, state.generation, state.served) == ("", 0, 0)


async def test_while_the_newest_generation_is_broken_the_one_before_is_counted() -> None:
    async with World().running(cluster("web")) as world:
        world.client().take(CLUSTER)
        await world.publish(cluster("web", 2, config={"conect_timeout": "1s"}))
        assert world.told() == (1, Delivery(matching=1, accepted=1))
        state = world.objects.state(key("web"))
        assert state is not None
        assert (state.generation, state.served) == (2, 1)
        assert [each.code for each in state.problems] == ["unknown-field"]


async def test_an_object_that_was_never_good_is_there_and_is_not_served() -> None:
    async with World().running(cluster("web", config={"conect_timeout": "1s"})) as world:
        assert world.told() == (None, NO_DELIVERY)
        state = world.objects.state(key("web"))
        assert state is not None
        assert (state.generation, state.served) == (1, None)


# What is news


async def test_only_what_something_concerns_is_news() -> None:
    async with World().running(cluster("web"), cluster("shop")) as world:
        number = world.number
        assert world.news(number) == set()
        await world.publish(cluster("web", 2), cluster("shop"))
        assert world.news(number) == {"web"}
        number = world.number
        client = world.client("edge-1.shop", "shop")
        await world.counted()
        assert world.news(number) == {"shop"}
        number = world.number
        client.take(CLUSTER)
        await world.counted()
        assert world.news(number) == {"shop"}


async def test_an_object_of_which_only_the_problems_are_others_is_news() -> None:
    referring = listener(to="web")
    async with World().running(referring, cluster("shop")) as world:
        state = world.objects.state(referring.key)
        assert state is not None
        assert [each.code for each in state.problems] == ["dangling-reference"]
        number, told = world.number, world.told("in", "Listener")
        await world.publish(referring, cluster("shop"), cluster("web"))
        assert world.news(number) == {"web", "in"}
        assert world.told("in", "Listener") == told
        state = world.objects.state(referring.key)
        assert state is not None
        assert state.problems == ()


async def test_what_was_told_in_another_run_of_the_program_means_nothing() -> None:
    async with World().running(cluster("web"), cluster("shop")) as world:
        number = world.number
        for told in (
            world.objects.deliveries(epoch="another run", since=number),
            world.objects.deliveries(epoch=world.epoch, since=number + 1),
            world.objects.deliveries(epoch=world.epoch, since=-1),
        ):
            assert told.whole
            assert told.objects.keys() == {key("web"), key("shop")}
        assert World().epoch != world.epoch


async def test_an_object_that_is_gone_is_told_as_gone() -> None:
    async with World().running(cluster("web"), cluster("shop")) as world:
        number = world.number
        await world.publish(cluster("shop"))
        told = world.objects.deliveries(epoch=world.epoch, since=number)
        assert told.objects == {key("web"): None}
        assert world.objects.deliveries().objects.keys() == {key("shop")}
        number = world.number
        await world.publish(cluster("web"), cluster("shop"))
        assert world.news(number) == {"web"}
        assert world.told("web") == (1, NO_DELIVERY)


async def test_what_happens_within_a_moment_is_counted_once() -> None:
    async with World().running(*(cluster(f"c-{number}") for number in range(20))) as world:
        number, woken = world.number, world.woken
        for node in range(5):
            world.client(f"edge-{node}.shop").take(CLUSTER)
            await world.clock.advance(MOMENT / 10)
        assert world.number == number
        await world.counted()
        assert (world.number, world.woken) == (number + 20, woken + 1)
        assert {world.counts(f"c-{each}") for each in range(20)} == {(5, 5, 0)}


async def test_nobody_is_woken_when_nothing_is_counted() -> None:
    async with World().running(cluster("web")) as world:
        number, woken = world.number, world.woken
        client = FakeClient(world.transport.feed, "edge-1.shop")
        client.subscribe(LISTENER)
        client.seat.report(client.is_sent(LISTENER))
        world.objects.touch([key("nobody")])
        await world.counted()
        assert (world.number, world.woken) == (number, woken)
        assert world.clock.sleepers == 0


async def test_who_does_not_want_to_be_woken_any_more_is_not() -> None:
    async with World().running(cluster("web")) as world:
        called: list[int] = []
        forget = world.objects.watch(lambda: called.append(world.number))
        await world.publish(cluster("web", 2))
        assert called == [world.number]
        forget()
        await world.publish(cluster("web", 3))
        assert len(called) == 1


async def test_without_an_order_nothing_is_counted() -> None:
    source, clock = FakeSource(), ManualClock()
    source.publish(cluster("web"))
    engine = Engine(sources=[source], transports=[FakeTransport()], clock=clock)
    async with engine.serving.in_background(engine.run()):
        await clock.advance(10 * MOMENT)
        assert engine.objects.deliveries().objects == {}
        assert engine.objects.state(key("web")) is not None


async def test_others_have_their_turn_while_many_objects_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AT_A_TIME", -1.0)
    turns, seen, clock = 0, [], ManualClock()

    def known(_: ObjectKey) -> None:
        seen.append(turns)

    counts = DeliveryCounts(clock=clock, epoch="run-1", known=known, problems=lambda _: (), crowds=lambda: ())
    running = asyncio.create_task(counts.run())
    counts.touch(many(100))
    await clock.advance(MOMENT)
    while len(seen) < 100:
        turns += 1
        await asyncio.sleep(0)
    running.cancel()
    assert len(set(seen[10:])) > 80


async def test_where_only_watchers_want_to_know_it_is_counted_while_somebody_watches() -> None:
    asked: list[ObjectKey] = []
    clock = ManualClock()

    def known(it: ObjectKey) -> Known:
        asked.append(it)
        return Known(newest=cluster(it.name), served=None, names=())

    there = [key("first"), key("second")]
    counts = DeliveryCounts(
        clock=clock, epoch="run-1", known=known, problems=lambda _: (), crowds=lambda: (), every=lambda: there
    )
    running = asyncio.create_task(counts.run())
    counts.touch([key("first")])
    await clock.advance(10 * MOMENT)
    assert not asked

    forget = counts.watch(lambda: None)
    waiting = asyncio.create_task(counts.caught_up())
    await clock.advance(10 * MOMENT)
    await waiting
    assert counts.deliveries().objects.keys() == {*there}

    forget()
    asked.clear()
    counts.touch([key("first")])
    await clock.advance(10 * MOMENT)
    assert not asked

    # What came and went while nobody watched is told to the next one.
    there[:] = [key("first"), key("third")]
    counts.watch(lambda: None)
    waiting = asyncio.create_task(counts.caught_up())
    await clock.advance(10 * MOMENT)
    await waiting
    assert {*asked} == {key("first"), key("second"), key("third")}
    running.cancel()


async def test_an_engine_counts_while_somebody_watches() -> None:
    source, transport, clock = FakeSource(), FakeTransport(), ManualClock()
    engine = Engine(sources=[source], transports=[transport], clock=clock, count_watched=True)
    async with engine.serving.in_background(engine.run()):
        source.publish(cluster("web"))
        await clock.advance(10 * MOMENT)
        assert engine.objects.deliveries().objects == {}

        engine.objects.watch(lambda: None)
        waiting = asyncio.create_task(engine.objects.caught_up())
        await clock.advance(10 * MOMENT)
        await waiting
        assert engine.objects.deliveries().objects.keys() == {key("web")}


def many(number: int) -> Iterable[ObjectKey]:
    return (key(f"c-{each}") for each in range(number))


async def test_who_has_not_answered_yet_is_named() -> None:
    async with World().running(cluster("web")) as world:
        for number in range(SHOWN_WAITING + 2):
            world.client(f"edge-{number}.shop").is_sent(CLUSTER)
        await world.counted()
        told = world.told()
        assert told is not None
        assert told[1].waiting == tuple(f"edge-{number}.shop" for number in range(SHOWN_WAITING))
