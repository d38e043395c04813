"""Who is who: Peer, Node (who an Envoy says it is), Workload (what is known of it), Scope (who gets a resource)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from legation.model.identity import NO_PROOF, Proof

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Whom a connection comes from, as far as the transport can tell."""

    address: str
    """As the transport writes it: `ipv4:127.0.0.1:50312`."""
    transport: str
    """The transport's name: `grpc`."""
    proof: Proof = NO_PROOF
    """Who it has proven to be."""

    @property
    def ip(self) -> str:
        """The IP address alone, as `canonical_ip` spells it; empty where it is none (a Unix socket)."""
        scheme, _, rest = self.address.partition(":")
        if scheme not in {"ipv4", "ipv6"}:
            return ""
        host = rest[1:].partition("]")[0] if rest.startswith("[") else rest.partition(":")[0]
        return canonical_ip(host)


@lru_cache(maxsize=4096)
def canonical_ip(text: str) -> str:
    """Return an IP address in its one spelling: IPv4 that is mapped into IPv6 as IPv4; empty if it is none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


@lru_cache(maxsize=4096)
def address_block(ip: str) -> str:
    """Return what stands for those behind an address: of IPv6 the 64 bits that one host is given all of (RFC 6177)."""
    canonical = canonical_ip(ip)
    return str(ip_network((canonical, 64), strict=False)) if ":" in canonical else canonical or ip


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Who an Envoy says it is: the part of `envoy.config.core.v3.Node` that is used here."""

    id: str
    cluster: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False, compare=False, repr=False)
    user_agent: str = field(default="", compare=False)
    """Name and version of the client, as it says: `envoy 1.40.0`."""
    features: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """`client_features` of the node."""

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels in `node.metadata.labels`; what is not a string there is left out."""
        labels = self.metadata.get("labels")
        if not isinstance(labels, Mapping):
            return {}
        return {str(key): value for key, value in labels.items() if isinstance(value, str)}


def split_node_id(node_id: str) -> tuple[str, str]:
    """Return (name, namespace) of a node id `<name>.<namespace>`, split at the last dot.

    A namespace cannot contain a dot and a Pod's name can. An id without a dot has no namespace: `("edge", "")`.
    """
    name, dot, namespace = node_id.rpartition(".")
    return (name, namespace) if dot else (node_id, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What is known of one Envoy: its namespace and labels decide what it gets."""

    namespace: str
    labels: frozenset[tuple[str, str]] = frozenset()
    service_account: str = ""
    """That of its Pod, where a manifest says so: whose proof it may show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Who gets a resource: the workloads of one namespace that carry all these labels (none: every workload there)."""

    namespace: str
    labels: frozenset[tuple[str, str]] = frozenset()

    def matches(self, workload: Workload) -> bool:
        """Say whether the workload gets what has this scope."""
        return self.namespace == workload.namespace and self.labels <= workload.labels

    def meets(self, other: Scope) -> bool:
        """Say whether a workload can exist that both scopes match: no label is asked for with two values."""
        if self.namespace != other.namespace:
            return False
        mine = dict(self.labels)
        return all(mine.get(key, value) == value for key, value in other.labels)
