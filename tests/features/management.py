"""What tests of the management API play with: a control plane with a store, its API on a real port, and who calls."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from legation.cli.management_side import ManagementSide
from legation.control_plane import ControlPlane
from legation.management.v1 import management_pb2 as pb
from legation.model.node import Node
from legation.settings import Management
from legation.sources.base import Source
from legation.sources.stored.store import StoredObjects
from legation.testing import FakeEnvoy
from legation.transports.grpc_server import GrpcTransport
from tests.features.stage import SOON

PATIENCE = 30.0
_SERVICE = pb.DESCRIPTOR.services_by_name["Management"]


class Caller:
    """The methods of the API, by their names in the proto, over one connection."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = _SERVICE.methods_by_name[name]
        request: Any = GetMessageClass(method.input_type)
        response: Any = GetMessageClass(method.output_type)
        kind = self._channel.unary_stream if method.server_streaming else self._channel.unary_unary
        made: Any = kind(
            f"/{_SERVICE.full_name}/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )

        def call(**fields: Any) -> Any:
            return made(request(**fields), timeout=PATIENCE)

        return call

    async def apply(self, *bodies: Mapping[str, Any], **more: Any) -> pb.ApplyResponse:
        found: pb.ApplyResponse = await self.Apply(items=map(item, bodies), **more)
        return found


def item(body: Mapping[str, Any]) -> pb.Item:
    """Return an object as an item."""
    found = pb.Item()
    found.object.update(body)
    return found


@asynccontextmanager
async def calling(address: str) -> AsyncGenerator[Caller]:
    """Connect for the time of a block."""
    async with grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield Caller(channel)


class Managed:
    """A control plane with the API."""

    def __init__(self, plane: ControlPlane, side: ManagementSide, caller: Caller) -> None:
        self.plane = plane
        self.side = side
        self.call = caller

    def envoy(self, node: str | Node = "edge", **options: Any) -> FakeEnvoy:
        return FakeEnvoy(f"127.0.0.1:{self.plane.xds_port}", node=node, **options)


class _Plane(ControlPlane):
    """One whose transports are those of a server with the API; it tells the port of Envoys all the same."""

    def __init__(self, sources: Iterable[Source], xds: GrpcTransport, side: ManagementSide, state_dir: Path) -> None:
        super().__init__(tuple(sources), transports=[xds, *side.transports], state_dir=state_dir, count=True)
        self._grpc = xds


@asynccontextmanager
async def managed(
    state_dir: Path, *, before: Iterable[Source] = (), socket: Path | None = None, **settings: Any
) -> AsyncGenerator[Managed]:
    """Run it all for the time of a block.

    Args:
        state_dir: Where objects are kept.
        before: Sources whose objects count before these.
        socket: Where there is a Unix socket as well.
        settings: More settings of the API.
    """
    store = StoredObjects(state_dir)
    found = Management(management_port=0, management_socket=socket, **settings)
    side = ManagementSide(found, store=store, source=store, grace=5.0)
    plane = _Plane((*before, store), GrpcTransport(bind=("127.0.0.1",), port=0, policy=SOON), side, state_dir)
    side.serve(plane)
    async with plane:
        await plane.wait_ready()
        async with calling(side.addresses[0]) as caller:
            yield Managed(plane, side, caller)


def status_of(error: grpc.aio.AioRpcError) -> Status:
    """Return the status with its details."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return Status.FromString(value if isinstance(value, bytes) else value.encode())
    raise AssertionError(f"there are no details: {error.code()}: {error.details()}")


def detail(error: grpc.aio.AioRpcError, kind: str) -> Any:
    """Return a detail of an error: `BadRequest`."""
    found = getattr(error_details_pb2, kind)()
    assert any(each.Unpack(found) for each in status_of(error).details), f"there is no {kind}: {status_of(error)}"
    return found


def reason(error: grpc.aio.AioRpcError) -> str:
    return str(detail(error, "ErrorInfo").reason)


def fields(error: grpc.aio.AioRpcError) -> dict[str, str]:
    """Return what is said of each field that is wrong."""
    return {each.field: each.description for each in detail(error, "BadRequest").field_violations}
