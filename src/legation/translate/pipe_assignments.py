"""The hosts of a pipe's cluster as a ClusterLoadAssignment in Envoy JSON. Pure.

Every host bears its address as `envoy.lb.hash_key`. Maglev then places it alike in every cluster whatever its port is,
so all that has the same key comes to the same host. The invariant: no address stands twice with the same port.

Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers#maglev
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from legation.model.node import Scope
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT
from legation.translate.base import Draft
from legation.translate.pipe import Carrier, PipeCluster, PipeEndpoint


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
        host = _lb_endpoint(cluster.carrier, address, endpoint.port, endpoint.health_check_port)
        found.setdefault((address, endpoint.port), host)
    return {"cluster_name": cluster.name, "endpoints": [{"lb_endpoints": [*found.values()]}] if found else []}


@lru_cache(maxsize=1 << 16)
def _lb_endpoint(carrier: Carrier, address: str, port: int, health_check_port: int | None) -> dict[str, Any]:
    """Return a host; nobody changes it, and it stands in the assignments that are made when another comes or goes."""
    socket = {"protocol": carrier.value, "address": address, "port_value": port}
    host: dict[str, Any] = {"address": {"socket_address": socket}}
    if health_check_port is not None:
        host["health_check_config"] = {"port_value": health_check_port}
    return {"endpoint": host, "metadata": {"filter_metadata": {"envoy.lb": {"hash_key": address}}}}
