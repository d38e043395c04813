"""What a stream is told, over the real gRPC: the words are what a person reads in Envoy's log."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from legation.model.events import Refused
from legation.model.resource_types import (
    ADS_SERVICE,
    CLUSTER,
    LISTENER,
    RESOURCE_TYPES,
    RUNTIME,
    VIRTUAL_HOST,
    ResourceType,
)
from legation.protocol.messages import Response
from legation.transports.base import Refusal
from legation.transports.served_client import INTERNAL_WORDS
from legation.transports.wire import Encoder
from tests.unit.transports.loopback import ANY_SIZE, FakeFeed, resource, serving, until

SOTW_PATHS = [(row, f"/{row.service}/{row.sotw_method}") for row in RESOURCE_TYPES if row.sotw_method]
DELTA_PATHS = [(row, f"/{row.service}/{row.delta_method}") for row in RESOURCE_TYPES]


def name_of(value: object) -> str:
    return value.name if isinstance(value, ResourceType) else ""


async def test_aggregated_sotw_serves_and_hears_the_acknowledgement() -> None:
    async with serving(FakeFeed(resource("a"), resource("l", row=LISTENER)), identifier="replica-1") as served:
        stream = served.stream()
        await stream.send(type_url=CLUSTER.url, node="node")
        response = await stream.receive()
        assert [each.value for each in response.resources] == [b"1"]
        assert response.type_url == CLUSTER.url
        assert response.control_plane.identifier == "replica-1"
        await stream.acknowledge(response)
        await stream.send(type_url=LISTENER.url)
        response = await stream.receive()
        assert response.type_url == LISTENER.url
        await stream.acknowledge(response)
        seat = served.feed.seats[0]
        await until(lambda: seat.client.accepted(LISTENER, "l"))

        assert seat.client.accepted(CLUSTER, "a") is not None


async def test_aggregated_delta_tells_what_changed_and_what_went() -> None:
    async with serving(FakeFeed(resource("a", "1"), resource("b", "1", row=LISTENER))) as served:
        stream = served.delta()
        await stream.send(type_url=LISTENER.url, node="node", resource_names_subscribe=["*"])
        response = await stream.receive()
        assert [each.name for each in response.resources] == ["b"]
        await stream.acknowledge(response)
        served.feed.publish(resource("c", "1", row=LISTENER))
        response = await stream.receive()

        assert [each.name for each in response.resources] == ["c"]
        assert response.removed_resources == ["b"]


@pytest.mark.parametrize(("row", "path"), SOTW_PATHS, ids=name_of)
async def test_every_type_has_its_sotw_service_where_the_type_goes_without_saying(row: ResourceType, path: str) -> None:
    async with serving(FakeFeed(resource("a", row=row))) as served:
        stream = served.stream(path)
        await stream.send(node="node", resource_names=["a"])
        response = await stream.receive()

        assert response.type_url == row.url
        assert [each.type_url for each in response.resources] == [row.url]


@pytest.mark.parametrize(("row", "path"), DELTA_PATHS, ids=name_of)
async def test_every_type_has_its_delta_service(row: ResourceType, path: str) -> None:
    async with serving(FakeFeed(resource("a", row=row))) as served:
        stream = served.stream(path)
        await stream.send(node="node", type_url=row.url, resource_names_subscribe=["a"])
        response = await stream.receive()

        assert response.type_url == row.url
        assert [(each.name, each.resource.type_url) for each in response.resources] == [("a", row.url)]


async def test_a_service_of_one_type_refuses_another() -> None:
    async with serving() as served:
        stream = served.stream(f"/{CLUSTER.service}/{CLUSTER.delta_method}")
        await stream.send(node="node", type_url=LISTENER.url)

        assert await stream.end() == (
            "INVALID_ARGUMENT",
            (
                f"type_url is '{LISTENER.url}', but {CLUSTER.service} serves {CLUSTER.url} only;"
                f" ask the service of that type, or {ADS_SERVICE}"
            ),
        )


async def test_an_aggregated_request_without_a_type_is_refused() -> None:
    async with serving() as served:
        stream = served.stream()
        await stream.send(node="node")

        assert await stream.end() == (
            "INVALID_ARGUMENT",
            f"type_url is empty; every request to {ADS_SERVICE} names its type",
        )


async def test_a_stream_without_a_node_is_refused() -> None:
    async with serving() as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url)

        assert await stream.end() == (
            "INVALID_ARGUMENT",
            "the first request of the stream has no node; it must say node.id",
        )
        assert not served.feed.seats


async def test_a_node_without_an_id_is_refused() -> None:
    async with serving() as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url, node="")

        assert await stream.end() == (
            "INVALID_ARGUMENT",
            "node.id is empty; set node.id in the bootstrap, or start Envoy with --service-node",
        )


async def test_a_node_may_reappear_but_not_change() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url, node="node")
        await stream.receive()
        await stream.send(type_url=LISTENER.url, node="node")
        await stream.receive()
        await stream.send(type_url=CLUSTER.url, node="other")

        assert await stream.end() == (
            "INVALID_ARGUMENT",
            "node.id changed from 'node' to 'other'; a node keeps its id for the whole stream",
        )
        await until(lambda: served.feed.left)


async def test_garbage_ends_its_stream_and_no_other() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        good, bad = served.stream(), served.stream()
        await good.send(type_url=CLUSTER.url, node="node")
        await good.receive()
        with capture_logs() as logs:
            await bad.call.write(b"\xff\xff garbage")
            ending = await bad.end()

        assert ending == (
            "INVALID_ARGUMENT",
            "the message of 10 bytes is not a envoy.service.discovery.v3.DiscoveryRequest; speak xDS version 3",
        )
        assert [(log["event"], log["status"]) for log in logs] == [("stream refused", "INVALID_ARGUMENT")]
        served.feed.publish(resource("a", "2"))
        await good.send(type_url=LISTENER.url)
        assert (await good.receive()).type_url in {LISTENER.url, CLUSTER.url}


async def test_an_unknown_type_is_said_once_and_the_others_go_on() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        stream = served.delta()
        unknown = "type.googleapis.com/envoy.api.v2.Cluster"
        with capture_logs() as logs:
            await stream.send(type_url=unknown, node="node")
            await stream.send(type_url=unknown)
            await stream.send(type_url=CLUSTER.url)
            response = await stream.receive()

        assert response.type_url == CLUSTER.url
        assert [log["type_url"] for log in logs if log["event"] == "unknown type"] == [unknown]
        assert served.transport.statistics().traffic["unknown"].messages_in == 2


async def test_a_foreign_nonce_ends_nothing() -> None:
    async with serving(FakeFeed(resource("a", "1"))) as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url, node="node")
        await stream.receive()
        await stream.send(type_url=CLUSTER.url, response_nonce="of another stream", error="no")
        await stream.send(type_url=LISTENER.url)

        assert (await stream.receive()).type_url == LISTENER.url
        assert not any(isinstance(event, Refused) for event in served.feed.seats[0].events)


async def test_a_refusal_is_reported_with_the_words_of_the_client() -> None:
    async with serving(FakeFeed(resource("a", "1"))) as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url, node="node")
        response = await stream.receive()
        await stream.send(type_url=CLUSTER.url, response_nonce=response.nonce, error="a: not so")
        seat = served.feed.seats[0]
        await until(lambda: any(isinstance(event, Refused) for event in seat.events))

        assert seat.events[-1].message == "a: not so"  # type: ignore[union-attr] # the line above waited for it


async def test_whom_the_feed_does_not_admit_is_told_why() -> None:
    feed = FakeFeed()
    feed.refused["node"] = Refusal("PERMISSION_DENIED", "the certificate is of another node", cause="other-node")
    async with serving(feed) as served:
        stream = served.stream()
        with capture_logs() as logs:
            await stream.send(type_url=CLUSTER.url, node="node")
            ending = await stream.end()

        assert ending == ("PERMISSION_DENIED", "the certificate is of another node")
        said = [(log["reason"], log["cause"], log["node"]) for log in logs]
        assert said == [("the certificate is of another node", "other-node", "node")]


async def test_a_client_that_is_dismissed_is_told_why_on_every_stream_and_no_other_client_is() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        every = (served.delta(), served.stream(), served.delta())
        for stream, node in zip(every, ("unknown", "unknown", "known"), strict=True):
            await stream.send(type_url=CLUSTER.url, node=node)
            await stream.receive()
        first, second, other = every
        (client,) = (seat.client for seat in served.feed.seats if seat.node.id == "unknown")
        for words in ("there is no Pod called unknown", "it is not said twice"):
            client.dismiss("NOT_FOUND", words)
        for stream in (first, second):
            assert await stream.end() == ("NOT_FOUND", "there is no Pod called unknown")
        await until(lambda: len(served.feed.left) == 1)
        served.feed.publish(resource("b"))
        assert [each.name for each in (await other.receive()).resources] == ["b"]


async def test_a_client_that_waits_can_be_dismissed_before_it_was_told_anything() -> None:
    feed = FakeFeed()
    feed.snapshot = None
    async with serving(feed) as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url, node="unknown")
        await until(lambda: feed.seats)
        feed.seats[0].client.dismiss("NOT_FOUND", "no Pod")
        assert await stream.end() == ("NOT_FOUND", "no Pod")
        await until(lambda: not feed.seats)


async def test_words_that_repeat_what_the_client_said_have_an_end() -> None:
    async with serving() as served:
        stream = served.stream(f"/{CLUSTER.service}/{CLUSTER.sotw_method}")
        await stream.send(node="node", type_url="x" * 100_000)
        status, words = await stream.end()

        assert status == "INVALID_ARGUMENT"
        assert len(words) == 1000


async def test_a_bug_while_reading_ends_its_stream_and_hides_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = FakeFeed(resource("a"))
    async with serving(feed) as served:
        good, bad = served.stream(), served.stream()
        await good.send(type_url=CLUSTER.url, node="good")
        await good.receive()

        def admit(*_: object, **__: object) -> None:
            raise KeyError("password")

        monkeypatch.setattr(feed, "admit", admit)
        with capture_logs() as logs:
            await bad.send(type_url=CLUSTER.url, node="bad")
            ending = await bad.end()

        assert ending == ("INTERNAL", INTERNAL_WORDS)
        assert [(log["event"], log["exc_info"]) for log in logs] == [("stream failed", True)]
        await good.send(type_url=LISTENER.url)
        await good.receive()


async def test_a_bug_while_writing_ends_its_stream_and_hides_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(self: Encoder, response: Response) -> bytes:
        raise KeyError("password")

    monkeypatch.setattr(Encoder, "encode", encode)
    async with serving(FakeFeed(resource("a"))) as served:
        stream = served.stream()
        with capture_logs() as logs:
            await stream.send(type_url=CLUSTER.url, node="node")
            ending = await stream.end()

        assert ending == ("INTERNAL", INTERNAL_WORDS)
        assert "response failed" in [log["event"] for log in logs]
        await until(lambda: served.feed.left)


async def test_a_client_that_hangs_up_is_forgotten() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        stream = served.stream()
        await stream.send(type_url=CLUSTER.url, node="node")
        await stream.receive()
        with capture_logs() as logs:
            stream.call.cancel()
            await until(lambda: served.feed.left)
            await until(lambda: not served.transport.statistics().streams)

        assert [log["event"] for log in logs] == ["client gone"]
        assert served.transport.statistics().clients == 0


async def test_a_client_that_says_all_is_said_ends_in_order() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        stream = served.stream()
        await stream.send(type_url=CLUSTER.url, node="node")
        await stream.receive()
        await stream.call.done_writing()

        assert await stream.end() == ("OK", "")


async def test_the_log_has_one_line_for_each_fact_and_none_for_messages() -> None:
    with capture_logs() as logs:
        async with serving(FakeFeed(resource("a"))) as served:
            stream, other = served.stream(), served.delta()
            await stream.send(type_url=CLUSTER.url, node="node")
            await stream.acknowledge(await stream.receive())
            await other.send(type_url=VIRTUAL_HOST.url, node="node")
            await other.receive()

    assert [log["event"] for log in logs] == ["listening", "client connected", "client gone"]
    assert {key: logs[1][key] for key in ("node", "group")} == {"node": "node", "group": "group"}
    assert logs[1]["peer"].startswith("ipv4:127.0.0.1:")


async def test_separate_streams_of_one_connection_are_one_client() -> None:
    async with serving(FakeFeed(resource("a"), resource("r", row=RUNTIME))) as served:
        clusters = served.stream(f"/{CLUSTER.service}/{CLUSTER.sotw_method}")
        runtime = served.stream(f"/{RUNTIME.service}/{RUNTIME.sotw_method}")
        await clusters.send(node="node")
        await runtime.send(node="node", resource_names=["r"])
        await asyncio.gather(clusters.receive(), runtime.receive())

        assert len(served.feed.seats) == 1
        assert served.transport.statistics().streams == {("Cluster", "sotw"): 1, ("Runtime", "sotw"): 1}


async def test_a_slow_reader_holds_up_nobody() -> None:
    large = [resource(f"large-{number}", "x" * 1_000_000) for number in range(40)]
    async with serving(FakeFeed(*large), policy=ANY_SIZE) as served, served.connect() as other:
        slow = served.delta(channel=other)
        await slow.send(type_url=CLUSTER.url, node="slow")
        await until(lambda: len(served.feed.seats) == 1)
        quick = served.delta()
        await quick.send(type_url=CLUSTER.url, node="quick")
        await quick.acknowledge(await quick.receive())
        served.feed.publish(*large[:-1], resource("large-39", "y"))
        response = await quick.receive()

        assert [each.name for each in response.resources] == ["large-39"]
