"""What feature tests play with: a control plane on a real port, the objects of a small shop, and Envoys that ask."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from legation.control_plane import ControlPlane
from legation.model.node import Node
from legation.model.objects import ManifestObject
from legation.sources.memory import MemorySource
from legation.testing import FakeEnvoy
from legation.transports import Policy

SOON = Policy(removal_grace=0.05, drain_grace=0.1)
"""Removals without the patience that real requests need."""
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
ADS = {"ads": {}, "resource_api_version": "V3"}


def bootes(
    kind: str, name: str, config: Mapping[str, Any], *, labels: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return a bootes.io object."""
    selector = {"workloadSelector": {"labels": labels}} if labels else {}
    return {
        "apiVersion": "bootes.io/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"config": config, **selector},
    }


def cluster(name: str, *, seconds: int = 1, **options: Any) -> dict[str, Any]:
    """Return a cluster with its endpoints in itself."""
    return bootes("Cluster", name, {"name": name, "connect_timeout": f"{seconds}s"}, **options)


def eds_cluster(name: str, *, seconds: int = 1) -> dict[str, Any]:
    """Return a cluster whose endpoints come by EDS."""
    return bootes(
        "Cluster",
        name,
        {"name": name, "connect_timeout": f"{seconds}s", "type": "EDS", "eds_cluster_config": {"eds_config": ADS}},
    )


def endpoints(name: str, *ports: int) -> dict[str, Any]:
    """Return the endpoints of a cluster."""
    addresses = [{"socket_address": {"address": "10.0.0.1", "port_value": port}} for port in ports]
    hosts = [{"endpoint": {"address": address}} for address in addresses]
    return bootes("Endpoint", name, {"cluster_name": name, "endpoints": [{"lb_endpoints": hosts}]})


def route(name: str, *clusters: str) -> dict[str, Any]:
    """Return routes that split requests evenly."""
    weighted = {"clusters": [{"name": each, "weight": 1} for each in clusters]}
    match = {"match": {"prefix": "/"}, "route": {"weighted_clusters": weighted}}
    return bootes(
        "Route", name, {"name": name, "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [match]}]}
    )


def listener(name: str, routes: str) -> dict[str, Any]:
    """Return a listener that takes its routes by RDS."""
    manager = {
        "@type": f"type.googleapis.com/{_MANAGER}",
        "stat_prefix": name,
        "rds": {"route_config_name": routes, "config_source": ADS},
        "http_filters": [{"name": "router", "typed_config": {"@type": _ROUTER}}],
    }
    return bootes(
        "Listener",
        name,
        {
            "name": name,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": 10000}},
            "filter_chains": [{"filters": [{"name": "manager", "typed_config": manager}]}],
        },
    )


SHOP = (listener("front", "shop"), route("shop", "web"), eds_cluster("web"), endpoints("web", 80))
"""One listener, its routes, one cluster, its endpoints."""


class Stage:
    """A control plane with a source in memory."""

    def __init__(self, plane: ControlPlane, source: MemorySource) -> None:
        self.plane = plane
        self.source = source

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.plane.xds_port}"

    def apply(self, *bodies: Mapping[str, Any]) -> tuple[ManifestObject, ...]:
        """Put objects in, all at once."""
        return tuple(self.source.put(body) for body in bodies)

    def delete(self, *bodies: Mapping[str, Any]) -> None:
        """Take objects out."""
        for body in bodies:
            self.source.delete(kind=body["kind"], name=body["metadata"]["name"])

    def envoy(self, node: str | Node = "edge", **options: Any) -> FakeEnvoy:
        """Return an Envoy that will connect."""
        return FakeEnvoy(self.address, node=node, **options)


@asynccontextmanager
async def staged(
    objects: Iterable[Mapping[str, Any]] = (), *, port: int = 0, state_dir: Path | None = None, policy: Policy = SOON
) -> AsyncIterator[Stage]:
    """Run a control plane that has these objects."""
    source = MemorySource()
    for body in objects:
        source.put(body)
    plane = ControlPlane([source], xds_bind="127.0.0.1", xds_port=port, state_dir=state_dir, policy=policy)
    async with plane:
        await plane.wait_ready()
        yield Stage(plane, source)
