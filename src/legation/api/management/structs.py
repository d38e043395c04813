"""JSON in messages: a `google.protobuf.Struct` as plain JSON values, and back.

A Struct holds numbers as doubles alone; whole ones are read as whole numbers, as JSON means them. Walks of our own, for
an object is read with every call, and the walk of the protobuf library costs several times as much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from json import dumps
from typing import TYPE_CHECKING, Any

from legation.model.objects import FieldPath

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import ListValue, Struct, Value

_EXACT = 2**53
"""From here on a double does not tell whole numbers apart."""

_ROOM = 92
"""Messages inside each other that a manifest may be: readers stop at a hundred, and others are around it."""
_OF_A_MAP, _OF_A_LIST = 3, 2


class Unsayable(Exception):
    """A value that JSON does not have."""

    def __init__(self, path: FieldPath, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


def to_json(struct: Struct) -> dict[str, Any]:
    """Return what a Struct says.

    Raises:
        Unsayable: It holds a value that says nothing, or a number that JSON does not have.
    """
    return {key: _plain(value, (key,)) for key, value in struct.fields.items()}


def _plain(value: Value, path: FieldPath) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            return _number(value.number_value, path)
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return {key: _plain(each, (*path, key)) for key, each in value.struct_value.fields.items()}
        case "list_value":
            return [_plain(each, (*path, index)) for index, each in enumerate(value.list_value.values)]
        case "null_value":
            return None
    raise Unsayable(path, "this is a value without any content; write null for nothing")


def _number(number: float, path: FieldPath) -> float:
    if not math.isfinite(number):
        raise Unsayable(path, "JSON has no such number")
    if number.is_integer():
        if abs(number) > _EXACT:
            raise Unsayable(path, "a Struct cannot hold so large a whole number exactly; send the object as `text`")
        return int(number)
    return number


def fill(struct: Struct, json: Mapping[str, Any], *, room: int = _ROOM) -> None:
    """Put a JSON object into an empty Struct. What that cannot hold is told as text: it never raises."""
    fields = struct.fields
    for key, value in json.items():
        _set(fields[key], value, room)


def _set(target: Value, value: Any, room: int) -> None:
    match value:
        case str():
            _set_text(target, value)
        case bool():
            target.bool_value = value
        case int() | float():
            _set_number(target, value)
        case None:
            target.null_value = 0  # type: ignore[assignment]  # the enum has one member, and its stubs no name for it
        case Mapping() | list() | tuple() if room < _OF_A_MAP:
            target.string_value = dumps(value)
        case Mapping():
            target.struct_value.SetInParent()
            fill(target.struct_value, value, room=room - _OF_A_MAP)
        case list() | tuple():
            target.list_value.SetInParent()
            _extend(target.list_value, value, room - _OF_A_LIST)


def _set_text(target: Value, text: str) -> None:
    try:
        target.string_value = text
    except UnicodeEncodeError:
        target.string_value = text.encode(errors="replace").decode()


def _set_number(target: Value, number: float) -> None:
    try:
        target.number_value = number
    except OverflowError:
        target.string_value = _digits(int(number))


def _digits(number: int) -> str:
    try:
        return str(number)
    except ValueError:
        # Python writes no more than some thousand digits in decimals, which takes long.
        return hex(number)


def _extend(target: ListValue, values: list[Any] | tuple[Any, ...], room: int) -> None:
    for each in values:
        _set(target.values.add(), each, room)
