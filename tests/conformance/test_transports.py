"""What every transport does, whatever its wire. A new transport joins by a rig of its own in RIGS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import grpc.aio
import pytest
from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import json_format

from legation.errors import TransportError
from legation.model.events import Accepted, Refused, Sent, Subscribed
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ResourceType
from legation.model.statistics import TransportStatistics
from legation.transports.base import Refusal, Transport
from legation.transports.grpc_server import GrpcTransport
from legation.transports.rest_server import RestTransport
from tests.unit.transports.http_client import post
from tests.unit.transports.loopback import PATIENCE, FakeFeed, RawStream, until


class Client(Protocol):
    """One Envoy that asks for one type in state of the world."""

    async def ask(self, *names: str, version: str = "", nonce: str = "", error: str | None = None) -> None:
        """Say what it wants, and what became of the response before."""
        ...

    async def hear(self) -> Any:
        """Return the next response, as a DiscoveryResponse."""
        ...

    async def leave(self) -> None:
        """Be gone, as far as the wire can say it."""
        ...


class Rig(Protocol):
    """A transport, and the hands of its clients."""

    transport: Transport

    @property
    def port(self) -> int:
        """Where it listens."""
        ...

    def statistics(self) -> TransportStatistics:
        """Return what went through."""
        ...

    def client(self, node: str, row: ResourceType) -> Client:
        """Return a client that has not said anything."""
        ...

    def another(self, port: int) -> Transport:
        """Return a transport for a given port."""
        ...


class GrpcClient:
    """A stream of the type's own service."""

    def __init__(self, port: int, node: str, row: ResourceType) -> None:
        self._node = node
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=(("grpc.use_local_subchannel_pool", 1),))
        self._stream = RawStream(self._channel, f"/{row.service}/{row.sotw_method}")

    async def ask(self, *names: str, version: str = "", nonce: str = "", error: str | None = None) -> None:
        await self._stream.send(
            node=self._node, error=error, resource_names=names, version_info=version, response_nonce=nonce
        )

    async def hear(self) -> Any:
        return await self._stream.receive()

    async def leave(self) -> None:
        self._stream.call.cancel()
        await self._channel.close()


class GrpcRig:
    """gRPC."""

    def __init__(self) -> None:
        self._made = GrpcTransport(port=0, bind=("127.0.0.1",))
        self.transport: Transport = self._made

    @property
    def port(self) -> int:
        return self._made.port

    def statistics(self) -> TransportStatistics:
        return self._made.statistics()

    def client(self, node: str, row: ResourceType) -> Client:
        return GrpcClient(self.port, node, row)

    def another(self, port: int) -> Transport:
        return GrpcTransport(port=port, bind=("127.0.0.1",))


