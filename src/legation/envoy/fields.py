"""The fields of a message: which there are by the descriptor, and how a JSON value gets into each.

What a descriptor says is laid out once for each message type, so that a walk costs little more than what it sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor

from legation.envoy import old_style
from legation.envoy.findings import Misfit, Unknown, kind_of, quote
from legation.envoy.reading import Reading, Write
from legation.envoy.scalars import Convert, convert_text, converter, expected
from legation.envoy.spelling import nearest, snake
from legation.model.objects import FieldPath
from legation.model.problems import Level

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

_LISTED_FIELDS = 8
"""A message with at most so many fields has them listed when one is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a message type."""

    name: str
    slot: str
    """What can be set once only: the field's name, or the oneof that it belongs to."""
    write: Write
    takes_null: bool


def fill_fields(reading: Reading, message: Any, value: Any, path: FieldPath, *, ignore: str = "") -> None:
    """Put a JSON map into a message, field by field; `ignore` is a key that is known and no field.

    Raises:
        Misfit: The value is no map.
    """
    if not isinstance(value, Mapping):
        raise expected("a map", value)
    descriptor = message.DESCRIPTOR
    fields = fields_of(descriptor)
    taken: dict[str, str] = {}
    unknown: list[str] = []
    for key, item in value.items():
        field = fields.get(key) if isinstance(key, str) else None
        if field is None:
            if key != ignore and is_text(reading, key, path):
                unknown.append(key)
        elif item is None and not field.takes_null:
            continue
        elif (other := taken.setdefault(field.slot, key)) != key and fields[other].name != field.name:
            words = f"{quote(other)} and {quote(key)} cannot both be set"
            reading.report((*path, key), Misfit("duplicate-field", words, "take one of them out"))
        else:
            if other != key:
                reading.report((*path, key), _spelled_twice(other, key), level=Level.WARNING)
            field.write(reading, message, item, (*path, key))
    if misfit := old_style.check(message, path):
        reading.report(path, misfit)
        unknown = [key for key in unknown if key != old_style.CONFIG]
    for key in unknown:
        words = f"unknown field {quote(key)} in {descriptor.name}"
        gone = old_style.GONE.get(f"{descriptor.full_name}.{key}")
        complaint = (
            Misfit("unknown-field", words, gone)
            if gone
            else Unknown("unknown-field", words, partial(_nearest, descriptor, key))
        )
        reading.report((*path, key), complaint)


def _spelled_twice(first: str, second: str) -> Misfit:
    words = (
        f"{quote(first)} and {quote(second)} are two spellings of one field, and Envoy takes both, one after the other"
    )
    return Misfit("duplicate-field", words, "take one of them out")


@cache
def fields_of(descriptor: Descriptor) -> Mapping[str, Field]:
    """Return the fields of a message type, each under both of its spellings: `connect_timeout`, `connectTimeout`."""
    fields: dict[str, Field] = {}
    for each in descriptor.fields:
        slot = each.containing_oneof.name if each.containing_oneof else each.name
        field = Field(name=each.name, slot=slot, write=_writer(each), takes_null=_takes_null(each))
        fields[each.name] = fields[each.json_name] = field
    return fields


def is_text(reading: Reading, key: object, path: FieldPath) -> bool:
    """Say whether the key of a map is text, as JSON demands; note it if not."""
    if not isinstance(key, str):
        reading.report(path, Misfit("not-json", f"a key is {kind_of(key)}, not text", "put the key in quotes"))
        return False
    try:
        convert_text(key)
    except Misfit as misfit:  # at the map: nobody could print the path to such a key
        reading.report(path, misfit)
        return False
    return True


def _nearest(descriptor: Descriptor, key: str) -> str:
    names = [field.name for field in descriptor.fields]
    if near := nearest(snake(key), names):
        return f'did you mean "{near}"?'
    return f"its fields are {', '.join(names)}" if 0 < len(names) <= _LISTED_FIELDS else ""


def _writer(field: FieldDescriptor) -> Write:
    inner = field.message_type
    if inner is not None and inner.GetOptions().map_entry:
        return _map_writer(field.name, inner)
    if inner is not None:
        return _message_list_writer(field) if field.is_repeated else _message_writer(field.name)
    if field.is_repeated:
        return _scalar_list_writer(field.name, converter(field), _nothing(field))
    return scalar_writer(field.name, converter(field))


def scalar_writer(name: str, convert: Convert) -> Write:
    """Return what puts a value that is no message into the field of that name."""

    def write(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
        try:
            setattr(message, name, convert(value))
        except Misfit as misfit:
            reading.report(path, misfit)

    return write


def _message_writer(name: str) -> Write:
    def write(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
        child = getattr(message, name)
        child.SetInParent()
        reading.fill(child, value, path)

    return write


def _takes_null(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.full_name == "google.protobuf.Value"


def _nothing(field: FieldDescriptor) -> Any:
    """Return what Envoy takes null for where it stands in a list, or in a map, of values that are no messages."""
    if field.enum_type is not None:
        return field.enum_type.values[0].number
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return b"" if field.type == FieldDescriptor.TYPE_BYTES else ""
    return 0


def _items(value: Any) -> list[Any] | tuple[Any, ...]:
    """Return the items of a list; one value stands for a list of one, as it does for Envoy."""
    return value if isinstance(value, list | tuple) else (value,)


def _scalar_list_writer(name: str, convert: Convert, nothing: Any) -> Write:
    def write(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
        items = getattr(message, name)
        for index, item in enumerate(_items(value)):
            try:
                items.append(nothing if item is None else convert(item))
            except Misfit as misfit:
                reading.report((*path, index), misfit)

    return write


def _message_list_writer(field: FieldDescriptor) -> Write:
    name, takes_null = field.name, _takes_null(field)

    def write(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
        items = getattr(message, name)
        for index, item in enumerate(_items(value)):
            if item is None and not takes_null:
                items.add()
            else:
                reading.fill(items.add(), item, (*path, index))

    return write


def _map_writer(name: str, entry: Descriptor) -> Write:
    read_key = converter(entry.fields_by_name["key"])
    value_field = entry.fields_by_name["value"]
    convert = None if value_field.message_type else converter(value_field)
    takes_null, nothing = _takes_null(value_field), None if value_field.message_type else _nothing(value_field)

    def write(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
        if not isinstance(value, Mapping):
            reading.report(path, expected("a map", value))
            return
        entries = getattr(message, name)
        for key, item in value.items():
            if not is_text(reading, key, path):
                continue
            try:
                if convert:
                    entries[read_key(key)] = nothing if item is None else convert(item)
                elif item is None and not takes_null:
                    entries.get_or_create(read_key(key))
                else:
                    reading.fill(entries[read_key(key)], item, (*path, key))
            except Misfit as misfit:
                reading.report((*path, key), misfit)

    return write
