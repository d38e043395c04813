"""Requests and responses as the machines see them: no protobuf, no bytes but those of resources.

Nobody changes one that was made. They are not frozen all the same: one is made for each client at each change, and to
make a frozen one takes four times as long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Collection

NO_VERSIONS: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True, kw_only=True)
class SotwRequest:
    """A DiscoveryRequest for one type."""

    type: ResourceType
    names: tuple[str, ...] = ()
    """The whole set that the client wants now."""
    version: str = ""
    nonce: str = ""
    """The nonce of the response that this request answers; empty in the first request of a stream."""
    error: str | None = None
    """`error_detail.message` where the client refuses; the presence of `error_detail` is what counts (A2.4)."""


@dataclass(slots=True, kw_only=True)
class DeltaRequest:
    """A DeltaDiscoveryRequest for one type."""

    type: ResourceType
    subscribe: tuple[str, ...] = ()
    unsubscribe: tuple[str, ...] = ()
    initial_versions: Mapping[str, str] = field(default_factory=lambda: NO_VERSIONS)
    """What the client holds already, in the first request of a type on a stream."""
    nonce: str = ""
    error: str | None = None


Request: TypeAlias = SotwRequest | DeltaRequest


@dataclass(frozen=True, slots=True)
class ResourceError:
    """Why a name that a client asked for is not sent (gRFC A88)."""

    name: str
    unavailable: bool = False
    """It may come back, so what the client has of it should stay; else there is none."""


@dataclass(slots=True, kw_only=True)
class SotwResponse:
    """A DiscoveryResponse.

    Its resources are either a whole collection, whose bytes can be shared by all who get it, or a list.
    """

    type: ResourceType
    version: str
    nonce: str
    whole: Collection | None = None
    """Set when the response is exactly this collection."""
    listed: tuple[Resource, ...] = ()
    """The resources where it is not."""
    expiring: bool = False
    """The client understands TTLs: resources that have one are wrapped, and carry it."""
    errors: tuple[ResourceError, ...] = ()

    @property
    def resources(self) -> Iterator[Resource]:
        """Every resource of the response, in order."""
        return iter(self.listed if self.whole is None else self.whole)


@dataclass(slots=True, kw_only=True)
class DeltaResponse:
    """A DeltaDiscoveryResponse; whole or listed as in SotwResponse."""

    type: ResourceType
    version: str
    """`system_version_info`, for people (A4.17)."""
    nonce: str
    whole: Collection | None = None
    listed: tuple[Resource, ...] = ()
    removed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Names that are answered by a resource without a body."""
    expiring: bool = False
    """The client understands TTLs: resources that have one carry it."""
    renewed: tuple[Resource, ...] = ()
    """Resources that the client has and whose TTL begins anew: their bodies are left out (a heartbeat)."""
    errors: tuple[ResourceError, ...] = ()

    @property
    def resources(self) -> Iterator[Resource]:
        """Every resource of the response, in order."""
        return iter(self.listed if self.whole is None else self.whole)


Response: TypeAlias = SotwResponse | DeltaResponse
