"""Protocol messages <-> protobuf bytes: the only room of the transports that knows protobuf.

Requests are parsed by protobuf. Responses are framed by hand, because their resources are bytes already: fields of a
message may stand in any order and be concatenated, so what many clients get is built once, and each response adds its
version, its nonce and our name at the end. A resource is a short head and its body; bodies are never copied but into
the response itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2

from legation.model.resource import Resource
from legation.model.resource_types import TYPE_URL_PREFIX, ResourceType
from legation.model.snapshot import Collection
from legation.protocol.messages import (
    DeltaResponse,
    Response,
    SotwResponse,
)

SHARED_BYTES = 16 << 20
"""How many bytes of lists of resources, which several clients may get, are kept at most, with what keeps them."""

_NOT_FOUND = "there is no resource of this name"
_UNAVAILABLE = "a resource of this name may exist, and cannot be read at the moment"

_MOST_TAILS = 1000
"""Ends of responses that are remembered."""

_ENTRY = 500
"""Bytes that the memory of one list costs beside the list itself, about."""


class Encoder:
    """Builds the bytes of responses and shares what several clients get. It belongs to one event loop."""

    def __init__(self, *, identifier: str = "") -> None:
        """Make an encoder.

        Args:
            identifier: `control_plane.identifier` of each response: which server it came from, for people.
        """
        self._sotw = _SotwFraming(identifier)
        self._delta = _DeltaFraming(identifier)
        self._expiring_sotw = _ExpiringSotwFraming(identifier)
        self._expiring_delta = _ExpiringDeltaFraming(identifier)
        self._shared = _SharedBytes(SHARED_BYTES)

    def encode(self, response: Response) -> bytes:
        """Return the response as it goes over the wire."""
        expiring = response.expiring and _any_expires(response)
        if isinstance(response, SotwResponse):
            framing: _Framing = self._expiring_sotw if expiring else self._sotw
            particular: tuple[bytes, ...] = ()
        else:
            framing = self._expiring_delta if expiring else self._delta
            particular = (
                *map(self._delta.bodiless, response.unknown),
                self._renewed(response),
                self._removed(response),
            )
        resources = self._resources(framing, response)
        return b"".join((resources, *particular, _errors(response), framing.tail(response.version, response.nonce)))

    def _resources(self, framing: _Framing, response: Response) -> bytes:
        if response.whole is not None:
            return framing.whole(response.whole)
        row, listed = response.type, response.listed
        # Resources are compared by identity, so the list itself is the key.
        return self._shared.get((framing, row, listed), lambda: framing.join(row, listed))

    def _renewed(self, response: DeltaResponse) -> bytes:
        renewed = response.renewed
        if not renewed:
            return b""
        return self._shared.get(("renewed", renewed), lambda: b"".join(map(self._expiring_delta.heartbeat, renewed)))

    def _removed(self, response: DeltaResponse) -> bytes:
        names = response.removed
        if not names:
            return b""
        return self._shared.get(names, lambda: b"".join(_field(_REMOVED, name.encode()) for name in names))


def _errors(response: Response) -> bytes:
    """Return the errors of the response: few have any, so protobuf frames them."""
    if not response.errors:
        return b""
    kind = (
        discovery_pb2.DiscoveryResponse if isinstance(response, SotwResponse) else discovery_pb2.DeltaDiscoveryResponse
    )
    message = kind()
    for each in response.errors:
        error = message.resource_errors.add()
        error.resource_name.name = each.name
        error.error_detail.code = code_pb2.UNAVAILABLE if each.unavailable else code_pb2.NOT_FOUND
        error.error_detail.message = _UNAVAILABLE if each.unavailable else _NOT_FOUND
    return bytes(message.SerializeToString())


def _any_expires(response: Response) -> bool:
    if response.whole is not None:
        return bool(response.whole.mortal)
    return any(each.ttl is not None for each in response.listed)


class _SharedBytes:
    """Bytes that were built, until there are too many of them: those go that were not asked for the longest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._entries: OrderedDict[Hashable, bytes] = OrderedDict()

    def get(self, key: Hashable, build: Callable[[], bytes]) -> bytes:
        found = self._entries.get(key)
        if found is not None:
            self._entries.move_to_end(key)
            return found
        built = build()
        if len(built) <= self._limit:
            self._entries[key] = built
            self._size += len(built) + _ENTRY
        while self._size > self._limit:
            _, oldest = self._entries.popitem(last=False)
            self._size -= len(oldest) + _ENTRY
        return built


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _tag(message: Any, field: str) -> bytes:
    """Return what stands before the length of a field of strings, bytes or messages."""
    length_delimited = 2
    return _varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | length_delimited)


def _field(tag: bytes, value: bytes) -> bytes:
    return tag + _varint(len(value)) + value


_ANY_URL = _tag(any_pb2.Any, "type_url")
_ANY_VALUE = _tag(any_pb2.Any, "value")
_RESOURCE_URL = f"{TYPE_URL_PREFIX}{discovery_pb2.Resource.DESCRIPTOR.full_name}".encode()
_IDENTIFIER = _tag(discovery_pb2.DiscoveryResponse().control_plane, "identifier")
_NAME = _tag(discovery_pb2.Resource, "name")
_ALIASES = _tag(discovery_pb2.Resource, "aliases")
_VERSION = _tag(discovery_pb2.Resource, "version")
_RESOURCE = _tag(discovery_pb2.Resource, "resource")
_TTL = _tag(discovery_pb2.Resource, "ttl")
_REMOVED = _tag(discovery_pb2.DeltaDiscoveryResponse, "removed_resources")


