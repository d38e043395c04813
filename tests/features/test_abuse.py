"""Clients that misbehave, each beside one that does not: it is served, the other is held back and named once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
import pytest
from envoy.service.discovery.v3 import discovery_pb2
from envoy.service.load_stats.v3 import lrs_pb2
from structlog.testing import capture_logs

from legation.model.events import Sent
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from legation.transports import conduct, grpc_server, lrs
from legation.transports.rest_server import RestTransport
from tests.unit.transports.http_client import Answer, post
from tests.unit.transports.loopback import PATIENCE, FakeFeed, Loopback, RawStream, resource, serving, until

EDS = CLUSTER_LOAD_ASSIGNMENT
NAMED = "misbehaving client"


class Scene:
    """A server, a client that behaves, and the log."""

    def __init__(self, served: Loopback, honest: RawStream, logs: Sequence[Any]) -> None:
        self.served = served
        self.honest = honest
        self.logs = logs
        self._version = 1

    @property
    def misbehaving(self) -> dict[str, int]:
        return dict(self.served.transport.statistics().misbehaving)

    def lines(self, event: str) -> list[Any]:
        return [log for log in self.logs if log["event"] == event]

    def named(self) -> list[str]:
        return [log["what"] for log in self.lines(NAMED)]

    async def is_served(self, times: int = 5) -> None:
        """Have the one that behaves told of changes: each arrives, and is what it should be."""
        for _ in range(times):
            self._version += 1
            self.served.feed.publish(resource("a", str(self._version)))
            response = await self.honest.receive()
            assert [each.resource.value for each in response.resources] == [str(self._version).encode()]
            await self.honest.acknowledge(response)


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    with capture_logs() as logs:
        async with serving(FakeFeed(resource("a"))) as served, served.connect() as channel:
            honest = served.delta(channel=channel)
            await honest.send(type_url=CLUSTER.url, node="honest")
            await honest.acknowledge(await honest.receive())
            yield Scene(served, honest, logs)


@pytest.fixture
def small_burst(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a client ask 300 times at once and 10 times a second: the same in less time."""
    monkeypatch.setattr(conduct, "BURST", 300)
    monkeypatch.setattr(conduct, "RATE", 10)
    return iter(())


Request = Callable[[int], dict[str, Any]]
FLOODS: dict[str, Request] = {
    "the same name again": lambda _: {"type_url": EDS.url, "resource_names_subscribe": ["b"]},
    "another name each time": lambda number: {"type_url": EDS.url, "resource_names_subscribe": [f"b{number}"]},
    "refusals of nothing": lambda number: {"type_url": CLUSTER.url, "response_nonce": f"x{number}", "error": "no"},
    "unknown types": lambda number: {"type_url": f"type.googleapis.com/acme.T{number}"},
}


@pytest.mark.usefixtures("small_burst")
@pytest.mark.parametrize("flood", FLOODS)
async def test_who_asks_without_end_is_read_slowly_and_named_once(flood: str) -> None:
    request = FLOODS[flood]
    async with scene() as on, on.served.connect() as channel:
        bad = on.served.delta(channel=channel)
        await bad.send(type_url=EDS.url, node="bad", resource_names_subscribe=["b"])

        async def drown() -> None:
            for number in range(2000):
                await bad.send(**request(number))

        drowning = asyncio.create_task(drown())
        await until(lambda: "requests" in on.misbehaving)
        await on.is_served()
        traffic = on.served.transport.statistics().traffic
        drowning.cancel()
        await asyncio.wait([drowning])

    assert sum(each.messages_in for each in traffic.values()) < 1000
    assert on.named().count("requests") == on.misbehaving["requests"] == 1
    assert len(on.lines("unknown type")) <= conduct.LINES
    (line,) = (each for each in on.lines(NAMED) if each["what"] == "requests")
    assert line["node"] == "bad"


