"""The port of the management API: who may connect, how errors are told, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from legation.api.management.grpc_server import ManagementServer
from legation.api.management.refused import Refused
from legation.errors import TransportError
from legation.management.v1 import management_pb2 as pb
from legation.model.problems import Problem
from tests.features.management import Caller, calling, fields, reason
from tests.unit.api.management.stores import stored
from tests.unit.api.management.test_service import World

FEED: Any = None
"""It serves no Envoy."""


@asynccontextmanager
async def served(world: World, *, path: Path | None = None, **options: Any) -> AsyncGenerator[ManagementServer]:
    """Serve for the time of a block."""
    server = ManagementServer(lambda: world.management, bind="127.0.0.1", port=0, socket=path, **options)
    started = asyncio.Event()
    running = asyncio.create_task(server.run(FEED, started=started.set))
    async with asyncio.timeout(30):
        await started.wait()
    try:
        yield server
    finally:
        running.cancel()
        async with asyncio.timeout(30):
            await asyncio.wait((running,))


@asynccontextmanager
async def asking(world: World) -> AsyncGenerator[Caller]:
    async with served(world) as server, calling(server.addresses[0]) as caller:
        yield caller


async def refusal(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_calls_are_answered_and_refusals_have_their_details() -> None:
    world = World("a")
    async with asking(world) as caller:
        assert (await caller.Get(kind="Cluster", name="a")).object.name == "a"
        error = await refusal(caller.Get(kind="Cluster", name="b"))
        assert (error.code(), error.details()) == (grpc.StatusCode.NOT_FOUND, "there is no Cluster default/b")
        assert reason(error) == "OBJECT_NOT_FOUND"
        assert "name" in fields(await refusal(caller.Get(kind="Cluster")))


async def test_what_a_refused_call_was_about_is_given_back_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be very much, and who collects what goes in circles comes seldom."""
    world, given_back = World(), asyncio.Event()

    class Objects:
        """What the call is about."""

    async def refuse(_: pb.ApplyRequest, __: object) -> None:
        objects = Objects()
        weakref.finalize(objects, given_back.set)
        await asyncio.sleep(0)
        raise Refused.bad_request([("items", "no")])

    monkeypatch.setattr(world.management, "apply", refuse)
    async with asking(world) as caller:
        gc.disable()
        try:
            await refusal(caller.Apply())
            async with asyncio.timeout(30):
                await given_back.wait()
        finally:
            gc.enable()


async def test_who_comes_over_the_socket_may_see_secrets(tmp_path: Path) -> None:
    world = World("a")
    path = tmp_path / "api.sock"
    async with served(world, path=path) as server, calling(f"unix:{path}") as caller:
        assert server.addresses == (f"127.0.0.1:{server.port}", f"unix:{path}")
        assert await caller.Get(kind="Cluster", name="a", secrets=True)


async def test_a_stream_may_be_refused_at_once() -> None:
    async with asking(World()) as caller:
        assert reason(await refusal(anext(aiter(caller.Watch(secrets=True))))) == "SECRETS_NOT_SHOWN"


async def test_who_reads_nothing_is_let_go_with_a_reason() -> None:
    world = World()
    big = "x" * 1_000_000
    async with served(world, read_within=1.0) as server, calling(server.addresses[0]) as caller:
        stream = caller.Watch(topics=[pb.WatchRequest.PROBLEMS])
        assert (await stream.read()).WhichOneof("event") == "synced"
        for number in range(64):
            world.plane.problem_feed.tell(number, Problem(code="c", message=big))
        async with asyncio.timeout(30):
            await world.plane.problem_feed.left.wait()
        error = await refusal(_rest(stream))
        assert (error.code(), reason(error)) == (grpc.StatusCode.UNAVAILABLE, "SLOW_READER")


async def _rest(stream: Any) -> None:
    while await stream.read() is not grpc.aio.EOF:
        pass


async def test_a_client_that_hangs_up_is_forgotten() -> None:
    world = World()
    async with asking(world) as caller:
        stream = caller.Watch()
        await anext(aiter(stream))
        assert world.plane.problem_feed.watchers
        stream.cancel()
        async with asyncio.timeout(30):
            await world.plane.problem_feed.left.wait()


async def test_it_says_that_it_serves() -> None:
    async with served(World()) as server, grpc.aio.insecure_channel(server.addresses[0]) as channel:
        made: Any = health_pb2_grpc.HealthStub
        answer = await made(channel).Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_port_that_is_taken_is_said_with_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = ManagementServer(lambda: World().management, bind="127.0.0.1", port=port, socket=None)
        with pytest.raises(TransportError, match="--management-port"):
            await server.run(FEED, started=lambda: None)


async def test_a_request_that_is_no_message_is_not_answered() -> None:
    async with served(World()) as server, grpc.aio.insecure_channel(server.addresses[0]) as channel:
        call: Any = channel.unary_unary("/legation.management.v1.Management/Get")
        assert (await refusal(call(b"\xff"))).code() in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}


async def test_what_is_stored_while_it_is_watched_is_told() -> None:
    world = World()
    async with asking(world) as caller:
        stream = caller.Watch(topics=[pb.WatchRequest.OBJECTS])
        assert (await stream.read()).WhichOneof("event") == "synced"
        world.store.put(stored("a"))
        assert (await stream.read()).object.stored.object.name == "a"