class RestClient:
    """Polls, each held until there is news."""

    def __init__(self, port: int, node: str, row: ResourceType) -> None:
        self._port = port
        self._node = node
        self._row = row
        self._polling: asyncio.Task[Any] | None = None

    async def ask(self, *names: str, version: str = "", nonce: str = "", error: str | None = None) -> None:
        body = {"node": {"id": self._node}, "resource_names": names, "version_info": version, "response_nonce": nonce}
        if error is not None:
            body["error_detail"] = {"message": error}
        self._polling = asyncio.create_task(self._poll(body))
        await asyncio.sleep(0)

    async def _poll(self, body: Any) -> Any:
        answer = await post(self._port, self._row.rest_path, body, headers={"prefer": "wait=30"})
        assert answer.status == 200, answer
        return json_format.Parse(answer.body, discovery_pb2.DiscoveryResponse())

    async def hear(self) -> Any:
        assert self._polling is not None
        return await self._polling

    async def leave(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.wait([self._polling])


class RestRig:
    """REST."""

    def __init__(self) -> None:
        self._made = RestTransport(port=0, bind="127.0.0.1", idle=1.0)
        self.transport: Transport = self._made

    @property
    def port(self) -> int:
        return self._made.port

    def statistics(self) -> TransportStatistics:
        return self._made.statistics()

    def client(self, node: str, row: ResourceType) -> Client:
        return RestClient(self.port, node, row)

    def another(self, port: int) -> Transport:
        return RestTransport(port=port, bind="127.0.0.1")


RIGS = (GrpcRig, RestRig)


@pytest.fixture(params=RIGS, ids=lambda rig: rig.__name__)
def rig(request: pytest.FixtureRequest) -> Rig:
    """Each transport in turn."""
    made: Rig = request.param()
    return made


@asynccontextmanager
async def running(rig: Rig, feed: FakeFeed) -> AsyncIterator[asyncio.Task[None]]:
    """Run the transport of a rig."""
    started = asyncio.Event()
    task = asyncio.create_task(rig.transport.run(feed, started=started.set))
    async with asyncio.timeout(PATIENCE):
        await started.wait()
    try:
        yield task
    finally:
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([task])


def web(version: str = "1", *, row: ResourceType = CLUSTER, name: str = "web") -> Resource:
    """Return a resource that is a readable message."""
    body = b"\x0a" + bytes([len(name)]) + name.encode()
    return Resource(type=row, name=name, body=body, version=version)


def test_it_has_a_name_for_logs(rig: Rig) -> None:
    assert rig.transport.name.isidentifier()


async def test_a_client_gets_the_snapshot_and_then_what_changes(rig: Rig) -> None:
    feed = FakeFeed(web())
    async with running(rig, feed):
        client = rig.client("edge", CLUSTER)
        await client.ask()
        first = await client.hear()
        assert (first.type_url, len(first.resources)) == (CLUSTER.url, 1)
        assert first.resources[0].type_url == CLUSTER.url
        await client.ask(version=first.version_info, nonce=first.nonce)
        await until(lambda: feed.seats and isinstance(feed.seats[0].events[-1], Accepted))
        feed.publish(web("2"))
        second = await client.hear()
        assert second.version_info != first.version_info
        assert second.nonce != first.nonce
        await client.leave()


async def test_names_select(rig: Rig) -> None:
    row = CLUSTER_LOAD_ASSIGNMENT
    async with running(rig, FakeFeed(web(row=row), web(row=row, name="api"))):
        client = rig.client("edge", row)
        await client.ask("api")
        assert len((await client.hear()).resources) == 1
        await client.leave()


async def test_before_there_is_a_snapshot_nothing_is_said(rig: Rig) -> None:
    feed = FakeFeed()
    feed.snapshot = None
    async with running(rig, feed):
        client = rig.client("edge", CLUSTER)
        await client.ask()
        await until(lambda: feed.seats and feed.seats[0].events)
        feed.publish(web())
        assert len((await client.hear()).resources) == 1
        await client.leave()


async def test_the_feed_is_told_who_asks_what_became_of_each_response_and_who_is_gone(rig: Rig) -> None:
    feed = FakeFeed(web())
    async with running(rig, feed):
        client = rig.client("edge", CLUSTER)
        await client.ask()
        first = await client.hear()
        (seat,) = feed.seats
        assert (seat.node.id, seat.peer.transport) == ("edge", rig.transport.name)
        assert seat.client.subscribes(CLUSTER, "web")
        await client.ask(version=first.version_info, nonce=first.nonce)
        await until(lambda: seat.client.accepted(CLUSTER, "web"))
        feed.publish(web("2"))
        second = await client.hear()
        await client.ask(version=first.version_info, nonce=second.nonce, error="web is bad")
        await until(lambda: isinstance(seat.events[-1], Refused))
        kinds = [type(each) for each in seat.events]
        assert kinds == [Subscribed, Sent, Accepted, Sent, Refused]
        assert rig.statistics().clients == 1
        assert sum(rig.statistics().streams.values()) == 1
        assert rig.statistics().traffic["Cluster"].messages_out == 2
        await client.leave()
        await until(lambda: not feed.seats)
        assert feed.left == [seat]


async def test_who_is_not_admitted_takes_no_place(rig: Rig) -> None:
    feed = FakeFeed(web())
    feed.refused["edge"] = Refusal("PERMISSION_DENIED", "not you")
    async with running(rig, feed):
        client = rig.client("edge", CLUSTER)
        await client.ask()
        with pytest.raises((grpc.aio.AioRpcError, AssertionError), match="not you"):
            await client.hear()
        assert not feed.seats
        await client.leave()


async def test_when_it_is_stopped_every_client_leaves(rig: Rig) -> None:
    feed = FakeFeed(web())
    async with running(rig, feed) as task:
        client = rig.client("edge", CLUSTER)
        await client.ask()
        await client.hear()
        task.cancel()
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait([task])
        assert task.cancelled()
        assert not feed.seats
        await client.leave()


async def test_a_port_that_is_taken_is_an_error_for_users(rig: Rig) -> None:
    async with running(rig, FakeFeed()):
        with pytest.raises(TransportError, match=f"{rig.port}"):
            await rig.another(rig.port).run(FakeFeed(), started=lambda: None)
