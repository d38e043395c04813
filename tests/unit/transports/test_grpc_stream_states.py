"""What a stream does when things happen at awkward moments: a call in the hand of the test stands for the real one."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import grpc.aio
import pytest
from structlog.testing import capture_logs

from legation.model.resource_types import CLUSTER, LISTENER
from legation.protocol.sequence import Policy, Variant
from legation.testing import ManualClock
from legation.transports.clients import Clients
from legation.transports.grpc_stream import GrpcStream
from legation.transports.traffic import Meter
from legation.transports.wire import Encoder
from tests.unit.transports.loopback import Delta, FakeFeed, resource


class FakeCall:
    """The server's end of a call: reads what the test says, and writes when the test lets it."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[object] = asyncio.Queue()
        self.gate = asyncio.Event()
        self.gate.set()
        self.writing: list[bytes] = []
        self.written: list[bytes] = []
        self.fault: Exception | None = None
        self.aborted: tuple[str, str] | None = None

    def peer(self) -> str:
        return "ipv6:%5B::1%5D:50312"

    async def send_initial_metadata(self, metadata: object) -> None:
        if self.fault is not None:
            raise self.fault

    async def read(self) -> object:
        return await self.requests.get()

    async def write(self, data: bytes) -> None:
        self.writing.append(data)
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.written.append(data)

    async def abort(self, code: grpc.StatusCode, details: str) -> None:
        self.aborted = (code.name, details)


class Running:
    """A stream that is being served."""

    def __init__(self, feed: FakeFeed) -> None:
        self.feed = feed
        self.clock = ManualClock()
        self.call = FakeCall()
        context: Any = self.call
        clients = Clients(feed, policy=Policy(), clock=self.clock)
        self.meter = Meter()
        self.stream = GrpcStream(
            context, row=None, variant=Variant.DELTA, clients=clients, encoder=Encoder(), meter=self.meter
        )
        self.serving = asyncio.create_task(self.stream.serve())

    async def ask(self, url: str) -> None:
        request = Delta(type_url=url)
        request.node.id = "node"
        self.call.requests.put_nowait(request.SerializeToString())
        await self.settle()

    async def settle(self) -> None:
        await self.clock.advance(0.0)


async def test_a_finishing_stream_that_was_answered_begins_nothing_more() -> None:
    running = Running(FakeFeed(resource("a"), resource("l", row=LISTENER)))
    running.call.gate.clear()
    await running.ask(CLUSTER.url)
    running.stream.finish()
    await running.ask(LISTENER.url)
    running.call.gate.set()
    await running.settle()

    assert len(running.call.written) == len(running.call.writing) == 1
    running.stream.end("UNAVAILABLE", "bye")
    await running.serving
    assert running.call.aborted == ("UNAVAILABLE", "bye")


async def test_a_finishing_stream_that_was_not_answered_is_answered_once() -> None:
    running = Running(FakeFeed(resource("a"), resource("l", row=LISTENER)))
    await running.settle()
    running.stream.finish()
    await running.ask(CLUSTER.url)
    await running.ask(LISTENER.url)

    assert len(running.call.written) == 1
    running.stream.end("UNAVAILABLE", "bye")
    await running.serving


async def test_the_first_to_end_a_stream_is_heard() -> None:
    running = Running(FakeFeed(resource("a")))
    await running.ask(CLUSTER.url)
    running.stream.end("INTERNAL", "first")
    running.stream.end("UNAVAILABLE", "second")
    await running.serving

    assert running.call.aborted == ("INTERNAL", "first")
    assert not running.serving.cancelled()


async def test_an_end_in_the_middle_of_a_response_writes_nothing_more() -> None:
    running = Running(FakeFeed(resource("a")))
    running.call.gate.clear()
    await running.ask(CLUSTER.url)
    running.stream.end("UNAVAILABLE", "bye")
    await running.serving
    running.call.gate.set()
    await running.settle()

    assert running.call.written == []
    assert running.stream.writer is None
    assert running.feed.seats == []


async def test_a_call_that_fails_while_a_response_is_written_is_left_in_peace() -> None:
    running = Running(FakeFeed(resource("a")))
    running.call.gate.clear()
    await running.ask(CLUSTER.url)
    running.call.fault = grpc.aio.UsageError("the RPC is finished")
    running.call.gate.set()
    with capture_logs() as logs:
        await running.settle()
        running.feed.publish(resource("a", "2"))
        await running.settle()
        running.call.requests.put_nowait(grpc.aio.EOF)
        await running.serving

    assert len(running.call.writing) == 1
    assert running.call.aborted is None
    assert [log["event"] for log in logs] == ["client gone"]


async def test_a_call_that_is_over_before_it_began_is_left_in_peace() -> None:
    running = Running(FakeFeed(resource("a")))
    running.call.fault = grpc.aio.UsageError("the RPC is finished")
    await running.serving

    assert running.call.aborted is None


async def test_a_client_that_goes_cancels_what_serves_it() -> None:
    running = Running(FakeFeed(resource("a")))
    await running.ask(CLUSTER.url)
    running.serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running.serving

    assert running.call.aborted is None
    assert running.feed.seats == []


async def test_the_peer_is_shown_as_a_person_writes_it() -> None:
    running = Running(FakeFeed(resource("a")))
    await running.ask(CLUSTER.url)

    assert running.feed.seats[0].peer.address == "ipv6:[::1]:50312"
    running.stream.end("UNAVAILABLE", "bye")
    await running.serving
