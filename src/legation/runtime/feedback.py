"""What each Envoy was sent, accepted and refused, traced back to the objects that it came from.

Everything here is told by events; nothing is asked of a client but the two questions of `transports.base.Client`. What
an Envoy has to say about a refusal is kept in its own words, cut so that no content of a resource is in them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from legation.clock import Clock
from legation.model.events import Accepted, Event, Refused, Sent, Subscribed
from legation.model.node import Node
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.runtime.nack_words import show_words
from legation.transports.base import Client, Peer, Seat

Name: TypeAlias = tuple[ResourceType, str]
"""The type and the name of a resource."""


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
    """How many resources Envoy may have meant: 1 where it named this one, else all that were new in the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeStatus:
    """How far one Envoy is with one type."""

    type: ResourceType
    wildcard: bool = False
    names: int = 0
    """How many names it asked for, beside a wildcard."""
    sent: str = ""
    """The version sent last, or empty."""
    accepted: str = ""
    """The version accepted last, or empty."""
    pending_for: float | None = None
    """Seconds since the oldest response that it has not answered; None if it answered all."""
    refused: tuple[RefusedResource, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackStatistics:
    """Counts since the start, by type, and the Envoys connected now."""

    proxies: int
    sent: dict[ResourceType, int]
    """Responses."""
    accepted: dict[ResourceType, int]
    refused: dict[ResourceType, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What became of some resources at the Envoys that asked for them. True if nobody refused and nobody is waited for."""

    accepted: tuple[str, ...] = ()
    """Ids of the nodes that accepted all that they were to get."""
    refused: tuple[tuple[str, RefusedResource], ...] = ()
    """(node id, what it refused)."""
    waiting: tuple[str, ...] = ()
    """Ids of the nodes that have not answered in time."""

    def __bool__(self) -> bool:
        return not self.refused and not self.waiting
