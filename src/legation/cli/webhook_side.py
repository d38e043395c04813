"""The admission webhooks of a server, joined of its settings and what is served."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from legation.api.admission.configuration import MUTATING, VALIDATING
from legation.api.admission.deciding import Consider, Deciding
from legation.api.admission.keeping import CODE, Keeping
from legation.api.admission.side import AdmissionSide, Keeper
from legation.api.admission.webhook import Webhook
from legation.api.injection.answering import answering
from legation.clock import MonotonicClock
from legation.errors import SettingsError
from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.kube.label_selector import label_selector
from legation.runtime.problem_log import log_fault
from legation.settings import Cluster, Injector
from legation.settings import Webhook as WebhookSettings
from legation.tls.files import PairFiles
from legation.tls.shown import Shown
from legation.translate.pipeline import API_KINDS


def admission_side(
    found: WebhookSettings,
    *,
    injector: Injector,
    sidecars: Mapping[str, str] | None,
    cluster: Cluster,
    connection: Connection,
    namespace: str,
    what_if: Callable[[], Consider],
    leads: Callable[[], bool],
) -> AdmissionSide:
    """Return the webhook, with its certificate.

    Args:
        found: Its settings.
        injector: Those of what adds sidecars.
        sidecars: What holds for annotations that a Pod does not have; None: no sidecars are added.
        cluster: Those that say which objects are read.
        connection: How to reach the API server.
        namespace: Where this Pod is.
        what_if: Returns what tells, beside what is served now, what would be wrong with an object.
        leads: Says whether this replica may write.

    Raises:
        SettingsError: Nobody can say which objects are read.
    """
    clock, shown, client = MonotonicClock(), Shown(), Client(connection)
    webhook = Webhook(
        Deciding.of(API_KINDS, is_read=is_read(cluster)),
        consider=what_if,
        time_limit=found.webhook_time_limit,
        refuse_unchecked=found.webhook_unchecked == "refuse",
        fault=log_fault,
        inject=None if sidecars is None else answering(sidecars),
    )
    keeper: Keeper = (
        PairFiles(found.webhook_certificates, shown=shown, clock=clock, code=CODE)
        if found.webhook_certificates is not None
        else Keeping(
            client,
            shown=shown,
            names=names(found.webhook_service, namespace),
            namespace=namespace,
            secret=found.webhook_secret,
            configurations={
                kind: name
                for kind, name in (
                    (VALIDATING, found.webhook_configuration),
                    (MUTATING, injector.injector_configuration),
                )
                if name is not None
            },
            leads=leads,
            clock=clock,
            chance=random.random,
        )
    )
    return AdmissionSide(
        webhook,
        keeper=keeper,
        shown=shown,
        bind=found.webhook_bind,
        port=found.webhook_port or 0,
        clock=clock,
        fault=log_fault,
        closed=client.aclose,
    )


def names(service: str, namespace: str) -> tuple[str, ...]:
    """Return the names by which the API server, and who tries it by hand, calls a Service."""
    short = f"{service}.{namespace}"
    return (f"{short}.svc", short, f"{short}.svc.cluster.local")


def is_read(cluster: Cluster) -> Callable[[str, Mapping[str, str]], bool]:
    """Return what says whether an object of a namespace, with labels, is read.

    Raises:
        SettingsError: The selector is none.
    """
    try:
        chosen = label_selector(cluster.selector or "")
    except ValueError as error:
        raise SettingsError("--selector", str(error)) from error
    namespaces = frozenset(cluster.namespaces)
    return lambda namespace, labels: (not namespaces or namespace in namespaces) and chosen(labels)
