"""A resource as the JSON form of its message, for clients that take no bytes: whole, or not at all.

JSON can say only what the protos here know. A field or an `Any` of a type that they lack would be lost on the way, and
a client that gets half of a resource is worse off than one that keeps its last one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from legation.envoy import anys, printer, types
from legation.envoy.types import TYPE_KEY
from legation.errors import InvalidResource
from legation.model.resource import Resource


def proto_json(resource: Resource) -> bytes:
    """Return the JSON of the `Any` that holds the resource, secrets included: it is for the client that they are for.

    Raises:
        InvalidResource: Something in it cannot be said in JSON.
    """
    message = types.message_of(resource)
    if message is None:
        raise _unreadable(resource)
    try:
        reason = next(_unsayable(message), None)
    except DecodeError:
        raise _unreadable(resource) from None
    if reason is not None:
        raise InvalidResource(resource.name, (reason,))
    fields = {TYPE_KEY: resource.type.url, **printer.fields_to_json(message, show_secrets=True)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _unreadable(resource: Resource) -> InvalidResource:
    return InvalidResource(resource.name, (f"its bytes are not a readable {resource.type.message}",))


def _unsayable(message: Message) -> Iterator[str]:
    """Yield what JSON cannot say.

    Raises:
        DecodeError: The bytes in an `Any` are not of the type that it claims.
    """
    if len(UnknownFieldSet(message)):
        yield f"it has fields of {message.DESCRIPTOR.full_name} that are not known here"
    for child in anys.children(message):
        inner: Any = child
        if child.DESCRIPTOR.full_name == types.ANY:
            if not child.type_url:
                continue
            inner = anys.unpack(child)
            if inner is None:
                yield f"it holds a message of the type {types.type_name(child.type_url)}, which is not known here"
                continue
        yield from _unsayable(inner)
