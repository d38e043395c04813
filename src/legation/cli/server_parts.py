"""What a server is made of, each part from the settings: who gets what, its ports, and what only some servers have.

It refuses to know how the parts go together. What only some have is loaded only by these: it costs memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from legation.cli.door_settings import check_doors
from legation.cli.doors import AdminTokens, doors
from legation.cli.identity_side import IdentitySide, identity_side
from legation.cli.matching import ANY, any_label
from legation.cli.secrets_side import door, given
from legation.clock import MonotonicClock
from legation.errors import SettingsError
from legation.model.limits import Limits
from legation.model.problems import Level, Problem
from legation.runtime.admission import Rules
from legation.runtime.problem_log import log_fault
from legation.settings import Settings, Tls
from legation.settings.kinds import is_loopback
from legation.transports import Policy
from legation.transports.grpc_server import GrpcTransport
from legation.transports.rest_server import RestTransport

if TYPE_CHECKING:
    from legation.cli.cluster import ClusterSide
    from legation.cli.management_side import ManagementSide
    from legation.cli.tls_side import TlsSide
    from legation.cli.tokens_side import TokensSide
    from legation.judging.judge import Judge
    from legation.model.identity import TokenChecker


def identity(found: Settings) -> IdentitySide | None:
    """Return who may be which Envoy, if that has to be proven.

    Raises:
        SettingsError: The rules cannot be used.
    """
    return identity_side(found, tokens=has_tokens(found), clock=MonotonicClock())


def rules(found: Settings, proofs: IdentitySide | None = None) -> Rules:
    """Return who gets what."""
    return Rules(
        identity=None if proofs is None else proofs.identity,
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
    if found.identity.token_audience is not None and not (found.tls.is_on or is_loopback(found.xds_bind)):
        yield Problem(
            code="tokens-in-the-clear",
            level=Level.WARNING,
            message="Envoys show tokens at a port without TLS: whoever reads along can be the same Envoy until they"
            " expire",
            mend="give the port TLS by --tls or --tls-secret",
            subject="--token-audience",
        )
    if found.injector.injector_xds is not None:
        from legation.cli import sidecar_side

        yield from sidecar_side.doubts(found.injector, tls=found.tls, identity=found.identity, xds_port=found.xds_port)


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


def tls(found: Settings) -> TlsSide | None:
    """Return the TLS of the ports, if they have it.

    Raises:
        SettingsError: The settings about it do not go together.
    """
    check_tls(found.tls, reports=found.identity.identity_check == "report")
    if not found.tls.is_on:
        return None
    if found.tls.tls_secret is not None and not found.cluster.kubernetes:
        raise SettingsError("--tls-secret", "a Secret is in a cluster; it needs --kubernetes, or write --tls DIR")
    # The library costs memory.
    from legation.cli.tls_side import TlsSide

    return TlsSide(found.tls, tokens=has_tokens(found), fault=log_fault)


def has_tokens(found: Settings) -> bool:
    """Say whether Envoys may prove by a token who they are."""
    return found.identity.token_audience is not None


def check_tls(found: Tls, *, reports: bool) -> None:
    """Look whether the settings go together.

    Args:
        found: The settings.
        reports: Whether Envoys that prove nothing are only reported.

    Raises:
        SettingsError: They do not.
    """
    if found.tls is not None and found.tls_secret is not None:
        raise SettingsError("--tls-secret", "the certificate comes from a folder (--tls); write one of the two")
    needing = {
        "--client-ca": found.client_ca,
        "--management-client-ca": found.management_client_ca,
        "--tls-replica-ca": found.tls_replica_ca,
        "--xds-token-port": found.xds_token_port,
        "--xds-plain-port": found.xds_plain_port,
        "--tls-health": found.tls_health or None,
    }
    for name, value in needing.items():
        if value is not None and not found.is_on:
            raise SettingsError(name, "it needs a certificate of the server: --tls DIR, or --tls-secret in a cluster")
    if found.xds_plain_port is not None and not reports:
        words = "whoever reaches a port without TLS could be any Envoy; it needs --identity-check report"
        raise SettingsError("--xds-plain-port", words)


def limits(found: Settings) -> Limits:
    """Return what those may take of us who connect."""
    given = found.limits
    return Limits(
        handshake=given.handshake_timeout,
        first_request=given.first_request_timeout,
        idle=given.idle_timeout,
        unread=given.unread_timeout,
        header_bytes=given.max_header_bytes,
        strange_connections=given.max_unproven_connections,
        strange_streams=given.max_unproven_streams,
        streams=given.max_streams,
        unread_bytes=given.max_unread_bytes,
    )


def tokens(found: Settings, cluster: ClusterSide | None) -> TokensSide | None:
    """Return who looks at tokens, if they prove anything.

    Raises:
        SettingsError: The settings about them do not go together.
    """
    if not any((found.identity.token_audience, found.identity.token_jwks, found.identity.token_issuer)):
        return None
    # The library costs memory.
    from legation.cli.tokens_side import tokens_side

    connection = None if cluster is None else cluster.connection
    return tokens_side(found.identity, connection=connection, clock=MonotonicClock())


def xds(found: Settings, policy: Policy, tls: TlsSide | None, *, tokens: TokenChecker | None = None) -> GrpcTransport:
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
        tls=None if tls is None else tls.xds,
        token_port=found.tls.xds_token_port,
        plain_port=found.tls.xds_plain_port,
        tokens=tokens,
        limits=limits(found),
    )


def rest(
    found: Settings, policy: Policy, tls: TlsSide | None, *, tokens: TokenChecker | None = None
) -> RestTransport | None:
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
        tls=None if tls is None else tls.rest,
        tokens=tokens,
        limits=limits(found),
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

    sidecars = None
    if found.injector.injector_xds is not None:
        from legation.cli.sidecar_side import sidecar_defaults

        sidecars = sidecar_defaults(found.injector, tls=found.tls, identity=found.identity)
    return ClusterSide(
        found.cluster,
        webhook,
        found.injector,
        secrets=given(door(found), asked=found.cluster.secrets),
        sidecars=sidecars,
        authority=found.tls.trust,
    )


def management(
    found: Settings,
    cluster: ClusterSide | None,
    *,
    tls: TlsSide | None = None,
    tokens: TokenChecker | None = None,
) -> ManagementSide | None:
    """Return the management API, if it is served.

    Args:
        found: The settings.
        cluster: The cluster, if one is read.
        tls: What ports show.
        tokens: Who looks at tokens.

    Raises:
        SettingsError: There is nowhere to keep objects, or nothing says who may do what.
    """
    check_doors(found)
    if not found.management.is_on:
        return None
    from legation.cli.management_side import ManagementSide, kept_in

    connection = None if cluster is None else cluster.connection
    side = partial(
        ManagementSide,
        found.management,
        grace=found.shutdown_grace,
        doors=doors(found, connection=connection, tokens=tokens, clock=MonotonicClock()),
        tls=tls,
        limits=limits(found),
    )
    if cluster is not None:
        of_cluster = cluster.store()
        return side(store=of_cluster, source=cluster.source, closed=of_cluster.aclose)
    kept = kept_in(found.state_dir, watched=found.directory)
    return side(store=kept, source=kept, statistics=kept.statistics)


def admin_tokens(found: Settings) -> AdminTokens | None:
    """Return the tokens that the admin pages are shown to; None: they are shown to this machine.

    Raises:
        SettingsError: They cannot be read.
    """
    return None if found.admin_token_file is None else AdminTokens(found.admin_token_file)


def judge(found: Settings) -> Judge | None:
    """Return the Envoy that is asked before anything is served, if one is."""
    if found.dry_run == "off":
        return None
    from legation.judging.judge import Judge

    return Judge(binary=found.envoy_binary, timeout=found.dry_run_timeout)
