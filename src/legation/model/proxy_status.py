"""How far each Envoy is, as records: for tables, pages and metrics."""

from __future__ import annotations

from dataclasses import dataclass

from legation.model.events import WhyParked
from legation.model.loads import ClusterLoad
from legation.model.node import Node, Peer
from legation.model.objects import ObjectKey
from legation.model.resource_types import ResourceType


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedResource:
    """A resource that an Envoy refuses in the version that it is to get."""

    type: ResourceType
    name: str
    version: str
    words: str
    """Envoy's own words, cut."""
    origin: ObjectKey | None = None
    """The object that the resource came from."""
    together: int = 1
    """How many resources Envoy may have meant: 1 where it is this one for sure."""
    parked: WhyParked | None = None
    """Why nobody knows whether it is this one, and yet it is not offered again; None where it is to blame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRefusal:
    """The last response of a type that an Envoy refused, whatever came since."""

    version: str
    words: str
    """Envoy's own words, cut."""
    ago: float
    """Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStatus:
    """How far one Envoy is with one type."""

    type: ResourceType
    wildcard: bool = False
    names: int = 0
    """How many names it asked for, beside a wildcard."""
    sent: str = ""
    """The version sent last, or that of all which it turned out to hold already; empty where there is none."""
    accepted: str = ""
    """The version accepted last, likewise."""
    since: float | None = None
    """Seconds since it accepted that; None: it has accepted nothing, or holds what another stream gave it."""
    pending_for: float | None = None
    """Seconds since the oldest response that it has not answered; None if it answered all."""
    refused: tuple[RefusedResource, ...] = ()
    """What it refuses now."""
    last_refusal: LastRefusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyStatus:
    """One Envoy that is connected now."""

    node: Node
    peer: Peer
    group: str
    connected_for: float
    """Seconds."""
    types: tuple[TypeStatus, ...]
    """What it asked for, in the order of delivery."""
    waits: bool = False
    """Whether it is told nothing yet: nobody knows its Pod, or not all is read."""
    loads: tuple[ClusterLoad, ...] = ()
    """What it reported last of the load that it sends to each cluster, if it reports any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """A client that has not proven to be who it says it is, and so was not served, or only reported."""

    node: Node
    peer: Peer
    cause: str
    """A slug: `no-proof`, `bad-token`, `checker-away`, `no-rule` or `other-node`."""
    status: str
    """The name of the gRPC status that it was told, or would be."""
    words: str
    """The reason that it was told, or would be."""
    served: bool
    """Whether it was served nevertheless: refusals are only reported."""
    times: int
    """How often that happened."""
    ago: float
    """Seconds since it happened last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedAway:
    """A client that was not served, or not any more, for who it says it is."""

    node: Node
    peer: Peer
    status: str
    """The name of the gRPC status that it was told."""
    words: str
    """The reason that it was told."""
    times: int
    """How often that happened."""
    ago: float
    """Seconds since it happened last."""
