"""TypedStruct: the configuration of an extension as JSON; where Envoy takes one, and what is written into it.

Envoy turns it into the message of its `type_url` by itself, with its own protos, so it can hold what is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from legation.envoy import types
from legation.envoy.spelling import snake
from legation.model.objects import FieldPath

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

NAME = "xds.type.v3.TypedStruct"
NAMES = frozenset({NAME, "udpa.type.v1.TypedStruct"})
EXACT = 1 << 53
"""The numbers of a Struct are doubles: from here on they lose digits."""

_TYPED_CONFIG = "typed_config"
_TAKEN_AS = ([_TYPED_CONFIG], ["default_config"])
_TAKEN_IN = (["typed_per_filter_config"], ["typed_extension_protocol_options"])
_UNPACKED = frozenset({
    "cluster_type",
    "compressor_library",
    "decompressor_library",
    "event_logger",
    "extend_balance",
    "request_id_extension",
    "typed_dns_resolver_config",
})  # fmt: skip
"""Fields whose extensions Envoy looks up by the type of the `Any` itself, so that it refuses a TypedStruct there; where
a DNS filter names its resolver by one it crashes."""
_AROUND = frozenset({"envoy.config.route.v3.FilterConfig", *NAMES})
"""Message types that hold the configuration of an extension and are none themselves."""
_LARGE = frozenset({FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64})


def is_one(json: Any) -> bool:
    """Say whether this is the JSON of a TypedStruct."""
    return isinstance(json, Mapping) and types.type_name(str(json.get(types.TYPE_KEY, ""))) in NAMES


def taken_at(path: FieldPath, name: str) -> bool:
    """Say whether Envoy takes a TypedStruct in place of a message of that type. Tried on Envoy 1.40.

    Args:
        path: Of the `Any`, as its owner wrote it.
        name: The message type.
    """
    if name in _AROUND or refused_at(path):
        return False
    keys = _keys(path)
    if keys[-1:] in _TAKEN_AS:
        return True
    return keys[-2:-1] in _TAKEN_IN or (keys[-3:-2] in _TAKEN_IN and keys[-1:] == ["config"])


def refused_at(path: FieldPath) -> bool:
    """Say whether Envoy refuses any TypedStruct in that place."""
    keys = _keys(path)
    return keys[-1:] == [_TYPED_CONFIG] and not _UNPACKED.isdisjoint(keys[-2:-1])


def may_be_empty(path: FieldPath) -> bool:
    """Say whether Envoy takes an `Any` of no type in that place: a filter that is only switched on has no more to say.

    Args:
        path: Of the `Any`, as its owner wrote it.
    """
    keys = _keys(path)
    return (keys[-3:-2] in _TAKEN_IN and keys[-1:] == ["config"]) or keys[-2:-1] == ["typed_filter_metadata"]


def _keys(path: FieldPath) -> list[str]:
    """Return the last fields of a path in the spelling of the protos, without indexes."""
    keys = [each for each in path[-6:] if isinstance(each, str)]
    return [snake(key) for key in keys]


def to_write(json: Mapping[str, Any], descriptor: Descriptor) -> dict[str, Any]:
    """Return what a TypedStruct says for the JSON of a message: each known field once, and no digit of it lost."""
    written: dict[str, Any] = {}
    for key, item in json.items():
        field = field_of(descriptor, key)
        if field is None:
            written[key] = item
        else:
            written[field.name] = _value(item, field)
    return written


def inexact(json: Any, path: FieldPath = ()) -> Iterator[FieldPath]:
    """Yield where whole numbers stand that would lose digits in a Struct."""
    if isinstance(json, Mapping):
        for key, item in json.items():
            yield from inexact(item, (*path, key))
    elif isinstance(json, list | tuple):
        for index, item in enumerate(json):
            yield from inexact(item, (*path, index))
    elif isinstance(json, int) and abs(json) > EXACT:
        yield path


def field_of(descriptor: Descriptor, key: object) -> FieldDescriptor | None:
    """Return the field that a key of JSON means, in either spelling."""
    if not isinstance(key, str):
        return None
    found: FieldDescriptor | None = descriptor.fields_by_name.get(key) or descriptor.fields_by_camelcase_name.get(key)
    return found


def _value(value: Any, field: FieldDescriptor) -> Any:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        inner_field = inner.fields_by_name["value"]
        return {key: _one(item, inner_field) for key, item in value.items()} if isinstance(value, Mapping) else value
    if isinstance(value, list | tuple):
        return [_one(item, field) for item in value]
    return _one(value, field)


def _one(value: Any, field: FieldDescriptor) -> Any:
    inner = field.message_type
    if inner is None:
        is_large = field.cpp_type in _LARGE and isinstance(value, int) and abs(value) > EXACT
        return str(value) if is_large else value
    if inner.full_name in types.WRAPPERS and not isinstance(value, Mapping):
        return _one(value, inner.fields_by_name["value"])
    if not isinstance(value, Mapping) or inner.full_name in types.STRUCTS:
        return value
    if inner.full_name != types.ANY:
        return to_write(value, inner)
    known = types.find(types.type_name(str(value.get(types.TYPE_KEY, ""))))
    return value if known is None or known.full_name in types.FORMS else to_write(value, known)
