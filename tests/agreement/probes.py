"""What asks for a resource that does not come to an Envoy by itself: a cluster or a listener made for that one. Pure.

Plain Envoy configuration, which owes nothing to legation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Mapping[str, Any]
Probe: TypeAlias = tuple[str, Json]
"""The service that brings it (`cds`, `lds`), and what asks."""

PREFIX = "type.googleapis.com/"
_FILTERS = f"{PREFIX}envoy.extensions.filters"
_TLS = f"{PREFIX}envoy.extensions.transport_sockets.tls.v3"
_ROUTER = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_FILTERS}.http.router.v3.Router"}}


def probe(kind: str, resource: Json, source: Json, *, name: str) -> Probe:
    """Return what makes Envoy ask a source for a resource.

    Args:
        kind: The last word of the resource's type, one of `ASKED_FOR`.
        resource: Says by which name it is asked for.
        source: Where it is, as a `ConfigSource`.
        name: Of what asks.
    """
    return ASKED_FOR[kind](resource, source, name)


def host_in_routes(host: Json) -> Json:
    """Return a virtual host inside of routes: on its own it comes over a stream only, and is the same thing there."""
    inner = {key: value for key, value in host.items() if key != "@type"}
    return {"@type": f"{PREFIX}envoy.config.route.v3.RouteConfiguration", "name": "r", "virtual_hosts": [inner]}


def bound_nowhere(listener: Json) -> Json:
    """Return the listener without a port of its own, unless it says something of that itself or is for UDP."""
    return listener if _is_udp(listener) or _has(listener, "bind_to_port") else {**listener, "bind_to_port": False}


def _is_udp(listener: Json) -> bool:
    match listener.get("address"):
        case {"socket_address": {"protocol": "UDP"}}:
            return True
        case _:
            return False


def _has(resource: Json, key: str) -> bool:
    first, *others = key.split("_")
    return key in resource or first + "".join(each.title() for each in others) in resource


def _assignment(resource: Json, source: Json, name: str) -> Probe:
    asked_for = resource.get("cluster_name", resource.get("clusterName"))
    return _cluster(name, type="EDS", eds_cluster_config={"eds_config": source, "service_name": asked_for})


def _secret(resource: Json, source: Json, name: str) -> Probe:
    secret = {"name": resource.get("name", ""), "sds_config": source}
    if _has(resource, "generic_secret"):
        return _generic_secret(secret, name)
    if _has(resource, "session_ticket_keys"):
        return _ticket_keys(secret, name)
    validation = _has(resource, "validation_context")
    common = {"validation_context_sds_secret_config": secret} if validation else _certificates(secret)
    return _cluster(name, type="STATIC", transport_socket=_tls("Upstream", common_tls_context=common))


def _ticket_keys(secret: Json, name: str) -> Probe:
    common = _certificates({"name": "other", "sds_config": {"ads": {}}})
    socket = _tls("Downstream", session_ticket_keys_sds_secret_config=secret, common_tls_context=common)
    return _listener(name, {"route_config": {"name": "r"}}, transport_socket=socket)


def _generic_secret(secret: Json, name: str) -> Probe:
    generic = {"@type": f"{PREFIX}envoy.extensions.http.injected_credentials.generic.v3.Generic", "credential": secret}
    injector = {
        "@type": f"{_FILTERS}.http.credential_injector.v3.CredentialInjector",
        "credential": {"name": "envoy.http.injected_credentials.generic", "typed_config": generic},
    }
    return _with_filter(name, {"name": "envoy.filters.http.credential_injector", "typed_config": injector})


def _extension(resource: Json, source: Json, name: str) -> Probe:
    match resource.get("typed_config", resource.get("typedConfig")):
        case {"type_url": str(url)} | {"typeUrl": str(url)} | {"@type": str(url)}:
            pass
        case _:
            url = f"{_FILTERS}.http.buffer.v3.Buffer"
    discovery = {"config_source": source, "type_urls": [url]}
    return _with_filter(name, {"name": resource.get("name", ""), "config_discovery": discovery})


def _routes(resource: Json, source: Json, name: str) -> Probe:
    return _listener(name, {"rds": {"config_source": source, "route_config_name": resource.get("name", "")}})


def _scopes(resource: Json, source: Json, name: str) -> Probe:
    extractor = {"name": "x-scope", "element_separator": ";", "element": {"key": "s", "separator": "="}}
    scopes = {
        "name": "scopes",
        "rds_config_source": {"ads": {}, "resource_api_version": "V3"},
        "scope_key_builder": {"fragments": [{"header_value_extractor": extractor}]},
        "scoped_rds": {"scoped_rds_config_source": source},
    }
    return _listener(name, {"scoped_routes": scopes})


def _with_filter(name: str, first: Json) -> Probe:
    return _listener(name, {"route_config": {"name": "r"}, "http_filters": [first, _ROUTER]})


def _cluster(name: str, **fields: Any) -> Probe:
    return "cds", {"@type": f"{PREFIX}envoy.config.cluster.v3.Cluster", "name": name, **fields}


def _listener(name: str, manager: Json, **chain: Any) -> Probe:
    kind = f"{_FILTERS}.network.http_connection_manager.v3.HttpConnectionManager"
    config = {"@type": kind, "stat_prefix": name, "http_filters": [_ROUTER], **manager}
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": config}]
    return "lds", {
        "@type": f"{PREFIX}envoy.config.listener.v3.Listener",
        "name": name,
        "bind_to_port": False,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10000}},
        "filter_chains": [{"filters": filters, **chain}],
    }


def _tls(side: str, **fields: Any) -> Json:
    return {"name": "envoy.transport_sockets.tls", "typed_config": {"@type": f"{_TLS}.{side}TlsContext", **fields}}


def _certificates(secret: Json) -> Json:
    return {"tls_certificate_sds_secret_configs": [secret]}


ASKED_FOR: Mapping[str, Callable[[Json, Json, str], Probe]] = {
    "ClusterLoadAssignment": _assignment,
    "Secret": _secret,
    "TypedExtensionConfig": _extension,
    "RouteConfiguration": _routes,
    "ScopedRouteConfiguration": _scopes,
}
