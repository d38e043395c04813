"""Rows A1 that need bytes, nodes or connections, over the real gRPC."""

from __future__ import annotations

import asyncio
from typing import Any

from structlog.testing import capture_logs

from legation.model.resource_types import (
    ADS_SERVICE,
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    ResourceType,
)
from tests.spec.way import Way, ads_ways, own_ways, snapshots, ways
from tests.unit.transports.loopback import ANY_SIZE, PATIENCE, FakeFeed, Loopback, RawStream, resource, serving, until


async def first_answer(way: Way, served: Loopback, row: ResourceType = CLUSTER) -> tuple[RawStream, Any]:
    """Open a stream, ask for the name `a`, and return what is answered."""
    stream = way.open(served, row)
    await stream.send(type_url=row.url, node="node", **way.names("a"))
    return stream, await stream.receive()


@ways
async def test_a1_1_every_type_is_served(way: Way) -> None:
    rows = [row for row in RESOURCE_TYPES if way.delta or row.sotw_method]
    async with serving(FakeFeed(*(resource("a", row.name, row=row) for row in rows))) as served:
        for row in rows:
            _, response = await first_answer(way, served, row)
            assert (response.type_url, way.bodies(response)) == (row.url, [row.name.encode()])


@ways
async def test_a1_2_an_envoy_is_served_in_each_variant(way: Way) -> None:
    async with snapshots() as server, way.envoy(server) as envoy:
        server.set("edge", [{"@type": CLUSTER.url, "name": "one"}])
        await envoy.has("clusters", {"one"})
        assert await server.wait_accepted("edge", at_least=1, timeout=PATIENCE)
        assert envoy.violations == []


@ads_ways
async def test_a1_3_an_aggregated_request_without_a_type_ends_the_stream(way: Way) -> None:
    async with serving() as served:
        stream = way.open(served)
        await stream.send(node="node")
        status, words = await stream.end()

    assert (status, words) == ("INVALID_ARGUMENT", f"type_url is empty; every request to {ADS_SERVICE} names its type")


@own_ways
async def test_a1_3_on_a_stream_of_its_own_a_type_goes_without_saying_and_no_other_goes(way: Way) -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        stream = way.open(served)
        await stream.send(node="node")
        assert (await stream.receive()).type_url == CLUSTER.url
        await stream.send(type_url=LISTENER.url)
        status, words = await stream.end()

    assert status == "INVALID_ARGUMENT"
    assert f"{CLUSTER.service} serves {CLUSTER.url} only" in words


@ways
async def test_a1_5_the_node_is_said_once_a_stream_and_may_be_said_again(way: Way) -> None:
    async with serving(FakeFeed(resource("a"), resource("a", row=LISTENER))) as served:
        clusters, response = await first_answer(way, served)
        listeners = way.open(served, LISTENER) if way.separate else clusters
        await listeners.send(type_url=LISTENER.url, node="node" if way.separate else None, **way.names("a"))
        await way.acknowledge(listeners, await listeners.receive(), "a")
        await clusters.send(type_url=CLUSTER.url, node="node", response_nonce=response.nonce, **way.names("a"))
        (seat,) = served.feed.seats
        await until(lambda: seat.client.accepted(CLUSTER, "a") and seat.client.accepted(LISTENER, "a"))


@ways
async def test_a1_6_no_node_and_a_changed_node_end_their_stream_and_no_other(way: Way) -> None:
    async with serving(FakeFeed(resource("a", "1"))) as served:
        good, response = await first_answer(way, served)
        await way.acknowledge(good, response, "a")
        nobody = way.open(served)
        await nobody.send(type_url=CLUSTER.url)
        assert await nobody.end() == (
            "INVALID_ARGUMENT",
            "the first request of the stream has no node; it must say node.id",
        )
        changed, _ = await first_answer(way, served)
        await changed.send(type_url=CLUSTER.url, node="other")
        status, words = await changed.end()
        assert (status, words.partition(";")[0]) == ("INVALID_ARGUMENT", "node.id changed from 'node' to 'other'")
        served.feed.publish(resource("a", "2"))
        assert way.bodies(await good.receive()) == [b"2"]


@ways
async def test_a1_7_every_resource_is_of_the_type_of_the_response(way: Way) -> None:
    async with serving(FakeFeed(resource("a"), resource("b"))) as served:
        stream = way.open(served)
        await stream.send(type_url=CLUSTER.url, node="node")
        response = await stream.receive()

    urls = [(each.resource if way.delta else each).type_url for each in response.resources]
    assert urls == [CLUSTER.url, CLUSTER.url]


