"""How the cluster is reached: what a person told, else what the surroundings tell."""

from __future__ import annotations

import os
from pathlib import Path

from legation.kube import in_cluster
from legation.kube import kubeconfig as kubeconfigs
from legation.kube.connection import Connection


def connection_of(*, kubeconfig: Path | None, context: str | None) -> Connection:
    """Return how to reach the cluster: as told, else that of KUBECONFIG, the Pod's own, or that of ~/.kube/config.

    Raises:
        KubeConfigError: Nothing tells how.
    """
    environment = os.environ
    told = kubeconfig is not None or context is not None or environment.get("KUBECONFIG")
    if not told and in_cluster.inside(environment):
        return in_cluster.load(environment=environment)
    path = "" if kubeconfig is None else str(kubeconfig)
    return kubeconfigs.load(environment=environment, home=Path.home(), path=path, context=context or "")
