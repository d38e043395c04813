"""The client's half of the wire: what an Envoy says as protobuf bytes, and bytes from a control plane as messages."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from envoy.config.core.v3 import base_pb2
from envoy.service.discovery.v3 import discovery_pb2

from legation.envoy import codec
from legation.model.node import Node
from legation.model.resource import Resource
from legation.model.resource_types import (
    ADS_DELTA_METHOD,
    ADS_SERVICE,
    ADS_SOTW_METHOD,
    BY_URL,
    ResourceType,
)
from legation.protocol.messages import DeltaRequest, DeltaResponse, Request, Response, SotwRequest, SotwResponse


def method(row: ResourceType, *, delta: bool, separate: bool) -> str:
    """Return the path of the gRPC method that an Envoy calls for a type."""
    if separate:
        return f"/{row.service}/{row.delta_method if delta else row.sotw_method}"
    return f"/{ADS_SERVICE}/{ADS_DELTA_METHOD if delta else ADS_SOTW_METHOD}"


def encode(request: Request, *, node: Node | None) -> bytes:
    """Return the bytes of a request; `node` for the first one of a stream."""
    message: Any
    if isinstance(request, SotwRequest):
        message = discovery_pb2.DiscoveryRequest(
            type_url=request.type.url,
            resource_names=request.names,
            version_info=request.version,
            response_nonce=request.nonce,
        )
    else:
        message = _delta(request)
    if request.error is not None:
        message.error_detail.code = 13
        message.error_detail.message = request.error
    if node is not None:
        message.node.CopyFrom(_node(node))
    return bytes(message.SerializeToString())


def decoder(*, delta: bool) -> Callable[[bytes], Response]:
    """Return the function that reads responses of a variant."""
    return _decode_delta if delta else _decode_sotw


def _delta(request: DeltaRequest) -> Any:
    return discovery_pb2.DeltaDiscoveryRequest(
        type_url=request.type.url,
        resource_names_subscribe=request.subscribe,
        resource_names_unsubscribe=request.unsubscribe,
        initial_resource_versions=request.initial_versions,
        response_nonce=request.nonce,
    )


def _node(node: Node) -> Any:
    message = base_pb2.Node(
        id=node.id, cluster=node.cluster, user_agent_name=node.user_agent, client_features=sorted(node.features)
    )
    message.metadata.update(node.metadata)
    return message


def _decode_sotw(data: bytes) -> SotwResponse:
    message = discovery_pb2.DiscoveryResponse.FromString(data)
    listed = tuple(map(_unwrapped, message.resources))
    return SotwResponse(type=BY_URL[message.type_url], version=message.version_info, nonce=message.nonce, listed=listed)


def _unwrapped(given: Any) -> Resource:
    wrapped = discovery_pb2.Resource()
    if not given.Unpack(wrapped):
        return _resource(given.type_url, given.value)
    return _resource(wrapped.resource.type_url, wrapped.resource.value, name=wrapped.name, ttl=_ttl(wrapped))


def _decode_delta(data: bytes) -> DeltaResponse:
    message = discovery_pb2.DeltaDiscoveryResponse.FromString(data)
    row = BY_URL[message.type_url]
    whole = [each for each in message.resources if each.HasField("resource")]
    listed = tuple(
        _resource(each.resource.type_url, each.resource.value, name=each.name, version=each.version, ttl=_ttl(each))
        for each in whole
    )
    renewed = tuple(
        Resource(type=row, name=each.name, body=b"", version=each.version, ttl=_ttl(each))
        for each in message.resources
        if not each.HasField("resource")
    )
    return DeltaResponse(
        type=row,
        version=message.system_version_info,
        nonce=message.nonce,
        listed=listed,
        removed=tuple(message.removed_resources),
        renewed=renewed,
    )


def _ttl(message: Any) -> float | None:
    return float(message.ttl.ToNanoseconds()) / 1e9 if message.HasField("ttl") else None


@lru_cache(maxsize=4096)
def _resource(type_url: str, value: bytes, *, name: str = "", version: str = "", ttl: float | None = None) -> Resource:
    # Unchecked: what a control plane sends is to be shown as it is, and judged by the Envoy.
    return codec.from_any(type_url, value, name=name, version=version, ttl=ttl, check=False)
