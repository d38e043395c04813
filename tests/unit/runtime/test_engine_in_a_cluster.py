"""From a cluster to clients: who waits for its Pod, who moves with it, and whom a changed Service wakes."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from legation.model.node import Node, Peer
from legation.model.objects import ManifestObject
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, SECRET, ResourceType
from legation.runtime.engine import Engine
from legation.runtime.expiry_timer import AT_MOST
from legation.testing import ManualClock
from legation.transports.base import Refusal
from tests.fakes import FakeClient, FakeSource, FakeTransport
from tests.small_cluster import SmallCluster
from tests.unit.runtime.by_name_world import ECHO, PAIR, addresses_of, cluster, eds, tls
from tests.unit.translate.pairs import DAY, NOW, certificate, key_text

EDS = CLUSTER_LOAD_ASSIGNMENT
PATIENCE = 30.0
USUAL = (cluster("all", {}), cluster("edge", {}, app="edge"), eds(app="edge"))


@dataclass
class World:
    """An engine with one source, which is a cluster with the Pods edge-1 and web-1, and a Service."""

    kube: SmallCluster = field(default_factory=SmallCluster)
    source: FakeSource = field(default_factory=FakeSource)
    transport: FakeTransport = field(default_factory=FakeTransport)
    clock: ManualClock = field(default_factory=ManualClock)
    objects: tuple[ManifestObject, ...] = USUAL

    def __post_init__(self) -> None:
        self.kube.pod("edge-1", "10.0.0.1", app="edge")
        self.kube.pod("web-1", "10.0.0.2", app="web")
        self.kube.service("echo", "10.1.0.1")
        self.engine = Engine(
            sources=[self.source],
            transports=[self.transport],
            clock=self.clock,
            pod_wait=PATIENCE,
            unix_time=lambda: NOW + self.clock.now(),
        )

    @asynccontextmanager
    async def running(self, *, loaded: bool = True) -> AsyncIterator[World]:
        async with self.engine.serving.in_background(self.engine.run()):
            await self.clock.advance(0)
            if loaded:
                await self.publish()
            yield self

    async def publish(self) -> None:
        """Tell how things are now, and let the engine act on it."""
        self.source.publish(*self.objects, cluster=self.kube.now())
        await self.clock.advance(0.1)

    def client(self, node_id: str = "edge-1.shop", address: str = "10.0.0.1") -> FakeClient:
        peer = Peer(address=f"ipv4:{address}:4711", transport="fake")
        client = FakeClient(self.transport.feed, Node(id=node_id), peer=peer)
        client.subscribe(CLUSTER)
        return client

    def turned_away(self) -> list[tuple[str, str]]:
        return [(each.node.id, each.status) for each in self.engine.arrivals.turned_away.records()]


def names(client: FakeClient, row: ResourceType = CLUSTER) -> list[str]:
    assert client.seat.snapshot is not None
    return [*client.seat.snapshot[row].resources]


def addresses(client: FakeClient, name: str = ECHO) -> list[str] | None:
    assert client.seat.snapshot is not None
    return addresses_of(client.seat.snapshot.get(EDS, name))


# Who waits


async def test_an_envoy_gets_what_is_for_its_pod_and_no_pod_without_one_costs_anything() -> None:
    world = World()
    for number in range(50):
        world.kube.pod(f"lonely-{number}", app=f"lonely-{number}")
    async with world.running():
        assert world.engine.statistics().groups == 0
        client = world.client()
        assert names(client) == ["all", "edge", "web"]
        assert addresses(client) == ["10.1.0.1"]
        assert world.engine.statistics().groups == 1


async def test_an_envoy_whose_pod_is_not_known_yet_is_told_nothing_until_it_is() -> None:
    async with World().running() as world:
        client = world.client("late-1.shop", "10.0.0.9")
        await world.clock.advance(PATIENCE - 1)
        assert (client.seat.snapshot, client.woken, client.dismissed) == (None, 0, None)
        (shown,) = world.engine.feedback.proxies()
        assert (shown.group, shown.waits) == ("waits for its Pod", True)
        world.kube.pod("late-1", "10.0.0.9", app="edge")
        await world.publish()
        assert names(client) == ["all", "edge", "web"]
        assert client.woken
        await world.clock.advance(2 * PATIENCE)
        assert client.dismissed is None
        (shown,) = world.engine.feedback.proxies()
        assert (shown.group, shown.waits) == ("shop/app=edge", False)
        assert world.turned_away() == []


async def test_an_envoy_waits_for_the_address_of_its_pod() -> None:
    async with World().running() as world:
        world.kube.pod("late-1", app="edge")
        await world.publish()
        client = world.client("late-1.shop", "10.0.0.9")
        assert client.seat.snapshot is None
        world.kube.pod("late-1", "10.0.0.9", app="edge")
        await world.publish()
        assert names(client) == ["all", "edge", "web"]


async def test_an_envoy_whose_pod_does_not_come_is_turned_away_and_that_is_shown() -> None:
    async with World().running() as world:
        client = world.client("nobody-1.shop")
        await world.clock.advance(PATIENCE)
        assert client.dismissed is not None
        status, words = client.dismissed
        assert status == "NOT_FOUND"
        assert "there is no Pod called nobody-1 in the namespace shop" in words
        assert world.turned_away() == [("nobody-1.shop", "NOT_FOUND")]
        client.seat.leave()
        assert world.engine.statistics().groups == 0


async def test_an_envoy_waits_on_while_the_watch_of_pods_is_broken() -> None:
    async with World().running() as world:
        world.kube.pods_current = False
        await world.publish()
        client = world.client("late-1.shop", "10.0.0.9")
        known = world.client()
        await world.clock.advance(10 * PATIENCE)
        assert client.dismissed is None
        assert names(known) == ["all", "edge", "web"]
        world.kube.pods_current = True
        await world.publish()
        assert client.dismissed is not None


async def test_while_pods_are_not_heard_of_an_envoy_at_another_address_waits_for_it_may_be_a_new_pod() -> None:
    async with World().running() as world:
        world.kube.pods_current = False
        await world.publish()
        again = world.client("edge-1.shop", "10.0.0.11")
        await world.clock.advance(10 * PATIENCE)
        assert (again.seat.snapshot, again.dismissed) == (None, None)
        world.kube.pods_current = True
        world.kube.pod("edge-1", "10.0.0.11", uid="again", app="edge")
        await world.publish()
        assert names(again) == ["all", "edge", "web"]


async def test_an_envoy_that_connects_from_elsewhere_is_refused_and_that_is_shown() -> None:
    async with World().running() as world:
        with pytest.raises(Refusal) as refused:
            world.client("edge-1.shop", "10.0.0.2")
        assert refused.value.status == "PERMISSION_DENIED"
        assert world.turned_away() == [("edge-1.shop", "PERMISSION_DENIED")]
        assert world.engine.statistics().groups == 0


async def test_an_envoy_that_waited_for_a_pod_of_another_address_is_turned_away_at_once() -> None:
    async with World().running() as world:
        client = world.client("late-1.shop", "10.0.0.9")
        world.kube.pod("late-1", "10.0.0.8")
        await world.publish()
        assert client.dismissed is not None
        assert client.dismissed[0] == "PERMISSION_DENIED"
        assert client.seat.snapshot is None


async def test_who_comes_before_all_is_read_waits_without_end() -> None:
    """It is not said of anybody yet that there is no such Pod."""
    async with World().running(loaded=False) as world:
        early, stranger = world.client(), world.client("nobody-1.shop")
        await world.clock.advance(10 * PATIENCE)
        assert (early.seat.snapshot, early.dismissed, stranger.dismissed) == (None, None, None)
        await world.publish()
        assert names(early) == ["all", "edge", "web"]
        assert stranger.seat.snapshot is None


async def test_an_envoy_that_is_served_after_all_is_not_shown_as_turned_away() -> None:
    async with World().running() as world:
        client = world.client("late-1.shop", "10.0.0.9")
        await world.clock.advance(PATIENCE)
        client.seat.leave()
        assert world.turned_away() == [("late-1.shop", "NOT_FOUND")]
        world.kube.pod("late-1", "10.0.0.9")
        await world.publish()
        world.client("late-1.shop", "10.0.0.9")
        assert world.turned_away() == []


async def test_an_envoy_that_waits_once_more_and_is_served_is_not_shown_as_turned_away() -> None:
    async with World().running() as world:
        world.client("late-1.shop", "10.0.0.9")
        await world.clock.advance(PATIENCE)
        again = world.client("late-1.shop", "10.0.0.9")
        assert world.turned_away() == [("late-1.shop", "NOT_FOUND")]
        world.kube.pod("late-1", "10.0.0.9")
        await world.publish()
        assert again.seat.snapshot is not None
        assert world.turned_away() == []


async def test_the_load_of_an_envoy_whose_pod_is_not_known_is_not_taken_yet() -> None:
    async with World().running() as world:
        peer, node = Peer(address="ipv4:10.0.0.9:4711", transport="fake"), Node(id="late-1.shop")
        with pytest.raises(Refusal, match="waits for its Pod; report again later") as refused:
            world.transport.feed.admit_reporter(peer, node, wake=lambda: None)
        assert refused.value.status == "UNAVAILABLE"
        world.kube.pod("late-1", "10.0.0.9")
        await world.publish()
        assert world.transport.feed.admit_reporter(peer, node, wake=lambda: None).clusters is not None


# Who moves


async def test_a_new_label_takes_effect_at_once() -> None:
    async with World().running() as world:
        client, other = world.client(), world.client("web-1.shop", "10.0.0.2")
        world.kube.pod("edge-1", "10.0.0.1", app="web")
        await world.publish()
        assert names(client) == ["all"]
        assert (client.seat.group, client.woken, other.woken) == ("shop", 1, 0)


async def test_a_selector_that_is_edited_takes_the_resource_from_who_no_longer_matches() -> None:
    async with World().running() as world:
        client, other = world.client(), world.client("web-1.shop", "10.0.0.2")
        world.objects = (cluster("all", {}), cluster("edge", {}, app="web"))
        await world.publish()
        assert (names(client), names(other)) == (["all"], ["all", "edge"])


async def test_the_envoy_of_a_deleted_pod_keeps_what_it_has_and_hears_nothing_of_later_changes() -> None:
    async with World().running() as world:
        client = world.client()
        client.subscribe(EDS, ECHO)
        client.take(CLUSTER)
        had, woken = client.seat.snapshot, client.woken
        world.kube.no_pod("edge-1")
        await world.publish()
        for change in (("10.1.0.2",), ("10.1.0.3",)):
            world.kube.service("echo", *change)
            world.objects = (cluster(f"new-{change[0][-1]}", {}), *USUAL)
            await world.publish()
        await world.clock.advance(10 * PATIENCE)
        assert client.seat.snapshot is had
        assert (client.woken, client.dismissed) == (woken, None)
        assert client.seat.group == "shop/app=edge (its Pod is gone)"
        client.seat.leave()
        assert world.engine.statistics().groups == 0
        assert world.engine.feedback.proxies() == ()


@pytest.mark.parametrize("told", [pytest.param(False, id="silent"), pytest.param(True, id="told something")])
async def test_when_the_envoy_of_a_deleted_pod_leaves_all_that_was_kept_for_it_is_freed(*, told: bool) -> None:
    async with World(objects=(cluster("only-here", {}),)).running() as world:
        client = world.client()
        assert client.seat.snapshot is not None
        kept = weakref.ref(client.seat.snapshot)
        world.kube.no_pod("edge-1")
        world.objects = (cluster("new", {}),)
        await world.publish()
        assert client.seat.snapshot is kept()
        if told and client.seat.snapshot is not None:
            # It may ask for more of what it is to have.
            client.seat.tell(client.seat.snapshot[CLUSTER])
        client.seat.leave()
        del client
        world.client("web-1.shop", "10.0.0.2")
        gc.collect()
        assert kept() is None


async def test_a_pod_that_is_made_anew_under_its_name_is_served_beside_the_old_ones_envoy() -> None:
    async with World().running() as world:
        old = world.client()
        world.kube.pod("edge-1", "10.0.0.11", uid="again", app="web")
        await world.publish()
        new = world.client("edge-1.shop", "10.0.0.11")
        assert (names(old), names(new)) == (["all", "edge", "web"], ["all"])
        by_uid = world.client("again", "10.0.0.11")
        assert names(by_uid) == ["all"]


# Whom a change concerns


async def test_a_changed_service_wakes_those_who_get_it_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads, checks and assembles no object again."""
    async with World().running() as world:
        concerned, other = world.client(), world.client("web-1.shop", "10.0.0.2")
        for each in (concerned, other):
            each.subscribe(EDS, *names(each, EDS))
        before, untouched = concerned.seat.snapshot, other.seat.snapshot
        for part in ("read.read", "served.check", "served.Assembly"):
            monkeypatch.setattr(f"legation.runtime.{part}", None)
        woken = concerned.woken
        world.kube.service("echo", "10.1.0.1", "10.1.0.2")
        await world.publish()
        after = concerned.seat.snapshot
        assert addresses(concerned) == ["10.1.0.1", "10.1.0.2"]
        assert (concerned.woken, other.woken) == (woken + 1, 0)
        assert other.seat.snapshot is untouched
        assert before is not None
        assert after is not None
        assert [row for row in after.collections if after[row] is not before[row]] == [EDS]
        assert world.engine.problems() == ()


