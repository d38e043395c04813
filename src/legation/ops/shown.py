"""What the pages read of the records that they are given. Who makes the records need not know of any page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from legation.model.events import WhyParked
from legation.model.node import Node
from legation.model.objects import ObjectKey
from legation.model.resource_types import ResourceType


class Peer(Protocol):
    """Whom a connection comes from."""

    @property
    def address(self) -> str:
        """As the transport writes it."""
        ...

    @property
    def transport(self) -> str:
        """The transport's name."""
        ...


class RefusedResource(Protocol):
    """A resource that an Envoy refuses."""

    @property
    def name(self) -> str:
        """The resource's name."""
        ...

    @property
    def version(self) -> str:
        """The refused version."""
        ...

    @property
    def words(self) -> str:
        """Envoy's own words, with nothing of the resource's content in them."""
        ...

    @property
    def origin(self) -> ObjectKey | None:
        """The object that it came from."""
        ...

    @property
    def together(self) -> int:
        """How many resources Envoy may have meant: 1 where it is this one for sure."""
        ...

    @property
    def parked(self) -> WhyParked | None:
        """Why nobody knows whether it is this one, and yet it is not offered again."""
        ...


class TypeStatus(Protocol):
    """How far one Envoy is with one type."""

    @property
    def type(self) -> ResourceType:
        """The type."""
        ...

    @property
    def sent(self) -> str:
        """The version sent last, or empty."""
        ...

    @property
    def accepted(self) -> str:
        """The version accepted last, or empty."""
        ...

    @property
    def pending_for(self) -> float | None:
        """Seconds since the oldest response that is not answered; None if all are."""
        ...

    @property
    def refused(self) -> Sequence[RefusedResource]:
        """What it refuses now."""
        ...


class ProxyStatus(Protocol):
    """One Envoy that is connected now."""

    @property
    def node(self) -> Node:
        """Who it says it is."""
        ...

    @property
    def peer(self) -> Peer:
        """Whom the connection comes from."""
        ...

    @property
    def group(self) -> str:
        """The group that it belongs to, for people."""
        ...

    @property
    def connected_for(self) -> float:
        """Seconds."""
        ...

    @property
    def types(self) -> Sequence[TypeStatus]:
        """What it asked for."""
        ...


class FeedbackStatistics(Protocol):
    """The Envoys connected now, and counts since the start, by type."""

    @property
    def proxies(self) -> int:
        """Envoys connected now."""
        ...

    @property
    def sent(self) -> Mapping[ResourceType, int]:
        """Responses that went out."""
        ...

    @property
    def accepted(self) -> Mapping[ResourceType, int]:
        """Responses that were accepted."""
        ...

    @property
    def refused(self) -> Mapping[ResourceType, int]:
        """Responses that were refused."""
        ...


class Statistics(Protocol):
    """Sizes now, and counts since the start."""

    @property
    def groups(self) -> int:
        """Groups of connected Envoys that get the same."""
        ...

    @property
    def objects(self) -> Mapping[str, int]:
        """Objects that are served, by kind."""
        ...

    @property
    def resources(self) -> Mapping[ResourceType, int]:
        """Resources that are served, each counted once."""
        ...

    @property
    def updates(self) -> int:
        """How often changed objects were turned into new snapshots."""
        ...

    @property
    def update_seconds(self) -> float:
        """How long that took in all."""
        ...

    @property
    def feedback(self) -> FeedbackStatistics:
        """The Envoys, and what they said."""
        ...


class Traffic(Protocol):
    """Messages of one type since the start."""

    @property
    def messages_in(self) -> int:
        """Requests."""
        ...

    @property
    def bytes_in(self) -> int:
        """Bytes of requests."""
        ...

    @property
    def bytes_out(self) -> int:
        """Bytes of responses."""
        ...


class TransportStatistics(Protocol):
    """A transport at one moment."""

    @property
    def streams(self) -> Mapping[tuple[str, str], int]:
        """Open streams by what they carry (a type, or `ADS`) and by variant."""
        ...

    @property
    def traffic(self) -> Mapping[str, Traffic]:
        """What went through, by type."""
        ...
