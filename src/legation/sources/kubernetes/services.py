"""Services and their EndpointSlices, joined: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec

from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.cluster import Endpoint, NamespacedName, Service, ServicePort, Slice, SlicePort
from legation.sources.kubernetes.base import Watched
from legation.sources.kubernetes.metadata import Metadata

SERVICES = ApiKind(group="", version="v1", kind="Service", plural="services")
SLICES = ApiKind(group="discovery.k8s.io", version="v1", kind="EndpointSlice", plural="endpointslices")

_SERVICE_NAME = "kubernetes.io/service-name"
"""The label by which a slice says whose it is."""


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


class _Conditions(msgspec.Struct, frozen=True, gc=False):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class _Target(msgspec.Struct, frozen=True, gc=False):
    uid: str = ""
    name: str = ""


class _Endpoint(msgspec.Struct, frozen=True, rename="camel"):
    addresses: list[str]
    conditions: _Conditions = _Conditions()
    zone: str | None = None
    target_ref: _Target | None = None


class _Slice(msgspec.Struct, frozen=True, rename="camel"):
    metadata: Metadata
    address_type: str
    ports: list[_Port] | None = None
    endpoints: list[_Endpoint] | None = None


_decode_service = msgspec.json.Decoder(_Service).decode
_decode_slice = msgspec.json.Decoder(_Slice).decode


class ServiceReader:
    """The Services of the namespaces that are read."""

    def __init__(self, *, namespaces: tuple[str, ...] = ()) -> None:
        """Begin without Services."""
        self.watched = (
            Watched(kind=SERVICES, decode=read_service, take=self._take_services, namespaces=namespaces),
            Watched(kind=SLICES, decode=read_slice, take=self._take_slices, namespaces=namespaces),
        )
        self._services: dict[NamespacedName, Service] = {}
        """As they were read, without slices."""
        self._slices: dict[NamespacedName, dict[str, Slice]] = {}
        """The slices of each Service, by name."""
        self._owners: dict[NamespacedName, NamespacedName] = {}
        """Whose each slice is."""
        self._joined: dict[NamespacedName, Service] = {}

    def services(self) -> Mapping[NamespacedName, Service]:
        """Return each Service with its slices, as they are now; O(Services)."""
        return MappingProxyType(self._joined.copy())

    def _take_services(self, changes: Iterable[Put[Service] | Gone[Service]]) -> bool:
        changed = False
        for change in changes:
            before = self._services.get(change.key)
            if isinstance(change, Gone):
                self._services.pop(change.key, None)
            elif before != change.object:
                self._services[change.key] = change.object
            if self._services.get(change.key) is not before:
                self._join(change.key)
                changed = True
        return changed

    def _take_slices(self, changes: Iterable[Put[_Owned] | Gone[_Owned]]) -> bool:
        touched: dict[NamespacedName, None] = {}
        for change in changes:
            name = change.key.name
            before = self._owners.pop(change.key, None)
            owner, each = (None, None) if isinstance(change, Gone) else change.object
            if before is not None and before != owner:
                # It is gone, or was given to another Service.
                self._slices[before].pop(name)
                touched[before] = None
            if owner is not None and each is not None:
                self._owners[change.key] = owner
                slices = self._slices.setdefault(owner, {})
                if slices.get(name) != each:
                    slices[name] = each
                    touched[owner] = None
        for owner in touched:
            self._join(owner)
        return bool(touched)

    def _join(self, key: NamespacedName) -> None:
        service, slices = self._services.get(key), self._slices.get(key)
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


_Owned = tuple[NamespacedName | None, Slice]
"""A slice and the Service whose it is; None: it says of none."""


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


def read_slice(raw: msgspec.Raw) -> _Owned:
    """Return what is kept of an EndpointSlice."""
    read = _decode_slice(raw)
    owner = (read.metadata.labels or {}).get(_SERVICE_NAME)
    found = Slice(
        name=read.metadata.name,
        address_type=read.address_type,
        ports=tuple(
            SlicePort(name=each.name or "", number=each.port, protocol=each.protocol or "TCP")
            for each in read.ports or ()
        ),
        endpoints=tuple(_endpoint(each) for each in read.endpoints or ()),
    )
    return (NamespacedName(read.metadata.namespace, owner) if owner else None, found)


def _endpoint(read: _Endpoint) -> Endpoint:
    target = read.target_ref
    return Endpoint(
        addresses=tuple(read.addresses),
        ready=read.conditions.ready,
        serving=read.conditions.serving,
        terminating=bool(read.conditions.terminating),
        zone=read.zone or "",
        target=(target.uid or target.name) if target else "",
    )