async def test_who_refuses_everything_is_offered_a_bounded_number_of_times() -> None:
    async with scene() as on, on.served.connect() as channel:
        bad = on.served.delta(channel=channel)
        await bad.send(type_url=CLUSTER.url, node="bad")

        async def refuse() -> None:
            while True:
                response = await bad.receive()
                await bad.send(type_url=CLUSTER.url, response_nonce=response.nonce, error="no")

        refusing = asyncio.create_task(refuse())
        await on.is_served(50)
        sent = on.served.transport.statistics().traffic["Cluster"].messages_out
        refusing.cancel()
        await asyncio.wait([refusing])

    assert sent < 1 + 50 + 2 * 51
    assert not on.misbehaving


async def test_a_refusal_that_comes_back_slowly_is_no_misbehaviour() -> None:
    async with scene() as on:
        for number in range(300):
            on.served.feed.publish(resource("a", f"bad {number}"))
            response = await on.honest.receive()
            await on.honest.send(type_url=CLUSTER.url, response_nonce=response.nonce, error="a: no")
        await on.is_served()
        assert not on.misbehaving


async def test_many_names_are_read_and_too_many_are_not() -> None:
    async with scene() as on, on.served.connect() as channel:
        many = on.served.delta(channel=channel)
        names = [f"name-{number}" for number in range(10_000)]
        await many.send(type_url=EDS.url, node="many", resource_names_subscribe=names)
        assert len((await many.receive()).removed_resources) == len(names)
        assert not on.misbehaving

        for _ in range(3):
            bad = on.served.delta(channel=channel)
            names = [str(number) for number in range(1_000_000)]
            await bad.send(type_url=EDS.url, node="bad", resource_names_subscribe=names)
            status, words = await bad.end()
            assert status == "RESOURCE_EXHAUSTED"
            assert "1000000 names" in words
        await on.is_served()

    assert on.named() == ["names"]


async def test_names_without_end_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legation.transports.served_client.MOST_NAMES", 5000)
    async with scene() as on, on.served.connect() as channel:
        bad = on.served.delta(channel=channel)
        for number in range(6):
            names = [f"{number}-{each}" for each in range(1000)]
            await bad.send(type_url=EDS.url, node="bad" if not number else None, resource_names_subscribe=names)
        with contextlib.suppress(grpc.aio.AioRpcError):
            while isinstance(await bad.call.read(), bytes):
                pass
        status, words = await bad.end()
        await on.is_served()

    assert status == "RESOURCE_EXHAUSTED"
    assert "6000 names" in words
    assert on.named() == ["names"]


async def test_names_that_are_taken_back_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legation.transports.served_client.MOST_NAMES", 1500)
    async with scene() as on:
        for number in range(6):
            names = [f"{number}-{each}" for each in range(1000)]
            await on.honest.send(type_url=EDS.url, resource_names_subscribe=names)
            await on.honest.acknowledge(await on.honest.receive())
            await on.honest.send(type_url=EDS.url, resource_names_unsubscribe=names)
        await on.is_served()
        assert not on.misbehaving


async def test_who_connects_all_the_time_is_slowed_down_and_named_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conduct, "BURST", 10 * conduct.CONNECTION)
    # One a minute: however long the test takes, no further one may connect meanwhile.
    monkeypatch.setattr(conduct, "RATE", conduct.CONNECTION / 60)
    monkeypatch.setattr(conduct, "PATIENCE", 60 * conduct.PATIENCE)
    async with scene() as on:
        held = 0
        refused = set()
        for _ in range(50):
            async with on.served.connect() as channel:
                bad = on.served.delta(channel=channel)
                await bad.send(type_url=CLUSTER.url, node="bad")
                try:
                    async with asyncio.timeout(0.3):
                        await bad.receive()
                except TimeoutError:
                    held += 1
                except grpc.aio.AioRpcError as error:
                    refused.add(error.code())
        await on.is_served()
        await until(lambda: on.served.transport.statistics().clients == 1)

    assert held
    assert refused == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert on.named() == ["connections"]
    assert len([log for log in on.lines("client connected") if log["node"] == "bad"]) <= 10


