"""A message without its secrets, as a message: what `printer` does for JSON. What nobody here knows is left out."""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError

from legation.envoy import types
from legation.envoy.anys import unpack
from legation.envoy.sensitive import REDACTED, Spot, is_sensitive
from legation.envoy.typed_structs import NAMES
from legation.model.resource import Resource


def redacted_body(resource: Resource) -> bytes | None:
    """Return the bytes of a resource with every secret text replaced; None where nobody can say what is in it.

    A type whose resources are secrets themselves has nothing to show.
    """
    if resource.type.secret:
        return None
    message = types.message_of(resource)
    if message is None:
        return None
    redact(message)
    return message.SerializeToString(deterministic=True)


def redact(message: Any, *, hide: bool = False) -> None:
    """Replace the secrets in a message, and every text in it where it is all to be hidden."""
    message.DiscardUnknownFields()
    name = message.DESCRIPTOR.full_name
    if name == types.ANY:
        _redact_any(message, hide=hide)
    elif name in NAMES:
        _redact_struct(message.value, Spot.of_typed_struct(message, hide=hide))
    elif name in types.STRUCTS:
        _redact_struct(message, Spot(hide=hide))
    else:
        for field, value in message.ListFields():
            _redact_field(message, field, value, hide=hide or is_sensitive(field))


def _redact_any(message: Any, *, hide: bool) -> None:
    try:
        inner: Any = unpack(message)
    except DecodeError:
        inner = None
    if inner is None:
        message.ClearField("value")
    else:
        redact(inner, hide=hide)
        message.value = inner.SerializeToString(deterministic=True)


def _redact_struct(message: Any, spot: Spot) -> None:
    match message.DESCRIPTOR.name:
        case "Struct":
            inside = spot.inside(message)
            for key, value in message.fields.items():
                _redact_struct(value, inside.below(key))
        case "ListValue":
            for value in message.values:
                _redact_struct(value, spot)
        case _ if message.HasField("struct_value"):
            _redact_struct(message.struct_value, spot)
        case _ if message.HasField("list_value"):
            _redact_struct(message.list_value, spot)
        case _ if spot.hide and message.HasField("string_value"):
            message.string_value = REDACTED


def _redact_field(message: Any, field: Any, value: Any, *, hide: bool) -> None:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        _redact_map(value, texts=kind.fields_by_name["value"].message_type is None, hide=hide)
    elif kind is not None:
        for item in value if field.is_repeated else (value,):
            redact(item, hide=hide)
    elif hide and field.is_repeated:
        value[:] = [_hidden(item) for item in value]
    elif hide:
        setattr(message, field.name, _hidden(value))


def _redact_map(entries: Any, *, texts: bool, hide: bool) -> None:
    for key in entries:
        if not texts:
            redact(entries[key], hide=hide)
        elif hide:
            entries[key] = _hidden(entries[key])


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return REDACTED
    return REDACTED.encode() if isinstance(value, bytes) else value
