"""EndpointSlices, decoded: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from legation.model.api_kinds import ApiKind
from legation.model.cluster import Endpoint, NamespacedName, Slice, SlicePort

SLICES = ApiKind(group="discovery.k8s.io", version="v1", kind="EndpointSlice", plural="endpointslices")

SERVICE_NAME = "kubernetes.io/service-name"
"""The label by which a slice says whose it is."""


class OwnedSlice(NamedTuple):
    """A slice, and the Service whose it is."""

    owner: NamespacedName | None
    """None: it says of none."""
    slice: Slice


class _Metadata(msgspec.Struct, frozen=True):
    name: str
    namespace: str = ""
    labels: dict[str, str] | None = None


class _Port(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


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
    metadata: _Metadata
    address_type: str
    ports: list[_Port] | None = None
    endpoints: list[_Endpoint] | None = None


_decode = msgspec.json.Decoder(_Slice).decode


def read_slice(raw: msgspec.Raw) -> OwnedSlice:
    """Return what is kept of an EndpointSlice.

    Raises:
        msgspec.ValidationError: It is none.
    """
    read = _decode(raw)
    owner = (read.metadata.labels or {}).get(SERVICE_NAME)
    found = Slice(
        name=read.metadata.name,
        address_type=read.address_type,
        ports=tuple(
            SlicePort(name=each.name or "", number=each.port, protocol=each.protocol or "TCP")
            for each in read.ports or ()
        ),
        endpoints=tuple(_endpoint(each) for each in read.endpoints or ()),
    )
    return OwnedSlice(NamespacedName(read.metadata.namespace, owner) if owner else None, found)


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
