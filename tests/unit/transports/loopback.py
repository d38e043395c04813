"""A feed that a test holds in its hand, and a server with raw streams to it over the loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from envoy.service.discovery.v3 import discovery_pb2

from legation.model.client_config import ResourceConfig
from legation.model.events import Event
from legation.model.loads import ClusterLoad
from legation.model.node import Node, Peer
from legation.model.resource import Resource, content_version
from legation.model.resource_types import ADS_SERVICE, CLUSTER, ResourceType
from legation.model.snapshot import Collection, Snapshot, collect
from legation.model.verdicts import Verdicts
from legation.transports import Policy
from legation.transports.base import Client, Refusal
from legation.transports.grpc_server import GrpcTransport

PATIENCE = 20.0
"""Seconds until a test that waits for something gives up."""

ANY_SIZE = Policy(max_response_bytes=1 << 30)
"""One response, however large."""

Sotw = discovery_pb2.DiscoveryRequest
Delta = discovery_pb2.DeltaDiscoveryRequest


def resource(name: str, content: str = "1", *, row: ResourceType = CLUSTER, **more: Any) -> Resource:
    """Return a resource whose body is no Envoy message: the transport does not look into it.

    What it refers to is a part of the content, as in a real one: equal content is one object for the whole process.
    """
    mentioned = sorted((kind, *sorted(names)) for kind, names in more.get("references", {}).items())
    body = f"{content} {mentioned}".encode() if mentioned else content.encode()
    return Resource(type=row, name=name, body=body, version=content_version(body), **more)


def snapshot(*resources: Resource) -> Snapshot:
    """Return the snapshot of these resources."""
    rows = {each.type for each in resources}
    return Snapshot.of(collect(row, (each for each in resources if each.type is row)) for row in rows)


@dataclass(eq=False)
class FakeSeat:
    feed: FakeFeed
    peer: Peer
    node: Node
    client: Client
    wake: Callable[[], None]
    group: str = "group"
    events: list[Event] = field(default_factory=list)
    broken: bool = False

    @property
    def snapshot(self) -> Snapshot | None:
        if self.broken:
            msg = "a bug whose details are nobody's business"
            raise RuntimeError(msg)
        return self.feed.snapshot

    @property
    def verdicts(self) -> Verdicts:
        return self.feed.verdicts

    def tell(self, collection: Collection) -> None:
        self.feed.told[collection.type, collection.version] = collection

    def remembered(self, row: ResourceType, version: str) -> Collection | None:
        return self.feed.told.get((row, version))

    def report(self, event: Event) -> None:
        self.events.append(event)

    def leave(self) -> None:
        self.feed.seats.remove(self)
        self.feed.left.append(self)


@dataclass(eq=False)
class FakeLoadSeat:
    feed: FakeFeed
    peer: Peer
    node: Node
    wake: Callable[[], None]
    reports: list[tuple[ClusterLoad, ...]] = field(default_factory=list)
    dismissed: Refusal | None = None

    @property
    def clusters(self) -> list[str] | None:
        return None if self.feed.snapshot is None else list(self.feed.snapshot[CLUSTER].resources)

    def report(self, loads: Iterable[ClusterLoad]) -> None:
        self.reports.append(tuple(loads))

    def leave(self) -> None:
        self.feed.reporters.remove(self)


@dataclass
class FakeConfig:
    node: Node
    members: list[ResourceConfig] = field(default_factory=list)

    def resources(self) -> Iterator[ResourceConfig]:
        return iter(self.members)


class FakeFeed:
    """A feed that gives everyone the same snapshot, but to those whom it refuses."""

    def __init__(self, *resources: Resource) -> None:
        self.snapshot: Snapshot | None = snapshot(*resources)
        self.seats: list[FakeSeat] = []
        self.left: list[FakeSeat] = []
        self.reporters: list[FakeLoadSeat] = []
        self.configs: list[FakeConfig] = []
        self.verdicts = Verdicts()
        self.told: dict[tuple[ResourceType, str], Collection] = {}
        self.refused: dict[str, Refusal] = {}
        self.closed: Refusal | None = None
        """What those are told who ask for no node."""

    def admit(self, peer: Peer, node: Node, *, client: Client, wake: Callable[[], None]) -> FakeSeat:
        if node.id in self.refused:
            raise self.refused[node.id]
        seat = FakeSeat(self, peer, node, client, wake)
        self.seats.append(seat)
        return seat

    def clients(self, peer: Peer) -> list[FakeConfig]:
        self.require_proof(peer)
        return self.configs

    def require_proof(self, peer: Peer) -> None:
        del peer
        if self.closed is not None:
            raise self.closed

    def admit_reporter(self, peer: Peer, node: Node, *, wake: Callable[[], None]) -> FakeLoadSeat:
        if node.id in self.refused:
            raise self.refused[node.id]
        seat = FakeLoadSeat(self, peer, node, wake)
        self.reporters.append(seat)
        return seat

    def publish(self, *resources: Resource) -> None:
        """Have a new snapshot and tell everyone."""
        self.snapshot = snapshot(*resources)
        for wake in [*(each.wake for each in self.seats), *(each.wake for each in self.reporters)]:
            wake()


class RawStream:
    """The client's end of one stream."""

    def __init__(self, channel: grpc.aio.Channel, path: str) -> None:
        self.delta = path.rpartition("/")[2].startswith("Delta")
        self.call: Any = channel.stream_stream(path)()

    async def send(self, *, node: str | None = None, error: str | None = None, **fields: Any) -> None:
        """Send a request made of fields; `node` is the id, `error` the words of a refusal."""
        request = (Delta if self.delta else Sotw)(**fields)
        if node is not None:
            request.node.id = node
        if error is not None:
            request.error_detail.message = error
        await self.call.write(request.SerializeToString())

    async def receive(self) -> Any:
        """Return the next response."""
        async with asyncio.timeout(PATIENCE):
            data = await self.call.read()
        kind = discovery_pb2.DeltaDiscoveryResponse if self.delta else discovery_pb2.DiscoveryResponse
        return kind.FromString(data)

    async def acknowledge(self, response: Any) -> None:
        """Accept a response."""
        fields = {} if self.delta else {"version_info": response.version_info}
        await self.send(type_url=response.type_url, response_nonce=response.nonce, **fields)

    async def end(self) -> tuple[str, str]:
        """Wait for the end and return the status and its words."""
        async with asyncio.timeout(PATIENCE):
            return (await self.call.code()).name, await self.call.details()


