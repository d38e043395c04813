"""A Kubernetes cluster that a test changes: each moment of it is a value, and what did not change the same object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from legation.model.cluster import (
    Cluster,
    Endpoint,
    Grant,
    NamespacedName,
    Pod,
    SecretData,
    Service,
    ServicePort,
    Slice,
    SlicePort,
)

GRANT = Grant(
    from_group="bootes.io", from_kind="Cluster", from_namespace="shop", to_namespace="bank", to_kind="Service"
)
"""Clusters of the namespace `shop` may use the Services of `bank`."""


@dataclass
class SmallCluster:
    """Pods, Services with one port `http` (80), Secrets and grants."""

    pods: Mapping[str, Pod] = field(default_factory=dict)
    pods_current: bool = True
    services: Mapping[NamespacedName, Service] = field(default_factory=dict)
    secrets: Mapping[NamespacedName, SecretData] | None = field(default_factory=dict)
    grants: frozenset[Grant] = frozenset()

    def now(self) -> Cluster:
        """Return all of it at this moment."""
        return Cluster(
            pods=self.pods,
            pods_current=self.pods_current,
            services=self.services,
            secrets=self.secrets,
            grants=self.grants,
        )

    def pod(
        self,
        name: str,
        *addresses: str,
        namespace: str = "shop",
        uid: str = "",
        service_account: str = "",
        **labels: str,
    ) -> None:
        """Let a Pod be there, with that address and these labels."""
        uid = uid or f"uid-of-{name}"
        pod = Pod(
            namespace=namespace,
            name=name,
            uid=uid,
            labels=frozenset(labels.items()),
            addresses=frozenset(addresses),
            service_account=service_account,
        )
        self.pods = {**self.pods, f"{name}.{namespace}": pod, uid: pod}

    def no_pod(self, name: str, *, namespace: str = "shop") -> None:
        """Delete a Pod."""
        gone = self.pods[f"{name}.{namespace}"]
        self.pods = {node_id: pod for node_id, pod in self.pods.items() if pod is not gone}

    def service(self, name: str = "echo", *addresses: str, namespace: str = "shop") -> None:
        """Let a Service be there, with ready endpoints at these addresses."""
        key = NamespacedName(namespace, name)
        endpoints = tuple(Endpoint(addresses=(each,)) for each in addresses)
        ports = (SlicePort(name="http", number=8080),)
        found = Service(
            namespace=namespace,
            name=name,
            ports=(ServicePort(name="http", number=80),),
            slices=(Slice(name=f"{name}-1", address_type="IPv4", ports=ports, endpoints=endpoints),),
        )
        self.services = {**self.services, key: found}

    def no_service(self, name: str = "echo", *, namespace: str = "shop") -> None:
        """Delete a Service."""
        key = NamespacedName(namespace, name)
        self.services = {each: found for each, found in self.services.items() if each != key}

    def secret(self, name: str, data: Mapping[str, bytes], *, namespace: str = "shop") -> None:
        """Let a Secret be there."""
        found = SecretData(namespace=namespace, name=name, data=data)
        self.secrets = {**(self.secrets or {}), NamespacedName(namespace, name): found}

    def no_secret(self, name: str, *, namespace: str = "shop") -> None:
        """Delete a Secret."""
        key = NamespacedName(namespace, name)
        self.secrets = {each: found for each, found in (self.secrets or {}).items() if each != key}
