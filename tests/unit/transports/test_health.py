"""The last word of the health service."""

from __future__ import annotations

import asyncio
from typing import Any

from grpc_health.v1 import health_pb2

from legation.transports.health import DrainingHealth

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Context:
    """A stream that the server begins to leave while its first word is on the way."""

    def __init__(self, health: DrainingHealth) -> None:
        self._health = health
        self.heard: list[int] = []
        self.leaving: asyncio.Task[None] | None = None

    async def write(self, message: Any) -> None:
        self.heard.append(message.status)
        if self.leaving is None:
            self.leaving = asyncio.create_task(self._health.drain())
            await asyncio.sleep(0)


async def test_who_is_being_told_that_all_is_well_when_the_server_goes_is_told_that_too() -> None:
    health = DrainingHealth()
    context = Context(health)

    async with asyncio.timeout(10):
        await asyncio.create_task(health.Watch(health_pb2.HealthCheckRequest(), context))
        assert context.leaving is not None
        await context.leaving

    assert context.heard == [SERVING, NOT_SERVING]
