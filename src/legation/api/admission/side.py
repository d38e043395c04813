"""The admission webhook as a part of a server: its port, what it answers there, and the certificate that it shows.

::

    side = AdmissionSide(webhook, keeper, bind="0.0.0.0", port=9443)
    await side.run()                   # until cancelled
    side.problems()
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from legation.api.admission.own_thread import in_own_thread
from legation.api.admission.webhook import Webhook
from legation.clock import Clock
from legation.http_server import HttpServer
from legation.model.problems import Problem
from legation.tls.shown import Shown

_AFTER_FAULT = 10.0
"""Seconds after which what keeps the certificate is begun anew, where it failed for a reason of its own."""


class Keeper(Protocol):
    """Keeps the certificate that is shown."""

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way of that."""
        ...

    async def run(self) -> None:
        """Keep it until cancelled."""
        ...


class AdmissionSide:
    """The webhook of a server."""

    def __init__(
        self,
        webhook: Webhook,
        *,
        keeper: Keeper,
        shown: Shown,
        bind: str,
        port: int,
        clock: Clock,
        fault: Callable[[Exception], None],
        closed: Callable[[], Awaitable[None]],
    ) -> None:
        """Take the parts; nothing is opened yet.

        Args:
            webhook: What answers.
            keeper: What keeps the certificate.
            shown: What shows it.
            bind: Where it listens.
            port: The port; 0 for any free one.
            clock: What pauses are measured by.
            fault: Is told of an error of this program itself.
            closed: Is called when all of it has ended.
        """
        self._webhook, self._keeper = webhook, keeper
        self._clock, self._fault, self._closed = clock, fault, closed
        self._server = HttpServer(
            webhook.app,
            bind=bind,
            port=port,
            setting="--webhook",
            keep_alive=_KEEP_ALIVE,
            tls=shown.context,
            connections=_CONNECTIONS,
        )

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    @property
    def port(self) -> int:
        """Where it listens: the chosen port once it has started."""
        return self._server.port

    def problems(self) -> tuple[Problem, ...]:
        """Return what is in the way of its certificate."""
        return tuple(dict.fromkeys(self._keeper.problems()))

    async def run(self, *, started: Callable[[], None]) -> None:
        """Answer until cancelled, however busy the event loop of the caller is.

        Args:
            started: Called here, when questions are answered.

        Raises:
            TransportError: The port cannot be listened on.
        """
        keeping = asyncio.create_task(self._keep())
        try:
            here = asyncio.get_running_loop()

            def tell() -> None:
                here.call_soon_threadsafe(started)

            await in_own_thread(partial(self._server.run, started=tell), name="webhook")
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
            self._webhook.close()
            await self._closed()

    async def _keep(self) -> None:
        while True:
            try:
                await self._keeper.run()
            except Exception as error:  # noqa: BLE001 - whatever it is, Envoys must go on being served
                self._fault(error)
            await self._clock.sleep_until(self._clock.now() + _AFTER_FAULT)


_CONNECTIONS = 512
"""So many at a time: each of several API servers keeps two dozen, and has more while many Pods are made. Who is one too
many goes without a check, or without a sidecar."""
_KEEP_ALIVE = 90.0
"""Seconds: longer than the API server keeps a connection that it does not use."""