@ways
async def test_a1_9_responses_say_which_server_they_are_from(way: Way) -> None:
    async with serving(FakeFeed(resource("a")), identifier="replica-1") as served:
        _, response = await first_answer(way, served)

    assert response.control_plane.identifier == "replica-1"


@ads_ways
async def test_a1_11_an_unknown_type_is_logged_once_and_the_others_go_on(way: Way) -> None:
    unknown = "type.googleapis.com/envoy.api.v2.Cluster"
    async with serving(FakeFeed(resource("a"))) as served:
        stream = way.open(served)
        with capture_logs() as logs:
            await stream.send(type_url=unknown, node="node", **way.names("a"))
            await stream.send(type_url=unknown, **way.names("a", "b"))
            await stream.send(type_url=CLUSTER.url, **way.names("a"))
            response = await stream.receive()

    assert response.type_url == CLUSTER.url
    assert [log["type_url"] for log in logs if log["event"] == "unknown type"] == [unknown]


@ways
async def test_a1_12_hundreds_of_streams_over_one_connection_are_all_served(way: Way) -> None:
    number, row = 400, CLUSTER_LOAD_ASSIGNMENT
    async with serving(FakeFeed(*(resource(str(each), str(each), row=row) for each in range(number)))) as served:

        async def ask(name: str) -> list[bytes]:
            stream = way.open(served, row)
            await stream.send(type_url=row.url, node="node", **way.names(name))
            return way.bodies(await stream.receive())

        answers = await asyncio.gather(*(ask(str(each)) for each in range(number)))

        assert answers == [[str(each).encode()] for each in range(number)]
        assert len(served.feed.seats) == 1


async def test_a1_12_a_connection_without_a_sign_of_life_is_closed() -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\0\4\1\0\0\0\0"
    async with serving(keepalive=0.1, keepalive_timeout=0.1) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.transport.port)
        writer.write(preface)
        async with asyncio.timeout(PATIENCE):
            # It never answers a ping: the server hangs up.
            while await reader.read(1 << 16):
                pass
        writer.close()


@ways
async def test_a1_13_tens_of_megabytes_go_out_and_all_that_a_client_holds_comes_in(way: Way) -> None:
    large = [resource(f"large-{number}", "x" * 1_000_000) for number in range(12)]
    async with serving(FakeFeed(*large), policy=ANY_SIZE) as served:
        stream = way.open(served)
        names = [f"{'name' * 50}-{number}" for number in range(30_000)]
        if way.delta:
            held = dict.fromkeys(names, "0" * 24)
            await stream.send(type_url=CLUSTER.url, node="node", initial_resource_versions=held)
        else:
            await stream.send(type_url=CLUSTER.url, node="node", resource_names=["*", *names])
        response = await stream.receive()

    assert sum(map(len, way.bodies(response))) == 12_000_000


@ways
async def test_a1_14_at_the_end_an_answered_stream_is_closed_with_words(way: Way) -> None:
    async with serving(FakeFeed(resource("a")), shutdown_grace=PATIENCE) as served:
        stream, response = await first_answer(way, served)
        await way.acknowledge(stream, response, "a")
        await served.stop()

        assert await stream.end() == ("UNAVAILABLE", "the server shuts down; connect again")
        assert not served.feed.seats


@ways
async def test_a1_14_at_the_end_a_stream_that_was_never_answered_gets_its_answer_first(way: Way) -> None:
    large = [resource(f"large-{number}", "x" * 1_000_000) for number in range(20)]
    async with serving(FakeFeed(*large), shutdown_grace=PATIENCE, policy=ANY_SIZE) as served:
        stream = way.open(served)
        await stream.send(type_url=CLUSTER.url, node="node")
        await until(lambda: any(each.writer for each in served.transport._streams))
        stopping = asyncio.create_task(served.stop())
        response = await stream.receive()
        assert len(response.resources) == 20
        assert await stream.end() == ("UNAVAILABLE", "the server shuts down; connect again")
        await stopping


@ways
async def test_a1_15_a_client_that_does_not_read_holds_up_nobody(way: Way) -> None:
    large = [resource(f"large-{number}", "x" * 1_000_000) for number in range(20)]
    async with serving(FakeFeed(*large), policy=ANY_SIZE) as served, served.connect() as other:
        slow = way.open(other)
        await slow.send(type_url=CLUSTER.url, node="slow")
        await until(lambda: len(served.feed.seats) == 1)
        quick = way.open(served)
        await quick.send(type_url=CLUSTER.url, node="quick")
        await quick.acknowledge(await quick.receive())
        served.feed.publish(*large[:-1], resource("large-19", "y"))

        assert b"y" in way.bodies(await quick.receive())
