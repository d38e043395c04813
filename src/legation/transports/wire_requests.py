"""Protobuf bytes -> requests: what a client says, before it is known which row of the table it is about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import MappingProxyType
from typing import Any

from envoy.service.discovery.v3 import discovery_pb2
from google.protobuf.message import DecodeError

from legation.errors import RemoteProtocolError
from legation.model.node import Node
from legation.model.resource_types import ResourceType
from legation.protocol.messages import (
    NO_VERSIONS,
    DeltaRequest,
    Request,
    SotwRequest,
)


class Incoming(ABC):
    """A request as it came, before it is known which row of the table it is about."""

    __slots__ = ("_message",)

    _kind: Any = None

    def __init__(self, data: bytes) -> None:
        """Parse the bytes.

        Raises:
            RemoteProtocolError: They are no request.
        """
        try:
            self._message = self._kind.FromString(data)
        except DecodeError as error:
            name = self._kind.DESCRIPTOR.full_name
            raise RemoteProtocolError(
                "INVALID_ARGUMENT", f"the message of {len(data)} bytes is not a {name}; speak xDS version 3"
            ) from error

    @property
    def type_url(self) -> str:
        """The type that the request is about; may be empty."""
        return str(self._message.type_url)

    @property
    def node_id(self) -> str | None:
        """The id of the node; None where the request has no node, which is usual for all but the first of a stream."""
        return str(self._message.node.id) if self._message.HasField("node") else None

    def node(self) -> Node:
        """Return who the client says it is."""
        return node_of(self._message.node)

    @property
    def node_size(self) -> int:
        """How many bytes the node has."""
        return int(self._message.node.ByteSize())

    @property
    @abstractmethod
    def names(self) -> int:
        """How many names the longest of its lists has."""

    @abstractmethod
    def request(self, row: ResourceType) -> Request:
        """Return what the machines of that type are told."""

    @property
    def _error(self) -> str | None:
        return str(self._message.error_detail.message) if self._message.HasField("error_detail") else None


class SotwIncoming(Incoming):
    """A DiscoveryRequest."""

    __slots__ = ()

    _kind = discovery_pb2.DiscoveryRequest

    @property
    def names(self) -> int:
        """How many names it has."""
        return len(self._message.resource_names)

    def request(self, row: ResourceType) -> SotwRequest:
        """Return what the machines of that type are told."""
        message = self._message
        return SotwRequest(
            type=row,
            names=_listed(message.resource_names),
            version=message.version_info,
            nonce=message.response_nonce,
            error=self._error,
        )


class DeltaIncoming(Incoming):
    """A DeltaDiscoveryRequest."""

    __slots__ = ()

    _kind = discovery_pb2.DeltaDiscoveryRequest

    @property
    def names(self) -> int:
        """How many names the longest of its lists has."""
        said = self._message
        lists = (said.resource_names_subscribe, said.resource_names_unsubscribe, said.initial_resource_versions)
        return max(map(len, lists))

    def request(self, row: ResourceType) -> DeltaRequest:
        """Return what the machines of that type are told."""
        message = self._message
        held = message.initial_resource_versions
        return DeltaRequest(
            type=row,
            subscribe=_listed(message.resource_names_subscribe),
            unsubscribe=_listed(message.resource_names_unsubscribe),
            initial_versions=MappingProxyType(dict(held)) if held else NO_VERSIONS,
            nonce=message.response_nonce,
            error=self._error,
        )


def _listed(names: Any) -> tuple[str, ...]:
    # Mostly there are none, and to look is cheaper than to copy them.
    return tuple(names) if names else ()


def node_of(message: Any) -> Node:
    """Return who a `core.v3.Node` says that it is."""
    version = message.user_agent_version
    if message.WhichOneof("user_agent_version_type") == "user_agent_build_version":
        number = message.user_agent_build_version.version
        version = f"{number.major_number}.{number.minor_number}.{number.patch}"
    return Node(
        id=message.id,
        cluster=message.cluster,
        metadata=_plain_struct(message.metadata),
        user_agent=f"{message.user_agent_name} {version}".strip(),
        features=frozenset(message.client_features),
    )


def _plain_struct(struct: Any) -> dict[str, Any]:
    return {key: _plain(value) for key, value in struct.fields.items()}


def _plain(value: Any) -> Any:
    # Not json_format: it refuses numbers that JSON cannot say, and whoever connects decides what stands here.
    match value.WhichOneof("kind"):
        case "struct_value":
            return _plain_struct(value.struct_value)
        case "list_value":
            return [_plain(each) for each in value.list_value.values]
        case "null_value" | None:
            return None
        case kind:
            return getattr(value, kind)
