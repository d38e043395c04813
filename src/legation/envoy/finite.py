"""Numbers without an end in messages that programs hand in: Envoy can crash of one. In JSON the reader refuses them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError

from legation.envoy import anys, types
from legation.envoy.findings import Finding
from legation.model.objects import FieldPath

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

_REAL = frozenset({FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT})


def endless(message: Message) -> Iterator[Finding]:
    """Yield where a message, or one in an `Any` of it, holds infinity or no number."""
    for path in _within(message, ()):
        words = "the number is not finite: where Envoy does not refuse it, it may crash"
        yield Finding(code="bad-value", path=path, message=words, mend="write a number")


def _within(message: Any, path: FieldPath) -> Iterator[FieldPath]:
    if message.DESCRIPTOR.full_name == types.ANY:
        try:
            inner = anys.unpack(message)
        except DecodeError:
            inner = None
        if inner is not None:
            yield from _within(inner, path)
        return
    wanted = _wanted(message.DESCRIPTOR)
    for field, value in message.ListFields() if wanted else ():
        if field.number in wanted:
            for at, each in _values(field, value, (*path, field.name)):
                if isinstance(each, float):
                    if not math.isfinite(each):
                        yield at
                else:
                    yield from _within(each, at)


def _values(field: FieldDescriptor, value: Any, path: FieldPath) -> Iterator[tuple[FieldPath, Any]]:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        yield from (((*path, str(key)), value[key]) for key in value)
    elif field.is_repeated:
        yield from (((*path, index), each) for index, each in enumerate(value))
    else:
        yield path, value


@cache
def _wanted(descriptor: Descriptor) -> frozenset[int]:
    """Return the numbers of the fields that may hold a number with a fraction, however deep."""
    return frozenset(field.number for field in descriptor.fields if _may_hold(field))


def _may_hold(field: FieldDescriptor) -> bool:
    seen: set[str] = set()
    left = [field]
    while left:
        each = left.pop()
        inner = each.message_type
        if each.cpp_type in _REAL or (inner is not None and inner.full_name == types.ANY):
            return True
        if inner is not None and inner.full_name not in seen:
            seen.add(inner.full_name)
            left += inner.fields
    return False
