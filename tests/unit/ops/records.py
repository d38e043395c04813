"""Records as the pages are given them, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from legation.model.events import WhyParked
from legation.model.node import Node
from legation.model.objects import ObjectKey, Place
from legation.model.problems import Level, Problem
from legation.model.resource_types import CLUSTER, LISTENER, ResourceType

EDGE = ObjectKey("bootes.io", "Cluster", "default", "edge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Whom a connection comes from."""

    address: str = "ipv4:127.0.0.1:50312"
    transport: str = "grpc"


TEST_NODE = Node(id="test-id", cluster="test-cluster", user_agent="envoy 1.40.0")
LOCAL_PEER = Peer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A refused resource."""

    name: str = "edge"
    version: str = "c0ffee"
    words: str = "malformed IP address"
    origin: ObjectKey | None = EDGE
    together: int = 1
    parked: WhyParked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStatus:
    """How far an Envoy is with a type."""

    type: ResourceType = CLUSTER
    sent: str = "c0ffee"
    accepted: str = "beef"
    pending_for: float | None = None
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A connected Envoy."""

    node: Node = TEST_NODE
    peer: Peer = LOCAL_PEER
    group: str = "default"
    connected_for: float = 1.23456
    types: tuple[TypeStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackStatistics:
    """What Envoys said."""

    proxies: int = 2
    sent: Mapping[ResourceType, int] = field(default_factory=lambda: {CLUSTER: 9})
    accepted: Mapping[ResourceType, int] = field(default_factory=lambda: {CLUSTER: 7})
    refused: Mapping[ResourceType, int] = field(default_factory=lambda: {CLUSTER: 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Sizes and counts."""

    groups: int = 1
    objects: Mapping[str, int] = field(default_factory=lambda: {"Cluster": 3})
    resources: Mapping[ResourceType, int] = field(default_factory=lambda: {CLUSTER: 3, LISTENER: 1})
    updates: int = 4
    update_seconds: float = 0.5
    feedback: FeedbackStatistics = field(default_factory=FeedbackStatistics)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Messages of a type."""

    messages_in: int = 8
    bytes_in: int = 800
    messages_out: int = 9
    bytes_out: int = 9000


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportStatistics:
    """A transport."""

    streams: Mapping[tuple[str, str], int] = field(default_factory=lambda: {("ADS", "delta"): 2})
    traffic: Mapping[str, Traffic] = field(default_factory=lambda: {"Cluster": Traffic()})


REFUSING = Proxy(types=(TypeStatus(refused=(Refused(),), pending_for=2.5), TypeStatus(type=LISTENER)))

UNKNOWN_FIELD = Problem(
    code="unknown-field",
    message='there is no field "conect_timeout"',
    object=EDGE,
    place=Place("edge.yaml", 7, 5),
    path=("spec", "config"),
    mend='did you mean "connect_timeout"?',
)
DANGLING = Problem(code="dangling-reference", message="nobody has the cluster b", level=Level.WARNING)
