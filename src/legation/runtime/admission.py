"""May this peer be this node, and which workload is it then? The one place that answers.

A pure function of (the peer, the node that it claims, the workloads known). Today every node with an id is admitted;
binding a certificate or a token to node ids belongs here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from legation.model.node import DEFAULT_NAMESPACE, Node, Peer, Workload, split_node_id
from legation.transports.base import Refusal


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


def admit(peer: Peer, node: Node, *, workloads: Mapping[str, Workload], namespaces: Collection[str]) -> Workload:
    """Return what is known of the Envoy at this peer.

    Args:
        peer: Whom the connection comes from.
        node: Who the Envoy says it is.
        workloads: The node ids that a manifest describes.
        namespaces: The namespaces of all manifests. For a node that no manifest describes, the namespace is the last
            part of its id where it is one of these, else `default`.

    Raises:
        Refusal: This peer may not be this node. It depends on the peer and the node alone, so that a client which was
            admitted stays admitted when the manifests change.
    """
    require_id(peer, node)
    described = workloads.get(node.id)
    if described is not None:
        return described
    _, namespace = split_node_id(node.id)
    return Workload(
        namespace=namespace if namespace in namespaces else DEFAULT_NAMESPACE,
        labels=frozenset(node.labels.items()),
    )
