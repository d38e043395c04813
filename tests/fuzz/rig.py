"""Rig: the real streams, clients and machines, with calls in the hand of the test and time that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.protocol.sequence import Policy, Variant
from legation.testing import ManualClock
from legation.transports.clients import Clients
from legation.transports.grpc_stream import GrpcStream
from legation.transports.traffic import Meter
from legation.transports.wire import Encoder
from tests.fuzz.judge import Judge
from tests.unit.transports.loopback import FakeFeed

if TYPE_CHECKING:
    import grpc

MOST = 300
"""So many turns without an end are a flood."""


class Call:
    """The server's end of a call, and the client that is judged with it."""

    def __init__(self, rig: Rig, *, delta: bool, row: ResourceType | None, peer: str = "node") -> None:
        self.judge = Judge(delta=delta, row=row, published=rig.published)
        self.delta = delta
        self.requests: asyncio.Queue[object] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self.said = 0
        self.written: list[bytes] = []
        self.ended = False
        self._peer = peer
        variant = Variant.DELTA if delta else Variant.SOTW
        context: Any = self
        stream = GrpcStream(
            context, row=row, variant=variant, clients=rig.clients, encoder=rig.encoder, meter=rig.meter
        )
        self.serving = asyncio.create_task(stream.serve())

    def say(self, data: bytes) -> None:
        """Let the client say something."""
        self.said += 1
        self.judge.asked(data)
        self.requests.put_nowait(data)

    # What gRPC gives to the server

    def peer(self) -> str:
        return f"ipv4:{self._peer}:1"

    async def send_initial_metadata(self, metadata: object) -> None:
        pass

    async def read(self) -> object:
        return await self.requests.get()

    async def write(self, data: bytes) -> None:
        self.judge.told(data)
        self.written.append(data)
        await self.reads.wait()

    async def abort(self, code: grpc.StatusCode, details: str) -> None:
        self.ended = True
        self.judge.closed(code.name, details)


class Rig:
    """A server without sockets."""

    def __init__(self) -> None:
        self.feed = FakeFeed()
        self.clock = ManualClock()
        self.encoder, self.meter = Encoder(), Meter()
        self.clients = Clients(self.feed, policy=Policy(), clock=self.clock)
        self.published: dict[tuple[str, str], set[bytes]] = {}
        self.calls: list[Call] = []

    def open(self, *, delta: bool, row: ResourceType | None, peer: str = "node") -> Call:
        """Open a stream."""
        call = Call(self, delta=delta, row=row, peer=peer)
        self.calls.append(call)
        return call

    def publish(self, resources: Iterable[Resource]) -> None:
        """Have a new snapshot."""
        listed = list(resources)
        for each in listed:
            self.published.setdefault((each.type.url, each.name), set()).add(each.body)
        self.feed.publish(*listed)

    async def settle(self) -> None:
        """Let everything happen that happens without time or the client; fail if that has no end."""
        for _ in range(MOST):
            before = self._said()
            await self.clock.advance(0.0)
            if self._said() == before:
                return
        raise AssertionError("responses without an end")

    def faults(self) -> list[str]:
        """Return what was not legal until now."""
        for call in self.calls:
            if not call.ended:
                call.judge.still_open()
        return [fault for call in self.calls for fault in call.judge.faults]

    async def close(self) -> None:
        """Hang up everywhere."""
        for call in self.calls:
            call.serving.cancel()
        await asyncio.gather(*(call.serving for call in self.calls), return_exceptions=True)
        self.clients.close()
        await self.clock.advance(0.0)

    def _said(self) -> tuple[int, int]:
        return sum(len(call.written) for call in self.calls), sum(call.ended for call in self.calls)
