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
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from legation.api.management.grpc_server import ManagementServer
from legation.api.management.refused import Refused
from legation.errors import TransportError
from legation.management.v1 import management_pb2 as pb
from legation.model.problems import Problem
from legation.pki.certificates import Pair
from legation.tls.shown import Ask, Shown
from tests.features.management import Caller, calling, fields, reason
from tests.unit.api.management.doormen import CERTIFICATE, TOKEN, access, doorman
from tests.unit.api.management.stores import stored
from tests.unit.api.management.test_service import World
from tests.unit.tls.signing import NAME, Authority

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
        assert (await refusal(call(b"\xff"))).code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_what_is_stored_while_it_is_watched_is_told() -> None:
    world = World()
    async with asking(world) as caller:
        stream = caller.Watch(topics=[pb.WatchRequest.OBJECTS])
        assert (await stream.read()).WhichOneof("event") == "synced"
        world.store.put(stored("a"))
        assert (await stream.read()).object.stored.object.name == "a"


# ------------------------------------------------------------------------------------------------------------ who calls


def checked(*names: str) -> World:
    return World(*names, access=access())


def get(channel: grpc.aio.Channel, request: bytes, *, token: str = "") -> Any:
    call: Any = channel.unary_unary("/legation.management.v1.Management/Get")
    return call(request, metadata=(("authorization", f"Bearer {token}"),) if token else ())


GET = pb.GetRequest(kind="Cluster", name="a").SerializeToString()


async def test_who_proves_nothing_has_no_request_read() -> None:
    async with (
        served(checked("a"), doorman=doorman()) as server,
        grpc.aio.insecure_channel(server.addresses[0]) as channel,
    ):
        for request in (GET, b"\xff"):
            assert (await refusal(get(channel, request))).code() is grpc.StatusCode.UNAUTHENTICATED
            found = await refusal(get(channel, request, token="wrong"))
            assert (found.code(), reason(found)) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REFUSED")
        watch: Any = channel.unary_stream("/legation.management.v1.Management/Watch")
        assert (await refusal(watch(b"").read())).code() is grpc.StatusCode.UNAUTHENTICATED
        assert pb.StoredObject.FromString(await get(channel, GET, token=TOKEN)).object.name == "a"


async def test_what_methods_there_are_is_told_to_who_may_call_and_that_it_lives_to_everybody() -> None:
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    async with (
        served(checked(), doorman=doorman()) as server,
        grpc.aio.insecure_channel(server.addresses[0]) as channel,
    ):
        health: Any = health_pb2_grpc.HealthStub(channel)
        assert (await health.Check(health_pb2.HealthCheckRequest())).status == health_pb2.HealthCheckResponse.SERVING
        stub: Any = reflection_pb2_grpc.ServerReflectionStub
        reflection: Any = stub(channel)
        assert (await refusal(reflection.ServerReflectionInfo(iter([asked])).read())).code() is (
            grpc.StatusCode.UNAUTHENTICATED
        )
        shown = (("authorization", f"Bearer {TOKEN}"),)
        answer = await reflection.ServerReflectionInfo(iter([asked]), metadata=shown).read()
        assert "legation.management.v1.Management" in str(answer)


async def test_who_opens_the_socket_needs_no_proof_though_the_port_wants_one(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    async with served(checked("a"), path=path, doorman=doorman()), calling(f"unix:{path}") as caller:
        assert await caller.Get(kind="Cluster", name="a", secrets=True)


@asynccontextmanager
async def secured(server: ManagementServer, own: Authority, *, shows: Pair | None) -> AsyncGenerator[grpc.aio.Channel]:
    pair = (None, None) if shows is None else (shows.key, shows.certificate)
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.ssl_target_name_override", NAME))
    credentials = grpc.ssl_channel_credentials(own.pem, *pair)
    async with grpc.aio.secure_channel(server.addresses[0], credentials, options=options) as channel:
        yield channel


async def test_with_tls_a_certificate_says_who_calls_and_secrets_are_shown_to_who_may() -> None:
    own, clients, shown = Authority(), Authority(), Shown()
    shown.show(own.material(clients))
    async with served(checked("a"), doorman=doorman(), tls=shown.port(Ask.REQUIRED)) as server:
        secrets = pb.GetRequest(kind="Cluster", name="a", secrets=True).SerializeToString()
        async with secured(server, own, shows=clients.client(CERTIFICATE)) as channel:
            assert await get(channel, secrets)
        async with secured(server, own, shows=clients.client("spiffe://home/ns/shop/sa/other")) as channel:
            found = await refusal(get(channel, GET))
            assert (found.code(), reason(found)) == (grpc.StatusCode.PERMISSION_DENIED, "FORBIDDEN")
        for stranger in (None, Authority().client(CERTIFICATE)):
            async with secured(server, own, shows=stranger) as channel:
                assert (await refusal(get(channel, GET))).code() is grpc.StatusCode.UNAVAILABLE
        async with grpc.aio.insecure_channel(server.addresses[0]) as channel:
            assert (await refusal(get(channel, GET))).code() is grpc.StatusCode.UNAVAILABLE


async def test_without_a_certificate_to_show_the_port_does_not_open() -> None:
    shown, started = Shown(), asyncio.Event()
    server = ManagementServer(
        lambda: World().management, bind="127.0.0.1", port=0, socket=None, tls=shown.port(Ask.NOTHING)
    )
    running = asyncio.create_task(server.run(FEED, started=started.set))
    await asyncio.sleep(0)
    assert server.port == 0
    shown.show(Authority().material())
    async with asyncio.timeout(30):
        await started.wait()
    running.cancel()
    async with asyncio.timeout(30):
        await asyncio.wait((running,))
