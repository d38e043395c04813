"""A bootstrap for an Envoy that this control plane serves: plain JSON, which `envoy -c FILE` takes as JSON or YAML."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Literal, TypeAlias

from legation.envoy.trust import Trust, http_filters, transport_socket
from legation.envoy.types import TYPE_KEY
from legation.model.names import XDS_CLUSTER
from legation.model.resource_types import TYPE_URL_PREFIX

Variant: TypeAlias = Literal["delta", "sotw", "rest"]
"""How Envoy asks: delta is told what changed, state of the world gets all of a type, and so does REST, which polls."""

_MAX_CONNECTIONS = 50_000
"""From clients, of one Envoy: the figure of Envoy's own advice for the edge. Without one it warns."""
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_STREAMS = 100_000
"""At a time. Each cluster whose endpoints come by a stream of its own has one, and Envoy's default of 1,024 requests
holds the rest back without a word."""
_HTTP2 = {
    "http2_protocol_options": {
        # A control plane that vanished without a word is noticed, and another one asked.
        "connection_keepalive": {"interval": "30s", "timeout": "5s"},
        # All streams over one connection, so that their order can be kept.
        "max_concurrent_streams": _STREAMS,
        # Many that end at once are no flood: by default Envoy takes a thousand for one, and cuts the connection.
        "max_outbound_control_frames": _STREAMS,
    }
}
_HTTP: dict[Variant, dict[str, Any]] = {"delta": _HTTP2, "sotw": _HTTP2, "rest": {"http_protocol_options": {}}}
# A stream tries both families: `localhost` may be either. Polls keep to one, or they come from two clients.
_FAMILY: dict[Variant, str] = {"delta": "ALL", "sotw": "ALL", "rest": "V4_PREFERRED"}
_ALPN: dict[Variant, str] = {"delta": "h2", "sotw": "h2", "rest": "http/1.1"}
_CONNECT_TIMEOUT = "1s"
_HANDSHAKE_TIMEOUT = "5s"
"""With TLS, when all Envoys come back at once: who gives up too soon makes the server begin again."""
_CONNECTION_LIMIT = "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"


def bootstrap(
    *,
    node_id: str,
    xds_address: tuple[str, int],
    cluster: str = "legation",
    admin_port: int = 0,
    variant: Variant = "delta",
    ads: bool = True,
    labels: Mapping[str, str] | None = None,
    loads: bool = False,
    trust: Trust | None = None,
) -> dict[str, Any]:
    """Return the bootstrap of one Envoy.

    Args:
        node_id: Who the Envoy is: `<pod>.<namespace>` for a Pod, or any other name.
        xds_address: Host (a name or an IP address) and port of the control plane.
        cluster: The group of Envoys that it says it belongs to.
        admin_port: Of Envoy's admin page, on loopback; 0 lets the system choose (`--admin-address-path` tells it).
        variant: How it asks.
        ads: One stream for all types, in which their order can be kept. Without it CDS and LDS have a stream each;
            REST knows no other way.
        labels: Written to `node.metadata.labels`, which selectors of manifests are compared with.
        loads: Report the load that it sends to its clusters (LRS); over gRPC alone.
        trust: What it trusts and shows; None: nothing, in the clear.
    """
    return {
        "node": _node(node_id, cluster, labels),
        "dynamic_resources": _dynamic_resources(_server(variant), ads=ads and variant != "rest"),
        "static_resources": {"clusters": [_xds_cluster(*xds_address, variant=variant, trust=trust)]},
        **({"cluster_manager": {"load_stats_config": _loads()}} if loads else {}),
        **_own(admin_port),
    }


