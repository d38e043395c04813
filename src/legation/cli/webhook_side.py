"""The admission webhooks of a server, joined of its settings and what is served."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from legation.api.admission.configuration import MUTATING, VALIDATING
from legation.api.admission.deciding import Deciding
from legation.api.admission.keeping import Configurations, Keeping, Pointing
from legation.api.admission.secret_path import CODE, SecretPath
from legation.api.admission.side import AdmissionSide, Keeper
from legation.api.admission.webhook import Webhook
from legation.api.injection.answering import answering
from legation.clock import MonotonicClock
from legation.errors import SettingsError
from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.kube.label_selector import label_selector
from legation.model.objects import ManifestObject
from legation.model.problems import Problem
from legation.runtime.problem_log import log_fault
from legation.settings import Cluster, Injector
from legation.settings import Webhook as WebhookSettings
from legation.tls.files import PairFiles
from legation.tls.shown import Shown
from legation.translate.pipeline import API_KINDS


class WhatIf(Protocol):
    """Returns what tells what would be wrong with an object: beside what is served now, or in itself."""

    def __call__(self, *, by_itself: bool = False) -> Callable[[ManifestObject], tuple[Problem, ...]]:
        """Return it."""
        ...


def admission_side(
    found: WebhookSettings,
    *,
    injector: Injector,
    sidecars: Mapping[str, str] | None,
    cluster: Cluster,
    connection: Connection,
    namespace: str,
    what_if: WhatIf,
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
        what_if: Returns what tells what would be wrong with an object.
        leads: Says whether this replica may write.

    Raises:
        SettingsError: Nobody can say which objects are read.
    """
    clock, shown, client = MonotonicClock(), Shown(), Client(connection)
    # Where nobody tells the API server of a secret path there is none: who asks is anybody.
    path = (
        None
        if found.webhook_configuration is None
        else SecretPath(
            client, namespace=namespace, name=found.webhook_secret, leads=leads, clock=clock, chance=random.random
        )
    )
    webhook = Webhook(
        Deciding.of(API_KINDS, is_read=is_read(cluster)),
        consider=partial(what_if, by_itself=True),
        consider_beside=what_if,
        is_secret=None if path is None else path.is_it,
        time_limit=found.webhook_time_limit,
        refuse_unchecked=found.webhook_unchecked == "refuse",
        fault=log_fault,
        inject=None if sidecars is None else answering(sidecars),
    )
    keeper: Keeper = (
        _beside(
            PairFiles(found.webhook_certificates, shown=shown, clock=clock, code=CODE),
            found=found,
            path=path,
            client=client,
            leads=leads,
            clock=clock,
        )
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
            path=path,
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


def _beside(
    files: PairFiles,
    *,
    found: WebhookSettings,
    path: SecretPath | None,
    client: Client,
    leads: Callable[[], bool],
    clock: MonotonicClock,
) -> Keeper:
    """Return what keeps the path beside a certificate that somebody else makes and has trusted."""
    if path is None or found.webhook_configuration is None:
        return files
    named = {VALIDATING: found.webhook_configuration}
    configurations = Configurations(client, named, path=path, clock=clock, chance=random.random)
    return Pointing(files, configurations=configurations, leads=leads, clock=clock)


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
