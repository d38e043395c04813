"""The server as a process: the control plane, its admin and health ports, and one log line when all of it is ready."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import structlog

from legation.cli.signals import run_until_signal
from legation.clock import MonotonicClock
from legation.errors import LegationError
from legation.ops.admin import admin_app
from legation.ops.health import health_app
from legation.ops.http_server import HttpServer
from legation.ops.metrics import Metrics
from legation.runtime.engine import Engine
from legation.settings import Settings
from legation.sources.directory import DirectorySource
from legation.transports.grpc_server import GrpcTransport, Policy

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def run(found: Settings, *, directory: Path) -> None:
    """Serve until a signal.

    Raises:
        LegationError: The directory cannot be read at all, or a port cannot be listened on.
    """

    def stopping(by: str) -> None:
        _log.info("stopping", signal=by, grace=found.shutdown_grace)

    asyncio.run(run_until_signal(_Server(found, directory=directory).run(), stopping=stopping))
    _log.info("stopped")


class _Server:
    """All that runs."""

    def __init__(self, found: Settings, *, directory: Path) -> None:
        self._directory = directory
        self._xds_bind = found.xds_bind
        self._transport = GrpcTransport(
            bind=(found.xds_bind,),
            port=found.xds_port,
            policy=Policy(
                **{each.name: getattr(found.delivery, each.name) for each in dataclasses.fields(found.delivery)}
            ),
            shutdown_grace=found.shutdown_grace,
        )
        self._plane = plane = Engine(
            sources=[DirectorySource(directory)], transports=[self._transport], clock=MonotonicClock()
        )
        proxies = plane.feedback.proxies
        self._admin = HttpServer(
            admin_app(proxies=proxies, problems=plane.problems, bind=found.admin_bind),
            bind=found.admin_bind,
            port=found.admin_port,
            setting="--admin-port",
        )
        metrics = Metrics(statistics=plane.statistics, proxies=proxies, problems=plane.problems)
        self._health = HttpServer(
            health_app(missing=lambda: plane.missing, metrics=metrics),
            bind=found.health_bind,
            port=found.health_port,
            setting="--health-port",
        )

    async def run(self) -> None:
        """Run all of it, until cancelled or until a part of it fails."""
        pages = (asyncio.Event(), asyncio.Event())
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._plane.run())
                tasks.create_task(self._admin.run(started=pages[0].set))
                tasks.create_task(self._health.run(started=pages[1].set))
                for each in pages:
                    await each.wait()
                await self._plane.serving.wait_listening()
                await self._plane.wait_handled()
                self._say_ready()
        except BaseExceptionGroup as failed:
            for_users = failed.subgroup(LegationError)
            if for_users is None:
                raise
            # Of several ports that are taken one is enough for one line.
            raise for_users.exceptions[0] from failed

    def _say_ready(self) -> None:
        host = f"[{self._xds_bind}]" if ":" in self._xds_bind else self._xds_bind
        _log.info(
            "ready",
            directory=str(self._directory),
            xds=f"{host}:{self._transport.port}",
            admin=self._admin.url,
            health=self._health.url,
        )
