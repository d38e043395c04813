"""Envoy JSON that the tests of this folder share."""

from __future__ import annotations

from typing import Any

TYPE = "type.googleapis.com/"
CLUSTER = f"{TYPE}envoy.config.cluster.v3.Cluster"
LISTENER = f"{TYPE}envoy.config.listener.v3.Listener"
ROUTES = f"{TYPE}envoy.config.route.v3.RouteConfiguration"
SECRET = f"{TYPE}envoy.extensions.transport_sockets.tls.v3.Secret"
HCM = f"{TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
ROUTER = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": f"{TYPE}envoy.extensions.filters.http.router.v3.Router"},
}
ADS = {"resource_api_version": "V3", "ads": {}}
FILE = {"resource_api_version": "V3", "path_config_source": {"path": "/etc/envoy/x.yaml"}}


def cluster(**fields: Any) -> dict[str, Any]:
    return {"@type": CLUSTER, "name": "web", **fields}


def listener(*filters: Any, **fields: Any) -> dict[str, Any]:
    return {"@type": LISTENER, "name": "edge", "filter_chains": [{"filters": list(filters)}], **fields}


def network_filter(message: str, **fields: Any) -> dict[str, Any]:
    return {"name": "of-a-test", "typed_config": {"@type": f"{TYPE}{message}", **fields}}


def hcm(*http_filters: Any, **fields: Any) -> dict[str, Any]:
    config = {"@type": HCM, "stat_prefix": "http", "http_filters": list(http_filters), **fields}
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}


def http_filter(message: str, **fields: Any) -> dict[str, Any]:
    return network_filter(f"envoy.extensions.filters.http.{message}", **fields)


def routes(*actions: Any, **fields: Any) -> dict[str, Any]:
    """Return a RouteConfiguration with one route for each action."""
    each = [{"match": {"prefix": "/"}, "route": action} for action in actions]
    return {"name": "web", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": each, **fields}]}