async def test_garbage_closes_its_stream_and_fills_no_log() -> None:
    async with scene() as on:
        for garbage in (b"\xff" * 100, b"\x0a\x02\xff\xfe", b"{}"):
            for _ in range(20):
                bad = on.served.delta()
                await bad.call.write(garbage)
                assert (await bad.end())[0] == "INVALID_ARGUMENT"
        await on.is_served()

    assert len(on.lines("stream refused")) == conduct.LINES
    assert on.named() == ["nonsense"]


@pytest.mark.parametrize(
    ("node", "what"),
    [
        ({"id": "x" * 5000}, "node"),
        ({"id": "bad", "cluster": "x" * (2 << 20)}, "node"),
        ({"id": "x" * (17 << 20)}, "size"),
    ],
    ids=["long id", "large node", "large request"],
)
async def test_who_says_too_much_of_itself_is_not_kept(node: dict[str, str], what: str) -> None:
    request = discovery_pb2.DeltaDiscoveryRequest(type_url=CLUSTER.url, node=node).SerializeToString()
    async with scene() as on, on.served.connect() as channel:
        for _ in range(3):
            bad = on.served.delta(channel=channel)
            await bad.call.write(request)
            assert (await bad.end())[0] == "RESOURCE_EXHAUSTED"
        await on.is_served()
        assert on.served.transport.statistics().clients == 1

    assert on.named() == [what]
    assert all(len(str(log)) < 2000 for log in on.logs)


@pytest.mark.parametrize(
    ("node", "what"),
    [
        ({"id": "x" * 5000}, "node"),
        ({"id": "bad", "cluster": "x" * (2 << 20)}, "node"),
        ({"id": "x" * (17 << 20)}, "size"),
    ],
    ids=["long id", "large node", "large request"],
)
async def test_what_is_too_much_for_discovery_is_for_load_reports_too(node: dict[str, str], what: str) -> None:
    report = lrs_pb2.LoadStatsRequest(node=node).SerializeToString()
    async with scene() as on, on.served.connect() as channel:
        for _ in range(2):
            call: Any = channel.stream_stream(f"/{lrs.SERVICE}/{lrs.METHOD}")()
            await call.write(report)
            async with asyncio.timeout(PATIENCE):
                assert (await call.code()).name == "RESOURCE_EXHAUSTED"
        await on.is_served()
        assert not on.served.feed.reporters

    assert on.named() == [what]


async def test_who_begins_to_report_all_the_time_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conduct, "BURST", 3 * conduct.CONNECTION)
    monkeypatch.setattr(conduct, "RATE", 1)
    report = lrs_pb2.LoadStatsRequest(node={"id": "bad"}).SerializeToString()
    async with scene() as on, on.served.connect() as channel:
        begin: Any = channel.stream_stream(f"/{lrs.SERVICE}/{lrs.METHOD}")
        calls: list[Any] = [begin() for _ in range(3)]
        for each in calls:
            await each.write(report)
        await until(lambda: len(on.served.feed.reporters) == len(calls))
        call: Any = begin()
        await call.write(report)
        async with asyncio.timeout(PATIENCE):
            assert (await call.code()).name == "RESOURCE_EXHAUSTED"
        await on.is_served()

    assert on.named() == ["connections"]


async def test_who_does_not_read_keeps_one_response() -> None:
    size = 8 << 20
    # By itself gRPC takes more for a client the slower the machine is, at last all of it.
    window = ("grpc.http2.bdp_probe", 0)
    async with scene() as on, on.served.connect("", window) as channel:
        on.served.feed.publish(resource("a"), resource("big", "x" * size, row=EDS))
        bad = on.served.delta(channel=channel)
        await bad.send(type_url=EDS.url, node="bad", resource_names_subscribe=["big"])
        await until(lambda: len(on.served.feed.seats) == 2)
        (seat,) = (each for each in on.served.feed.seats if each.node.id == "bad")

        def sent() -> list[str]:
            """Return the nonces of what was made for it, and is then written: all that waits in memory."""
            return [each.nonce for each in seat.events if isinstance(each, Sent)]

        await until(sent)
        for number in range(50):
            on.served.feed.publish(resource("a", str(number)), resource("big", f"{number}", row=EDS))
            await on.honest.acknowledge(await on.honest.receive())
            # What it would be told next waits for nothing but for it to read.
            await bad.send(type_url=EDS.url, response_nonce="1")
        traffic = on.served.transport.statistics
        await until(lambda: traffic().traffic["ClusterLoadAssignment"].messages_in == 51)
        assert sent() == ["1"]
        assert traffic().traffic["ClusterLoadAssignment"].messages_out == 0, "it is still being written"
        assert [len(each.resource.value) for each in (await bad.receive()).resources] == [size]
        assert [each.resource.value for each in (await bad.receive()).resources] == [b"49"]
        await on.is_served()


