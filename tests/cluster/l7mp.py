"""What an installation of l7mp has: the bootstrap of its Envoys, and objects as its controllers write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.cluster.admin import Object, reference

API_VERSION, KIND = "servicemesh.l7mp.io/v1", "VirtualService"
INGRESS, WORKER = {"app": "envoy-ingress"}, {"app": "worker"}
"""The labels of its Pods."""
SELECTORS = {"ingress": INGRESS, "worker": WORKER}
SERVER_PORT = 18000
HEALTH_PORT = 1233
"""Where each of its workers takes connections to show that it is there."""
HEALTH_LISTENER = "health"
"""What that listener is called."""
MEDIA_PORT = 1234
"""Where the program beside a worker's Envoy listens, at the loopback."""
STREAMS = ("rtp-caller", "rtcp-caller", "rtp-callee", "rtcp-callee")
_TYPE = "type.googleapis.com/envoy.extensions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, whose streams have four ports at the ingress and four at the workers."""

    number: int
    place: int | None = None
    """The number whose ports it has, if that is another one."""
    cluster: Mapping[str, Any] = field(default_factory=dict)
    """What else its clusters of workers say, such as `health_check`."""
    endpoint: Mapping[str, Any] = field(default_factory=dict)
    """What else their endpoints say."""

    @property
    def name(self) -> str:
        """By which the call is known."""
        return f"call-{self.number}"

    @property
    def ports(self) -> list[int]:
        """Those of the ingress."""
        return self._ports(10_000)

    @property
    def worker_ports(self) -> list[int]:
        """Those of each worker."""
        return self._ports(20_000)

    def names(self, hop: str) -> list[str]:
        """Return what the listeners of a hop, and their clusters, are called."""
        return [f"{hop}-{self.name}-{each}" for each in STREAMS]

    def ingress(self, namespace: str) -> Object:
        """Return the object that leads the call from the ingress to a worker."""
        endpoint = {"name": "workers", "host": {"selector": WORKER}, **self.endpoint}
        clusters = [
            {"service_discovery": "eds", **self.cluster, "endpoints": [{**endpoint, "port": port}]}
            for port in self.worker_ports
        ]
        return self._object("ingress", namespace, dict(zip(self.ports, clusters, strict=True)))

    def worker(self, namespace: str) -> Object:
        """Return the object that leads the call from a worker's Envoy to the program beside it."""
        endpoint = {"name": "media", "host": {"address": "127.0.0.1"}, "port": MEDIA_PORT}
        cluster = {"service_discovery": "strictdns", "endpoints": [endpoint]}
        return self._object("worker", namespace, dict.fromkeys(self.worker_ports, cluster))

    def _ports(self, lowest: int) -> list[int]:
        place = self.number if self.place is None else self.place
        return [lowest + 4 * place + each for each in range(4)]

    def _object(self, hop: str, namespace: str, clusters: Mapping[int, Object]) -> Object:
        listeners = [
            {"name": name, "udp": {"port": port, "cluster": {"name": name, "hash_key": self.name, **cluster}}}
            for name, (port, cluster) in zip(self.names(hop), clusters.items(), strict=True)
        ]
        made = reference(API_VERSION, KIND, f"{hop}-{self.name}", namespace)
        return made | {"spec": {"selector": SELECTORS[hop], "listeners": listeners}}


def bootstrap(*, node_id: str, server: str, admin: str, labels: Mapping[str, str]) -> Object:
    """Return what an Envoy of l7mp starts with.

    Args:
        node_id: The UID of its Pod.
        server: The address of the control plane.
        admin: The address where its admin page is.
        labels: Of its Pod.
    """
    grpc = {"envoy_grpc": {"cluster_name": "xds_cluster"}}
    api = {"api_type": "DELTA_GRPC", "transport_api_version": "V3", "grpc_services": [grpc]}
    source = {"resource_api_version": "V3", "api_config_source": {**api, "set_node_on_first_message_only": True}}
    options = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "node": {"id": node_id, "cluster": "k8s-cluster"},
        "admin": {"address": _address(admin, 0)},
        "dynamic_resources": {"cds_config": source, "lds_config": source},
        "layered_runtime": {
            "layers": [{"name": "runtime-0", "rtds_layer": {"name": "runtime-0", "rtds_config": source}}]
        },
        "static_resources": {
            "listeners": [_health_target()] if labels == WORKER else [],
            "clusters": [
                {
                    "name": "xds_cluster",
                    "type": "STRICT_DNS",
                    "connect_timeout": "1s",
                    "typed_extension_protocol_options": {
                        options: {
                            "@type": f"type.googleapis.com/{options}",
                            "explicit_http_config": {"http2_protocol_options": {}},
                        }
                    },
                    "load_assignment": {
                        "cluster_name": "xds_cluster",
                        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(server, SERVER_PORT)}}]}],
                    },
                }
            ],
        },
    }


def _health_target() -> Object:
    echo = {"name": "envoy.filters.network.echo", "typed_config": {"@type": f"{_TYPE}.filters.network.echo.v3.Echo"}}
    return {
        "name": HEALTH_LISTENER,
        "address": _address("0.0.0.0", HEALTH_PORT),
        "filter_chains": [{"filters": [echo]}],
    }


def _address(host: str, port: int) -> Object:
    return {"socket_address": {"address": host, "port_value": port}}
