"""The manifests that are served in the comparison: a JSON file for each, so that every server reads the same ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeAlias

Config: TypeAlias = dict[str, Any]
"""An Envoy resource in Envoy's JSON."""

TYPE_URLS = {
    "Cluster": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "Endpoint": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    "Listener": "type.googleapis.com/envoy.config.listener.v3.Listener",
    "Route": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
}
_ADS = {"ads": {}, "resource_api_version": "V3"}
_HTTP = "type.googleapis.com/envoy.extensions.filters"


def name_of(number: int) -> str:
    """Return the name of the cluster with that number, and of its endpoints."""
    return f"c-{number:05}"


def write(folder: Path, *, clusters: int, listeners: int, endpoints: bool) -> None:
    """Write the manifests of a case."""
    folder.mkdir()
    for number in range(clusters):
        save(folder, "Cluster", cluster(number, endpoints=endpoints))
        if endpoints:
            save(folder, "Endpoint", assignment(number))
    for number in range(listeners):
        save(folder, "Listener", listener(number))
        save(folder, "Route", route(number))


def save(folder: Path, kind: str, config: Config) -> None:
    """Write a manifest beside the folder and move it there: nobody ever reads a half."""
    name = config.get("name") or config["cluster_name"]
    manifest = {"apiVersion": "bootes.io/v1", "kind": kind, "metadata": {"name": name}, "spec": {"config": config}}
    file = f"{kind.lower()}-{name}.json"
    beside = folder.parent / file
    beside.write_text(json.dumps(manifest))
    beside.rename(folder / file)


def load(folder: Path) -> dict[tuple[str, str], Config]:
    """Return what the folder holds, by kind and name."""
    manifests = (json.loads(each.read_text()) for each in sorted(folder.glob("*.json")))
    return {(each["kind"], each["metadata"]["name"]): each["spec"]["config"] for each in manifests}


def marked(kind: str, config: Config, mark: str) -> Config:
    """Return a cluster or its endpoints with that mark in it."""
    if kind == "Cluster":
        return {**config, "alt_stat_name": mark}
    number = int(config["cluster_name"].removeprefix("c-"))
    return assignment(number, mark=mark)


def cluster(number: int, *, endpoints: bool) -> Config:
    """Return a cluster with one endpoint, or one that asks for its endpoints."""
    name = name_of(number)
    one = {"cluster_name": name, "endpoints": [{"lb_endpoints": [_endpoint(number, 1)]}]}
    kind = {"type": "EDS", "eds_cluster_config": {"eds_config": _ADS}} if endpoints else {"load_assignment": one}
    return {
        "name": name,
        "alt_stat_name": name,
        "connect_timeout": "1s",
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": {"thresholds": [{"max_connections": 1024, "max_pending_requests": 1024}]},
        "outlier_detection": {"consecutive_5xx": 5, "interval": "10s", "base_ejection_time": "30s"},
        "metadata": {"filter_metadata": {"bench": {"team": "payments", "service": f"backend-{number}"}}},
        **kind,
    }


def assignment(number: int, *, mark: str = "") -> Config:
    """Return ten endpoints of a cluster; the first may have a mark."""
    endpoints = [_endpoint(number, each) for each in range(1, 11)]
    endpoints[0]["endpoint"]["hostname"] = mark
    return {
        "cluster_name": name_of(number),
        "endpoints": [{"locality": {"zone": "zone-a"}, "lb_endpoints": endpoints}],
    }


def listener(number: int) -> Config:
    """Return a listener of HTTP that asks for its routes."""
    router = {"name": "router", "typed_config": {"@type": f"{_HTTP}.http.router.v3.Router"}}
    manager = {
        "@type": f"{_HTTP}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "http",
        "rds": {"route_config_name": f"r-{number:05}", "config_source": _ADS},
        "http_filters": [router],
    }
    return {
        "name": f"l-{number:05}",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10000 + number}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def route(number: int) -> Config:
    """Return the routes of a listener, to four clusters."""
    routes = [{"match": {"prefix": f"/{each}/"}, "route": {"cluster": name_of(4 * number + each)}} for each in range(4)]
    return {"name": f"r-{number:05}", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]}


def _endpoint(number: int, each: int) -> Config:
    address = f"10.{number >> 8 & 255}.{number & 255}.{each}"
    return {"endpoint": {"address": {"socket_address": {"address": address, "port_value": 8080}}}}
