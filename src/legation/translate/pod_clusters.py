"""A cluster with Pods and DNS names among its endpoints: it is made anew with the Pods, for EDS takes no names. Pure.

That is the second best, and said: Envoy ends the sessions of a cluster that takes another's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from legation.model.cluster import ReadyPod
from legation.model.node import Scope
from legation.model.problems import Level, Problem
from legation.translate.base import Draft
from legation.translate.faults import fault
from legation.translate.pipe_clusters import cluster_draft
from legation.translate.pod_endpoints import PodEndpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class PodCluster:
    """The cluster as a whole, as a Selection."""

    endpoints: PodEndpoints

    @property
    def selectors(self) -> tuple[Scope, ...]:
        """Which Pods are among its endpoints."""
        return self.endpoints.selectors

    def draft(self, pods: Sequence[tuple[ReadyPod, ...]]) -> Draft:
        """Return the cluster with these Pods."""
        own = self.endpoints
        return cluster_draft(own.cluster, own.scope, placed=own.placed(pods))

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
