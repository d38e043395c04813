"""What a server is made of, each part from the settings: who gets what, its ports, and what only some servers have.

It refuses to know how the parts go together. What only some have is loaded only by these: it costs memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from legation.cli.matching import ANY, any_label
from legation.errors import SettingsError
from legation.model.problems import Level, Problem
from legation.runtime.admission import Rules
from legation.settings import Settings
from legation.transports import Policy
from legation.transports.grpc_server import GrpcTransport
from legation.transports.rest_server import RestTransport

if TYPE_CHECKING:
    from legation.cli.cluster import ClusterSide
    from legation.cli.management_side import ManagementSide
    from legation.judging.judge import Judge


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


def policy(found: Settings) -> Policy:
    """Return the time limits of delivery."""
    return Policy(
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


def xds(found: Settings, policy: Policy) -> GrpcTransport:
    """Return the port of Envoys."""
    return GrpcTransport(
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


def rest(found: Settings, policy: Policy) -> RestTransport | None:
    """Return the port of Envoys that poll, if there is one."""
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


def cluster(found: Settings) -> ClusterSide | None:
    """Return the cluster, if one is read.

    Raises:
        SettingsError: Something is asked for that only a cluster has, or that something else is needed for.
    """
    webhook = found.webhook if found.webhook.webhook_port is not None else None
    if webhook is None and found.injector.injector_xds is not None:
        raise SettingsError("--injector-xds", "sidecars are added at the port of the webhook; it needs --webhook-port")
    if not found.cluster.kubernetes:
        if webhook is not None:
            raise SettingsError("--webhook-port", "the webhook is for objects of a cluster; it needs --kubernetes")
        return None
    from legation.cli.cluster import ClusterSide

    return ClusterSide(found.cluster, webhook, found.injector)


def management(found: Settings, cluster: ClusterSide | None) -> ManagementSide | None:
    """Return the management API, if it is served.

    Raises:
        SettingsError: There is nowhere to keep objects.
    """
    if not found.management.is_on:
        return None
    from legation.cli.management_side import ManagementSide, kept_in

    grace = found.shutdown_grace
    if cluster is not None:
        store = cluster.store()
        return ManagementSide(found.management, store=store, source=cluster.source, grace=grace, closed=store.aclose)
    kept = kept_in(found.state_dir, watched=found.directory)
    return ManagementSide(found.management, store=kept, source=kept, grace=grace, statistics=kept.statistics)


def judge(found: Settings) -> Judge | None:
    """Return the Envoy that is asked before anything is served, if one is."""
    if found.dry_run == "off":
        return None
    from legation.judging.judge import Judge

    return Judge(binary=found.envoy_binary, timeout=found.dry_run_timeout)
