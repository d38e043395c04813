"""The cluster of a pipe as Envoy JSON. Pure.

What is fixed here is the point of a pipe: Maglev, for who has the same key; no panic, which would send to hosts that
are known to be dead; and a host that is gone is gone at once, whatever its health check says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from legation.model.names import XDS_CLUSTER
from legation.model.node import Scope
from legation.model.resource_types import CLUSTER
from legation.translate.base import Draft
from legation.translate.pipe import HealthCheck, PipeCluster, PipeEndpoint, Probe
from legation.translate.pipe_assignments import assignment


def dns_cluster(cluster: PipeCluster, scope: Scope, placed: Iterable[tuple[PipeEndpoint, str]]) -> Draft:
    """Return the cluster as one whose hosts Envoy is told with it, and resolves.

    Args:
        cluster: What is said of it.
        scope: Who gets it.
        placed: What stands at which address.
    """
    return _cluster(cluster, scope, {"type": "STRICT_DNS", "load_assignment": assignment(cluster, placed)})


def eds_cluster(cluster: PipeCluster, scope: Scope) -> Draft:
    """Return the cluster as one whose hosts Envoy asks for."""
    # Not over ADS: an Envoy of l7mp has no such stream.
    source = {
        "resource_api_version": "V3",
        "initial_fetch_timeout": duration(cluster.initial_fetch_timeout),
        "api_config_source": {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "set_node_on_first_message_only": True,
            "grpc_services": [{"envoy_grpc": {"cluster_name": XDS_CLUSTER}}],
        },
    }
    return _cluster(cluster, scope, {"type": "EDS", "eds_cluster_config": {"eds_config": source}})


def duration(milliseconds: int) -> str:
    """Return a time as protobuf's JSON has it: `0.100s`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds}.{rest:03d}s" if rest else f"{seconds}s"


def _cluster(cluster: PipeCluster, scope: Scope, discovery: dict[str, Any]) -> Draft:
    json: dict[str, Any] = {
        "@type": CLUSTER.url,
        "name": cluster.name,
        "connect_timeout": duration(cluster.connect_timeout),
        "lb_policy": "MAGLEV",
        "common_lb_config": _common(cluster),
        "ignore_health_on_host_removal": True,
        **discovery,
    }
    if cluster.maglev_table_size is not None:
        json["maglev_lb_config"] = {"table_size": cluster.maglev_table_size}
    if cluster.health_check is not None:
        json["health_checks"] = [_health_check(cluster.health_check)]
    return Draft(json=json, scope=scope, path=cluster.path)


def _common(cluster: PipeCluster) -> dict[str, Any]:
    window = cluster.update_merge_window
    merge = {} if window is None else {"update_merge_window": duration(window)}
    return {"healthy_panic_threshold": {"value": 0}, **merge}


def _health_check(check: HealthCheck) -> dict[str, Any]:
    return {
        "timeout": duration(check.timeout),
        "interval": duration(check.interval),
        # Envoy asks hosts of a cluster that nobody uses yet once a minute, if it is not told otherwise.
        "no_traffic_interval": duration(check.interval),
        "unhealthy_threshold": check.unhealthy_threshold,
        "healthy_threshold": check.healthy_threshold,
        **({"http_health_check": {"path": check.path}} if check.probe is Probe.HTTP else {"tcp_health_check": {}}),
    }
