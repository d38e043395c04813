"""A resource in whatever form a program has it -> Resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from legation.envoy import codec
from legation.envoy.findings import Finding
from legation.envoy.types import TYPE_KEY
from legation.errors import InvalidResource
from legation.model.problems import Level
from legation.model.resource import Resource

AnyResource: TypeAlias = Resource | Message | Mapping[str, Any] | tuple[str, bytes]
"""A resource that was made before; a message of its type; a `google.protobuf.Any` of it; Envoy JSON with `@type`; or a
type URL and the serialized message."""


def take(given: AnyResource, *, check: bool = True) -> tuple[Resource, tuple[Finding, ...]]:
    """Return the resource, and what may not be as its owner wants it.

    Args:
        given: The resource.
        check: Refuse what cannot be read. Without it, messages and bytes are served exactly as they are; JSON has to be
            understood in any case, to become bytes.

    Raises:
        InvalidResource: It is wrong.
    """
    match given:
        case Resource():
            return given, ()
        case AnyMessage():
            return codec.from_any(given.type_url, given.value, check=check), ()
        case Message():
            return codec.from_message(given, check=check), ()
        case Mapping():
            return _from_json(given)
        case (str() as type_url, bytes() as value):
            return codec.from_any(type_url, value, check=check), ()
    raise InvalidResource(
        type(given).__name__, ("no resource: give a message, Envoy JSON with @type, or a type URL and bytes",)
    )


def _from_json(json: Mapping[str, Any]) -> tuple[Resource, tuple[Finding, ...]]:
    encoded = codec.encode(json)
    if encoded.resource is None:
        name = json.get("name") or json.get("cluster_name") or json.get(TYPE_KEY)
        errors = (each for each in encoded.findings if each.level is Level.ERROR)
        raise InvalidResource(str(name or "resource"), tuple(map(str, errors)))
    return encoded.resource, encoded.findings
