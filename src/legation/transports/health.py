"""gRPC health that has a last word: who watches it is told that the server goes, and then let go."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from grpc_health.v1 import health, health_pb2


class DrainingHealth(health.aio.HealthServicer):
    """The health service of a server. Its only subject is the server itself, the empty name."""

    def __init__(self) -> None:
        super().__init__()
        self._watchers: set[asyncio.Task[None]] = set()

    async def Watch(self, request: Any, context: Any) -> None:  # noqa: N802 - the method of the service
        """Tell the status and each change of it, until the server goes."""
        watched: Any = _WatchContext(context)
        watcher = asyncio.current_task()
        # Of any other name nothing will ever be told, and nobody needs to wait until it was.
        if watcher is not None and not request.service:
            self._watchers.add(watcher)
            watcher.add_done_callback(self._watchers.discard)
        with contextlib.suppress(_LastWordError):
            await super().Watch(request, watched)

    async def drain(self) -> None:
        """Say NOT_SERVING from here on, and wait until all who watch have heard it."""
        await self.enter_graceful_shutdown()
        if self._watchers:
            await asyncio.wait(tuple(self._watchers))


class _LastWordError(Exception):
    """A watcher was told that the server goes."""


class _WatchContext:
    def __init__(self, context: Any) -> None:
        self._context = context

    async def write(self, message: health_pb2.HealthCheckResponse) -> None:
        await self._context.write(message)
        if message.status == health_pb2.HealthCheckResponse.NOT_SERVING:
            raise _LastWordError
