"""From a resource to the object that it came from, and to the Envoys that have it: records for pages and commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from legation.model.node import Node, Peer, Workload
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place
from legation.model.resource import Name, Resource
from legation.model.resource_types import ResourceType

SHOWN_ENVOYS = 5
"""Envoys of a kind that are told by name; the others are counted."""
Chosen: TypeAlias = Callable[[str, str], bool]
"""Says of the short name of a type and a name whether that resource is asked for."""


def every(_type_name: str, _name: str) -> bool:
    """Choose every resource."""
    return True


Wanted: TypeAlias = Callable[[ObjectKey], bool]
"""Says of an object whether it is asked for."""


def any_object(_key: ObjectKey) -> bool:
    """Want every object."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One resource, and all that has a part in it."""

    resource: Resource
    namespace: str
    """That of the Envoys which get it."""
    labels: frozenset[tuple[str, str]] = frozenset()
    """Those that an Envoy must have for it; empty where it was asked what one Envoy gets."""
    place: Place | None = None
    """Where in its object it stands."""
    path: FieldPath = ()
    amended_by: tuple[ObjectKey, ...] = ()
    """The objects that say something of it: TrafficSplits, Upstreams."""
    stale: bool = False
    """Whether it is of an earlier version of its object: the newest is broken, or held."""
    made_of: tuple[str, ...] = ()
    """What of the cluster it is made of: `Service shop/web`, `Pods`. Empty: of its object alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedObject:
    """One object, and what is made of it."""

    manifest: ManifestObject
    """The newest version, however broken."""
    place: Place | None
    served: bool
    """Whether the newest version is the one that is served."""
    resources: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedNode:
    """An Envoy about which somebody asks, be it connected or not."""

    id: str
    namespace: str = ""
    """Empty: the one that its id, a manifest or its Pod tells."""
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeResources:
    """What an Envoy gets."""

    group: str
    workload: Workload | None
    """None: it gets what it got before its Pod went."""
    connected: bool
    resources: Iterable[Traced]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEnvoy:
    """An Envoy that is connected, and what is known of it."""

    node: Node
    peer: Peer
    group: str
    waits: bool
    workload: Workload | None
    """None: its Pod is not known."""


class SentState(Enum):
    """How an Envoy stands to one resource."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    WAITING = "waiting"
    """It was not sent yet, or is not answered yet."""
    LEAVING = "leaving"
    """It is to be taken from it, and is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentResource:
    """One resource at one Envoy."""

    type: ResourceType
    name: str
    state: SentState
    wanted: Traced | None
    """What it is to get; None where it is to lose it."""
    held: Resource | None
    """What it accepted last."""
    sent: Resource | None
    """What it was sent last."""
    since: float | None = None
    """Seconds since it accepted what it holds; None: nobody remembers."""
    words: str = ""
    """Why it refuses it, in its own words, cut."""
    origin: ObjectKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentTo:
    """All that one Envoy was sent."""

    envoy: KnownEnvoy
    connected_for: float
    resources: Iterable[SentResource]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvoyRefusal:
    """One Envoy that refuses a resource."""

    node: str
    version: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Which Envoys have a resource."""

    concerned: int = 0
    """Envoys that ask for it and are to get it, or that have it and are to lose it."""
    accepted: int = 0
    """Those of them that have exactly what they are to get."""
    refused: int = 0
    versions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many have each version; the empty one is none at all."""
    refusals: tuple[EnvoyRefusal, ...] = ()
    """The first of them by node id."""
    behind: tuple[str, ...] = ()
    """Node ids of the first that have another version or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blamed:
    """A resource, where it comes from, and who has it."""

    type: ResourceType
    name: str
    traced: Traced | None
    """None: no object makes it any more."""
    spread: Spread