@dataclass
class Loopback:
    transport: GrpcTransport
    feed: FakeFeed
    run: asyncio.Task[None]
    channel: grpc.aio.Channel = field(init=False)

    def stream(self, path: str = f"/{ADS_SERVICE}/StreamAggregatedResources") -> RawStream:
        """Open a stream over the one connection."""
        return RawStream(self.channel, path)

    def delta(self, *, channel: grpc.aio.Channel | None = None) -> RawStream:
        """Open a delta ADS stream, over the one connection unless it is given another."""
        return RawStream(channel or self.channel, f"/{ADS_SERVICE}/DeltaAggregatedResources")

    def connect(self, address: str = "", *more: tuple[str, Any]) -> grpc.aio.Channel:
        """Return a channel with a connection of its own, where gRPC would share one between equal channels."""
        options = (
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.max_send_message_length", -1),
            ("grpc.max_receive_message_length", -1),
            *more,
        )
        return grpc.aio.insecure_channel(address or self.transport.addresses[0], options=options)

    async def stop(self) -> None:
        """Cancel the transport and wait until it is through."""
        self.run.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([self.run])


@asynccontextmanager
async def serving(feed: FakeFeed | None = None, **options: Any) -> AsyncIterator[Loopback]:
    """Run a transport on a free port, with a channel to it."""
    feed = feed or FakeFeed()
    transport = GrpcTransport(**{"port": 0, "bind": ("127.0.0.1",), **options})
    started = asyncio.Event()
    run = asyncio.create_task(transport.run(feed, started=started.set))
    async with asyncio.timeout(PATIENCE):
        await asyncio.wait([run, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
    if run.done():
        await run
    served = Loopback(transport, feed, run)
    try:
        async with served.connect() as served.channel:
            yield served
    finally:
        await served.stop()


async def until(condition: Callable[[], object]) -> None:
    """Wait until the condition holds; the event loop goes on meanwhile."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what it looks at is announced to nobody
            await asyncio.sleep(0.001)
