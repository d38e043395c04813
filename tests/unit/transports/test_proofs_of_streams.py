"""Each stream and each poll is admitted by what it shows itself: none rides on another one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from envoy.service.load_stats.v3 import lrs_pb2

from legation.model.identity import Flaw, Proof, TokenProof
from legation.model.limits import Limits
from legation.model.node import Node, Peer
from legation.model.resource_types import ADS_SERVICE, CLUSTER, LISTENER
from legation.transports import lrs
from legation.transports.base import Client, Refusal
from tests.unit.transports.loopback import (
    FakeFeed,
    FakeLoadSeat,
    FakeSeat,
    Loopback,
    RawStream,
    resource,
    serving,
    until,
)

PATH = f"/{ADS_SERVICE}/DeltaAggregatedResources"
OTHERS = {
    "cds": "/envoy.service.cluster.v3.ClusterDiscoveryService/DeltaClusters",
    "lds": "/envoy.service.listener.v3.ListenerDiscoveryService/DeltaListeners",
}


class Tokens:
    """Each token is that of the Pod of its name; `old.x` and `new.x` are both of x."""

    async def check(self, token: str) -> TokenProof | Flaw:
        if token == "bad":
            return Flaw(words="it has expired")
        name = token.rpartition(".")[2]
        return TokenProof(
            user="u", namespace="shop", service_account="web", pod=name, pod_uid=f"uid-{name}", ends=len(token)
        )


class Guarded(FakeFeed):
    """A feed that lets in a node by the token of its Pod alone."""

    def admit(self, peer: Peer, node: Node, *, client: Client, wake: Any) -> FakeSeat:
        self.look(peer, node)
        return super().admit(peer, node, client=client, wake=wake)

    def admit_reporter(self, peer: Peer, node: Node, *, wake: Any) -> FakeLoadSeat:
        self.look(peer, node)
        return super().admit_reporter(peer, node, wake=wake)

    def look(self, peer: Peer, node: Node) -> None:
        self.proofs = [*getattr(self, "proofs", []), peer.proof]
        if peer.proof.token is None:
            raise Refusal("UNAUTHENTICATED", "show something")
        if peer.proof.token.pod != node.id:
            raise Refusal("PERMISSION_DENIED", "that is not you")

    def require_proof(self, peer: Peer) -> None:
        if not peer.proof:
            raise Refusal("UNAUTHENTICATED", "show something")


def guarded() -> Guarded:
    return Guarded(resource("a"), resource("l", row=LISTENER))


class Stream(RawStream):
    """A stream that shows a token."""

    def __init__(self, served: Loopback, token: str | None, path: str = PATH) -> None:
        self.delta = True
        metadata = None if token is None else (("authorization", f"Bearer {token}"),)
        self.call: Any = served.channel.stream_stream(path)(metadata=metadata)


async def test_a_stream_is_admitted_by_its_token() -> None:
    async with serving(guarded(), tokens=Tokens()) as served:
        stream = Stream(served, "web")
        await stream.send(node="web", type_url=CLUSTER.url)
        assert [each.name for each in (await stream.receive()).resources] == ["a"]
        (seat,) = served.feed.seats
        assert seat.peer.proof.token is not None
        assert seat.peer.proof.token.pod == "web"


@pytest.mark.parametrize(
    ("token", "status"), [(None, "UNAUTHENTICATED"), ("bad", "UNAUTHENTICATED"), ("db", "PERMISSION_DENIED")]
)
@pytest.mark.parametrize("path", [PATH, OTHERS["lds"]])
async def test_a_second_stream_of_the_connection_does_not_ride_on_the_first(
    token: str | None, status: str, path: str
) -> None:
    async with serving(guarded(), tokens=Tokens()) as served:
        first = Stream(served, "web", OTHERS["cds"])
        await first.send(node="web", type_url=CLUSTER.url)
        await first.receive()
        second = Stream(served, token, path)
        await second.send(node="web", type_url=LISTENER.url)
        assert (await second.end())[0] == status
        assert len(served.feed.seats) == 1
        # And the first goes on.
        served.feed.publish(resource("b"))
        assert [each.name for each in (await first.receive()).resources] == ["b"]


async def test_a_newer_token_of_the_same_pod_is_the_same_client() -> None:
    """An Envoy without ADS opens streams for new clusters all the time; tokens are renewed meanwhile."""
    async with serving(guarded(), tokens=Tokens()) as served:
        first, second = Stream(served, "old.web", OTHERS["cds"]), Stream(served, "newer.web", OTHERS["lds"])
        await first.send(node="web", type_url=CLUSTER.url)
        await first.receive()
        await second.send(node="web", type_url=LISTENER.url)
        await second.receive()
        assert len(served.feed.seats) == 1


class SlowTokens(Tokens):
    """One that a test holds up."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0

    async def check(self, token: str) -> TokenProof | Flaw:
        self.asked += 1
        await self.go.wait()
        return await super().check(token)


