"""What belongs to a Kubernetes cluster: how to reach it, the source that reads it, the status that is told in it."""

from __future__ import annotations

import os
import random
import secrets
import socket
from typing import TYPE_CHECKING

from legation.cli.connecting import connection_of
from legation.clock import MonotonicClock
from legation.control_plane import ControlPlane
from legation.kube import in_cluster
from legation.model.problems import Level, Problem
from legation.runtime.problem_log import log_fault
from legation.settings import Cluster, Injector, Webhook
from legation.sources.kubernetes.source import KubernetesSource
from legation.status.kubernetes import KubernetesStatus
from legation.translate.pipeline import API_KINDS

if TYPE_CHECKING:
    from legation.api.admission.side import AdmissionSide
    from legation.sources.stored_in_cluster.store import ClusterObjects


class ClusterSide:
    """The cluster of a server."""

    def __init__(self, found: Cluster, webhook: Webhook | None = None, injector: Injector | None = None) -> None:
        """Find out how to reach it; nothing is asked yet.

        Args:
            found: The settings about it.
            webhook: Those of the admission webhook; None: there is none.
            injector: Those of what adds sidecars.

        Raises:
            KubeConfigError: Nothing tells how.
        """
        self._found = found
        self._webhook = webhook
        self._injector = injector or Injector()
        self._connection = connection_of(kubeconfig=found.kubeconfig, context=found.context)
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

    @property
    def _namespace(self) -> str:
        """Where this Pod is."""
        return os.environ.get("POD_NAMESPACE") or self._connection.namespace

    def admission(self, plane: ControlPlane, status: KubernetesStatus) -> AdmissionSide | None:
        """Return the admission webhook, if there is to be one."""
        if self._webhook is None:
            return None
        # Nobody else needs what makes certificates.
        from legation.cli.webhook_side import admission_side

        return admission_side(
            self._webhook,
            injector=self._injector,
            cluster=self._found,
            connection=self._connection,
            namespace=self._namespace,
            what_if=plane.what_if,
            leads=lambda: status.leading,
        )

    def store(self) -> ClusterObjects:
        """Return what keeps objects in the cluster for the management API."""
        # Few have it.
        from legation.sources.stored_in_cluster.store import ClusterObjects

        return ClusterObjects(
            self._connection,
            kinds=API_KINDS,
            namespaces=self._found.namespaces,
            selector=self._found.selector or "",
        )

    def status(self, plane: ControlPlane) -> KubernetesStatus:
        """Return what tells in the cluster what became of the objects, and asks the other replicas."""
        found, environment = self._found, os.environ
        pod = environment.get("POD_NAME", "")
        webhook = self._webhook
        return KubernetesStatus(
            self._connection,
            kinds=tuple(each for each in API_KINDS if each.has_status) if self.writes_status else (),
            objects=plane.objects,
            observed=self.source.observed,
            # A name alone is not enough: a container that is started anew in its Pod is another one.
            identity=f"{pod or socket.gethostname()}_{secrets.token_hex(4)}",
            namespace=self._namespace,
            lease=found.lease,
            # Somebody has to write the certificate that all of them show.
            lead=webhook is not None and webhook.webhook_certificates is None,
            replica_service=found.replica_service,
            replica_port=found.replica_port,
            own_address=environment.get("POD_IP", ""),
            clock=MonotonicClock(),
            chance=random.random,
            fault=log_fault,
        )
