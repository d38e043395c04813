"""Who the replicas are: the Pods in the EndpointSlices of one Service. Pure.

A Pod with two families of addresses stands in two slices, and counts once. One that is not ready is asked, too: while
it ends, Envoys are connected to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from legation.model.api_kinds import ApiKind

SLICES = ApiKind(group="discovery.k8s.io", version="v1", kind="EndpointSlice", plural="endpointslices")
SERVICE_NAME = "kubernetes.io/service-name"
"""The label by which a slice says whose it is."""


class _Conditions(msgspec.Struct, frozen=True, gc=False):
    ready: bool | None = None
    serving: bool | None = None


class _Target(msgspec.Struct, frozen=True, gc=False):
    uid: str = ""
    name: str = ""


class _Endpoint(msgspec.Struct, frozen=True, rename="camel"):
    addresses: list[str]
    conditions: _Conditions = _Conditions()
    target_ref: _Target | None = None


class RawSlice(msgspec.Struct, frozen=True, rename="camel"):
    """What is kept of a slice."""

    address_type: str
    endpoints: list[_Endpoint] | None = None


read_slice = msgspec.json.Decoder(RawSlice).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """Another replica."""

    address: str
    serves: bool
    """Whether it must answer: one that begins or ends need not."""


def others(slices: Iterable[RawSlice], *, own_address: str) -> tuple[Replica, ...]:
    """Return the other replicas, by address.

    Args:
        slices: Those of the Service.
        own_address: An address of this one's Pod; empty if it has none.
    """
    pods: dict[str, list[tuple[str, _Endpoint]]] = {}
    for each in slices:
        if each.address_type == "FQDN":
            continue
        for endpoint in each.endpoints or ():
            target = endpoint.target_ref
            pod = (target.uid or target.name) if target is not None else ""
            # All addresses of an endpoint are the same one: the first is enough.
            for address in endpoint.addresses[:1]:
                pods.setdefault(pod or address, []).append((address, endpoint))
    found = []
    for known in pods.values():
        addresses = [address for address, _ in known]
        if own_address and own_address in addresses:
            continue
        serves = any(_serves(endpoint.conditions) for _, endpoint in known)
        found.append(Replica(address=min(addresses, key=lambda each: (":" in each, each)), serves=serves))
    return tuple(sorted(found, key=lambda each: each.address))


def _serves(conditions: _Conditions) -> bool:
    """Return what a slice says; unset is to be read as ready, and that as serving."""
    ready = conditions.ready is not False
    return ready if conditions.serving is None else conditions.serving
