from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from structlog.testing import capture_logs

from legation.model.node import Peer
from legation.model.resource_types import CLUSTER
from legation.testing import ManualClock
from legation.transports.conduct import Conduct
from legation.transports.lookout import INTERVAL, STREAMS_BY_DEFAULT, UNANSWERED, Lookout
from tests.unit.transports.loopback import FakeFeed, resource, serving, until

MORE_THAN_FITS_ON_THE_WAY = 48 << 20
"""Bytes: the buffers of the connection grow while it is fast."""


async def test_who_does_not_read_or_answer_is_named_once_and_others_are_not() -> None:
    clock = ManualClock()
    async with AsyncExitStack() as stack:
        logs = stack.enter_context(capture_logs())
        served = await stack.enter_async_context(
            serving(FakeFeed(resource("a", "x" * MORE_THAN_FITS_ON_THE_WAY)), clock=clock)
        )
        names = ("unread", "silent", "honest")
        streams = {name: served.delta(channel=await stack.enter_async_context(served.connect())) for name in names}
        for name, stream in streams.items():
            await stream.send(type_url=CLUSTER.url, node=name)
        await streams["silent"].receive()
        await streams["honest"].acknowledge(await streams["honest"].receive())
        await until(lambda: sum(len(seat.events) for seat in served.feed.seats) == 7)
        for _ in range(int(UNANSWERED / INTERVAL) + 3):
            await clock.advance(INTERVAL)
        counts = served.transport.statistics().misbehaving

    named = sorted((log["what"], log["node"]) for log in logs if log["event"] == "misbehaving client")
    # The one that does not read is hung up on before its answer is missed.
    assert named == [("unanswered", "silent"), ("unread", "unread")]
    assert counts == {"unanswered": 1, "unread": 1}


@dataclass(frozen=True)
class Stream:
    """One that nothing is written to, over one of several connections of its Envoy."""

    node_id: str
    port: int
    writer: None = None
    host: str = "10.0.0.1"

    @property
    def peer(self) -> Peer:
        return Peer(address=f"ipv4:{self.host}:{self.port}", transport="grpc")


def looks(*worlds: Iterable[Stream]) -> list[str]:
    """Return the nodes that are named when that is what there is at one look after another."""
    streams: list[Any] = []
    conduct = Conduct(ManualClock())
    lookout = Lookout(ManualClock(), conduct, streams=streams, clients=())
    with capture_logs() as logs:
        for each in worlds:
            streams[:] = each
            lookout.look()
    return [log["node"] for log in logs if log["event"] == "misbehaving client" and log["what"] == "streams"]


def test_who_stays_at_the_limit_of_its_circuit_breaker_is_named() -> None:
    """Envoy says nothing of the streams that it may not open."""
    held_back = [Stream("edge", port % 2) for port in range(STREAMS_BY_DEFAULT)]
    assert looks(held_back, held_back, held_back) == ["edge"]
    more, fewer = [*held_back, Stream("edge", 1)], held_back[1:]
    assert not looks(held_back, more, held_back)
    assert not looks(more, more)
    assert not looks(fewer, fewer)


def test_a_fleet_of_one_name_is_not_one_that_is_held_back() -> None:
    fleet = [Stream("edge", 1, host=f"10.0.{each // 250}.{each % 250}") for each in range(STREAMS_BY_DEFAULT)]
    nameless = [Stream("", 1)] * STREAMS_BY_DEFAULT
    assert not looks(fleet, fleet)
    assert not looks(nameless, nameless)
