"""From proofs to clients: who is let in, who waits, who has to go, and what is remembered of those who were not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from legation.model.identity import CertificateProof, Proof, TokenProof
from legation.model.node import Node, Peer
from legation.model.objects import ManifestObject
from legation.model.resource_types import CLUSTER
from legation.runtime.admission import Rules
from legation.runtime.engine import Engine
from legation.runtime.identity_file import read_rules
from legation.runtime.identity_rules import Identity
from legation.testing import ManualClock
from legation.transports.base import LoadSeat, Refusal
from tests.fakes import FakeClient, FakeSource, FakeTransport
from tests.small_cluster import SmallCluster
from tests.unit.runtime.by_name_world import cluster

PATIENCE = 30.0
ENFORCED, REPORTED = Identity(), Identity(report=True)


def account(name: str = "web", namespace: str = "shop") -> Proof:
    return Proof(certificate=CertificateProof(uris=(f"spiffe://d/ns/{namespace}/sa/{name}",)))


def token(pod: str, uid: str) -> Proof:
    found = TokenProof(user="u", namespace="shop", service_account="web", pod=pod, pod_uid=uid)
    return Proof(token=found)


WEB = account()


@dataclass
class World:
    """An engine with one source, which is a cluster with a Pod of the service account web and one of db."""

    identity: Identity | None = ENFORCED
    kube: SmallCluster | None = field(default_factory=SmallCluster)
    source: FakeSource = field(default_factory=FakeSource)
    transport: FakeTransport = field(default_factory=FakeTransport)
    clock: ManualClock = field(default_factory=ManualClock)
    objects: tuple[ManifestObject, ...] = (cluster("all", {}),)

    def __post_init__(self) -> None:
        if self.kube is not None:
            self.kube.pod("web-1", "10.0.0.1", service_account="web", app="web")
            self.kube.pod("db-1", "10.0.0.1", service_account="db", app="db")
        self.engine = Engine(
            sources=[self.source],
            transports=[self.transport],
            clock=self.clock,
            pod_wait=PATIENCE,
            rules=Rules(identity=self.identity),
        )

    @asynccontextmanager
    async def running(self, *, loaded: bool = True) -> AsyncIterator[World]:
        async with self.engine.serving.in_background(self.engine.run()):
            await self.clock.advance(0)
            if loaded:
                await self.publish()
            yield self

    async def publish(self, change: Callable[[SmallCluster], None] | None = None) -> None:
        """Change the cluster, tell how things are now, and let the engine act on it."""
        if change is not None and self.kube is not None:
            change(self.kube)
        self.source.publish(*self.objects, cluster=None if self.kube is None else self.kube.now())
        await self.clock.advance(0.1)

    def client(self, node_id: str = "web-1.shop", proof: Proof = WEB) -> FakeClient:
        client = FakeClient(self.transport.feed, Node(id=node_id), peer=self.peer(proof))
        client.subscribe(CLUSTER)
        return client

    def reporter(self, node_id: str = "web-1.shop", proof: Proof = WEB) -> LoadSeat:
        return self.transport.feed.admit_reporter(self.peer(proof), Node(id=node_id), wake=lambda: None)

    def peer(self, proof: Proof) -> Peer:
        return Peer(address="ipv4:10.0.0.1:4711", transport="fake", proof=proof)

    def denied(self) -> list[tuple[str, str, bool, int]]:
        return [(each.node.id, each.cause, each.served, each.times) for each in self.engine.arrivals.denied.records()]


def served(client: FakeClient) -> list[str] | None:
    snapshot = client.seat.snapshot
    return None if snapshot is None or client.dismissed is not None else [*snapshot[CLUSTER].resources]


async def test_who_proves_who_it_is_gets_what_is_for_it() -> None:
    async with World().running() as world:
        assert served(world.client()) == ["all"]
        assert world.denied() == []


async def test_a_stolen_name_costs_nothing_but_its_line_in_the_list() -> None:
    async with World().running() as world:
        for _ in range(3):
            with pytest.raises(Refusal):
                world.client("db-1.shop")
        with pytest.raises(Refusal):
            world.reporter("db-1.shop", Proof())
        statistics = world.engine.statistics()
        assert (statistics.groups, statistics.feedback.proxies, statistics.turned_away) == (0, 0, 0)
        assert world.engine.arrivals.turned_away.records() == ()
        assert world.denied() == [("db-1.shop", "no-proof", False, 1), ("db-1.shop", "other-node", False, 3)]
        assert statistics.denied == {"other-node": 3, "no-proof": 1}


async def test_before_anything_is_heard_who_shows_something_waits_and_who_shows_nothing_is_refused() -> None:
    async with World().running(loaded=False) as world:
        honest, uid, stolen = world.client(), world.client("uid-of-web-1"), world.client("db-1.shop")
        for node_id, proof, cause in (("vault-1.bank", WEB, "other-node"), ("web-1.shop", Proof(), "no-proof")):
            with pytest.raises(Refusal) as refusal:
                world.client(node_id, proof)
            assert refusal.value.cause == cause
        assert served(honest) is served(uid) is served(stolen) is None
        await world.publish()
        assert served(honest) == served(uid) == ["all"]
        assert stolen.dismissed is not None
        assert stolen.dismissed[0] == "PERMISSION_DENIED"
        assert world.denied()[0][:2] == ("db-1.shop", "other-node")


async def test_who_waits_for_its_pod_is_let_in_only_if_it_is_that_pod() -> None:
    async with World().running() as world:
        mine, stolen = world.client("late-1.shop"), world.client("late-2.shop")
        await world.publish(lambda kube: kube.pod("late-1", "10.0.0.1", service_account="web"))
        await world.publish(lambda kube: kube.pod("late-2", "10.0.0.1", service_account="db"))
        assert served(mine) == ["all"]
        assert stolen.seat.snapshot is None
        assert stolen.dismissed is not None
        assert world.denied() == [("late-2.shop", "other-node", False, 1)]


async def test_whose_pod_does_not_come_is_told_so_within_what_it_may_be() -> None:
    async with World().running() as world:
        client = world.client("never-1.shop")
        await world.clock.advance(PATIENCE)
        assert client.dismissed is not None
        assert client.dismissed[0] == "NOT_FOUND"


async def test_the_streams_of_a_pod_that_is_deleted_end() -> None:
    async with World().running() as world:
        client, reporter, other = world.client(), world.reporter(), world.client("db-1.shop", account("db"))
        await world.publish(lambda kube: kube.no_pod("web-1"))
        assert client.dismissed == ("NOT_FOUND", "the Pod of this Envoy is gone")
        assert reporter.dismissed is not None
        assert other.dismissed is None
        assert served(other) == ["all"]


async def test_without_identities_a_pod_that_is_deleted_keeps_what_it_has() -> None:
    for identity in (None, REPORTED):
        async with World(identity=identity).running() as world:
            client = world.client()
            await world.publish(lambda kube: kube.no_pod("web-1"))
            assert served(client) == ["all"]


async def test_while_the_api_server_is_away_nobody_is_cut_off_and_after_that_whose_pod_is_gone() -> None:
    async with World().running() as world:
        client = world.client()

        def away(kube: SmallCluster) -> None:
            kube.no_pod("web-1")
            kube.pods_current = False

        def back(kube: SmallCluster) -> None:
            kube.pods_current = True

        await world.publish(away)
        assert client.dismissed is None
        await world.publish(back)
        assert client.dismissed is not None


async def test_a_token_ends_with_its_pod_though_there_is_another_of_its_name() -> None:
    """A Pod of a StatefulSet is made anew under its name, maybe at its address."""
    async with World().running() as world:
        before = world.client(proof=token("web-1", "uid-of-web-1"))
        certified = world.client()

        def anew(kube: SmallCluster) -> None:
            kube.no_pod("web-1")
            kube.pod("web-1", "10.0.0.1", uid="another", service_account="web", app="web")

        await world.publish(anew)
        assert before.dismissed is not None
        assert before.dismissed[0] == "PERMISSION_DENIED"
        assert served(certified) == ["all"]
        assert served(world.client(proof=token("web-1", "another"))) == ["all"]


async def test_other_rules_end_the_streams_that_they_do_not_allow_and_no_others() -> None:
    async with World().running() as world:
        web, reporter, db = world.client(), world.reporter(), world.client("db-1.shop", account("db"))
        waiting = world.client("late-1.shop")
        text = 'rules: [{uri: "spiffe://d/ns/{n}/sa/db", pods: {namespace: "{n}", serviceAccount: db}}]'
        found = read_rules(text, file="").rules
        assert found is not None
        world.engine.arrivals.identify(Identity(rules=found))
        await world.clock.advance(0.1)
        assert [each.dismissed and each.dismissed[0] for each in (web, db, waiting)] == [
            "PERMISSION_DENIED",
            None,
            "PERMISSION_DENIED",
        ]
        assert reporter.dismissed is not None
        assert reporter.dismissed.cause == "no-rule"
        with pytest.raises(Refusal):
            world.client()
        world.engine.arrivals.identify(ENFORCED)
        assert served(world.client()) == ["all"]


async def test_what_is_only_reported_is_served_as_before() -> None:
    async with World(identity=REPORTED).running() as world:
        assert served(world.client(proof=Proof())) == ["all"]
        assert served(world.client("db-1.shop")) == ["all"]
        assert served(world.client()) == ["all"]
        assert world.denied() == [("db-1.shop", "other-node", True, 1), ("web-1.shop", "no-proof", True, 1)]
        assert world.engine.statistics().denied == {}
        assert world.engine.statistics().reported == {"no-proof": 1, "other-node": 1}
        world.engine.arrivals.identify(ENFORCED)
        assert world.engine.statistics().feedback.proxies == 3  # it is their transport that takes them away


async def test_who_asks_what_others_get_sees_what_it_may_be_itself() -> None:
    async with World().running() as world:
        feed = world.transport.feed
        world.client(), world.client("db-1.shop", account("db"))
        assert [each.node.id for each in feed.clients(world.peer(WEB))] == ["web-1.shop"]
        assert list(feed.clients(world.peer(Proof()))) == []
        feed.require_proof(world.peer(WEB))
        with pytest.raises(Refusal) as refusal:
            feed.require_proof(world.peer(Proof()))
        assert refusal.value.status == "UNAUTHENTICATED"
        assert world.denied() == [("", "no-proof", False, 1)]


@pytest.mark.parametrize("identity", [None, REPORTED])
async def test_where_nobody_has_to_prove_anything_everybody_sees_everybody(identity: Identity | None) -> None:
    async with World(identity=identity).running() as world:
        world.client(proof=Proof())
        feed = world.transport.feed
        feed.require_proof(world.peer(Proof()))
        assert len(feed.clients(world.peer(Proof()))) == 1


async def test_without_a_cluster_a_node_is_who_its_certificate_says() -> None:
    proof = Proof(certificate=CertificateProof(uris=("spiffe://d/node/edge-1",)))
    async with World(kube=None, objects=(cluster("all", {}, namespace="default"),)).running(loaded=False) as world:
        client = world.client("edge-1", proof)
        with pytest.raises(Refusal):
            world.client("edge-2", proof)
        await world.publish()
        assert served(client) == ["all"]
        with pytest.raises(Refusal):
            world.client("edge-2", proof)