def bootstrap_from_files(
    *,
    node_id: str,
    folder: str,
    watched_directory: str = "",
    cluster: str = "legation",
    admin_port: int = 0,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the bootstrap of an Envoy that reads the files of `legation sync --node`.

    Args:
        node_id: Who the Envoy is.
        folder: Where `cds.json` and `lds.json` stand.
        watched_directory: Where a move tells that they changed; empty: in the folder itself.
        cluster: The group of Envoys that it says it belongs to.
        admin_port: Of Envoy's admin page, on loopback; 0 lets the system choose.
        labels: Written to `node.metadata.labels`.
    """
    watched = {"watched_directory": {"path": watched_directory}} if watched_directory else {}
    sources = {
        name: {
            "resource_api_version": "V3",
            "path_config_source": {"path": f"{folder}/{file}", **watched},
        }
        for name, file in (("cds_config", "cds.json"), ("lds_config", "lds.json"))
    }
    return {"node": _node(node_id, cluster, labels), "dynamic_resources": sources, **_own(admin_port)}


def _node(node_id: str, cluster: str, labels: Mapping[str, str] | None) -> dict[str, Any]:
    return {"id": node_id, "cluster": cluster, **({"metadata": {"labels": dict(labels)}} if labels else {})}


def _own(admin_port: int) -> dict[str, Any]:
    """Return what is the same wherever the configuration comes from."""
    return {
        "admin": {
            "address": _address("127.0.0.1", admin_port),
            # Health checks are answered when the limit of connections is reached, too.
            "ignore_global_conn_limit": True,
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        TYPE_KEY: TYPE_URL_PREFIX + _CONNECTION_LIMIT,
                        "max_active_downstream_connections": _MAX_CONNECTIONS,
                    },
                }
            ]
        },
    }


def _dynamic_resources(server: dict[str, Any], *, ads: bool) -> dict[str, Any]:
    source = {
        "resource_api_version": "V3",
        # An Envoy that starts before its control plane waits for it, rather than be ready with nothing to serve.
        "initial_fetch_timeout": "0s",
        **({"ads": {}} if ads else {"api_config_source": server}),
    }
    resources = {"cds_config": source, "lds_config": dict(source)}
    return {"ads_config": server, **resources} if ads else resources


def _server(variant: Variant) -> dict[str, Any]:
    if variant == "rest":
        return {
            "api_type": "REST",
            "transport_api_version": "V3",
            "cluster_names": [XDS_CLUSTER],
            # The server holds a poll until there is news, as long as this; so changes arrive soon although the pause
            # between two polls is no burden.
            "request_timeout": "30s",
            "refresh_delay": "0.5s",
        }
    return {
        "api_type": {"delta": "DELTA_GRPC", "sotw": "GRPC"}[variant],
        "transport_api_version": "V3",
        "set_node_on_first_message_only": True,
        "grpc_services": [
            {
                "envoy_grpc": {
                    "cluster_name": XDS_CLUSTER,
                    # Envoy's own maximum of 30 s is long for an Envoy that waits for its control plane to come back.
                    "retry_policy": {"retry_back_off": {"base_interval": "0.5s", "max_interval": "5s"}},
                }
            }
        ],
    }


def _loads() -> dict[str, Any]:
    server = _server("sotw")
    return {key: server[key] for key in ("api_type", "transport_api_version", "grpc_services")}


def _xds_cluster(host: str, port: int, *, variant: Variant, trust: Trust | None) -> dict[str, Any]:
    filters = http_filters(trust) if trust else []
    return {
        "name": XDS_CLUSTER,
        **_discovery(host, family=_FAMILY[variant]),
        "connect_timeout": _HANDSHAKE_TIMEOUT if trust else _CONNECT_TIMEOUT,
        **({"transport_socket": transport_socket(trust, protocol=_ALPN[variant])} if trust else {}),
        "circuit_breakers": {"thresholds": [{"max_requests": _STREAMS}]},
        "load_assignment": {
            "cluster_name": XDS_CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(host, port)}}]}],
        },
        "typed_extension_protocol_options": {
            _HTTP_OPTIONS: {
                TYPE_KEY: TYPE_URL_PREFIX + _HTTP_OPTIONS,
                "explicit_http_config": _HTTP[variant],
                **({"http_filters": filters} if filters else {}),
            }
        },
    }


def _discovery(host: str, *, family: str) -> dict[str, Any]:
    try:
        ip_address(host)
    except ValueError:
        return {"type": "STRICT_DNS", "dns_lookup_family": family}
    return {"type": "STATIC"}


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}
