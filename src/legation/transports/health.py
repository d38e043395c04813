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
        self._watchers: dict[asyncio.Task[None], str] = {}
        self._leaving = asyncio.Event()

    async def Watch(self, request: Any, context: Any) -> None:  # noqa: N802 - the method of the service
        """Tell the status and each change of it, until the server goes."""
        watched: Any = _WatchContext(context, self._leaving)
        watcher = asyncio.current_task()
        if watcher is not None:
            self._watchers[watcher] = request.service
            watcher.add_done_callback(self._watchers.pop)
        with contextlib.suppress(_LastWordError):
            await super().Watch(request, watched)

    async def drain(self) -> None:
        """Say NOT_SERVING from here on, and wait until all who watch have heard it."""
        self._leaving.set()
        # Of other names nothing was ever told; who watches them is let go all the same.
        for name in set(self._watchers.values()) - {""}:
            await self.set(name, health_pb2.HealthCheckResponse.NOT_SERVING)
        await self.enter_graceful_shutdown()
        if self._watchers:
            await asyncio.wait(tuple(self._watchers))


class _LastWordError(Exception):
    """A watcher was told that the server goes."""


class _WatchContext:
    def __init__(self, context: Any, leaving: asyncio.Event) -> None:
        self._context = context
        self._leaving = leaving

    async def write(self, message: health_pb2.HealthCheckResponse) -> None:
        # Who comes only now is told once, whatever it asks for; who was being told something else is told again.
        late = self._leaving.is_set()
        await self._context.write(message)
        if late or message.status == health_pb2.HealthCheckResponse.NOT_SERVING:
            raise _LastWordError
