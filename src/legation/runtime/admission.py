"""May this peer be this node, and which workload is it then? The one place that answers.

A pure function of (the peer and its proof, the node that it claims, the workloads and Pods known, the rules). Binding a
certificate or a token to node ids belongs here and nowhere else. Who has not proven that it may be a node hears nothing
of whether there is such a node.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from legation.model.cluster import Cluster, Pod
from legation.model.node import DEFAULT_NAMESPACE, Node, Peer, Workload, split_node_id
from legation.model.problems import Level
from legation.runtime.identity_rules import Allowed, Identity, Nodes
from legation.runtime.item import NO_KINDS, Kinds
from legation.transports.base import Refusal

NO_PROOF, BAD_TOKEN, CHECKER_AWAY, NO_RULE, OTHER_NODE = (
    "no-proof",
    "bad-token",
    "checker-away",
    "no-rule",
    "other-node",
)
"""Why an identity is refused: the `cause` of the refusal, and the label of the metric."""
_NO_ACCOUNT = "default"
"""What a Pod has that names no service account."""

_LONGEST_ID = 200
"""Characters of a node id in the words of a refusal."""

_SHOW = (
    "it showed no client certificate and no token: `legation bootstrap --auth token` or `--auth certificate` prints a"
    " bootstrap that does"
)
_NODE_ID = "start Envoy with --service-node $(POD_NAME).$(POD_NAMESPACE), or with the Pod's UID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the owner of the server decides about who gets what, and of what."""

    check_peer: bool = True
    """Whether an Envoy must connect from an address of its Pod."""
    across_namespaces: bool = False
    """Whether Envoys may have Services and Secrets of other namespaces without a ReferenceGrant."""
    any_label: Kinds = NO_KINDS
    """Those of objects that go to the Envoys of every namespace that have any one of the labels selected,
    and choose the Pods that they send traffic to likewise."""
    unknown_fields: Level = Level.ERROR
    """How bad a field is that Envoy's protos do not have, outside the configuration of an extension: it is refused, or
    left out with a warning."""
    identity: Identity | None = None
    """How Envoys have to prove who they are; None: they need not."""


def require_id(peer: Peer, node: Node) -> None:
    """Refuse a node that does not say who it is.

    Raises:
        Refusal: The node has no id.
    """
    if not node.id:
        raise Refusal(
            "INVALID_ARGUMENT",
            f"the Envoy at {peer.address} sent no node id: set node.id in its bootstrap or give it --service-node",
        )


def admit(
    peer: Peer,
    node: Node,
    *,
    workloads: Mapping[str, Workload],
    namespaces: Collection[str],
    cluster: Cluster | None = None,
    check_peer: bool = True,
    identity: Identity | None = None,
) -> Workload | None:
    """Return what is known of the Envoy at this peer; None while its Pod is not known.

    Args:
        peer: Whom the connection comes from.
        node: Who the Envoy says it is.
        workloads: The node ids that a manifest describes.
        namespaces: The namespaces of all manifests. For a node that no manifest describes, the namespace is the last
            part of its id where it is one of these, else `default`.
        cluster: Where Pods run: then an Envoy that no manifest describes is one of them.
        check_peer: Whether the connection must come from an address of the Pod.
        identity: What the peer has to prove; None: nothing.

    Raises:
        Refusal: This peer may not be this node.
    """
    require_id(peer, node)
    if identity is not None and not is_proven(
        peer, node, identity=identity, workloads=workloads, namespaces=namespaces, cluster=cluster
    ):
        return None
    described = workloads.get(node.id)
    if described is not None:
        return described
    if cluster is not None:
        pod = cluster.pods.get(node.id)
        return _of_pod(peer, node, pod, check_peer=check_peer, current=cluster.pods_current)
    _, namespace = split_node_id(node.id)
    return Workload(
        namespace=namespace if namespace in namespaces else DEFAULT_NAMESPACE,
        labels=frozenset(node.labels.items()),
    )


def require_proof(peer: Peer, *, identity: Identity) -> None:
    """Refuse a peer that has not proven to be anybody whom a rule names: for questions that are about no node.

    Raises:
        Refusal: It has not.
    """
    if not identity.rules.allowed(peer.proof):
        raise _unproven(peer, Node(id=""), ())


def is_proven(
    peer: Peer,
    node: Node,
    *,
    identity: Identity,
    workloads: Mapping[str, Workload],
    namespaces: Collection[str],
    cluster: Cluster | None,
) -> bool:
    """Say whether a peer has proven that it may be this node; False while that cannot be told yet.

    Raises:
        Refusal: It has not.
    """
    allowed = identity.rules.allowed(peer.proof)
    said = [_covers(each, node.id, workloads=workloads, namespaces=namespaces, cluster=cluster) for each in allowed]
    if True in said:
        return True
    if None in said:
        return False
    raise _unproven(peer, node, allowed)


