"""Raw xDS state in: what each client gets, and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from google.protobuf.any_pb2 import Any as AnyMessage
from structlog.testing import capture_logs

from legation.errors import InvalidResource, TransportError
from legation.model.node import Node
from legation.model.problems import Level
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from legation.snapshot_server import SnapshotServer
from legation.transports.base import Refusal
from tests.fakes import FakeClient, FakeTransport
from tests.small_world import cluster

EDS_CLUSTER = {
    "@type": CLUSTER.url,
    "name": "web",
    "type": "EDS",
    "eds_cluster_config": {"eds_config": {"ads": {}, "resource_api_version": "V3"}},
}


class World:
    """A server with a fake transport."""

    def __init__(self, **options: Any) -> None:
        self.transport = FakeTransport()
        self.server = SnapshotServer(transports=[self.transport], **options)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[World]:
        async with self.server:
            yield self

    def client(self, node: Node | str = "edge") -> FakeClient:
        client = FakeClient(self.transport.feed, node)
        client.subscribe(CLUSTER)
        return client


def held(client: FakeClient) -> dict[str, str]:
    assert client.seat.snapshot is not None
    return {name: each.version for name, each in client.seat.snapshot[CLUSTER].resources.items()}


def names(server: SnapshotServer, group: str = "edge") -> Sequence[str]:
    snapshot = server.snapshot(group)
    assert snapshot is not None
    return tuple(snapshot[CLUSTER].resources)


@pytest.mark.parametrize(
    "given",
    [
        Cluster(name="web"),
        AnyMessage(type_url=CLUSTER.url, value=b"\x0a\x03web"),
        {"@type": CLUSTER.url, "name": "web"},
        (CLUSTER.url, b"\x0a\x03web"),
        cluster("web"),
    ],
    ids=["message", "any", "json", "bytes", "resource"],
)
def test_a_resource_may_have_any_form(given: Any) -> None:
    server = SnapshotServer()
    server.set("edge", [given])
    assert names(server) == ("web",)


def test_the_same_content_in_another_form_is_the_same_version() -> None:
    server = SnapshotServer()
    server.set("edge", [Cluster(name="web")])
    first = server.snapshot("edge")
    server.set("edge", [{"@type": CLUSTER.url, "name": "web"}])
    assert server.snapshot("edge") is first


async def test_a_client_whose_group_was_never_set_waits() -> None:
    async with World().running() as world:
        client = world.client()
        assert client.seat.snapshot is None
        world.server.set("other", [Cluster(name="web")])
        assert client.woken == 0
        world.server.set("edge", [Cluster(name="web")])
        assert client.woken == 1
        assert list(held(client)) == ["web"]


async def test_state_that_was_set_before_it_runs_is_served() -> None:
    world = World()
    world.server.set("edge", [Cluster(name="web")])
    async with world.running():
        assert list(held(world.client())) == ["web"]


async def test_a_set_replaces_the_whole_state_of_its_group_and_of_no_other() -> None:
    async with World().running() as world:
        world.server.set("edge", [Cluster(name="one"), Cluster(name="two"), ClusterLoadAssignment(cluster_name="one")])
        world.server.set("other", [Cluster(name="three")])
        edge, other = world.client(), world.client("other")
        world.server.set("edge", [Cluster(name="two")])
        assert (list(held(edge)), list(held(other)), other.woken) == (["two"], ["three"], 0)
        assert edge.seat.snapshot is not None
        assert not edge.seat.snapshot[CLUSTER_LOAD_ASSIGNMENT]


async def test_one_resource_is_changed_or_removed_and_the_others_stay() -> None:
    async with World().running() as world:
        world.server.set("edge", [Cluster(name="one"), Cluster(name="two")])
        client = world.client()
        before = held(client)
        world.server.update("edge", Cluster(name="two", alt_stat_name="changed"))
        after = held(client)
        assert before["one"] == after["one"]
        assert before["two"] != after["two"]
        world.server.remove("edge", "Cluster", "one", "never there")
        assert list(held(client)) == ["two"]
        assert client.woken == 2


async def test_to_remove_what_is_not_there_wakes_nobody() -> None:
    async with World().running() as world:
        world.server.set("edge", [Cluster(name="one")])
        client = world.client()
        world.server.remove("edge", CLUSTER, "two")
        world.server.remove("nobody", CLUSTER.url, "two")
        assert client.woken == 0
        assert world.server.snapshot("nobody") is None


async def test_a_cleared_group_keeps_its_clients_waiting_for_what_is_set_next() -> None:
    async with World().running() as world:
        world.server.set("edge", [Cluster(name="one")])
        client = world.client()
        world.server.clear("edge")
        assert client.seat.snapshot is None
        world.server.set("edge", [Cluster(name="two")])
        assert list(held(client)) == ["two"]


async def test_many_nodes_may_be_one_group() -> None:
    async with World(group_of=lambda node: node.cluster).running() as world:
        world.server.set("front", [Cluster(name="one")])
        first, second = world.client(Node(id="a", cluster="front")), world.client(Node(id="b", cluster="front"))
        assert first.seat.snapshot is second.seat.snapshot
        assert world.client(Node(id="front")).seat.snapshot is None


async def test_a_node_may_be_refused() -> None:
    def group_of(node: Node) -> str:
        raise Refusal("PERMISSION_DENIED", "not you")

    async with World(group_of=group_of).running() as world:
        with pytest.raises(Refusal, match="not you"):
            world.client()
        with pytest.raises(Refusal, match="no node id"):
            world.client("")


def test_the_version_is_that_of_the_content_or_the_callers_own() -> None:
    server = SnapshotServer()
    resources = [Cluster(name="web"), ClusterLoadAssignment(cluster_name="web")]
    server.set("content", resources)
    server.set("call", resources, version="v1")
    server.set("type", resources, version={"Cluster": "c7", CLUSTER_LOAD_ASSIGNMENT.url: "e9"})
    versions = {
        group: [snapshot[row].version for row in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT)]
        for group in ("content", "call", "type")
        if (snapshot := server.snapshot(group))
    }
    assert (versions["call"], versions["type"]) == (["v1", "v1"], ["c7", "e9"])
    assert len(versions["content"][0]) == 24


async def test_the_same_content_under_another_version_sends_nothing() -> None:
    async with World().running() as world:
        world.server.set("edge", [Cluster(name="web")], version="v1")
        client = world.client()
        world.server.set("edge", [Cluster(name="web")], version="v2")
        assert client.woken == 0
        assert client.seat.snapshot is not None
        assert client.seat.snapshot[CLUSTER].version == "v1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"@type": CLUSTER.url, "name": "web", "connect_timeuot": "1s"}], r'web: .*did you mean "connect_timeout"'),
        ([(CLUSTER.url, b"\xff")], "not a readable"),
        ([("type.googleapis.com/a.B", b"")], "no type of resource"),
        ([Cluster()], "no name"),
        ([Cluster(name="web"), {"@type": CLUSTER.url, "name": "web"}], "two resources of the type Cluster"),
        (["web"], "str: no resource"),
    ],
    ids=["unknown-field", "garbage", "unknown-type", "no-name", "twice", "no-resource"],
)
def test_what_is_wrong_is_refused_and_nothing_has_changed(given: list[Any], words: str) -> None:
    server = SnapshotServer()
    server.set("edge", [Cluster(name="old")])
    with pytest.raises(InvalidResource, match=words):
        server.set("edge", given)
    with pytest.raises(InvalidResource, match=words):
        server.update("edge", *given)
    assert names(server) == ("old",)


def test_an_unknown_name_of_a_type_is_refused() -> None:
    server = SnapshotServer()
    with pytest.raises(InvalidResource, match="Clutser: no such type; the types are Cluster, "):
        server.remove("edge", "Clutser", "web")
    with pytest.raises(InvalidResource, match="no such type"):
        server.set("edge", [Cluster(name="web")], version={"cluster": "v1"})


def test_without_checks_exactly_the_given_bytes_are_served() -> None:
    server = SnapshotServer()
    unreadable = Resource(type=LISTENER, name="l", body=b"\xff", version="v1")
    cluster_with_garbage = b"\x0a\x03web\xff\xff"
    server.set("edge", [unreadable], check=False)
    snapshot = server.snapshot("edge")
    assert snapshot is not None
    assert snapshot[LISTENER].resources["l"].body == b"\xff"
    with pytest.raises(InvalidResource):
        server.set("edge", [(CLUSTER.url, cluster_with_garbage)])


def test_a_dangling_reference_is_told_and_served() -> None:
    server = SnapshotServer()
    (problem,) = server.set("edge", [EDS_CLUSTER])
    assert (problem.level, problem.code) == (Level.WARNING, "dangling-reference")
    assert "refers to the ClusterLoadAssignment web, which group edge does not have" in str(problem)
    assert names(server) == ("web",)
    assert not server.set("edge", [EDS_CLUSTER], check=False)
    assert not server.update("edge", ClusterLoadAssignment(cluster_name="web"))


async def test_it_waits_for_who_accepts_and_who_refuses() -> None:
    async with World(group_of=lambda node: "edge").running() as world:
        world.server.set("edge", [Cluster(name="web")])
        good, bad = world.client("good"), world.client("bad")
        waiting = asyncio.create_task(world.server.wait_accepted("edge", timeout=30))
        await asyncio.sleep(0)
        good.take(CLUSTER)
        with capture_logs() as logs:
            bad.refuse(bad.is_sent(CLUSTER), "Error adding/updating cluster(s) web: malformed IP address")
            answer = await waiting
        assert not answer
        assert answer.accepted == ("good",)
        assert [str(each) for each in answer.refused] == [
            'bad refuses Cluster "web": Error adding/updating cluster(s) web: malformed IP address'
        ]
        assert [each.code for each in world.server.problems()] == ["refused"]
        assert [each["event"] for each in logs] == ["problem"]
        assert {proxy.node.id for proxy in world.server.proxies()} == {"bad", "good"}


async def test_an_error_at_the_start_comes_out_alone() -> None:
    server = SnapshotServer(transports=[FakeTransport(TransportError("port 18000 is taken"))])
    with pytest.raises(TransportError, match="is taken"):
        async with server:
            pass
