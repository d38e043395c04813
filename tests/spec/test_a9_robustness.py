"""Rows A9: what incidents have taught."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

import grpc.aio
import pytest
from envoy.config.core.v3 import extension_pb2

from legation.model.events import Sent, Subscribed
from legation.model.proxy_status import TypeStatus
from legation.model.resource_types import ADS_SERVICE, CLUSTER, CLUSTER_LOAD_ASSIGNMENT, EXTENSION_CONFIG
from legation.runtime.debounce import Debounce
from legation.snapshot_server import SnapshotServer
from legation.transports import first_answers
from tests.spec import variants
from tests.spec.dialogue import Dialogue
from tests.spec.way import Way, snapshots, ways
from tests.unit.transports.loopback import ANY_SIZE, PATIENCE, FakeFeed, RawStream, resource, serving, until

both = pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])


def cluster(name: str, timeout: str = "1s") -> dict[str, str]:
    return {"@type": CLUSTER.url, "name": name, "connect_timeout": timeout}


@both
def test_a9_1_a_stream_that_ends_leaves_nothing_behind(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta)
    talk.play("have CDS a@1\n> CDS\n< CDS #1 a@1\nclose CDS\nhave CDS a@2")
    assert talk.machines == {}


@ways
async def test_a9_1_a_client_that_hangs_up_gives_its_place_back(way: Way) -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        stream = way.open(served)
        await stream.send(type_url=CLUSTER.url, node="node")
        await stream.receive()
        stream.call.cancel()
        await until(lambda: served.feed.left and not served.transport.statistics().streams)

        assert not served.feed.seats
        assert served.transport.statistics().clients == 0


@ways
async def test_a9_2_a_client_whose_state_is_cleared_gets_what_is_set_next(way: Way) -> None:
    async with snapshots() as server, way.envoy(server) as envoy:
        server.set("edge", [cluster("one")])
        await envoy.has("clusters", {"one"})
        server.clear("edge")
        server.set("edge", [cluster("two")])
        await envoy.has("clusters", {"two"})


@ways
async def test_a9_3_who_does_not_read_is_told_the_newest_once_it_does(way: Way) -> None:
    row = CLUSTER_LOAD_ASSIGNMENT
    async with serving(FakeFeed(resource("a", "first", row=row))) as served, served.connect() as other:
        slow, quick = way.open(other, row), way.open(served, row)
        for stream in (slow, quick):
            await stream.send(type_url=row.url, node="node", **way.names("a"))
        await until(lambda: len(served.feed.seats) == 2)
        await way.acknowledge(quick, await quick.receive(), "a")
        for number in range(100):
            served.feed.publish(resource("a", str(number), row=row))
            response = await quick.receive()
            assert way.bodies(response) == [str(number).encode()]
            await way.acknowledge(quick, response, "a")

        response = await slow.receive()
        assert way.bodies(response) == [b"first"]
        await way.acknowledge(slow, response, "a")
        assert way.bodies(await slow.receive()) == [b"99"]


def status(server: SnapshotServer) -> TypeStatus:
    (proxy,) = server.proxies()
    (found,) = (each for each in proxy.types if each.type is CLUSTER)
    return found


@ways
async def test_a9_4_what_was_sent_accepted_and_refused_is_told(way: Way) -> None:
    async with snapshots() as server, grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        server.set("edge", [cluster("one")], version="v1")
        stream = way.open(channel)
        await stream.send(type_url=CLUSTER.url, node="edge")
        response = await stream.receive()
        assert (status(server).sent, status(server).accepted) == ("v1", "")
        assert status(server).pending_for is not None

        await way.acknowledge(stream, response)
        await until(lambda: status(server).accepted == "v1")
        assert status(server).pending_for is None

        server.set("edge", [cluster("one"), cluster("two")], version="v2")
        response = await stream.receive()
        await stream.send(type_url=CLUSTER.url, response_nonce=response.nonce, error="two: no good")
        await until(lambda: status(server).refused)
        (refused,) = status(server).refused
        assert (refused.name, refused.words) == ("two", "two: no good")
        assert status(server).accepted == "v1"


@ways
async def test_a9_5_all_who_come_at_once_are_served_some_at_a_time(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_answers, "PATIENCE", 10 * PATIENCE)
    number, limit, size = 8, 3, 8 << 20
    feed = FakeFeed(resource("a", "x" * size))

    def told(event: type) -> list[int]:
        """Return of whom something of that kind is known."""
        return sorted(int(seat.node.id) for seat in feed.seats if any(isinstance(each, event) for each in seat.events))

    def is_told(event: type, times: int) -> bool:
        return len(told(event)) >= times

    async with serving(feed, first_answers=limit, policy=ANY_SIZE) as served, AsyncExitStack() as stack:
        streams = [way.open(await stack.enter_async_context(served.connect())) for _ in range(number)]
        for at, stream in enumerate(streams):
            await stream.send(type_url=CLUSTER.url, node=str(at))
            await until(partial(is_told, Subscribed, at + 1))
        for at, stream in enumerate(streams):
            # Who does not read keeps the others waiting; each that has read makes room for the next one.
            answered = min(at + limit, number)
            await until(partial(is_told, Sent, answered))
            assert told(Sent) == [*range(answered)]
            assert [len(body) for body in way.bodies(await stream.receive())] == [size]


async def test_a9_4_who_comes_back_with_everything_is_shown_to_have_accepted_it() -> None:
    async with snapshots() as server, grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        server.set("edge", [cluster("one"), cluster("two")])
        snapshot = server.snapshot("edge")
        assert snapshot is not None
        held = snapshot[CLUSTER]
        stream = RawStream(channel, f"/{ADS_SERVICE}/DeltaAggregatedResources")
        variants.spoken(delta=True, separate=False)
        versions = {each.name: each.version for each in held}
        await stream.send(type_url=CLUSTER.url, node="edge", initial_resource_versions=versions)
        await until(lambda: server.proxies() and server.proxies()[0].types)
        await until(lambda: status(server).accepted == held.version)
        assert (status(server).sent, status(server).pending_for) == (held.version, None)


@both
def test_a9_6_the_same_content_again_is_silence(*, is_delta: bool) -> None:
    Dialogue(delta=is_delta).play(
        """
        have CDS a@1->a; EDS a@1
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        have CDS a@1->a; EDS a@1
        have CDS a@1->a; EDS a@1
        """
    )


@ways
async def test_a9_6_the_same_content_under_another_version_is_silence(way: Way) -> None:
    async with snapshots() as server, grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        server.set("edge", [cluster("one")], version="v1")
        stream = way.open(channel)
        await stream.send(type_url=CLUSTER.url, node="edge")
        await way.acknowledge(stream, await stream.receive())
        server.set("edge", [cluster("one")], version="v2")
        server.set("edge", [cluster("one", "2s")], version="v3")
        response = await stream.receive()

    assert (response.system_version_info if way.delta else response.version_info) == "v3"


def test_a9_6_a_burst_of_changes_is_acted_upon_once() -> None:
    debounce = Debounce(quiet=0.01, maximum=0.1)
    debounce.changed(0.0)
    debounce.fired(0.0)
    for step in range(1, 6):
        debounce.changed(step * 0.005)
    assert debounce.due() == pytest.approx(0.035)
    debounce.fired(0.035)
    assert debounce.due() is None


@ways
async def test_a9_7_an_old_stream_and_a_new_one_of_a_node_are_both_served(way: Way) -> None:
    row = CLUSTER_LOAD_ASSIGNMENT
    async with serving(FakeFeed(resource("a", row=row))) as served, served.connect() as elsewhere:
        streams = [way.open(served, row), way.open(served, row), way.open(elsewhere, row)]
        for stream in streams:
            await stream.send(type_url=row.url, node="node", **way.names("a"))
            await way.acknowledge(stream, await stream.receive(), "a")
        served.feed.publish(resource("a", "2", row=row))
        for stream in streams:
            response = await stream.receive()
            assert way.bodies(response) == [b"2"]
            await way.acknowledge(stream, response, "a")
        assert len(served.feed.seats) == 2
        streams[0].call.cancel()
        await until(lambda: sum(served.transport.statistics().streams.values()) == 2)
        served.feed.publish(resource("a", "3", row=row))
        for stream in streams[1:]:
            assert way.bodies(await stream.receive()) == [b"3"]


@ways
async def test_a9_8_what_cannot_be_judged_is_delivered_and_a_refusal_ends_nothing(way: Way) -> None:
    config = extension_pb2.TypedExtensionConfig(name="x")
    config.typed_config.type_url = "type.googleapis.com/acme.Filter"
    config.typed_config.value = b"\xff\xff"
    body = bytes(config.SerializeToString())
    async with snapshots() as server, grpc.aio.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        server.set("edge", [(EXTENSION_CONFIG.url, body)])
        stream = way.open(channel, EXTENSION_CONFIG)
        await stream.send(type_url=EXTENSION_CONFIG.url, node="edge", **way.names("x"))
        response = await stream.receive()
        assert way.bodies(response) == [body]
        again = {} if way.delta else way.names("x")
        await stream.send(type_url=EXTENSION_CONFIG.url, response_nonce=response.nonce, error="x: unknown", **again)
        await until(server.problems)
        server.set("edge", [(EXTENSION_CONFIG.url, body.replace(b"\xff", b"\xfe"))])
        assert way.bodies(await stream.receive()) == [body.replace(b"\xff", b"\xfe")]
