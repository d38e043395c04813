"""Attacks from outside, each beside an Envoy that stays served: what strangers may take is bounded, and given back."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from grpc_health.v1 import health_pb2
from structlog.testing import capture_logs

from legation.model.limits import Limits
from legation.model.resource_types import ADS_SERVICE, CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from legation.testing import ManualClock
from legation.transports.crowd import REFUSED
from tests.unit.transports.loopback import PATIENCE, FakeFeed, Loopback, RawStream, resource, serving, until

EDS = CLUSTER_LOAD_ASSIGNMENT
NAMED = "misbehaving client"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\4\0\0\0\0\0"
DELTA = f"/{ADS_SERVICE}/DeltaAggregatedResources"


class Scene:
    """A server whose time stands still, an Envoy that behaves, and the log."""

    def __init__(self, served: Loopback, clock: ManualClock, honest: RawStream, logs: Sequence[Any]) -> None:
        self.served, self.clock, self.honest, self.logs = served, clock, honest, logs
        self._version = 1

    @property
    def port(self) -> int:
        return self.served.transport.port

    def named(self) -> list[str]:
        return [log["what"] for log in self.logs if log["event"] == NAMED]

    async def is_served(self) -> None:
        """Have the one that behaves told of a change, on the stream that it has."""
        self._version += 1
        self.served.feed.publish(resource("a", str(self._version)))
        response = await self.honest.receive()
        assert [each.resource.value for each in response.resources] == [str(self._version).encode()]
        await self.honest.acknowledge(response)

    async def comes_in(self) -> None:
        """Have another one that behaves come over a connection of its own."""
        async with self.served.connect() as channel:
            stream = self.served.delta(channel=channel)
            await stream.send(type_url=CLUSTER.url, node="late")
            assert (await stream.receive()).resources


@asynccontextmanager
async def scene(**limits: Any) -> AsyncIterator[Scene]:
    clock = ManualClock()
    with capture_logs() as logs:
        feed = FakeFeed(resource("a"))
        async with serving(feed, clock=clock, limits=Limits(**limits)) as served, served.connect() as channel:
            honest = served.delta(channel=channel)
            await honest.send(type_url=CLUSTER.url, node="honest")
            await honest.acknowledge(await honest.receive())
            yield Scene(served, clock, honest, logs)


class Silent:
    """Connections that say some bytes and nothing more."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def connect(self, port: int, said: bytes = b"") -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self._stack.callback(writer.close)
        writer.write(said)
        self.connections.append((reader, writer))

    def ended(self) -> int:
        """Return on how many the server has hung up."""
        return sum(1 for reader, _ in self.connections if reader.at_eof() or reader.exception() is not None)

    async def listen(self) -> None:
        """Read what the server says on all, until it hangs up."""
        await asyncio.gather(*(_read(reader) for reader, _ in self.connections))


