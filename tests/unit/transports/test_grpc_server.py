from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
import grpc.aio
import pytest
from envoy.service.discovery.v3 import discovery_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from legation.errors import TransportError
from legation.model.resource_types import ADS_SERVICE, CLUSTER, RESOURCE_TYPES
from legation.model.statistics import Traffic
from legation.transports.grpc_server import GrpcTransport
from tests.unit.transports import narrow
from tests.unit.transports.loopback import ANY_SIZE, PATIENCE, FakeFeed, Loopback, RawStream, resource, serving, until

SERVING = health_pb2.HealthCheckResponse.SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


async def connected(served: Loopback) -> RawStream:
    """Open a stream, and take and acknowledge its first response."""
    stream = served.delta()
    await stream.send(type_url=CLUSTER.url, node="node")
    await stream.acknowledge(await stream.receive())
    return stream


def health_of(served: Loopback) -> Any:
    return health_pb2_grpc.HealthStub(served.channel)


def reflection_of(served: Loopback) -> Any:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub
    return stub(served.channel)


def question(**fields: Any) -> reflection_pb2.ServerReflectionRequest:
    return reflection_pb2.ServerReflectionRequest(**fields)


def test_construction_listens_on_nothing() -> None:
    transport = GrpcTransport(bind=("192.0.2.1",), port=1)

    assert (transport.port, transport.addresses) == (1, ())


async def test_a_free_port_is_told_once_it_listens() -> None:
    async with serving(bind=("localhost",)) as served:
        port = served.transport.port

        assert port > 0
        assert served.transport.addresses == (f"127.0.0.1:{port}", f"[::1]:{port}")


async def test_both_families_of_localhost_are_served() -> None:
    async with serving(FakeFeed(resource("a")), bind=("localhost",)) as served:
        for address in served.transport.addresses:
            async with served.connect(address) as channel:
                stream = served.delta(channel=channel)
                await stream.send(type_url=CLUSTER.url, node="node")
                await stream.receive()

        assert [seat.peer.address.rpartition(":")[0] for seat in (*served.feed.left, *served.feed.seats)] == [
            "ipv4:127.0.0.1",
            "ipv6:[::1]",
        ]


async def test_a_second_server_on_the_port_fails_with_the_mend() -> None:
    async with serving() as served:
        second = GrpcTransport(bind=("127.0.0.1",), port=served.transport.port)
        with pytest.raises(TransportError, match=r"is taken by another program; .* --xds-port"):
            await second.run(FakeFeed(), started=lambda: pytest.fail("it cannot have started"))


async def test_a_port_that_is_taken_at_the_last_moment_fails_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as served:
        taken = served.transport.addresses
        monkeypatch.setattr("legation.transports.grpc_ports.addresses_of", lambda _: taken)
        with pytest.raises(TransportError, match=rf"{taken[0]} cannot be listened on; is the port taken"):
            await GrpcTransport().run(FakeFeed(), started=lambda: pytest.fail("it cannot have started"))


async def test_statistics_count_streams_and_messages() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        await connected(served)
        await until(lambda: served.transport.statistics().traffic["Cluster"].messages_in == 2)
        statistics = served.transport.statistics()

    assert statistics.clients == 1
    assert statistics.streams == {("ADS", "delta"): 1}
    assert set(statistics.traffic) == {"Cluster"}
    traffic = statistics.traffic["Cluster"]
    assert traffic == Traffic(messages_in=2, messages_out=1, bytes_in=traffic.bytes_in, bytes_out=traffic.bytes_out)
    assert traffic.bytes_in > 0
    assert traffic.bytes_out > 0


async def test_a_client_may_list_all_that_it_holds() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        stream = served.delta()
        held = {f"{'name' * 50}-{number}": "0" * 24 for number in range(50_000)}
        await stream.send(type_url=CLUSTER.url, node="node", initial_resource_versions=held)
        response = await stream.receive()

        assert [each.name for each in response.resources] == ["a"]


async def test_thousands_of_streams_of_one_client_are_all_served() -> None:
    row = RESOURCE_TYPES[1]
    number = 1500
    async with serving(FakeFeed(*(resource(str(each), row=row) for each in range(number)))) as served:
        method: Any = served.channel.stream_stream(f"/{row.service}/{row.sotw_method}")

        async def ask(name: str) -> Any:
            call = method()
            request = discovery_pb2.DiscoveryRequest(resource_names=[name])
            request.node.id = "node"
            await call.write(request.SerializeToString())
            return call, await call.read()

        async with asyncio.timeout(PATIENCE):
            answers = await asyncio.gather(*(ask(str(each)) for each in range(number)))

        assert all(isinstance(answer, bytes) for _, answer in answers)
        assert len(served.feed.seats) == 1