async def test_the_time_that_it_takes_to_look_at_a_token_is_not_that_of_the_client() -> None:
    tokens, limits = SlowTokens(), Limits(first_request=15, strange_streams=2)
    async with serving(guarded(), tokens=tokens, limits=limits) as served:
        streams = [Stream(served, "web", path) for path in (PATH, *OTHERS.values())]
        for each in streams:
            await each.send(node="web", type_url=LISTENER.url if each is streams[2] else CLUSTER.url)
        await until(lambda: tokens.asked == 3)
        crowd = served.transport._crowd
        for place in [each for places in crowd._by_connection.values() for each in places]:
            place.since -= 20
        crowd.look()
        tokens.go.set()
        for each in streams:
            assert (await each.receive()).resources
        assert served.transport.statistics().misbehaving == {}


async def test_without_a_checker_a_token_is_nothing() -> None:
    async with serving(guarded()) as served:
        stream = Stream(served, "web")
        await stream.send(node="web", type_url=CLUSTER.url)
        assert (await stream.end())[0] == "UNAUTHENTICATED"
        assert served.feed.proofs == [Proof()]  # type: ignore[attr-defined]  # it is a guarded one


async def test_a_stream_that_comes_while_its_client_is_dismissed_is_refused() -> None:
    async with serving(guarded(), tokens=Tokens()) as served:
        first = Stream(served, "web")
        await first.send(node="web", type_url=CLUSTER.url)
        await first.receive()
        seat = served.feed.seats[0]
        seat.client.dismiss("PERMISSION_DENIED", "other rules")
        clients = served.transport._clients
        assert clients is not None
        with pytest.raises(Refusal, match="other rules"):
            clients.join(_Nothing(), peer=seat.peer, node=seat.node)
        assert (await first.end()) == ("PERMISSION_DENIED", "other rules")
        await until(lambda: not served.feed.seats)
        again = Stream(served, "web")
        await again.send(node="web", type_url=CLUSTER.url)
        await again.receive()


class _Nothing:
    aggregated, busy = True, True

    def send(self, response: object) -> None:
        """Nothing is written."""

    def end(self, status: str, words: str) -> None:
        """Nothing ends."""


async def test_who_reports_its_load_is_admitted_and_dismissed_likewise() -> None:
    async with serving(guarded(), tokens=Tokens()) as served:
        report = lrs_pb2.LoadStatsRequest()
        report.node.id = "web"
        for token, status in ((None, "UNAUTHENTICATED"), ("db", "PERMISSION_DENIED")):
            refused = Stream(served, token, f"/{lrs.SERVICE}/{lrs.METHOD}")
            await refused.call.write(report.SerializeToString())
            assert (await refused.end())[0] == status
        stream = Stream(served, "web", f"/{lrs.SERVICE}/{lrs.METHOD}")
        await stream.call.write(report.SerializeToString())
        await stream.call.read()
        (seat,) = served.feed.reporters
        seat.dismissed = Refusal("PERMISSION_DENIED", "other rules")
        seat.wake()
        assert await stream.end() == ("PERMISSION_DENIED", "other rules")
        await until(lambda: not served.feed.reporters)


@pytest.mark.parametrize("method", ["StreamClientStatus", "FetchClientStatus"])
async def test_who_asks_for_the_status_of_clients_has_to_prove_something(method: str) -> None:
    async with serving(guarded(), tokens=Tokens(), client_status=True) as served:
        path = f"/envoy.service.status.v3.ClientStatusDiscoveryService/{method}"
        for token, status in ((None, "UNAUTHENTICATED"), ("web", "OK")):
            stream = Stream(served, token, path)
            await stream.call.write(b"")
            await stream.call.done_writing()
            if status == "OK":
                assert isinstance(await stream.call.read(), bytes)
                await stream.call.read()
            assert (await stream.end())[0] == status


async def test_who_asks_what_services_there_are_has_to_prove_something() -> None:
    from grpc_reflection.v1alpha import reflection_pb2  # noqa: PLC0415 - this one alone

    async with serving(guarded(), tokens=Tokens()) as served:
        question = reflection_pb2.ServerReflectionRequest(list_services="").SerializeToString()
        for token, status in ((None, "UNAUTHENTICATED"), ("web", "OK")):
            stream = Stream(served, token, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            await stream.call.write(question)
            await stream.call.done_writing()
            if status == "OK":
                assert isinstance(await stream.call.read(), bytes)
                await stream.call.read()
            assert (await stream.end())[0] == status


async def test_health_is_for_everybody() -> None:
    async with serving(guarded(), tokens=Tokens()) as served:
        check: Any = served.channel.unary_unary("/grpc.health.v1.Health/Check")
        assert await check(b"")
