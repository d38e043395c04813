"""Values without fields of their own: from JSON to what a protobuf field takes, or a Misfit that says why not.

Where Envoy's loader is more forgiving than the JSON mapping of protobuf, so is this: numbers and booleans as text, enum
values in lower case. Tried on Envoy 1.40 with `--mode validate`.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from legation.envoy.findings import Misfit, Unknown, kind_of
from legation.envoy.spelling import nearest

Convert: TypeAlias = Callable[[Any], Any]
"""From a JSON value to the field's value; raises Misfit."""

_MIN_INT32, _MAX_INT32 = -(1 << 31), (1 << 31) - 1
_MAX_FLOAT32 = 3.4028234663852886e38
MAX_SECONDS = 315_576_000_000
"""Of a Duration: 10,000 years (google/protobuf/duration.proto)."""
_DURATION = re.compile(r"(?P<sign>-?)(?P<seconds>\d{1,12})(?:\.(?P<fraction>\d{1,9}))?s", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_HEXADECIMAL = re.compile(r"[+-]?0[xX][0-9a-fA-F]+", re.ASCII)
_MAX_DIGITS = 400
_ENDLESS = frozenset({"nan", "inf", "infinity"})
_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})
"""Texts that are a boolean for Envoy, in any case of letters; a number without quotes is none."""
_LISTED_VALUES = 12
"""An enum with at most so many values has them listed when one is wrong."""


def expected(what: str, value: object, mend: str = "") -> Misfit:
    """Return the complaint that a value is of the wrong kind."""
    return Misfit("wrong-type", f"expected {what}, found {kind_of(value)}", mend)


def convert_text(value: Any) -> str:
    """Return the value if it is text that UTF-8 can hold."""
    if not isinstance(value, str):
        raise expected("text", value, "" if isinstance(value, Mapping | list | tuple | None) else "put it in quotes")
    if _HALF.search(value):
        raise Misfit("bad-value", "text that holds half of a character (an unpaired surrogate)")
    return value


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise expected("text in base64", value)
    text = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Misfit("bad-value", "the text is not base64") from None


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (low := value.lower()) in _TRUE | _FALSE:
        return low in _TRUE
    raise expected("true or false", value)


def _integer(value: Any, *, low: int, high: int) -> int:
    if isinstance(value, str) and len(value) < _MAX_DIGITS:
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expected("a whole number", value)
    if isinstance(value, float) and not value.is_integer():  # also NaN and the infinities
        raise Misfit("bad-value", "expected a whole number, found one with a fraction or without an end")
    if not low <= value <= high:
        raise Misfit("bad-value", f"the number is out of range: {low} to {high}")
    return int(value)


def _real(value: Any, *, limit: float) -> float:
    if isinstance(value, str):
        if value.strip().lstrip("+-").lower() in _ENDLESS:
            words = "the number is not finite: where Envoy does not refuse it, it may crash"
            raise Misfit("bad-value", words, "write a number")
        value = _number(value.strip()) if len(value) < _MAX_DIGITS else value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise expected("a number", value)
    if isinstance(value, float) and not math.isfinite(value):
        raise Misfit("not-json", "the number is not finite, which JSON does not have")
    if abs(value) > limit:
        raise Misfit("bad-value", "the number is out of range")
    return float(value)


def _number(text: str) -> Any:
    """Return the number that a text is for Envoy, or the text."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text)
    return int(text, 16) if _HEXADECIMAL.fullmatch(text) else text


def _enum(value: Any, *, descriptor: EnumDescriptor) -> int:
    if isinstance(value, str):
        known = descriptor.values_by_name.get(value) or descriptor.values_by_name.get(value.upper())
        if known is not None:
            return known.number
        value = int(value) if len(value) < _MAX_DIGITS and _WHOLE.fullmatch(value) else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if (
            _MIN_INT32 <= value <= _MAX_INT32
        ):  # a number that no name is for is one: Envoy's rules say where it may not be
            return value
        raise Misfit("bad-value", f"the number is out of range: {_MIN_INT32} to {_MAX_INT32}")
    if not isinstance(value, str):
        raise expected(f"the name of a {descriptor.name}", value)
    mend = partial(_nearest, value, descriptor)
    raise Unknown("unknown-value", f"none of the values of {descriptor.name} has this name", mend)


def _nearest(value: str, descriptor: EnumDescriptor) -> str:
    names = [each.name for each in descriptor.values]
    if near := nearest(value.upper().replace("-", "_"), names):
        return f'did you mean "{near}"?'
    return f"it can be {', '.join(names)}" if len(names) <= _LISTED_VALUES else ""


def duration(value: Any) -> tuple[int, int]:
    """Return the seconds and nanoseconds of a duration, such as `0.25s`."""
    if not isinstance(value, str):
        raise expected("a duration", value, 'write seconds in quotes, with an s: "0.25s"')
    match = _DURATION.fullmatch(value)
    if match is None or int(match["seconds"]) > MAX_SECONDS:
        raise Misfit("bad-value", "the text is not a duration", 'write seconds with an s: "0.25s", "300s"')
    sign = -1 if match["sign"] else 1
    return sign * int(match["seconds"]), sign * int((match["fraction"] or "").ljust(9, "0"))


_INTEGERS: Mapping[int, Convert] = {
    FieldDescriptor.CPPTYPE_INT32: partial(_integer, low=-(1 << 31), high=(1 << 31) - 1),
    FieldDescriptor.CPPTYPE_UINT32: partial(_integer, low=0, high=(1 << 32) - 1),
    FieldDescriptor.CPPTYPE_INT64: partial(_integer, low=-(1 << 63), high=(1 << 63) - 1),
    FieldDescriptor.CPPTYPE_UINT64: partial(_integer, low=0, high=(1 << 64) - 1),
}
_OTHERS: Mapping[int, Convert] = {
    FieldDescriptor.CPPTYPE_FLOAT: partial(_real, limit=_MAX_FLOAT32),
    FieldDescriptor.CPPTYPE_DOUBLE: partial(_real, limit=sys.float_info.max),
    FieldDescriptor.CPPTYPE_BOOL: _boolean,
    FieldDescriptor.CPPTYPE_STRING: convert_text,
}


def converter(field: FieldDescriptor) -> Convert:
    """Return what turns a JSON value into a value of that field, which is not a message."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _bytes
    if field.enum_type is not None:
        return partial(_enum, descriptor=field.enum_type)
    return _INTEGERS.get(field.cpp_type) or _OTHERS[field.cpp_type]
