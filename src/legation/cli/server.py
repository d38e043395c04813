"""The server as a process: the control plane, its admin and health ports, and one log line when all of it is ready."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog

from legation.cli.matching import ANY, any_label
from legation.cli.signals import run_until_signal
from legation.control_plane import ControlPlane
from legation.errors import LegationError, SettingsError
from legation.http_server import HttpServer
from legation.model.problems import Level, Problem
from legation.model.statistics import TransportStatistics
from legation.ops.admin import admin_app
from legation.ops.health import health_app
from legation.ops.metrics import Metrics
from legation.ops.replicas import replicas_app
from legation.runtime.admission import Rules
from legation.settings import Settings
from legation.sources.base import Source
from legation.sources.directory import DirectorySource
from legation.transports import Policy
from legation.transports.grpc_server import GrpcTransport
from legation.transports.rest_server import RestTransport
from legation.transports.traffic import total

if TYPE_CHECKING:
    from legation.cli.cluster import ClusterSide
    from legation.cli.management_side import ManagementSide
    from legation.judging.judge import Judge

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
        cluster = _cluster(found)
        self._doubts = (*(cluster.problems if cluster else ()), *doubts(found))
        self._management = _management(found, cluster)
        self._sources: tuple[Source, ...] = (
            *((DirectorySource(found.directory),) if found.directory else ()),
            *((cluster.source,) if cluster else ()),
            *((self._management.source,) if self._management and not cluster else ()),
        )
        self._has_replicas = cluster is not None and found.cluster.replica_service is not None
        self._xds_bind = found.xds_bind
        policy = Policy(
            removal_grace=found.delivery.removal_grace,
            drain_grace=found.delivery.drain_grace,
            warming_timeout=found.delivery.warming_timeout,
            addition_grace=found.delivery.addition_grace,
            dangling_grace=found.delivery.dangling_grace,
            reopening_timeout=found.delivery.reopening_timeout,
            hold_missing=found.delivery.hold_missing,
            resource_errors=found.delivery.resource_errors,
            max_response_bytes=found.delivery.max_response_bytes,
        )
        self._transport = GrpcTransport(
            bind=(found.xds_bind,),
            port=found.xds_port,
            policy=policy,
            shutdown_grace=found.shutdown_grace,
            first_answers=found.first_answers,
            load_interval=found.load_interval,
            client_status=found.csds,
            connection_age=found.max_connection_age,
            connection_age_grace=found.max_connection_age_grace,
        )
        self._rest = _rest(found, policy)
        self._plane = plane = ControlPlane(
            self._sources,
            transports=[
                self._transport,
                *((self._rest,) if self._rest else ()),
                *(self._management.transports if self._management else ()),
            ],
            state_dir=found.state_dir,
            rules=rules(found),
            pod_wait=found.cluster.pod_wait,
            judge=_judge(found),
            verdict_limit=found.dry_run_timeout,
            count=self._has_replicas or (cluster is not None and cluster.writes_status),
            count_watched=self._management is not None,
        )
        if self._management is not None:
            self._management.serve(plane)
        self._status = cluster.status(plane) if cluster else None
        self._webhook = cluster.admission(plane, self._status) if cluster and self._status else None
        self._for_replicas = HttpServer(
            replicas_app(
                deliveries=plane.objects.deliveries,
                proxies=plane.proxies,
                turned_away=plane.turned_away,
                inquiry=plane.inquiry,
            ),
            bind=found.cluster.replica_bind,
            port=found.cluster.replica_port,
            setting="--replica",
        )
        self._admin = HttpServer(
            admin_app(
                proxies=plane.proxies,
                problems=self._problems,
                replicas=self._status.pages if self._status and self._has_replicas else None,
                turned_away=plane.turned_away,
                bind=found.admin_bind,
                inquiry=plane.inquiry,
                replica=own_name() if self._has_replicas else None,
                others=self._status.records if self._status and self._has_replicas else None,
                settings={
                    "cross_namespace": found.cluster.cross_namespace,
                    "l7mp_matching": found.cluster.l7mp_matching,
                    "unknown_fields": found.unknown_fields,
                },
            ),
            bind=found.admin_bind,
            port=found.admin_port,
            setting="--admin",
        )
        metrics = Metrics(
            statistics=plane.statistics,
            problems=self._problems,
            transport=self._through,
            status=self._status.statistics if self._status else None,
            store=self._management.statistics if self._management else None,
        )
        self._health = HttpServer(
            health_app(missing=lambda: plane.missing, metrics=metrics),
            bind=found.health_bind,
            port=found.health_port,
            setting="--health",
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
                if self._has_replicas:
                    pages.create_task(self._for_replicas.run(started=lambda: None))
                if self._status is not None:
                    pages.create_task(self._status.run())
                if self._webhook is not None:
                    pages.create_task(self._webhook.run(started=lambda: None))
                pages.create_task(self._say_ready(after=(admin, health)))
                # Not in a task beside them: what stops this stops the plane, and the pages when that has ended. A load
                # balancer is told meanwhile that it is not ready any more.
                try:
                    await self._plane.run()
                finally:
                    if self._management is not None:
                        await self._management.aclose()
        except BaseExceptionGroup as failed:
            for_users = failed.subgroup(LegationError)
            if for_users is None:
                raise
            # Of several ports that are taken one is enough for one line.
            raise for_users.exceptions[0] from failed

    def _problems(self) -> tuple[Problem, ...]:
        own = self._plane.problems()
        told = {(each.code, each.subject) for each in own if each.subject}
        others = (
            *(self._status.problems() if self._status else ()),
            *(self._webhook.problems() if self._webhook else ()),
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


def rules(found: Settings) -> Rules:
    """Return who gets what."""
    return Rules(
        check_peer=found.cluster.peer_check == "pod",
        across_namespaces=found.cluster.cross_namespace == "allow",
        any_label=any_label(found.cluster.l7mp_matching),
        unknown_fields=Level(found.unknown_fields),
    )


def doubts(found: Settings) -> Iterable[Problem]:
    """Return what is doubtful about the settings, wherever objects come from."""
    if found.cluster.l7mp_matching == ANY:
        yield Problem(
            code="any-label",
            level=Level.WARNING,
            message="with --l7mp-matching any, a VirtualService goes to the Envoys of every namespace that have any one"
            " of the labels it selects, and sends traffic to Pods that it chooses likewise",
            mend="set --l7mp-matching all as soon as each selector names Envoys and Pods of its own namespace by labels"
            " that they all have",
        )


def _cluster(found: Settings) -> ClusterSide | None:
    webhook = found.webhook if found.webhook.webhook_port is not None else None
    if webhook is None and found.injector.injector_xds is not None:
        raise SettingsError("--injector-xds", "sidecars are added at the port of the webhook; it needs --webhook-port")
    if not found.cluster.kubernetes:
        if webhook is not None:
            raise SettingsError("--webhook-port", "the webhook is for objects of a cluster; it needs --kubernetes")
        return None
    # What speaks to a cluster costs memory: who serves a directory does not load it.
    from legation.cli.cluster import ClusterSide

    return ClusterSide(found.cluster, webhook, found.injector)


def _management(found: Settings, cluster: ClusterSide | None) -> ManagementSide | None:
    if not found.management.is_on:
        return None
    # Most do without it, and its messages cost memory.
    from legation.cli.management_side import ManagementSide, kept_in

    grace = found.shutdown_grace
    if cluster is not None:
        store = cluster.store()
        return ManagementSide(found.management, store=store, source=cluster.source, grace=grace, closed=store.aclose)
    kept = kept_in(found.state_dir, watched=found.directory)
    return ManagementSide(found.management, store=kept, source=kept, grace=grace)


def _judge(found: Settings) -> Judge | None:
    if found.dry_run == "off":
        return None
    # Most do without it.
    from legation.judging.judge import Judge

    return Judge(binary=found.envoy_binary, timeout=found.dry_run_timeout)


def _rest(found: Settings, policy: Policy) -> RestTransport | None:
    if found.rest_port is None:
        return None
    return RestTransport(
        bind=found.rest_bind,
        port=found.rest_port,
        policy=policy,
        hold=found.rest_hold,
        idle=found.rest_idle,
        client_status=found.csds,
    )


def _spare_collections() -> None:
    """Have Python look for garbage in cycles seldom, and not in what was there at the start.

    To push to a thousand Envoys makes some ten thousand objects that are gone a moment later, none of them in a cycle.
    To look through all that is held meanwhile cost a fifth of the processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
