"""Who the replicas are: the Pods in the EndpointSlices of one Service. Pure.

A Pod with two families of addresses stands in two slices, and counts once. One that is not ready is asked, too: while
it ends, Envoys are connected to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from legation.model.cluster import Endpoint, Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaPod:
    """The Pod of another replica."""

    address: str
    serves: bool
    """Whether it must answer: one that begins or ends need not."""


def others(slices: Iterable[Slice], *, own_address: str) -> tuple[ReplicaPod, ...]:
    """Return the Pods of the other replicas, by address.

    Args:
        slices: Those of the Service.
        own_address: An address of this one's Pod; empty if it has none.
    """
    pods: dict[str, list[tuple[str, Endpoint]]] = {}
    for each in slices:
        if each.address_type == "FQDN":
            continue
        for endpoint in each.endpoints:
            # All addresses of an endpoint are the same one: the first is enough.
            for address in endpoint.addresses[:1]:
                pods.setdefault(endpoint.target or address, []).append((address, endpoint))
    found = []
    for known in pods.values():
        addresses = [address for address, _ in known]
        if own_address and own_address in addresses:
            continue
        serves = any(endpoint.is_serving for _, endpoint in known)
        found.append(ReplicaPod(address=min(addresses, key=lambda each: (":" in each, each)), serves=serves))
    return tuple(sorted(found, key=lambda each: each.address))
