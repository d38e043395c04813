"""How long a cluster takes to be warm when its configuration and its endpoints are there.

Envoy holds a new cluster back until its first load of endpoints is done, be it by EDS or by DNS, and then until each
host had a first active health check, whatever that found (cluster manager documentation, "Cluster warming").
"""

from __future__ import annotations

from ipaddress import ip_address
from math import inf
from typing import TYPE_CHECKING, Any

from legation.envoy.understanding import type_of
from legation.envoy.wrapped import seconds
from legation.model.resource_types import CLUSTER

if TYPE_CHECKING:
    from google.protobuf.message import Message

CONNECTING = 0.05
"""Seconds that a first health check gets besides its `timeout`, for an Envoy that has others to make too."""

LOOKUP = 1.0
"""Seconds that a first lookup of names gets. A failed one counts as well: Envoy goes on without hosts. One that nobody
answers it gives up only after `query_timeout_seconds` (5) times `query_tries` (4)."""

_DNS = "envoy.extensions.clusters.dns.v3.DnsCluster"
_AT_ONCE = frozenset({"envoy.extensions.clusters.dynamic_forward_proxy.v3.ClusterConfig"})
"""Extension clusters that wait for nothing: their hosts come with the requests."""


def warms_within(message: Message) -> float:
    """Return the seconds after which a cluster is warm when its endpoints are there; inf: nobody knows.

    A first health check comes at the latest after `initial_jitter` and has its result after `timeout`. A DNS cluster
    whose hosts are addresses asks nobody, and one that says `wait_for_warm_on_init: false` does not wait for the
    answer. What other extension clusters wait for is not known here.
    """
    if message.DESCRIPTOR.full_name != CLUSTER.message:
        return 0.0
    cluster: Any = message
    return _discovery(cluster) + max(map(_first_check, cluster.health_checks), default=0.0)


def _discovery(cluster: Any) -> float:
    by_dns = cluster.type in {cluster.STRICT_DNS, cluster.LOGICAL_DNS}
    if cluster.HasField("cluster_type"):
        extension = type_of(cluster.cluster_type.typed_config)
        if extension in _AT_ONCE:
            return 0.0
        if extension != _DNS:
            return inf
        by_dns = True
    waits = not cluster.HasField("wait_for_warm_on_init") or cluster.wait_for_warm_on_init.value
    return LOOKUP if by_dns and waits and not _all_are_addresses(cluster) else 0.0


def _all_are_addresses(cluster: Any) -> bool:
    hosts = (each.endpoint for locality in cluster.load_assignment.endpoints for each in locality.lb_endpoints)
    return all(map(_is_address, (host.address.socket_address.address for host in hosts)))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _first_check(check: Any) -> float:
    return seconds(check.initial_jitter) + seconds(check.timeout) + CONNECTING