# ---------------------------------------------------------------------------------------------- health and reflection


async def test_health_is_told_of_the_server() -> None:
    async with serving() as served:
        health = health_of(served)
        answer = await health.Check(health_pb2.HealthCheckRequest())

        assert answer.status == SERVING


async def test_reflection_shows_every_service_and_any_message() -> None:
    async with serving() as served:
        ask = reflection_of(served).ServerReflectionInfo()

        async def answer(**fields: Any) -> Any:
            await ask.write(question(**fields))
            return await ask.read()

        services = {each.name for each in (await answer(list_services="")).list_services_response.service}
        assert services >= {ADS_SERVICE, "grpc.health.v1.Health", *(row.service for row in RESOURCE_TYPES)}
        for service in services:
            assert (await answer(file_containing_symbol=service)).file_descriptor_response.file_descriptor_proto
        for row in RESOURCE_TYPES:
            found = await answer(file_containing_symbol=row.message)
            assert found.file_descriptor_response.file_descriptor_proto
        by_file = await answer(file_by_filename="envoy/config/tap/v3/common.proto")
        assert by_file.file_descriptor_response.file_descriptor_proto


@pytest.mark.parametrize(
    "asked",
    [
        {"file_containing_symbol": "envoy.nowhere.v3.Nothing"},
        {"file_containing_symbol": "envoy.config.cluster.v3.Nothing"},
        {"file_containing_symbol": "envoy.config.cluster.v3.cluster_pb2.Cluster"},
        {"file_containing_symbol": "os.path.join"},
        {"file_by_filename": "envoy/../os.proto"},
        {"file_by_filename": "envoy/nowhere.proto"},
        {"all_extension_numbers_of_type": "envoy.nowhere.v3.Nothing"},
    ],
    ids=str,
)
async def test_reflection_says_what_it_does_not_know(asked: dict[str, str]) -> None:
    async with serving() as served:
        ask = reflection_of(served).ServerReflectionInfo()
        await ask.write(question(**asked))

        assert (await ask.read()).error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


# --------------------------------------------------------------------------------------------------------- the end


async def test_the_end_closes_streams_at_once_and_says_to_come_again() -> None:
    async with serving(FakeFeed(resource("a")), shutdown_grace=PATIENCE) as served:
        stream = await connected(served)
        began = time.monotonic()
        await served.stop()

        assert served.run.cancelled()
        assert await stream.end() == ("UNAVAILABLE", "the server shuts down; connect again")
        assert not served.feed.seats
        # Not a measure of speed: gRPC by itself would wait for the whole grace.
        assert time.monotonic() - began < PATIENCE / 2


@pytest.mark.parametrize(("of", "status"), [("", SERVING), ("unknown", SERVICE_UNKNOWN)])
async def test_who_watches_the_health_hears_of_the_end_and_does_not_hold_it_up(of: str, status: int) -> None:
    async with serving(shutdown_grace=PATIENCE) as served:
        watch = health_of(served).Watch(health_pb2.HealthCheckRequest(service=of))
        assert (await watch.read()).status == status
        began = time.monotonic()
        await served.stop()

        assert (await watch.read()).status == NOT_SERVING
        assert time.monotonic() - began < PATIENCE / 2


async def test_who_may_ask_reflection_something_more_does_not_hold_up_the_end() -> None:
    async with serving(shutdown_grace=PATIENCE) as served:
        ask = reflection_of(served).ServerReflectionInfo()
        await ask.write(question(list_services=""))
        assert (await ask.read()).list_services_response.service
        began = time.monotonic()
        await served.stop()

        assert await ask.read() is grpc.aio.EOF
        assert time.monotonic() - began < PATIENCE / 2


async def test_what_was_written_at_the_end_is_read_before_the_server_hangs_up() -> None:
    """A server that hung up as soon as everything was with its kernel would lose what is still on its way there."""
    large = [resource(f"large-{number}", "x" * 1_000_000) for number in range(8)]
    async with (
        serving(FakeFeed(*large), shutdown_grace=PATIENCE, policy=ANY_SIZE) as served,
        narrow.way_to(served.transport.port, first=7_900_000) as way,
        served.connect(f"127.0.0.1:{way.port}") as channel,
    ):
        stream = served.delta(channel=channel)
        await stream.send(type_url=CLUSTER.url, node="node")
        await until(lambda: any(each.writer for each in served.transport._streams))
        stopping = asyncio.create_task(served.stop())
        reading = asyncio.create_task(stream.receive())
        # All is written: what is left is with the kernel, and the client has not seen it.
        await until(lambda: not served.transport._streams)
        assert not reading.done()
        way.say_something()
        way.open()

        assert len((await reading).resources) == 8
        assert await stream.end() == ("UNAVAILABLE", "the server shuts down; connect again")
        await stopping


