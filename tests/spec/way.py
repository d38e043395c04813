"""Way: how a client speaks over the real gRPC, one of four; streams opened here count for the table of rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from legation.model.resource_types import CLUSTER, ResourceType
from legation.snapshot_server import SnapshotServer
from legation.testing import FakeEnvoy
from legation.testing.wire import method
from legation.transports import Policy
from tests.spec import variants
from tests.unit.transports.loopback import Loopback, RawStream

if TYPE_CHECKING:
    import grpc.aio


@dataclass(frozen=True, slots=True)
class Way:
    """A variant and a kind of stream."""

    delta: bool
    separate: bool

    def __str__(self) -> str:
        return f"{'delta' if self.delta else 'sotw'}, {'own stream' if self.separate else 'ads'}"

    def open(self, channel: grpc.aio.Channel | Loopback, row: ResourceType = CLUSTER) -> RawStream:
        """Open a stream on which that type can be asked for."""
        variants.spoken(delta=self.delta, separate=self.separate)
        line = channel.channel if isinstance(channel, Loopback) else channel
        return RawStream(line, method(row, delta=self.delta, separate=self.separate))

    def names(self, *names: str) -> dict[str, Any]:
        """Return the field of a request that asks for names."""
        return {"resource_names_subscribe" if self.delta else "resource_names": names}

    async def acknowledge(self, stream: RawStream, response: Any, *names: str) -> None:
        """Accept a response; state of the world says its names again."""
        fields = {} if self.delta else {"resource_names": names, "version_info": response.version_info}
        await stream.send(type_url=response.type_url, response_nonce=response.nonce, **fields)

    def bodies(self, response: Any) -> list[bytes]:
        """Return the bytes of the resources of a response."""
        return [(each.resource if self.delta else each).value for each in response.resources]

    def envoy(self, server: SnapshotServer, node: str = "edge") -> FakeEnvoy:
        """Return an Envoy that is to connect to that server."""
        variants.spoken(delta=self.delta, separate=self.separate)
        return FakeEnvoy(f"127.0.0.1:{server.port}", node=node, delta=self.delta, separate=self.separate)


WAYS = tuple(Way(delta, separate) for delta in (False, True) for separate in (False, True))
ways = pytest.mark.parametrize("way", WAYS, ids=str)
ads_ways = pytest.mark.parametrize("way", [way for way in WAYS if not way.separate], ids=str)
own_ways = pytest.mark.parametrize("way", [way for way in WAYS if way.separate], ids=str)


@asynccontextmanager
async def snapshots() -> AsyncIterator[SnapshotServer]:
    """Run a server whose snapshots a test sets, on a free port."""
    async with SnapshotServer(port=0, policy=Policy(removal_grace=0.0, drain_grace=0.0)) as running:
        yield running
