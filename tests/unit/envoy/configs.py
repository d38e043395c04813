"""Envoy JSON that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.envoy import codec, types
from legation.envoy.reader import read
from legation.model.problems import Level
from legation.model.resource import Resource

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
_ROUTES = {"rds", "route_config", "routeConfig", "scoped_routes"}
FILE = {"resource_api_version": "V3", "path_config_source": {"path": "/etc/envoy/x.yaml"}}


def cluster(**fields: Any) -> dict[str, Any]:
    return {"@type": CLUSTER, "name": "web", **fields}


def listener(*filters: Any, **fields: Any) -> dict[str, Any]:
    """Return a listener with one filter chain, at an address of no account unless it is given."""
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 80}}
    chains = [{"filters": list(filters)}]
    return {"@type": LISTENER, "name": "edge", "address": address, "filter_chains": chains, **fields}


def network_filter(message: str, **fields: Any) -> dict[str, Any]:
    return {"name": "of-a-test", "typed_config": {"@type": f"{TYPE}{message}", **fields}}


def hcm(*http_filters: Any, **fields: Any) -> dict[str, Any]:
    """Return a filter whose routes are none, unless they are given."""
    if not _ROUTES & fields.keys():
        fields["route_config"] = {"name": "none"}
    config = {"@type": HCM, "stat_prefix": "http", "http_filters": list(http_filters), **fields}
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": config}


def http_filter(message: str, **fields: Any) -> dict[str, Any]:
    return network_filter(f"envoy.extensions.filters.http.{message}", **fields)


def routes(*actions: Any, **fields: Any) -> dict[str, Any]:
    """Return a RouteConfiguration with one route for each action."""
    each = [{"match": {"prefix": "/"}, "route": action} for action in actions]
    return {"name": "web", "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": each, **fields}]}


def resource_of(json: Mapping[str, Any]) -> Resource:
    """Return the resource of a piece of configuration that Envoy would refuse for what it lacks."""
    message = types.message_class(types.type_name(json["@type"]))()
    _, misfits = read(message, {name: value for name, value in json.items() if name != "@type"})
    assert not [each for each in misfits if each.level is Level.ERROR], misfits
    return codec.from_message(message, check=False)
