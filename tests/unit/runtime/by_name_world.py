"""Objects and a cluster, and what is served by name to the Envoys of a namespace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from legation.envoy.codec import to_json
from legation.model.node import Workload
from legation.model.objects import ManifestObject
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER_LOAD_ASSIGNMENT, SECRET, ResourceType
from legation.model.snapshot import Snapshot
from legation.runtime.assemble import Assembly
from legation.runtime.by_name import ByName
from legation.runtime.read import read
from tests.manifests import manifest
from tests.small_cluster import SmallCluster
from tests.unit.translate.pairs import NOW

EDS = CLUSTER_LOAD_ASSIGNMENT
ECHO = "shop/echo:http"
TOKEN = "shop/token:value"
PAIR = "shop/cert"


def cluster(name: str, config: dict[str, Any], *, namespace: str = "shop", **labels: str) -> ManifestObject:
    selector = {"workloadSelector": {"labels": labels}} if labels else {}
    return manifest("Cluster", name, namespace=namespace, spec={"config": {"name": name, **config}, **selector})


def eds(service_name: str = ECHO, name: str = "web", **more: Any) -> ManifestObject:
    """A cluster that takes these endpoints."""
    source = {"service_name": service_name, "eds_config": {"ads": {}}}
    return cluster(name, {"type": "EDS", "eds_cluster_config": source}, **more)


def tls(secret: str = TOKEN, name: str = "safe", **more: Any) -> ManifestObject:
    """A cluster that takes this Secret."""
    certificates = {"tls_certificate_sds_secret_configs": [{"name": secret, "sds_config": {"ads": {}}}]}
    context = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": certificates,
    }
    return cluster(name, {"transport_socket": {"name": "tls", "typed_config": context}}, **more)


def explicit(*addresses: str, name: str = ECHO, namespace: str = "shop", **labels: str) -> ManifestObject:
    """Endpoints that somebody wrote down."""
    selector = {"workloadSelector": {"labels": labels}} if labels else {}
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": each, "port_value": 1}}}} for each in addresses
    ]
    config = {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]}
    return manifest("Endpoint", "by-hand", namespace=namespace, spec={"config": config, **selector})


@dataclass
class World:
    """What is served by name to the Envoys of a namespace."""

    across: bool = False
    kube: SmallCluster = field(default_factory=SmallCluster)
    now: float = NOW

    def __post_init__(self) -> None:
        self.by_name = ByName(now=lambda: self.now, across=self.across)
        self.assembly = Assembly()
        self.objects: tuple[ManifestObject, ...] = ()
        self.asked: list[tuple[str, str]] = []

    def refer(self, *objects: ManifestObject) -> None:
        """Let these be all objects."""
        self.objects = objects
        self.assembly = Assembly({each.key: read(each).items for each in objects}, previous=self.assembly)
        self.by_name.refer(self.assembly)

    def look(self) -> bool:
        """Take the cluster as it is now."""
        return self.by_name.look(self.kube.now())

    def ask(self, name: str, namespace: str = "shop", row: ResourceType = EDS, **labels: str) -> bool:
        """Let an Envoy ask for a name."""
        self.asked.append((name, namespace))
        workload = Workload(namespace=namespace, labels=frozenset(labels.items()))
        return self.by_name.want(namespace, row, [name], snapshot=self.assembly.snapshot_for(workload))

    def snapshot(self, namespace: str = "shop", **labels: str) -> Snapshot:
        workload = Workload(namespace=namespace, labels=frozenset(labels.items()))
        return self.by_name.complete(self.assembly.snapshot_for(workload), namespace)

    def names(self, row: ResourceType = EDS, namespace: str = "shop", **labels: str) -> list[str]:
        return [*self.snapshot(namespace, **labels)[row].resources]

    def addresses(self, name: str = ECHO, namespace: str = "shop", **labels: str) -> list[str] | None:
        """Return the addresses of an assignment; None if there is none."""
        return addresses_of(self.snapshot(namespace, **labels).get(EDS, name))

    def secret(self, name: str = TOKEN, namespace: str = "shop") -> Resource | None:
        return self.snapshot(namespace).get(SECRET, name)

    def codes(self) -> list[str]:
        return sorted(each.code for each in self.by_name.problems)


def addresses_of(resource: Resource | None) -> list[str] | None:
    if resource is None:
        return None
    return [
        each["endpoint"]["address"]["socket_address"]["address"]
        for locality in to_json(resource).get("endpoints", ())
        for each in locality["lb_endpoints"]
    ]


def usual() -> World:
    """Return a Service with one endpoint, a Secret, and a cluster for each that uses it."""
    world = World()
    world.kube.service("echo", "10.0.0.1")
    world.kube.secret("token", {"value": b"s3cret"})
    world.look()
    world.refer(eds(), tls())
    return world