async def _read(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(ConnectionError):
        while await reader.read(65536):
            pass


@asynccontextmanager
async def silent() -> AsyncIterator[Silent]:
    async with AsyncExitStack() as stack:
        yield Silent(stack)


def code_of(call: Any) -> Any:
    async def wait() -> str:
        async with asyncio.timeout(PATIENCE):
            return str((await call.code()).name)

    return wait()


METHODS = {
    "discovery": DELTA,
    "load reports": "/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats",
    "client status": "/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus",
    "health": "/grpc.health.v1.Health/Check",
    "watched health": "/grpc.health.v1.Health/Watch",
    "reflection": "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
}


@pytest.mark.parametrize("method", METHODS)
async def test_a_stream_without_a_request_is_ended(method: str) -> None:
    clock = ManualClock()
    options = {"clock": clock, "client_status": True, "limits": Limits(first_request=15)}
    async with serving(FakeFeed(resource("a")), **options) as served:
        call: Any = served.channel.stream_stream(METHODS[method])()
        await until(lambda: served.transport._crowd.strange == 1)
        await clock.advance(14.9)
        assert served.transport._crowd.strange == 1
        await clock.advance(0.1)
        assert await code_of(call) == "DEADLINE_EXCEEDED"
        await until(lambda: served.transport._crowd.strange == 0)


async def test_streams_without_requests_make_room_for_those_that_ask() -> None:
    async with scene(strange_streams=20) as on, on.served.connect() as channel:
        open_one: Any = channel.stream_stream(DELTA)
        calls = [open_one() for _ in range(60)]
        await until(lambda: "crowd" in on.named())
        await until(lambda: sum(each.done() for each in calls) == 40)
        assert on.served.transport._crowd.strange == 20
        await on.is_served()
        await on.comes_in()
        assert {each.name for each in [await each.code() for each in calls if each.done()]} == {"RESOURCE_EXHAUSTED"}
    assert on.named() == ["crowd"]


async def test_who_is_admitted_is_not_counted_among_the_strangers() -> None:
    async with scene(strange_streams=3) as on, on.served.connect() as channel:
        for _ in range(10):
            stream = on.served.delta(channel=channel)
            await stream.send(type_url=CLUSTER.url, node="many")
            await stream.receive()
        await on.is_served()
    assert on.named() == []


async def test_all_streams_of_an_address_are_bounded_too() -> None:
    async with scene(streams=5) as on, on.served.connect() as channel:
        streams = [on.served.delta(channel=channel) for _ in range(4)]
        for each in streams:
            await each.send(type_url=CLUSTER.url, node="many")
            await each.receive()
        late = on.served.delta(channel=channel)
        assert await code_of(late.call) == "RESOURCE_EXHAUSTED"
        await on.is_served()


async def test_who_is_refused_again_and_again_is_hung_up_on() -> None:
    async with scene(strange_streams=1) as on, on.served.connect() as channel:
        open_one: Any = channel.stream_stream(DELTA)
        calls = [open_one() for _ in range(REFUSED + 50)]
        await until(lambda: sum(each.done() for each in calls) > REFUSED)
        await until(lambda: on.served.transport._doorkeeper._to_end)
        await on.clock.advance(1)
        await until(lambda: all(each.done() for each in calls))
        assert {(await each.code()).name for each in calls} <= {"RESOURCE_EXHAUSTED", "UNAVAILABLE"}
        assert (await calls[-1].code()).name in {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}
        await on.is_served()


async def test_connections_without_streams_are_few_for_an_address() -> None:
    async with scene(strange_connections=20, handshake=600, idle=600) as on, silent() as many:
        for _ in range(60):
            await many.connect(on.port)
        listening = asyncio.create_task(many.listen())
        await until(lambda: _tick(on.clock) and many.ended() >= 40)
        assert many.ended() == 40
        await on.is_served()
        await on.comes_in()
        listening.cancel()
    assert on.named() == ["crowd"]


def _tick(clock: ManualClock) -> bool:
    clock.step(1)
    return True


@pytest.mark.parametrize(
    "said",
    [b"", b"\x16\x03\x01", PREFACE[:10], PREFACE, PREFACE + SETTINGS, PREFACE + SETTINGS + b"\0\x10\0\1\0\0\0\0\1\x82"],
    ids=["nothing", "some TLS", "half a preface", "a preface", "settings", "half a head"],
)
async def test_a_half_open_connection_is_closed(said: bytes) -> None:
    async with scene(handshake=1.0, idle=1.0) as on, silent() as many:
        for _ in range(20):
            await many.connect(on.port, said)
        async with asyncio.timeout(PATIENCE):
            await many.listen()
        await on.is_served()


async def test_a_head_that_is_too_large_ends_its_stream_alone() -> None:
    async with scene(header_bytes=16 << 10) as on, on.served.connect() as channel:
        for _ in range(5):
            call: Any = channel.stream_stream(DELTA)(metadata=[("x-large", "y" * 20_000)])
            assert await code_of(call) == "RESOURCE_EXHAUSTED"
        await on.is_served()


async def test_heads_without_end_are_not_kept() -> None:
    """CVE-2024-27316 and others of its kind: frames that go on with a head, without its end."""
    started = PREFACE + SETTINGS + b"\0\0\1\1\0\0\0\0\1\x82"
    more = b"\0\x40\0\x09\0\0\0\0\1" + b"\x00\x7f\x80\x7f" + b"a" * (0x4000 - 4)
    async with scene() as on:
        reader, writer = await asyncio.open_connection("127.0.0.1", on.port)
        writer.write(started)
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE):
                for _ in range(1000):
                    writer.write(more)
                    await writer.drain()
                    if reader.at_eof():
                        break
                await _read(reader)
        writer.close()
        await on.is_served()


async def test_streams_that_are_given_up_at_once_harm_nobody() -> None:
    """CVE-2023-44487, rapid reset."""
    async with scene() as on, on.served.connect() as channel:
        open_one: Any = channel.stream_stream(DELTA)
        for _ in range(20):
            calls = [open_one() for _ in range(50)]
            for each in calls:
                each.cancel()
            await on.is_served()
        await until(lambda: on.served.transport._crowd.strange == 0)
        assert on.served.transport.statistics().clients == 1


async def test_who_does_not_read_is_hung_up_on_in_the_end() -> None:
    window = ("grpc.http2.bdp_probe", 0)
    async with scene(unread=300) as on, on.served.connect("", window) as channel:
        on.served.feed.publish(resource("a"), resource("big", "x" * (8 << 20), row=EDS))
        bad = on.served.delta(channel=channel)
        await bad.send(type_url=EDS.url, node="bad", resource_names_subscribe=["big"])
        await until(lambda: any(each.unread_since is not None for each in on.served.transport._streams))
        await on.clock.advance(299)
        assert on.served.transport.statistics().clients == 2
        await until(lambda: _tick(on.clock) and on.served.transport.statistics().clients == 1)
        await on.is_served()
    assert on.named() == ["unread"]


async def test_what_is_on_its_way_to_an_address_is_bounded() -> None:
    size = 4 << 20
    window = ("grpc.http2.bdp_probe", 0)
    async with scene(unread_bytes=2 * size) as on, AsyncExitStack() as stack:
        on.served.feed.publish(resource("a"), resource("big", "x" * size, row=EDS))
        bad = []
        for number in range(6):
            channel = await stack.enter_async_context(on.served.connect("", window, ("x", number)))
            stream = on.served.delta(channel=channel)
            await stream.send(type_url=EDS.url, node=f"bad-{number}", resource_names_subscribe=["big"])
            bad.append(stream)
        unread = on.served.transport._crowd._unread
        await until(lambda: sum(each.writer is not None for each in on.served.transport._streams) == 6)
        assert max(unread.values()) <= 3 * size
        for each in bad:
            assert len((await each.receive()).resources[0].resource.value) == size
        await until(lambda: not unread)
        await on.is_served()


async def test_health_is_answered_as_ever() -> None:
    async with scene() as on:
        question = health_pb2.HealthCheckRequest().SerializeToString()
        channel: Any = on.served.channel
        async with asyncio.timeout(PATIENCE):
            said = await channel.unary_unary("/grpc.health.v1.Health/Check")(question)
        answer = health_pb2.HealthCheckResponse.FromString(said)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
