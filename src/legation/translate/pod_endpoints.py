"""The hosts of a pipe's cluster as a ClusterLoadAssignment: addresses, and the Pods that labels select. Pure.

Every host bears its address as `envoy.lb.hash_key`. Maglev then places it alike in every cluster whatever its port is,
so all that has the same key comes to the same host. The invariant: no address stands twice with the same port.

Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers#maglev
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from legation.model.cluster import ReadyPod
from legation.model.node import Scope
from legation.model.objects import ManifestObject
from legation.model.problems import Level, Problem
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT
from legation.translate.base import Draft
from legation.translate.faults import fault
from legation.translate.pipe import Carrier, PipeCluster, PipeEndpoint

_MEND = "a Pod counts that has all the labels, is Ready, is not about to end and has an IP address"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodEndpoints:
    """The assignment of a cluster some of whose endpoints are Pods."""

    manifest: ManifestObject = field(compare=False, repr=False)
    """Only for what is to be said: another object that says the same of the cluster makes the same of the Pods."""
    scope: Scope
    cluster: PipeCluster

    @property
    def selectors(self) -> tuple[Scope, ...]:
        """Which Pods: of the object's own namespace, with all the labels."""
        namespace = self.scope.namespace
        return tuple(Scope(namespace=namespace, labels=each.labels) for each in self._by_labels)

    def draft(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Draft:
        """Return the assignment."""
        return assignment_draft(self.cluster, self.scope, self.placed(pods))

    def placed(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Iterator[tuple[PipeEndpoint, str]]:
        """Yield what stands at which address, in the order of `endpoints`."""
        chosen = iter(pods)
        for endpoint in self.cluster.endpoints:
            if not endpoint.labels:
                yield endpoint, endpoint.address
            else:
                yield from ((endpoint, pod.address) for pod in next(chosen))

    def problems(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Iterator[Problem]:
        """Yield a problem for each selector without Pods."""
        for endpoint, chosen in zip(self._by_labels, pods, strict=True):
            if not chosen:
                labels = ",".join(f"{name}={value}" for name, value in sorted(endpoint.labels))
                message = f"no Pod of the namespace {self.scope.namespace} that is Ready has {labels}"
                path = (*endpoint.path, "host", "selector")
                yield fault(self.manifest, "no-ready-pods", message, path, level=Level.WARNING, mend=_MEND)

    @property
    def _by_labels(self) -> Iterator[PipeEndpoint]:
        return (each for each in self.cluster.endpoints if each.labels)


def hosts(endpoints: Iterable[PipeEndpoint]) -> Iterator[tuple[PipeEndpoint, str]]:
    """Yield those that are hosts, each with its address."""
    return ((each, each.address) for each in endpoints)


def assignment_draft(cluster: PipeCluster, scope: Scope, placed: Iterable[tuple[PipeEndpoint, str]]) -> Draft:
    """Return the assignment of a cluster as a resource, for EDS."""
    json = {"@type": CLUSTER_LOAD_ASSIGNMENT.url, **assignment(cluster, placed)}
    return Draft(json=json, scope=scope, path=(*cluster.path, "endpoints"))


def assignment(cluster: PipeCluster, placed: Iterable[tuple[PipeEndpoint, str]]) -> dict[str, Any]:
    """Return the assignment of a cluster.

    Args:
        cluster: Its name is the assignment's.
        placed: What stands at which address, in the order in which Envoy is to be told.
    """
    found: dict[tuple[str, int], Any] = {}
    for endpoint, address in placed:
        found.setdefault((address, endpoint.port), _lb_endpoint(cluster.carrier, endpoint, address))
    return {"cluster_name": cluster.name, "endpoints": [{"lb_endpoints": [*found.values()]}] if found else []}


def _lb_endpoint(carrier: Carrier, endpoint: PipeEndpoint, address: str) -> dict[str, Any]:
    socket = {"protocol": carrier.value, "address": address, "port_value": endpoint.port}
    host: dict[str, Any] = {"address": {"socket_address": socket}}
    if endpoint.health_check_port is not None:
        host["health_check_config"] = {"port_value": endpoint.health_check_port}
    return {"endpoint": host, "metadata": {"filter_metadata": {"envoy.lb": {"hash_key": address}}}}