def _covers(
    allowed: Allowed,
    node_id: str,
    *,
    workloads: Mapping[str, Workload],
    namespaces: Collection[str],
    cluster: Cluster | None,
) -> bool | None:
    """Say whether a node is among those that a proof allows; None while the Pod is not known that tells."""
    if isinstance(allowed, Nodes):
        return node_id in allowed.ids
    described = workloads.get(node_id)
    if described is not None:
        account = described.service_account or _NO_ACCOUNT
        return (
            described.namespace == allowed.namespace
            and allowed.service_account in {"", account}
            and (not allowed.name or allowed.may_be_called(node_id))
        )
    if cluster is None:
        # It is in the namespace that its id ends in, where there is such a one; nobody knows its service account.
        return not allowed.service_account and allowed.namespace in namespaces and allowed.may_be_called(node_id)
    pod = cluster.pods.get(node_id)
    if pod is not None and allowed.includes(pod):
        return True
    if not cluster.pods_current:
        # One may have been made anew under its name. By a UID nobody can say whose Pod it is.
        return None if "." not in node_id or allowed.may_be_called(node_id) else False
    # A UID that is not known yet is refused like that of a Pod elsewhere: nobody learns which there are.
    return None if pod is None and allowed.may_be_called(node_id) else False


def _unproven(peer: Peer, node: Node, allowed: Collection[Allowed]) -> Refusal:
    """Return what a peer is told: what it has shown itself, and what that would allow."""
    proof, flaw = peer.proof, peer.proof.flaw
    if flaw is not None and flaw.passing:
        return Refusal("UNAVAILABLE", f"nobody can tell yet whose token this is: {flaw.words}", cause=CHECKER_AWAY)
    if flaw is not None:
        beside = f"; {proof} does not make it this node either" if proof else ""
        return Refusal("UNAUTHENTICATED", f"the token proves nothing: {flaw.words}{beside}", cause=BAD_TOKEN)
    if not proof:
        return Refusal("UNAUTHENTICATED", f"nothing proves which Envoy this is; {_SHOW}", cause=NO_PROOF)
    if not allowed:
        return Refusal("PERMISSION_DENIED", f"no rule says which Envoy may show {proof}", cause=NO_RULE)
    mine = " or ".join(map(str, allowed))
    ids = [each for one in allowed if isinstance(one, Nodes) for each in one.ids]
    mend = f"start Envoy with --service-node {ids[0]}" if ids else _NODE_ID
    return Refusal(
        "PERMISSION_DENIED",
        f"{proof} is for {mine}; it is not shown that the node {node.id[:_LONGEST_ID]!r} is that: {mend}",
        cause=OTHER_NODE,
    )


def is_still(
    peer: Peer, node: Node, *, workloads: Mapping[str, Workload], cluster: Cluster | None, check_peer: bool
) -> bool:
    """Say whether a client would still be admitted: where it is a Pod, whether that is there.

    It is the very same, where its address tells.
    """
    if node.id in workloads or cluster is None:
        return True
    pod = cluster.pods.get(node.id)
    return pod is not None and (not check_peer or peer.ip in pod.addresses)


def why_unknown(node: Node, *, cluster: Cluster | None) -> str:
    """Return why a client was waited for in vain."""
    pod = cluster.pods.get(node.id) if cluster is not None else None
    if pod is not None:
        return f"the Pod {pod.namespace}/{pod.name} has no address, so nobody can tell whether this Envoy is in it"
    name, namespace = split_node_id(node.id)
    called = f"called {name} in the namespace {namespace}" if namespace else f"with the UID {name}"
    return f"there is no Pod {called}, as the node id {node.id!r} says; {_NODE_ID}"


def _of_pod(peer: Peer, node: Node, pod: Pod | None, *, check_peer: bool, current: bool) -> Workload | None:
    if pod is None or (check_peer and not pod.addresses):
        return None
    if check_peer and peer.ip not in pod.addresses:
        if not current:
            # It may have been made anew since Pods were last heard of.
            return None
        raise Refusal(
            "PERMISSION_DENIED",
            f"the node id {node.id!r} is that of a Pod which does not have the address {peer.ip or peer.address} that"
            " this connection comes from; where a proxy or a host network stands between them, serve with"
            " --peer-check none",
        )
    return Workload(namespace=pod.namespace, labels=pod.labels)
