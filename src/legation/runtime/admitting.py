"""Admission at this moment: what is known of workloads and Pods, and the rules; only the peer is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.model.cluster import Cluster
from legation.model.node import Node, Peer, Workload
from legation.runtime.admission import Rules, admit, is_proven, is_still, require_proof, why_unknown
from legation.runtime.identity_rules import Identity
from legation.transports.base import Refusal

_NOT_HEARD = Cluster(pods_current=False)
"""What is known before anything was heard: any Pod may be there."""


class Admitting:
    """Holds what admission depends on. Its owner keeps that up to date."""

    def __init__(self, rules: Rules) -> None:
        """Begin with nobody known."""
        self._check_peer = rules.check_peer
        self.identity: Identity | None = rules.identity
        """What Envoys have to prove; others may be put here at any time."""
        self.workloads: Mapping[str, Workload] = {}
        """The node ids that a manifest describes."""
        self.namespaces: frozenset[str] = frozenset()
        """The namespaces of all manifests."""
        self.cluster: Cluster | None = None
        """Where Pods run."""
        self.begun = False
        """Whether all that was heard of: before that nobody can tell whether there is such a Pod."""

    def look(self, cluster: Cluster | None) -> bool:
        """Take the newest Pods. Returns whether they are others, or known for sure again where that matters."""
        before, self.cluster = self.cluster, cluster
        if cluster is None or before is None:
            return cluster is not before
        sure = self._enforced is not None and cluster.pods_current and not before.pods_current
        return sure or cluster.pods is not before.pods

    @property
    def _enforced(self) -> Identity | None:
        return None if self.identity is None or self.identity.report else self.identity

    def workload_of(self, peer: Peer, node: Node) -> Workload | None:
        """Return what is known of a client that comes, None where that is nothing yet.

        Raises:
            Refusal: This peer may not be this node.
        """
        return self._admit(peer, node, identity=self._enforced)

    def workload_again(self, peer: Peer, node: Node) -> Workload | None:
        """Return the same of a client that was admitted: what it has proven was looked at then, or in `revoked`."""
        return self._admit(peer, node, identity=None)

    def is_still(self, peer: Peer, node: Node) -> bool:
        """Say whether a client is still what it was admitted as, where it is a Pod."""
        return is_still(peer, node, workloads=self.workloads, cluster=self.cluster, check_peer=self._check_peer)

    def why_unknown(self, node: Node) -> str | None:
        """Return why a client was waited for in vain; None while it has to be waited for."""
        if not self.begun or (self.cluster is not None and not self.cluster.pods_current):
            return None
        return why_unknown(node, cluster=self.cluster)

    @property
    def reports(self) -> bool:
        """Whether refusals for identity are only reported."""
        return self.identity is not None and self.identity.report

    def would_refuse(self, peer: Peer, node: Node) -> Refusal | None:
        """Return why a client would not be served that is, because refusals are only reported."""
        return self._refusal(peer, node) if self.reports else None

    def revoked(self, peer: Peer, node: Node) -> Refusal | None:
        """Return why a client that was admitted may not be here any more; None while it may, or nobody can tell."""
        if self._enforced is None or not self.begun:
            return None
        cluster = self.cluster
        if cluster is not None and node.id not in self.workloads and node.id not in cluster.pods:
            return Refusal("NOT_FOUND", "the Pod of this Envoy is gone") if cluster.pods_current else None
        return self._refusal(peer, node)

    def require_proof(self, peer: Peer) -> None:
        """Refuse a peer that has proven nothing, where that is asked of it; see `hub.Doors`."""
        if self._enforced is not None:
            require_proof(peer, identity=self._enforced)

    def may_see(self, peer: Peer, node: Node) -> bool:
        """Say whether a peer may be shown what this node gets: what it might be itself."""
        if self._enforced is None:
            return True
        try:
            return is_proven(peer, node, identity=self._enforced, **self._known)
        except Refusal:
            return False

    def _refusal(self, peer: Peer, node: Node) -> Refusal | None:
        try:
            if self.identity is not None:
                is_proven(peer, node, identity=self.identity, **self._known)
        except Refusal as refusal:
            return refusal
        return None

    def _admit(self, peer: Peer, node: Node, *, identity: Identity | None) -> Workload | None:
        if identity is None:
            return admit(
                peer,
                node,
                workloads=self.workloads,
                namespaces=self.namespaces,
                cluster=self.cluster,
                check_peer=self._check_peer,
            )
        return admit(peer, node, check_peer=self._check_peer, identity=identity, **self._known)

    @property
    def _known(self) -> Any:
        cluster = self.cluster if self.begun else _NOT_HEARD
        return {"workloads": self.workloads, "namespaces": self.namespaces, "cluster": cluster}
