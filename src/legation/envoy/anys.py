"""The messages that stand in a message, and the bytes of an `Any`, taken for what the `Any` says.

A TypedStruct in an `Any` is a TypedStruct here: what it means stands in `understanding`.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from functools import cache
from typing import TYPE_CHECKING, Any

from legation.envoy import types
from legation.model.objects import FieldPath

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message


class _Holds(Enum):
    """How a field holds messages."""

    ONE = auto()
    MANY = auto()
    MAP = auto()


def children(message: Message) -> Iterator[Any]:
    """Yield the messages that stand directly in the fields of a message; an `Any` is yielded as it is.

    Left out are those without fields of Envoy's: durations, wrapped numbers, Structs.
    """
    holders = _holders(message.DESCRIPTOR)
    for field, value in message.ListFields() if holders else ():
        match holders.get(field.number):
            case _Holds.ONE:
                yield value
            case _Holds.MANY:
                yield from value
            case _Holds.MAP:
                yield from value.values()


def placed(message: Message, path: FieldPath = ()) -> Iterator[tuple[FieldPath, Any]]:
    """Yield what `children` yields, each with its path. It costs more.

    Args:
        message: The message.
        path: Where it stands.
    """
    holders = _holders(message.DESCRIPTOR)
    for field, value in message.ListFields() if holders else ():
        match holders.get(field.number):
            case _Holds.ONE:
                yield (*path, field.name), value
            case _Holds.MANY:
                for index, each in enumerate(value):
                    yield (*path, field.name, index), each
            case _Holds.MAP:
                for key, each in value.items():
                    yield (*path, field.name, str(key)), each


def unpack(any_message: Any) -> Message | None:
    """Return the message in an `Any`, or None where it is empty or its type is not known here.

    Raises:
        DecodeError: The bytes are not of the type that the `Any` claims.
    """
    name = types.type_name(any_message.type_url)
    return None if types.find(name) is None else types.message_class(name).FromString(any_message.value)


def canonical(message: Message) -> Message:
    """Return a copy of a message in which every known `Any` is written anew, in the order that is always the same.

    Raises:
        DecodeError: The bytes of one are not of the type that it claims.
    """
    copy = type(message)()
    copy.CopyFrom(message)
    _rewrite(copy)
    return copy


def _rewrite(message: Any) -> None:
    if message.DESCRIPTOR.full_name == types.ANY:
        inner = unpack(message)
        if inner is not None:
            _rewrite(inner)
            message.value = inner.SerializeToString(deterministic=True)
        return
    for child in children(message):
        _rewrite(child)


def within(descriptor: Descriptor) -> Iterator[Descriptor]:
    """Yield the types of the messages that `children` finds in messages of a type."""
    for number in _holders(descriptor):
        inner: Any = descriptor.fields_by_number[number].message_type
        yield inner.fields_by_name["value"].message_type if inner.GetOptions().map_entry else inner


@cache
def _holders(descriptor: Descriptor) -> dict[int, _Holds]:
    """Return the numbers of the fields that hold messages worth a look, and whether one, many, or a map of them."""
    holders: dict[int, _Holds] = {}
    for field in descriptor.fields:
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            inner, how = field.message_type.fields_by_name["value"].message_type, _Holds.MAP
        else:
            inner, how = field.message_type, _Holds.MANY if field.is_repeated else _Holds.ONE
        if inner is not None and (inner.full_name == types.ANY or inner.file.package != "google.protobuf"):
            holders[field.number] = how
    return holders
