from __future__ import annotations

from contextlib import AsyncExitStack

from structlog.testing import capture_logs

from legation.model.resource_types import CLUSTER
from legation.testing import ManualClock
from legation.transports.lookout import INTERVAL, UNANSWERED
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
    assert named == [("unanswered", "silent"), ("unanswered", "unread"), ("unread", "unread")]
    assert counts == {"unanswered": 2, "unread": 1}
