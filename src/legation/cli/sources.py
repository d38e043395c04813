"""Where the server takes objects from, as its settings say: a directory, a cluster, or both."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from legation.settings import Cluster, Settings
from legation.sources.base import Source
from legation.sources.directory import DirectorySource

if TYPE_CHECKING:
    from legation.kube.connection import Connection


def sources_of(found: Settings) -> tuple[Source, ...]:
    """Return the sources; of an object that both have, that of the directory counts.

    Raises:
        KubeConfigError: How to reach the cluster is not told.
    """
    sources: list[Source] = []
    if found.directory is not None:
        sources.append(DirectorySource(found.directory))
    if found.cluster.kubernetes:
        sources.append(_cluster(found.cluster))
    return tuple(sources)


def connection_of(found: Cluster) -> Connection:
    """Return how to reach the cluster: as told, else that of KUBECONFIG, the Pod's own, or that of ~/.kube/config.

    Raises:
        KubeConfigError: None of these says it.
    """
    from legation.kube import in_cluster, kubeconfig

    environment = os.environ
    told = found.kubeconfig is not None or found.context is not None or environment.get("KUBECONFIG")
    if not told and in_cluster.inside(environment):
        return in_cluster.load(environment=environment)
    path = "" if found.kubeconfig is None else str(found.kubeconfig)
    return kubeconfig.load(environment=environment, home=Path.home(), path=path, context=found.context or "")


def _cluster(found: Cluster) -> Source:
    # What speaks to a cluster costs memory: who serves a directory does not load it.
    from legation.sources.kubernetes.source import KubernetesSource

    return KubernetesSource(
        connection_of(found),
        namespaces=found.namespaces,
        selector=found.selector or "",
        secrets=found.secrets,
        secret_namespaces=found.secret_namespaces,
    )
