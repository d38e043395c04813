"""Services and their EndpointSlices, joined: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

import msgspec

from legation.kube.endpoint_slices import SLICES, OwnedSlice, read_slice
from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.cluster import Cluster, NamespacedName, Service, ServicePort, Slice
from legation.sources.kubernetes.base import Kept, Watched
from legation.sources.kubernetes.metadata import Metadata

SERVICES = ApiKind(group="", version="v1", kind="Service", plural="services")


class _Port(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class _ServiceSpec(msgspec.Struct, frozen=True, rename="camel"):
    ports: list[_Port] | None = None
    publish_not_ready_addresses: bool = False
    ip_families: list[str] | None = None


class _Service(msgspec.Struct, frozen=True):
    metadata: Metadata
    spec: _ServiceSpec = _ServiceSpec()


_decode_service = msgspec.json.Decoder(_Service).decode


class ServiceReader:
    """The Services of the namespaces that are read."""

    def __init__(self, *, namespaces: tuple[str, ...] = ()) -> None:
        """Begin without Services."""
        self.watched = (
            Watched(kind=SERVICES, decode=read_service, take=self._take_services, namespaces=namespaces),
            Watched(kind=SLICES, decode=read_slice, take=self._take_slices, namespaces=namespaces),
        )
        self._services = Kept[Service]()
        """As they were read, without slices."""
        self._owned = Kept[OwnedSlice]()
        self._slices: dict[NamespacedName, dict[str, Slice]] = {}
        """The slices of each Service, by name."""
        self._joined: dict[NamespacedName, Service] = {}

    def apply(self, cluster: Cluster) -> Cluster:
        """Return the cluster with each Service and its slices, as they are now; O(Services)."""
        return replace(cluster, services=MappingProxyType(self._joined.copy()))

    def _take_services(self, changes: Iterable[Put[Service] | Gone[Service]]) -> bool:
        return self._join_all(key for key, _, _ in self._services.take(changes))

    def _take_slices(self, changes: Iterable[Put[OwnedSlice] | Gone[OwnedSlice]]) -> bool:
        touched: dict[NamespacedName, None] = {}
        for key, before, now in self._owned.take(changes):
            left = before.owner if before is not None else None
            if left is not None:
                del self._slices[left][key.name]
                touched[left] = None
            if now is not None and now.owner is not None:
                self._slices.setdefault(now.owner, {})[key.name] = now.slice
                touched[now.owner] = None
        return self._join_all(touched)

    def _join_all(self, keys: Iterable[NamespacedName]) -> bool:
        """Make these Services anew. Returns whether there are any."""
        found = tuple(keys)
        for key in found:
            self._join(key)
        return bool(found)

    def _join(self, key: NamespacedName) -> None:
        service, slices = self._services.objects.get(key), self._slices.get(key)
        if not slices:
            self._slices.pop(key, None)
        if service is None and not slices:
            self._joined.pop(key, None)
            return
        sorted_slices = tuple(slices[name] for name in sorted(slices)) if slices else ()
        if service is None:
            self._joined[key] = Service(namespace=key.namespace, name=key.name, exists=False, slices=sorted_slices)
        else:
            self._joined[key] = Service(
                namespace=key.namespace,
                name=key.name,
                ports=service.ports,
                publish_not_ready=service.publish_not_ready,
                families=service.families,
                slices=sorted_slices,
            )


def read_service(raw: msgspec.Raw) -> Service:
    """Return what is kept of a Service."""
    read = _decode_service(raw)
    spec = read.spec
    return Service(
        namespace=read.metadata.namespace,
        name=read.metadata.name,
        ports=tuple(
            ServicePort(number=each.port or 0, name=each.name or "", protocol=each.protocol or "TCP")
            for each in spec.ports or ()
        ),
        publish_not_ready=spec.publish_not_ready_addresses,
        families=tuple(spec.ip_families or ()),
    )