async def test_who_comes_while_the_last_answers_are_written_is_sent_away() -> None:
    large = [resource(f"large-{number}", "x" * 1_000_000) for number in range(20)]
    async with serving(FakeFeed(*large), shutdown_grace=PATIENCE, policy=ANY_SIZE) as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url, node="node")
        await until(lambda: any(each.writer for each in served.transport._streams))
        stopping = asyncio.create_task(served.stop())
        await until(lambda: any(each._finishing for each in served.transport._streams))
        late = served.delta()

        assert await late.end() == ("UNAVAILABLE", "the server shuts down; connect again")
        watch = health_of(served).Watch(health_pb2.HealthCheckRequest(service="unknown"))
        assert (await watch.read()).status == SERVICE_UNKNOWN
        assert await watch.read() is grpc.aio.EOF
        assert len((await stream.receive()).resources) == 20
        await stopping


async def test_a_stream_that_was_not_answered_yet_gets_its_answer_before_the_end() -> None:
    large = [resource(f"large-{number}", "x" * 1_000_000) for number in range(20)]
    async with serving(FakeFeed(*large), shutdown_grace=PATIENCE, policy=ANY_SIZE) as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url, node="node")
        await until(lambda: any(each.writer for each in served.transport._streams))
        stopping = asyncio.create_task(served.stop())
        await until(lambda: any(each._finishing for each in served.transport._streams))
        served.feed.publish(resource("newer"))
        response = await stream.receive()
        assert len(response.resources) == 20
        assert await stream.end() == ("UNAVAILABLE", "the server shuts down; connect again")
        await stopping


async def test_a_client_that_does_not_read_is_waited_for_no_longer_than_the_grace() -> None:
    large = [resource(f"large-{number}", "x" * 1_000_000) for number in range(40)]
    async with serving(FakeFeed(*large), shutdown_grace=0.2) as served:
        stream = served.delta()
        await stream.send(type_url=CLUSTER.url, node="node")
        await until(lambda: any(each.writer for each in served.transport._streams))
        await served.stop()

        assert served.run.cancelled()
        assert not served.feed.seats


async def test_the_port_is_free_after_the_end() -> None:
    async with serving() as served:
        port = served.transport.port
    async with serving(port=port) as served:
        assert served.transport.port == port


async def test_nothing_is_open_after_the_end() -> None:
    async with serving(FakeFeed(resource("a"))) as served:
        await connected(served)
        await served.stop()
        assert served.transport.statistics().streams == {}
        assert served.transport.statistics().clients == 0


@pytest.mark.parametrize("turns", range(6))
async def test_it_may_be_cancelled_while_it_starts(turns: int, caplog: pytest.LogCaptureFixture) -> None:
    """As when something else cannot start; gRPC has nothing to complain of then."""
    run = asyncio.create_task(GrpcTransport(port=0).run(FakeFeed(), started=lambda: None))
    for _ in range(turns):
        await asyncio.sleep(0)
    run.cancel()
    async with asyncio.timeout(PATIENCE):
        await asyncio.wait([run])

    assert run.cancelled()
    # Its own logger: what gRPC still has from the event loop of an earlier test comes up under asyncio's.
    assert [each.message for each in caplog.records if each.name.startswith("grpc")] == []


async def test_a_connection_that_has_its_age_ends_its_streams_when_the_grace_is_over() -> None:
    async with serving(FakeFeed(resource("a")), connection_age=0.1, connection_age_grace=0.1) as served:
        stream = await connected(served)
        assert (await stream.end())[0] == "UNAVAILABLE"
        await until(lambda: not served.feed.seats)
        await connected(served)
        assert len(served.feed.seats) == 1


async def test_who_goes_when_its_connection_is_old_loses_nothing_by_it() -> None:
    """A client is told to go; what is under way on the old connection goes on for the grace."""
    async with serving(FakeFeed(resource("a")), connection_age=0.1, connection_age_grace=PATIENCE) as served:
        old = await connected(served)
        first = served.feed.seats[0]

        async def comes_over_another_connection() -> bool:
            await connected(served)
            return served.feed.seats[-1].peer != first.peer

        async with asyncio.timeout(PATIENCE):
            while not await comes_over_another_connection():
                pass
        served.feed.publish(resource("a"), resource("b"))
        assert [each.name for each in (await old.receive()).resources] == ["b"]
