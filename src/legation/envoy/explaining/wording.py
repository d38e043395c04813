"""What the descriptors say of a type or a field: its type, its rules, what holds without it, where it is documented.

Source of addresses: Envoy's API reference, one page for each proto file, with an anchor for each name
(https://www.envoyproxy.io/docs/envoy/latest/api-v3/api).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from envoy.annotations import deprecation_pb2
from google.protobuf.descriptor import FieldDescriptor
from udpa.annotations import sensitive_pb2, status_pb2

from legation.envoy import types
from legation.envoy.explaining.names import Meant
from legation.envoy.explaining.rules_text import field_rules, oneof_rules

ENVOY = "1.40.0"
"""The release whose reference is pointed to."""
_REFERENCE = f"https://www.envoyproxy.io/docs/envoy/v{ENVOY}/api-v3/"

_SCALARS = {
    FieldDescriptor.CPPTYPE_BOOL: "true or false",
    FieldDescriptor.CPPTYPE_INT32: "whole number (int32)",
    FieldDescriptor.CPPTYPE_INT64: "whole number (int64)",
    FieldDescriptor.CPPTYPE_UINT32: "whole number from 0 (uint32)",
    FieldDescriptor.CPPTYPE_UINT64: "whole number from 0 (uint64)",
    FieldDescriptor.CPPTYPE_FLOAT: "number (float)",
    FieldDescriptor.CPPTYPE_DOUBLE: "number (double)",
    FieldDescriptor.CPPTYPE_STRING: "text",
}
_FORMS = {
    "google.protobuf.Duration": 'duration, such as "1.5s"',
    "google.protobuf.Timestamp": 'moment, such as "2030-01-31T12:00:00Z"',
    "google.protobuf.FieldMask": "names of fields, such as a,b.c",
    "google.protobuf.Struct": "map of anything",
    "google.protobuf.Value": "anything",
    "google.protobuf.ListValue": "list of anything",
    "google.protobuf.Any": 'any message, with its "@type"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list: a field of a type, or a value of an enum."""

    name: str
    type: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What is known of a name beside its meaning."""

    name: str
    """In full."""
    kind: str
    """`message`, `enum` or `field`."""
    type: str = ""
    rules: tuple[str, ...] = ()
    default: str = ""
    """What holds where it is not written."""
    oneof: tuple[str, ...] = ()
    """The fields of which one can be set, or has to be: see `rules`."""
    notes: tuple[str, ...] = ()
    """Deprecated, sensitive, experimental."""
    fields: tuple[Row, ...] = ()
    values: tuple[str, ...] = ()
    """Of an enum."""
    inner: str = ""
    """The full name of the message type or enum that a field holds."""
    file: str = ""
    """The proto file."""
    link: str = field(default="", repr=False)


def explain(meant: Meant) -> Explained:
    """Return what the descriptors say."""
    if meant.field is not None:
        return _field(meant.field)
    if hasattr(meant.descriptor, "values"):
        return _enum(meant.descriptor)
    return _message(meant.descriptor)


def _message(message: Any) -> Explained:
    return Explained(
        name=message.full_name,
        kind="message",
        rules=tuple(oneof_rules(message)),
        notes=tuple(_message_notes(message)),
        fields=tuple(
            Row(name=each.name, type=type_words(each), deprecated=each.GetOptions().deprecated)
            for each in message.fields
        ),
        file=message.file.name,
        link=_link(message, "msg", message.full_name),
    )


def _enum(enum: Any) -> Explained:
    return Explained(
        name=enum.full_name,
        kind="enum",
        values=tuple(each.name for each in enum.values),
        default=enum.values[0].name,
        file=enum.file.name,
        link=_link(enum, "enum", enum.full_name),
    )


def _field(each: Any) -> Explained:
    enum = enum_of(each)
    oneof = each.containing_oneof
    members = [member.name for member in oneof.fields] if oneof is not None else []
    inner = _held(each)
    return Explained(
        name=each.full_name,
        kind="field",
        type=type_words(each),
        rules=tuple(field_rules(each)),
        default=_default(each),
        oneof=tuple(members) if len(members) > 1 else (),
        notes=tuple(_field_notes(each)),
        values=tuple(value.name for value in enum.values) if enum is not None else (),
        inner=inner.full_name if inner is not None else "",
        file=each.file.name,
        link=_link(each, "field", each.full_name),
    )


def type_words(each: Any) -> str:
    """Return what a field takes, in words."""
    inner = each.message_type
    if inner is not None and inner.GetOptions().map_entry:
        key, value = inner.fields_by_name["key"], inner.fields_by_name["value"]
        return f"map of {_one(key)} to {_one(value)}"
    return f"list of {_one(each)}" if each.is_repeated else _one(each)


def _one(each: Any) -> str:
    inner = each.message_type
    if inner is None:
        if each.enum_type is not None:
            return _short(each.enum_type)
        return "bytes, in base64" if each.type == FieldDescriptor.TYPE_BYTES else _SCALARS[each.cpp_type]
    if inner.full_name in types.WRAPPERS:
        return _one(inner.fields_by_name["value"])
    return _FORMS.get(inner.full_name) or _short(inner)


def _short(descriptor: Any) -> str:
    """Return the name of a type without its package."""
    package: str = descriptor.file.package
    return str(descriptor.full_name.removeprefix(f"{package}."))


def enum_of(each: Any) -> Any:
    """Return the enum whose values a field takes; None for any other field."""
    inner = each.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return inner.fields_by_name["value"].enum_type
    return each.enum_type


def _held(each: Any) -> Any:
    """Return the message type or enum that a field holds and that has a name of its own."""
    inner = each.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return _held(inner.fields_by_name["value"])
    return each.enum_type if inner is None else None if inner.full_name in types.FORMS else inner


def _default(each: Any) -> str:
    """Return what a field is where it is not written, as far as the descriptors tell."""
    if each.is_repeated:
        return "empty"
    if each.message_type is not None or each.containing_oneof is not None:
        return ""
    if each.enum_type is not None:
        return str(each.enum_type.values_by_number[each.default_value].name)
    if isinstance(each.default_value, str | bytes):
        return "empty"
    return f"{each.default_value:g}" if each.cpp_type != FieldDescriptor.CPPTYPE_BOOL else "false"


def _field_notes(each: Any) -> Iterator[str]:
    options = each.GetOptions()
    since = options.Extensions[deprecation_pb2.deprecated_at_minor_version]
    if options.deprecated:
        yield "deprecated" + (f" since {since}" if since else "")
    if options.Extensions[deprecation_pb2.disallowed_by_default]:
        yield "refused by Envoy unless its runtime allows it"
    if options.Extensions[sensitive_pb2.sensitive]:
        yield "holds a secret: never shown"


def _message_notes(message: Any) -> Iterator[str]:
    if message.GetOptions().deprecated:
        yield "deprecated"
    if message.file.GetOptions().Extensions[status_pb2.file_status].work_in_progress:
        yield "work in progress: it may change or go"


def _link(descriptor: Any, kind: str, name: str) -> str:
    """Return the address of the very name; empty for what stands in no reference of Envoy's."""
    file = descriptor.file.name
    if not file.startswith("envoy/"):
        return ""
    plain = "".join(each if each.isalnum() else "-" for each in name.removeprefix("envoy.").lower())
    return f"{_REFERENCE}{file.removeprefix('envoy/')}#envoy-v3-api-{kind}-{plain}"
