"""Manifests of a fleet in which every name carries a number: with another number, everything is renamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TYPES = "type.googleapis.com/envoy.extensions.filters"
_ADS = {"ads": {}, "resource_api_version": "V3"}
_ROUTER = {"name": "envoy.filters.http.router", "typed_config": {"@type": f"{_TYPES}.http.router.v3.Router"}}
_FAULT = "envoy.filters.http.fault"
_NO_FAULT = {"name": _FAULT, "typed_config": {"@type": f"{_TYPES}.http.fault.v3.HTTPFault"}}


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """Two clusters, one of them with endpoints of its own, and three listeners that use both."""

    backends: Mapping[str, int]
    """Ports of `blue` and `green`."""
    routed: int
    """The port of a listener that keeps its name and asks for its routes."""
    inline: int
    """The port of one that keeps its name and has its routes in itself."""
    moved: int
    """The port of one that is renamed and stays on its address."""
    delay: str = "3s"
    """How long Envoy waits with requests to `/slow` before it looks for their cluster."""

    def clusters(self, number: int) -> tuple[str, str]:
        """Return the names of the clusters."""
        return f"blue-{number}", f"green-{number}"

    def listeners(self, number: int) -> set[str]:
        """Return the names of the listeners."""
        return {"routed", "inline", f"moved-{number}"}

    def manifests(self, number: int) -> Iterator[dict[str, Any]]:
        """Yield all objects, those first that need the others."""
        blue, green = self.clusters(number)
        names = f"routes-{number}"
        routes = {"name": names, "virtual_hosts": [self._hosts(number)]}
        yield _listener("routed", self.routed, {"rds": {"route_config_name": names, "config_source": _ADS}})
        yield _listener("inline", self.inline, {"route_config": routes})
        yield _listener(f"moved-{number}", self.moved, {"route_config": routes})
        yield _manifest("Route", names, routes)
        yield _manifest("Cluster", green, _cluster(green, load_assignment=_hosts_at(green, self.backends["green"])))
        yield _manifest("Cluster", blue, _cluster(blue, type="EDS", eds_cluster_config={"eds_config": _ADS}))
        yield _manifest("Endpoint", blue, _hosts_at(blue, self.backends["blue"]))

    def _hosts(self, number: int) -> dict[str, Any]:
        weighted = {"clusters": [{"name": name, "weight": 50} for name in self.clusters(number)]}
        action = {"route": {"weighted_clusters": weighted}}
        fault = {
            "@type": f"{_TYPES}.http.fault.v3.HTTPFault",
            "delay": {"fixed_delay": self.delay, "percentage": {"numerator": 100}},
        }
        slow = {"match": {"path": "/slow"}, **action, "typed_per_filter_config": {_FAULT: fault}}
        return {"name": "all", "domains": ["*"], "routes": [slow, {"match": {"prefix": "/"}, **action}]}


def _manifest(kind: str, name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "bootes.io/v1", "kind": kind, "metadata": {"name": name}, "spec": {"config": config}}


def _cluster(name: str, **config: Any) -> dict[str, Any]:
    return {"name": name, "connect_timeout": "1s", **config}


def _hosts_at(name: str, *ports: int) -> dict[str, Any]:
    addresses: Iterable[dict[str, Any]] = (
        {"socket_address": {"address": "127.0.0.1", "port_value": port}} for port in ports
    )
    return {
        "cluster_name": name,
        "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}} for address in addresses]}],
    }


def _listener(name: str, port: int, routes: dict[str, Any]) -> dict[str, Any]:
    manager = {
        "@type": f"{_TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "http_filters": [_NO_FAULT, _ROUTER],
        **routes,
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    config = {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": filters}],
    }
    return _manifest("Listener", name, config)
