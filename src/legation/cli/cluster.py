"""What belongs to a Kubernetes cluster: how to reach it, the source that reads it, the status that is told in it."""

from __future__ import annotations

import os
import random
import secrets
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING

from legation.cli.connecting import connection_of
from legation.cli.secrets_side import Given
from legation.clock import MonotonicClock
from legation.control_plane import ControlPlane
from legation.kube import in_cluster
from legation.model.problems import Problem
from legation.runtime.problem_log import log_fault
from legation.settings import Cluster, Injector, Tls, Webhook
from legation.sources.kubernetes.source import KubernetesSource
from legation.status.kubernetes import KubernetesStatus
from legation.status.replica import Secured
from legation.translate.pipeline import API_KINDS

if TYPE_CHECKING:
    from legation.api.admission.side import AdmissionSide
    from legation.cli.pki_side import PkiSide
    from legation.kube.connection import Connection
    from legation.sources.stored_in_cluster.store import ClusterObjects
    from legation.tls.ports import Ports


class ClusterSide:
    """The cluster of a server."""

    def __init__(
        self,
        found: Cluster,
        webhook: Webhook | None = None,
        injector: Injector | None = None,
        *,
        secrets: Given | None = None,
        sidecars: Mapping[str, str] | None = None,
        authority: str = "",
    ) -> None:
        """Find out how to reach it; nothing is asked yet.

        Args:
            found: The settings about it.
            webhook: Those of the admission webhook; None: there is none.
            injector: Those of what adds sidecars.
            secrets: Whether Secrets are read; None: if the settings about the cluster say so.
            sidecars: What holds for annotations of a Pod that is given one; None: none is.
            authority: The ConfigMap that Pods want who trust this server; empty: there is none.

        Raises:
            KubeConfigError: Nothing tells how.
        """
        self._found = found
        self._webhook = webhook
        self._injector = injector or Injector()
        self._sidecars = sidecars
        self._authority = authority
        self._secrets = secrets or Given(on=bool(found.secrets), asked=True)
        self._connection = connection_of(kubeconfig=found.kubeconfig, context=found.context)
        self.source = KubernetesSource(
            self._connection,
            kinds=API_KINDS,
            namespaces=found.namespaces,
            selector=found.selector or "",
            secrets=self._secrets.on,
            secrets_needed=self._secrets.asked,
            secret_namespaces=found.secret_namespaces,
            authority=authority,
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
        return self._secrets.problems

    @property
    def connection(self) -> Connection:
        """How to reach it."""
        return self._connection

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
            sidecars=self._sidecars,
            cluster=self._found,
            connection=self._connection,
            namespace=self._namespace,
            what_if=plane.what_if,
            leads=lambda: status.leading,
        )

    def pki(self, found: Tls, *, shown: Ports, status: KubernetesStatus) -> PkiSide:
        """Return what keeps a certificate of our own, and has Pods learn whom to trust.

        Args:
            found: The settings about TLS.
            shown: What shows the certificate.
            status: What knows whether this replica may write.
        """
        # Nobody else needs what makes certificates.
        from legation.cli.pki_side import PkiSide

        return PkiSide(
            found,
            connection=self._connection,
            namespace=self._namespace,
            shown=shown,
            pods=lambda: self.source.pods,
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

    def status(self, plane: ControlPlane, *, secured: Secured | None = None) -> KubernetesStatus:
        """Return what tells in the cluster what became of the objects, and asks the other replicas.

        Args:
            plane: What knows the objects.
            secured: What replicas show each other; None: nothing is encrypted between them.
        """
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
            # Somebody has to write the certificates that all of them show, and whom Envoys trust.
            lead=bool(self._authority) or (webhook is not None and writes(webhook)),
            replica_service=found.replica_service,
            replica_port=found.replica_port,
            secured=secured,
            own_address=environment.get("POD_IP", ""),
            clock=MonotonicClock(),
            chance=random.random,
            fault=log_fault,
        )


def writes(webhook: Webhook) -> bool:
    """Say whether one replica has something to write for it: a certificate, or the path that it is asked at."""
    return webhook.webhook_certificates is None or webhook.webhook_configuration is not None
