"""Workers that fail their health checks, and those that miss only one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from tests.cluster.datagrams import talking
from tests.cluster.l7mp import HEALTH_PORT, Call
from tests.cluster.media import Media, MediaPod

BY_TCP = {"health_check": {"interval": 500, "protocol": "TCP", "timeout": 1_000}}
BY_HTTP = {"health_check": {"interval": 200, "protocol": "HTTP", "timeout": 1_000, "unhealthy_threshold": 2}}
OWN_PORT = 1235
"""Where a worker's program says by HTTP that it is well."""
GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"


class Health:
    """Answers health checks by HTTP, unless it is told to let some fail: these get no answer."""

    def __init__(self) -> None:
        self.fails = 0
        """How many are still to fail."""
        self.answered = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on one connection."""
        with contextlib.closing(writer), contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                if self.fails > 0:
                    self.fails -= 1
                    return
                self.answered += 1
                writer.write(GOOD)


@contextlib.asynccontextmanager
async def health(worker: MediaPod) -> AsyncIterator[Health]:
    """Have a worker's program say that it is well."""
    made = Health()
    at = worker.socket(socket.SOCK_STREAM, worker.address, OWN_PORT)
    async with await asyncio.start_server(made.serve, sock=at):
        yield made


async def test_calls_of_a_killed_worker_move_and_no_others(media: Media) -> None:
    """Also those that are open; the others lose nothing."""
    calls = [Call(number=each, cluster=BY_TCP, endpoint={"health_check_port": HEALTH_PORT}) for each in range(25)]
    await media.begin(4)
    await media.take(calls)
    streams = await media.dial(calls)
    before = await media.workers_of(streams)
    assert set(before.values()) == {each.name for each in media.workers}
    killed = media.workers[1]
    kept = [name for name, worker in before.items() if worker != killed.name]
    others = [each for name in kept for each in streams[name]]
    async with talking(others):
        killed.proxy.envoy.kill()
        await media.healthy(calls, 3)
    await media.answered(others)
    after = await media.workers_of(streams)
    assert {name for name in after if after[name] != before[name]} == set(before) - set(kept)


async def test_one_failed_check_moves_nobody_where_two_are_needed(media: Media) -> None:
    (call,) = calls = [Call(number=1, cluster=BY_HTTP, endpoint={"health_check_port": OWN_PORT})]
    await media.begin(2)
    async with health(media.workers[0]) as one, health(media.workers[1]) as two:
        await media.take(calls)
        await media.healthy(calls, 2)
        streams = await media.dial(calls)
        worker = (await media.workers_of(streams))[call.name]
        named = {media.workers[0].name: one, media.workers[1].name: two}
        its = named.pop(worker)
        (other,) = named
        async with talking(streams[call.name]):
            its.fails = 1
            await failures(media, 1)
            its.answered = 0
            # Each of the four clusters has asked again.
            await media.replica.until(lambda: _answered(its, 8), "more health checks")
        assert await media.workers_of(streams) == {call.name: worker}
        assert await media.workers_of(await media.dial(calls)) == {call.name: worker}

        its.fails = 1_000
        await media.healthy(calls, 1)
        moved = await media.dial(calls)
        assert await media.workers_of(moved) == {call.name: other}


async def failures(media: Media, count: int) -> None:
    """Wait until the ingress has seen so many health checks fail, in all of its clusters."""

    async def right() -> bool:
        found = await media.ingress.proxy.envoy.statistics(r"^cluster\.ingress-.*\.health_check\.failure$")
        return sum(found.values()) == count

    await media.replica.until(right, f"{count} failed health checks")


async def _answered(health: Health, count: int) -> bool:
    return health.answered >= count