async def test_what_only_a_bootstrap_names_is_made_when_an_envoy_asks_for_it() -> None:
    world = World()
    world.kube.service("static", "10.1.0.9")
    async with world.running():
        client = world.client()
        client.subscribe(EDS, "shop/static:http")
        assert addresses(client, "shop/static:http") == ["10.1.0.9"]
        world.kube.service("static", "10.1.0.10")
        await world.publish()
        assert addresses(client, "shop/static:http") == ["10.1.0.10"]


@pytest.mark.parametrize("loaded", [True, False], ids=["its Pod is not known yet", "nothing is read yet"])
async def test_what_an_envoy_asked_for_while_it_waited_is_made_when_it_is_served(loaded: bool) -> None:  # noqa: FBT001
    world = World()
    world.kube.service("static", "10.1.0.9")
    async with world.running(loaded=loaded):
        client = world.client("late-1.shop", "10.0.0.9")
        client.subscribe(EDS, "shop/static:http")
        world.kube.pod("late-1", "10.0.0.9")
        await world.publish()
        assert addresses(client, "shop/static:http") == ["10.1.0.9"]


async def test_what_nobody_asks_for_any_more_is_forgotten() -> None:
    """Its cluster is gone, and so is the wish for its endpoints."""
    async with World().running() as world:
        client = world.client()
        client.subscribe(EDS, ECHO)
        world.objects = (cluster("all", {}),)
        await world.publish()
        assert names(client, EDS) == [ECHO]
        client.wanted.clear()
        for objects in ((), (cluster("all", {}),)):
            world.objects = objects
            await world.publish()
        assert names(client, EDS) == []


async def test_a_certificate_whose_time_comes_is_delivered_then() -> None:
    world = World(objects=(tls(PAIR),))
    world.kube.secret("cert", {"tls.crt": certificate(start=1), "tls.key": key_text()})
    async with world.running():
        client = world.client()
        assert names(client, SECRET) == []
        assert [each.code for each in world.engine.problems()] == ["not-yet-valid"]
        await world.clock.advance(DAY - 1)
        assert names(client, SECRET) == []
        woken = client.woken
        await world.clock.advance(1 + AT_MOST)
        assert names(client, SECRET) == [PAIR]
        assert client.woken == woken + 1
        assert world.engine.problems() == ()


async def test_a_fault_in_what_waits_for_pods_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    async with World().running() as world:
        with capture_logs() as logs, monkeypatch.context() as patch:
            patch.setattr("legation.runtime.waiting_room.WaitingRoom._look", fail)
            world.client("late-1.shop", "10.0.0.9")
            await world.clock.advance(0.1)
        assert [each["event"] for each in logs] == ["internal error"]
        assert names(world.client()) == ["all", "edge", "web"]
        stranger = world.client("stranger-1.shop", "10.0.0.10")
        await world.clock.advance(2 * PATIENCE)
        assert stranger.dismissed is not None
