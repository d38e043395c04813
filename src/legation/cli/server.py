"""The server as a process: the control plane, its admin and health ports, and one log line when all of it is ready."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Iterable

import structlog

from legation.cli import server_parts as parts
from legation.cli.signals import run_until_signal
from legation.control_plane import ControlPlane
from legation.errors import LegationError
from legation.http_server import HttpServer
from legation.model.problems import Problem
from legation.model.statistics import TransportStatistics
from legation.ops.admin import admin_app
from legation.ops.health import health_app
from legation.ops.metrics import Metrics
from legation.ops.replicas import replicas_app
from legation.settings import Settings
from legation.settings.kinds import is_loopback
from legation.sources.base import Source
from legation.sources.directory import DirectorySource
from legation.transports.traffic import total

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def run(found: Settings) -> None:
    """Serve until a signal.

    Raises:
        LegationError: A source cannot be read at all, or a port cannot be listened on.
    """

    def stopping(by: str) -> None:
        _log.info("stopping", signal=by, grace=found.shutdown_grace)

    asyncio.run(run_until_signal(_start(found), stopping=stopping))
    _log.info("stopped")


async def _start(found: Settings) -> None:
    await _Server(found).run()


class _Server:
    """All that runs."""

    def __init__(self, found: Settings) -> None:
        self._tls = tls = parts.tls(found)
        cluster = parts.cluster(found)
        self._tokens = parts.tokens(found, cluster)
        self._doubts = (*(cluster.problems if cluster else ()), *parts.doubts(found))
        self._management = parts.management(found, cluster, tls=tls, tokens=self._tokens)
        self._sources: tuple[Source, ...] = (
            *((DirectorySource(found.directory),) if found.directory else ()),
            *((cluster.source,) if cluster else ()),
            *((self._management.source,) if self._management and not cluster else ()),
        )
        self._has_replicas = cluster is not None and found.cluster.replica_service is not None
        self._xds_bind = found.xds_bind
        self._identity = parts.identity(found)
        policy = parts.policy(found)
        self._transport = parts.xds(found, policy, tls, tokens=self._tokens)
        self._rest = parts.rest(found, policy, tls, tokens=self._tokens)
        self._plane = plane = ControlPlane(
            self._sources,
            transports=[
                self._transport,
                *((self._rest,) if self._rest else ()),
                *(self._management.transports if self._management else ()),
            ],
            state_dir=found.state_dir,
            rules=parts.rules(found, self._identity),
            pod_wait=found.cluster.pod_wait,
            judge=parts.judge(found),
            verdict_limit=found.dry_run_timeout,
            count=self._has_replicas or (cluster is not None and cluster.writes_status),
            count_watched=self._management is not None,
        )
        if self._management is not None:
            self._management.serve(plane)
        secured = tls.shown_to_replicas if tls is not None and self._has_replicas else None
        self._status = cluster.status(plane, secured=secured) if cluster else None
        self._webhook = cluster.admission(plane, self._status) if cluster and self._status else None
        if tls is not None and found.tls.trust and cluster is not None and self._status is not None:
            tls.keeper = cluster.pki(found.tls, shown=tls.ports, status=self._status)
        self._for_replicas = HttpServer(
            replicas_app(
                deliveries=plane.objects.deliveries,
                proxies=plane.proxies,
                turned_away=plane.turned_away,
                denied=plane.denied,
                inquiry=plane.inquiry,
                names=tls.own_names if tls is not None else None,
            ),
            bind=found.cluster.replica_bind,
            port=found.cluster.replica_port,
            setting="--replica",
            tls=tls.replicas.context if tls is not None and self._has_replicas else None,
        )
        secured_admin = not is_loopback(found.admin_bind)
        self._admin = HttpServer(
            admin_app(
                proxies=plane.proxies,
                problems=self._problems,
                replicas=self._status.pages if self._status and self._has_replicas else None,
                turned_away=plane.turned_away,
                denied=plane.denied,
                bind=found.admin_bind,
                inquiry=plane.inquiry,
                replica=own_name() if self._has_replicas else None,
                others=self._status.records if self._status and self._has_replicas else None,
                settings={
                    "cross_namespace": found.cluster.cross_namespace,
                    "l7mp_matching": found.cluster.l7mp_matching,
                    "unknown_fields": found.unknown_fields,
                },
                tokens=parts.admin_tokens(found),
                secured=secured_admin,
            ),
            bind=found.admin_bind,
            port=found.admin_port,
            setting="--admin",
            tls=tls.plain.context if tls is not None and secured_admin else None,
        )
        if tls is not None:
            tls.handshakes.clients = lambda: self._through().clients
        metrics = Metrics(
            statistics=plane.statistics,
            problems=self._problems,
            transport=self._through,
            status=self._status.statistics if self._status else None,
            store=self._management.statistics if self._management else None,
            certificates=tls.ends if tls is not None else None,
            handshakes=tls.handshakes.counts if tls is not None else None,
        )
        self._health = HttpServer(
            health_app(missing=lambda: (*plane.missing, *(tls.missing if tls else ())), metrics=metrics),
            bind=found.health_bind,
            port=found.health_port,
            setting="--health",
            tls=tls.plain.context if tls is not None and found.tls.tls_health else None,
        )

    async def run(self) -> None:
        """Run all of it, until cancelled or until a part of it fails; the pages go last."""
        for each in self._doubts:
            _log.warning("problem", code=each.code, problem=str(each))
        try:
            async with asyncio.TaskGroup() as pages:
                admin, health = asyncio.Event(), asyncio.Event()
                pages.create_task(self._admin.run(started=admin.set))
                pages.create_task(self._health.run(started=health.set))
                for part in (self._tls, self._tokens, self._management, self._status):
                    if part is not None:
                        pages.create_task(part.run())
                if self._identity is not None:
                    pages.create_task(self._identity.run(self._plane.identify))
                if self._has_replicas:
                    pages.create_task(self._for_replicas.run(started=lambda: None))
                if self._webhook is not None:
                    pages.create_task(self._webhook.run(started=lambda: None))
                pages.create_task(self._say_ready(after=(admin, health)))
                # Not in a task beside them: what stops this stops the plane, and the pages when that has ended. A load
                # balancer is told meanwhile that it is not ready any more.
                try:
                    await self._plane.run()
                finally:
                    await self._aclose()
        except BaseExceptionGroup as failed:
            for_users = failed.subgroup(LegationError)
            if for_users is None:
                raise
            # Of several ports that are taken one is enough for one line.
            raise for_users.exceptions[0] from failed

    async def _aclose(self) -> None:
        if self._management is not None:
            await self._management.aclose()
        if self._tokens is not None:
            await self._tokens.aclose()

    def _problems(self) -> tuple[Problem, ...]:
        own = self._plane.problems()
        told = {(each.code, each.subject) for each in own if each.subject}
        others = (
            *(self._status.problems() if self._status else ()),
            *(self._webhook.problems() if self._webhook else ()),
            *(self._tls.problems() if self._tls else ()),
            *(self._identity.problems() if self._identity else ()),
            *(self._tokens.problems() if self._tokens else ()),
            *(self._management.problems() if self._management else ()),
        )
        # Both may have found that the API server is away.
        return (*self._doubts, *own, *(each for each in others if (each.code, each.subject) not in told))

    def _through(self) -> TransportStatistics:
        through = [self._transport.statistics()]
        return total((*through, self._rest.statistics()) if self._rest else through)

    async def _say_ready(self, *, after: Iterable[asyncio.Event]) -> None:
        for each in after:
            await each.wait()
        await self._plane.wait_ready()
        _spare_collections()
        host = f"[{self._xds_bind}]" if ":" in self._xds_bind else self._xds_bind
        _log.info(
            "ready",
            sources=[each.name for each in self._sources],
            xds=f"{host}:{self._transport.port}",
            **({"rest": self._rest.url} if self._rest else {}),
            **({"webhook": self._webhook.url} if self._webhook else {}),
            **({"management": self._management.addresses} if self._management else {}),
            admin=self._admin.url,
            health=self._health.url,
        )


def own_name() -> str:
    """Return what this replica is called."""
    return os.environ.get("POD_NAME") or socket.gethostname()


def _spare_collections() -> None:
    """Have Python look for garbage in cycles seldom, and not in what was there at the start.

    To push to a thousand Envoys makes some ten thousand objects that are gone a moment later, none of them in a cycle.
    To look through all that is held meanwhile cost a fifth of the processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