class _Framing(ABC):
    """The frame of one kind of response, and what was built with it."""

    _message: Any = None
    _version_field: str

    def __init__(self, identifier: str) -> None:
        self._resources = _tag(self._message, "resources")
        self._type_url = _tag(self._message, "type_url")
        self._version = _tag(self._message, self._version_field)
        self._nonce = _tag(self._message, "nonce")
        name = _field(_IDENTIFIER, identifier.encode())
        self._control_plane = _field(_tag(self._message, "control_plane"), name) if identifier else b""
        self._tails: dict[tuple[str, str], bytes] = {}
        self._heads: WeakKeyDictionary[Resource, bytes] = WeakKeyDictionary()
        self._wholes: WeakKeyDictionary[Collection, bytes] = WeakKeyDictionary()

    def whole(self, collection: Collection) -> bytes:
        """Return the resources of the collection and their type; built once for all who get it."""
        built = self._wholes.get(collection)
        if built is None:
            built = self._wholes[collection] = self.join(collection.type, collection)
        return built

    def join(self, row: ResourceType, resources: Iterable[Resource]) -> bytes:
        """Return the resources and their type."""
        parts: list[bytes] = []
        for resource in resources:
            parts += (self._head(resource), resource.body)
        parts.append(_field(self._type_url, row.url.encode()))
        return b"".join(parts)

    def tail(self, version: str, nonce: str) -> bytes:
        """Return what is a response's own; many clients are at the same number of the same version."""
        built = self._tails.get((version, nonce))
        if built is None:
            if len(self._tails) >= _MOST_TAILS:
                self._tails.clear()
            fields = (_field(self._version, version.encode()), _field(self._nonce, nonce.encode()))
            built = self._tails[version, nonce] = b"".join((*fields, self._control_plane))
        return built

    def _head(self, resource: Resource) -> bytes:
        head = self._heads.get(resource)
        if head is None:
            inner = self._inner(resource)
            length = _varint(len(inner) + len(resource.body))
            head = self._heads[resource] = self._resources + length + inner
        return head

    @abstractmethod
    def _inner(self, resource: Resource) -> bytes:
        """Return what stands in the field before the body; the body ends it."""


class _SotwFraming(_Framing):
    _message = discovery_pb2.DiscoveryResponse
    _version_field = "version_info"

    def _inner(self, resource: Resource) -> bytes:
        return _any_head(resource)


class _ExpiringSotwFraming(_SotwFraming):
    """For clients that let resources expire: those that have a TTL are wrapped (A6.2)."""

    def _inner(self, resource: Resource) -> bytes:
        if resource.ttl is None:
            return super()._inner(resource)
        fields = (*_named(resource), _ttl(resource.ttl), _resource_head(resource))
        wrapped = b"".join(fields)
        length = len(wrapped) + len(resource.body)
        return _field(_ANY_URL, _RESOURCE_URL) + _ANY_VALUE + _varint(length) + wrapped


class _DeltaFraming(_Framing):
    _message = discovery_pb2.DeltaDiscoveryResponse
    _version_field = "system_version_info"

    def _inner(self, resource: Resource) -> bytes:
        return b"".join((*_named(resource), _resource_head(resource)))

    def bodiless(self, name: str) -> bytes:
        """Return a resource that says of its name, under which a client asked, that there is nothing behind it."""
        return _field(self._resources, _field(_NAME, name.encode()) + _field(_ALIASES, name.encode()))


class _ExpiringDeltaFraming(_DeltaFraming):
    """For clients that let resources expire."""

    def _inner(self, resource: Resource) -> bytes:
        if resource.ttl is None:
            return super()._inner(resource)
        return b"".join((*_named(resource), _ttl(resource.ttl), _resource_head(resource)))

    def heartbeat(self, resource: Resource) -> bytes:
        """Return the resource without its body: its TTL begins anew, and nothing else changes (A6.3)."""
        ttl = b"" if resource.ttl is None else _ttl(resource.ttl)
        return _field(self._resources, b"".join((*_named(resource), ttl)))


def _named(resource: Resource) -> tuple[bytes, ...]:
    """Return the fields of a `Resource` that tell which one it is."""
    aliases = (_field(_ALIASES, alias.encode()) for alias in resource.aliases)
    return (_field(_VERSION, resource.version.encode()), _field(_NAME, resource.name.encode()), *aliases)


def _ttl(seconds: float) -> bytes:
    duration = duration_pb2.Duration()
    duration.FromMicroseconds(round(seconds * 1_000_000))
    return _field(_TTL, duration.SerializeToString())


def _resource_head(resource: Resource) -> bytes:
    """Return the field `resource` of a `Resource` up to the body, which ends it."""
    head = _any_head(resource)
    return _RESOURCE + _varint(len(head) + len(resource.body)) + head


def _any_head(resource: Resource) -> bytes:
    """Return the `Any` up to its body, which ends it."""
    return _field(_ANY_URL, resource.type.url.encode()) + _ANY_VALUE + _varint(len(resource.body))
