"""What is made of the Pods that the endpoints of a pipe's cluster select: its assignment, or the cluster itself. Pure.

Which of the two it is, is decided elsewhere. The invariant: the hosts stand in the order of `endpoints`, whatever each
of them stands for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from legation.model.cluster import ReadyPod
from legation.model.node import Scope
from legation.model.objects import ManifestObject
from legation.model.problems import Level, Problem
from legation.translate.base import Draft
from legation.translate.faults import fault
from legation.translate.pipe import PipeCluster, PipeEndpoint
from legation.translate.pipe_assignments import assignment_draft
from legation.translate.pipe_clusters import dns_cluster


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
                message = f"no Pod that is Ready fits the selector {labels}"
                mend = (
                    "a Pod counts that is Ready, is not about to end, has an IP address, and has all these labels in"
                    f" the namespace {self.scope.namespace}; with --l7mp-matching any, one of them in any namespace"
                )
                path = (*endpoint.path, "host", "selector")
                yield fault(self.manifest, "no-ready-pods", message, path, level=Level.WARNING, mend=mend)

    @property
    def _by_labels(self) -> Iterator[PipeEndpoint]:
        return (each for each in self.cluster.endpoints if each.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodCluster:
    """A cluster with Pods and DNS names among its endpoints, as a whole.

    It is made anew with the Pods, for EDS takes no names. That is the second best, and said: Envoy ends the sessions of
    a cluster that takes another's place.
    """

    endpoints: PodEndpoints

    @property
    def selectors(self) -> tuple[Scope, ...]:
        """Which Pods are among its endpoints."""
        return self.endpoints.selectors

    def draft(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Draft:
        """Return the cluster with these Pods."""
        own = self.endpoints
        return dns_cluster(own.cluster, own.scope, own.placed(pods))

    def problems(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Iterator[Problem]:
        """Yield what it costs, and a problem for each selector without Pods."""
        yield fault(
            self.endpoints.manifest,
            "pods-beside-names",
            "Pods stand beside a DNS name here: whenever these Pods change Envoy makes the cluster anew, and its"
            " sessions end",
            (*self.endpoints.cluster.path, "endpoints"),
            level=Level.WARNING,
            mend="give the name a listener and a cluster of its own: a cluster of Pods and IP addresses loses nothing",
        )
        yield from self.endpoints.problems(pods)
