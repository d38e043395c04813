"""A message as the JSON that a person would write: proto field names, `Any` opened, secrets out of sight."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from legation.envoy import types
from legation.envoy.anys import unpack
from legation.envoy.sensitive import REDACTED, Spot, is_sensitive
from legation.envoy.typed_structs import NAMES

_EXACT = 2**53
"""Up to here every whole number has a float of its own."""


def fields_to_json(message: Message, *, show_secrets: bool = False) -> dict[str, Any]:
    """Return the set fields of a message, in the order of the proto."""
    return _fields(message, hide=False, show=show_secrets)


def _fields(message: Any, *, hide: bool, show: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for field, value in message.ListFields():
        hidden = hide or (not show and is_sensitive(field))
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            inner = field.message_type.fields_by_name["value"]
            shown[field.name] = {_key(key): _one(inner, value[key], hide=hidden, show=show) for key in sorted(value)}
        elif field.is_repeated:
            shown[field.name] = [_one(field, item, hide=hidden, show=show) for item in value]
        else:
            shown[field.name] = _one(field, value, hide=hidden, show=show)
    return shown


def _key(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)


def _one(field: FieldDescriptor, value: Any, *, hide: bool, show: bool) -> Any:
    if field.message_type is not None:
        return _message(value, hide=hide, show=show)
    if hide and isinstance(value, str | bytes):
        return REDACTED
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return known.name if known else value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        return _number(field, value)
    return value


def _message(message: Any, *, hide: bool, show: bool) -> Any:
    name = message.DESCRIPTOR.full_name
    if name == types.ANY:
        return _any(message, hide=hide, show=show)
    if name in types.STRUCTS:
        return _struct(message, Spot(hide=hide), show=show)
    if name in NAMES:
        content = _struct(message.value, Spot.of_typed_struct(message, hide=hide), show=show)
        return {"type_url": message.type_url, "value": content}
    if name in types.TEXTS:
        return message.ToJsonString()
    if name in types.WRAPPERS:
        return _one(message.DESCRIPTOR.fields_by_name["value"], message.value, hide=hide, show=show)
    return _fields(message, hide=hide, show=show)


def _any(message: Any, *, hide: bool, show: bool) -> dict[str, Any]:
    if not message.type_url:
        return {}
    try:
        inner = unpack(message)
    except DecodeError:
        inner = None
    if inner is None:  # nobody can say what in it is a secret
        value = base64.b64encode(message.value).decode() if show else REDACTED
        return {types.TYPE_KEY: message.type_url, "value": value}
    content = _message(inner, hide=hide, show=show)
    if inner.DESCRIPTOR.full_name in types.FORMS:
        content = {"value": content}
    return {types.TYPE_KEY: message.type_url, **content}


def _struct(message: Any, spot: Spot, *, show: bool) -> Any:
    match message.DESCRIPTOR.name:
        case "Struct":
            inside = spot.inside(message)
            return {key: _struct(value, inside.below(key), show=show) for key, value in sorted(message.fields.items())}
        case "ListValue":
            return [_struct(value, spot, show=show) for value in message.values]
    kind = message.WhichOneof("kind")
    if kind in {None, "null_value"}:
        return None
    value = getattr(message, kind)
    if kind in {"struct_value", "list_value"}:
        return _struct(value, spot, show=show)
    if kind == "number_value":
        return _whole(value)
    return REDACTED if spot.hide and not show and kind == "string_value" else value


def _number(field: FieldDescriptor, value: float) -> Any:
    if not math.isfinite(value):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
    if field.type == FieldDescriptor.TYPE_FLOAT:
        # The shortest number that is the same 32 bits: 0.1, not 0.10000000149011612.
        tries = (float(f"{value:.{digits}g}") for digits in range(6, 9))
        value = next((each for each in tries if struct.pack("f", each) == struct.pack("f", value)), value)
    return _whole(value)


def _whole(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) < _EXACT else value