async def test_streams_of_one_connection_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grpc_server, "MOST_STREAMS", 10)
    async with scene() as on, on.served.connect() as channel:
        first = on.served.delta(channel=channel)
        await first.send(type_url=CLUSTER.url, node="bad")
        await first.receive()
        # From here on the client knows the limit.
        streams = [first, *(on.served.delta(channel=channel) for _ in range(14))]
        sending = [asyncio.create_task(each.send(type_url=CLUSTER.url, node="bad")) for each in streams[1:]]
        await until(lambda: sum(on.served.transport.statistics().streams.values()) == 11)
        await on.is_served()
        assert sum(on.served.transport.statistics().streams.values()) == 11
        for stream in streams:
            stream.call.cancel()
        for task in sending:
            task.cancel()
        await asyncio.wait(sending)


# The same over REST


@asynccontextmanager
async def polled() -> AsyncIterator[tuple[RestTransport, Sequence[Any]]]:
    transport, started = RestTransport(port=0), asyncio.Event()
    with capture_logs() as logs:
        running = asyncio.create_task(transport.run(FakeFeed(), started=started.set))
        await started.wait()
        try:
            yield transport, logs
        finally:
            running.cancel()
            await asyncio.wait([running])


async def poll(transport: RestTransport, node: dict[str, Any], *names: str) -> Answer:
    return await post(transport.port, EDS.rest_path, {"node": node, "resource_names": names})


def named(logs: Sequence[Any]) -> list[str]:
    return [log["what"] for log in logs if log["event"] == NAMED]


async def test_who_polls_all_the_time_waits_and_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conduct, "BURST", 100)
    monkeypatch.setattr(conduct, "RATE", 2)
    monkeypatch.setattr(conduct, "PATIENCE", 1.0)
    async with polled() as (transport, logs):
        answers = await asyncio.gather(*(poll(transport, {"id": "bad"}) for _ in range(150)))
        assert (await poll(transport, {"id": "honest"})).status == 304
        refused = [answer.body.decode() for answer in answers if answer.status == 429]

    assert {answer.status for answer in answers} == {304, 429}
    assert 0 < len(refused) < 150
    assert all("again and again" in words for words in refused)
    assert named(logs) == ["requests"]
    assert transport.statistics().misbehaving == {"requests": 1}


async def test_what_is_too_much_for_grpc_is_for_rest_too() -> None:
    async with polled() as (transport, logs):
        for _ in range(3):
            large = await poll(transport, {"id": "bad", "metadata": {"x": "x" * (2 << 20)}})
            assert (large.status, b"node.metadata" in large.body) == (429, True)
            assert (await poll(transport, {"id": "x" * 5000})).status == 429
            many = await poll(transport, {"id": "many"}, *map(str, range(200_000)))
            assert (many.status, b"200000 names" in many.body) == (429, True)
        assert transport.statistics().clients == 0
        assert (await poll(transport, {"id": "honest"}, *map(str, range(10_000)))).status == 304

    assert named(logs) == ["node", "node", "names"]


async def test_polls_that_are_no_requests_fill_no_log() -> None:
    async with polled() as (transport, logs):
        for number in range(60):
            assert (await post(transport.port, EDS.rest_path, b"\xff" * (number + 1))).status == 400
        assert (await poll(transport, {"id": "honest"})).status == 304

    assert named(logs) == ["nonsense"]
