"""Resource: one encoded xDS resource, shared by every Envoy that gets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import TypeAlias

from legation.model.objects import ObjectKey
from legation.model.resource_types import ResourceType
from legation.model.validity import Validity

EVERY = "*"
"""In the names that a resource refers to: it may name any resource of that type (a cluster taken from a header)."""

HEAD_BYTES = 160
"""What a resource weighs in a response besides its body and its name: type URLs, versions, lengths."""

DIGEST_BITS = 96
"""How long the hashes are that tell content apart."""

MIN_TTL = 1.0
"""Seconds. It is renewed after a third, and a network may take its time."""
MAX_TTL = 31_536_000.0
"""Seconds: a year. What is to live longer needs no TTL."""

Name: TypeAlias = tuple[ResourceType, str]
"""What tells a resource from all others: its type and its name."""

References: TypeAlias = Mapping[str, frozenset[str]]
"""Short name of a type -> the names of that type that a resource mentions; may hold EVERY."""

NO_REFERENCES: References = MappingProxyType({})

SaidOfNames: TypeAlias = Mapping[tuple[str, str], frozenset[str]]
"""What is said of a name (the short name of its type, and the name), in words that one type of resource and those who
mention it share: names of filters for a RouteConfiguration, kinds for a Secret, types for an ExtensionConfig."""

NOTHING_SAID: SaidOfNames = MappingProxyType({})


_ENDS_AT_ONCE = "~"
_VERSION_LENGTH = DIGEST_BITS // 4


def content_version(body: bytes, *, lingers: bool = True) -> str:
    """Return the version of content: the same on every replica and after every restart.

    It has a mark at its end for what does not linger (`Resource.lingers`). So that is known, too, of content that is
    gone, where a client comes back and says a version alone.
    """
    version = blake2b(body, digest_size=DIGEST_BITS // 8).hexdigest()
    return version if lingers else version + _ENDS_AT_ONCE


def ends_at_once(version: str) -> bool:
    """Say whether that is the `content_version` of something that does not linger."""
    digits = version.removesuffix(_ENDS_AT_ONCE)
    return digits != version and len(digits) == _VERSION_LENGTH and not set(digits) - set("0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Resource:
    """One encoded resource. Compared by identity; who wants to know whether two are the same compares fingerprints."""

    type: ResourceType
    name: str
    body: bytes = field(repr=False)
    """The serialized message: the value of the `Any`, without its type URL."""
    version: str
    """`content_version` of it, or the caller's own, which then has to change with the content."""
    references: References = field(default_factory=lambda: NO_REFERENCES, repr=False)
    claims: tuple[str, ...] = ()
    """What no two resources of a type can hold at one client at the same time: the addresses that a listener binds."""
    warms_within: float = 0.0
    """Seconds after which it is warm at the latest when its configuration and what it refers to are there: what first
    lookups of names and first health checks of a cluster take. 0: there are none; `inf`: nobody knows, as with most
    extensions."""
    validity: tuple[Validity, ...] = field(default=(), repr=False)
    """When the certificates that stand in it can be used."""
    said_of_names: SaidOfNames = field(default_factory=lambda: NOTHING_SAID, repr=False)
    """What it says of names, its own among them, besides mentioning them: what has the name must fit that."""
    lingers: bool = True
    """It goes on for those who use it already when it has been replaced or removed: a UDP listener does not."""
    origin: ObjectKey | None = None
    """The object that it came from."""
    aliases: tuple[str, ...] = ()
    ttl: float | None = None
    """Seconds after which a client drops it, unless it hears of it again. It is no part of the version: a heartbeat
    carries the version that the client has."""
    fingerprint: int = field(init=False, repr=False)
    """A hash of name, version and TTL, which tells whether two of one name are the same. The fingerprints of a
    collection's members add up to its digest."""

    def __post_init__(self) -> None:
        if self.ttl is not None and not MIN_TTL <= self.ttl <= MAX_TTL:
            raise ValueError(f"a ttl is {MIN_TTL:g} to {MAX_TTL:g} seconds")
        mortal = "" if self.ttl is None else f"\0{self.ttl!r}"
        content = f"{self.name}\0{self.version}{mortal}".encode()
        digest = blake2b(content, digest_size=DIGEST_BITS // 8).digest()
        object.__setattr__(self, "fingerprint", int.from_bytes(digest, "big"))

    @property
    def size(self) -> int:
        """About how many bytes it takes in a response."""
        return len(self.body) + len(self.name) + HEAD_BYTES

    def refers_to(self, row: ResourceType) -> frozenset[str]:
        """Return the names of that type that this resource mentions."""
        return self.references.get(row.name, frozenset())

    def mentions(self, row: ResourceType, name: str) -> bool:
        """Say whether this resource may use the named resource of that type."""
        names = self.references.get(row.name)
        return names is not None and (name in names or EVERY in names)


@lru_cache(maxsize=4096)
def empty_resource(row: ResourceType, name: str) -> Resource:
    """Return the resource of that type and name that says nothing else: no endpoints, no runtime values.

    It is the proto message with its name alone, which is field 1 in the types whose absence is told this way
    (ClusterLoadAssignment.cluster_name, Runtime.name).
    """
    body = b"\x0a" + b"".join(_varint(len(name.encode()))) + name.encode()
    return Resource(type=row, name=name, body=body, version=content_version(body))


def _varint(number: int) -> Iterator[bytes]:
    while number > 0x7F:
        yield bytes((number & 0x7F | 0x80,))
        number >>= 7
    yield bytes((number,))
