"""What belongs to a Kubernetes cluster: how to reach it, the source that reads it, the status that is told in it."""

from __future__ import annotations

import os
import random
import secrets
import socket
from pathlib import Path

from legation.clock import MonotonicClock
from legation.control_plane import ControlPlane
from legation.kube import in_cluster, kubeconfig
from legation.kube.connection import Connection
from legation.model.problems import Level, Problem
from legation.runtime.problem_log import log_fault
from legation.settings import Cluster
from legation.sources.kubernetes.source import KubernetesSource
from legation.status.kubernetes import KubernetesStatus
from legation.translate.pipeline import API_KINDS


class ClusterSide:
    """The cluster of a server."""

    def __init__(self, found: Cluster) -> None:
        """Find out how to reach it; nothing is asked yet.

        Raises:
            KubeConfigError: Nothing tells how.
        """
        self._found = found
        self._connection = _connection(found)
        self.source = KubernetesSource(
            self._connection,
            kinds=API_KINDS,
            namespaces=found.namespaces,
            selector=found.selector or "",
            secrets=found.secrets,
            secret_namespaces=found.secret_namespaces,
        )
        """Where objects, Pods and Services come from."""

    @property
    def writes_status(self) -> bool:
        """Whether status is written.

        Outside of the cluster it must be asked for: whoever looks in from a desk, with other Envoys than those of the
        cluster, would fight with the one that serves them.
        """
        return self._found.status == "on" or (self._found.status == "auto" and in_cluster.inside(os.environ))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is doubtful about the settings."""
        if not self._found.secrets or self._found.peer_check == "pod":
            return ()
        return (
            Problem(
                code="unguarded-secrets",
                level=Level.WARNING,
                message="with --secrets and --peer-check none, whoever reaches the port of Envoys and claims to be a"
                " Pod gets the Secrets of its Envoy",
                mend="set --peer-check pod, or leave out --secrets",
            ),
        )

    def status(self, plane: ControlPlane) -> KubernetesStatus:
        """Return what tells in the cluster what became of the objects, and asks the other replicas."""
        found, environment = self._found, os.environ
        pod = environment.get("POD_NAME", "")
        return KubernetesStatus(
            self._connection,
            kinds=API_KINDS if self.writes_status else (),
            objects=plane.objects,
            observed=self.source.observed,
            # A name alone is not enough: a container that is started anew in its Pod is another one.
            identity=f"{pod or socket.gethostname()}_{secrets.token_hex(4)}",
            namespace=environment.get("POD_NAMESPACE") or self._connection.namespace,
            lease=found.lease,
            replica_service=found.replica_service,
            replica_port=found.replica_port,
            own_address=environment.get("POD_IP", ""),
            clock=MonotonicClock(),
            chance=random.random,
            fault=log_fault,
        )


def _connection(found: Cluster) -> Connection:
    """Return how to reach the cluster: as told, else that of KUBECONFIG, the Pod's own, or that of ~/.kube/config."""
    environment = os.environ
    told = found.kubeconfig is not None or found.context is not None or environment.get("KUBECONFIG")
    if not told and in_cluster.inside(environment):
        return in_cluster.load(environment=environment)
    path = "" if found.kubeconfig is None else str(found.kubeconfig)
    return kubeconfig.load(environment=environment, home=Path.home(), path=path, context=found.context or "")
