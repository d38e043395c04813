"""What a team puts into its namespace so that its Envoys serve: Pods, Services with their endpoints, and Envoy's own
configuration in the kinds of bootes.io. Names, no meaning: what a test says is what it is about."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from tests.cluster.admin import Object, reference

PORT = 8080
"""Where backends answer."""
HTTP = {"name": "http", "port": PORT}
ADS = {"ads": {}, "resource_api_version": "V3"}
EDGE = {"app": "edge"}
"""The labels of an Envoy's Pod, unless a test says others."""
_TYPES = "type.googleapis.com/envoy.extensions"


def pod(namespace: str, name: str, labels: Mapping[str, str] = EDGE) -> Object:
    """Return a Pod; its address is in its status, which is written apart."""
    made = reference("v1", "Pod", name, namespace)
    made["metadata"]["labels"] = dict(labels)
    # The account is what an admission plugin of the API server would write, which is off here.
    return made | {"spec": {"serviceAccountName": "default", "containers": [{"name": "envoy", "image": "envoy"}]}}


def pod_status(namespace: str, name: str, address: str) -> Object:
    """Return what the kubelet would write."""
    status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
    return reference("v1", "Pod", name, namespace) | {"status": status}


def service(namespace: str, name: str) -> Object:
    """Return a Service whose port `http` is 80."""
    ports = [{"name": "http", "port": 80, "targetPort": PORT}]
    return reference("v1", "Service", name, namespace) | {"spec": {"ports": ports}}


def endpoint_slice(
    namespace: str,
    of: str,
    ready: Iterable[str],
    *,
    ending: Iterable[str] = (),
    name: str = "",
    port: Mapping[str, Any] = HTTP,
) -> Object:
    """Return a slice of a Service, as the controllers that nobody runs here would write it.

    Args:
        namespace: Where.
        of: The Service.
        ready: Addresses of endpoints that get requests.
        ending: Addresses of those that end, and still serve what they have.
        name: Of the slice; else that of the Service.
        port: Where they all answer, and what the Service calls it.
    """
    made = reference("discovery.k8s.io/v1", "EndpointSlice", name or of, namespace)
    made["metadata"]["labels"] = {"kubernetes.io/service-name": of}
    terminating = {"ready": False, "serving": True, "terminating": True}
    endpoints = [
        *({"addresses": [each], "conditions": {"ready": True}} for each in ready),
        *({"addresses": [each], "conditions": terminating} for each in ending),
    ]
    return made | {"addressType": "IPv4", "ports": [dict(port)], "endpoints": endpoints}


def raw(kind: str, namespace: str, name: str, config: Object, labels: Mapping[str, str] | None = None) -> Object:
    """Return an object of bootes.io, for all Envoys of the namespace or for those with the labels."""
    selector = {} if labels is None else {"workloadSelector": {"labels": dict(labels)}}
    return reference("bootes.io/v1", kind, name, namespace) | {"spec": {**selector, "config": config}}


def cluster(namespace: str, name: str, labels: Mapping[str, str] | None = None, **config: Any) -> Object:
    """Return the Cluster of the Service that is called the same."""
    eds = {"service_name": f"{namespace}/{name}:http", "eds_config": ADS}
    config = {"name": name, "type": "EDS", "connect_timeout": "1s", "eds_cluster_config": eds, **config}
    return raw("Cluster", namespace, name, config, labels)


def route(namespace: str, to: str, labels: Mapping[str, str] | None = None, *, name: str = "all") -> Object:
    """Return the Route that sends everything to one cluster."""
    hosts = [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": to}}]}]
    return raw("Route", namespace, name, {"name": name, "virtual_hosts": hosts}, labels)


def listener(
    namespace: str,
    name: str = "front",
    labels: Mapping[str, str] | None = None,
    *,
    routes: str = "all",
    certificate: str = "",
) -> Object:
    """Return a Listener at a port that the system chooses; with the name of a certificate it speaks TLS."""
    manager = {
        "@type": f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "rds": {"route_config_name": routes, "config_source": ADS},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{_TYPES}.filters.http.router.v3.Router"},
            }
        ],
    }
    chain: Object = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    if certificate:
        secrets = [{"name": certificate, "sds_config": ADS}]
        context = {
            "@type": f"{_TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificate_sds_secret_configs": secrets},
        }
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": context}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return raw("Listener", namespace, name, {"name": name, "address": address, "filter_chains": [chain]}, labels)


def tls_secret(namespace: str, name: str, certificate: bytes, key: bytes) -> Object:
    """Return a Secret with a certificate and its private key."""
    data = {"tls.crt": certificate, "tls.key": key}
    encoded = {each: base64.b64encode(value).decode() for each, value in data.items()}
    return reference("v1", "Secret", name, namespace) | {"type": "kubernetes.io/tls", "data": encoded}
