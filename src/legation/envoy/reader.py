"""Envoy JSON into a message: one walk that fills the message and finds everything in the JSON that does not fit.

The walk follows the descriptors of the installed protos, into every `Any` too. It never raises, never changes the JSON,
and goes on after a fault, so that its owner learns of all of them at once. Here are the message types with a JSON form
of their own; `fields.py` has all others.
"""

from __future__ import annotations

import difflib
import marshal
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from legation.envoy import types
from legation.envoy.fields import fields_of, fill_fields, is_text
from legation.envoy.findings import Finding, Misfit, kind_of, quote
from legation.envoy.reading import Reading, Write
from legation.envoy.scalars import convert_text, duration, expected
from legation.model.objects import FieldPath
from legation.model.problems import Level

if TYPE_CHECKING:
    from google.protobuf.message import Message

TYPE_KEY = "@type"
_ENDPOINT = "envoy.config.endpoint.v3.LbEndpoint"
_TYPED_STRUCT = "xds.type.v3.TypedStruct"


def read(message: Message, json: Mapping[str, Any]) -> tuple[bytes, list[Finding]]:
    """Fill an empty message from its JSON, whose `@type` has been obeyed already.

    Returns:
        Its bytes, and what is wrong; with a finding of level ERROR the bytes are not worth anything.
    """
    reading = Reading(write=_write)
    fill_fields(reading, message, json, (), ignore=TYPE_KEY)
    return reading.pack(message, ()), reading.findings


def old_type(name: str, newer: str) -> Misfit:
    """Return the complaint that a message type belongs to an API that Envoy has given up."""
    words = f"type {quote(name)} belongs to an old API that Envoy no longer reads"
    return Misfit("old-type", words, f"write type.googleapis.com/{newer}; its fields may have changed")


def _write(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    (_FORMS.get(message.DESCRIPTOR.full_name) or fill_fields)(reading, message, value, path)


def _any(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    if not isinstance(value, Mapping):
        raise expected("a map", value)
    url = value.get(TYPE_KEY)
    if not isinstance(url, str) or not url:
        raise Misfit("missing-type", 'there is no "@type"', 'add "@type": type.googleapis.com/<message type>')
    name = types.type_name(convert_text(url))
    if name in {url, ""}:
        raise Misfit("bad-type", '"@type" is not a type URL', "write type.googleapis.com/<message type>")
    if newer := types.successor(name):
        raise old_type(name, newer)
    if types.find(name) is None:
        reading.report(path, _unknown_type(name), level=Level.WARNING)
        child: Any = types.message_class(_TYPED_STRUCT)(type_url=url)
        url = f"type.googleapis.com/{_TYPED_STRUCT}"
        _struct(reading, child.value, {key: item for key, item in value.items() if key != TYPE_KEY}, path)
    elif name in types.FORMS:
        child = types.message_class(name)()
        reading.fill(child, value.get("value"), (*path, "value"))
    else:
        child = types.message_class(name)()
        fill_fields(reading, child, value, path, ignore=TYPE_KEY)
    message.type_url = url
    message.value = reading.pack(child, path)


def _unknown_type(name: str) -> Misfit:
    near = difflib.get_close_matches(name, types.neighbours(name), n=1)
    words = f"unknown type {quote(name)}, sent unchecked as a TypedStruct: an Envoy that lacks it refuses the resource"
    return Misfit("unknown-type", words, f"did you mean type.googleapis.com/{near[0]}?" if near else "")


def _struct(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    if not isinstance(value, Mapping):
        raise expected("a map", value)
    message.SetInParent()
    for key, item in value.items():
        if is_text(reading, key, path):
            reading.fill(message.fields[key], item, (*path, key))


def _list(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    if not isinstance(value, list | tuple):
        raise expected("a list", value)
    message.SetInParent()
    for index, item in enumerate(value):
        reading.fill(message.values.add(), item, (*path, index))


def _value(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    match value:
        case None:
            message.null_value = 0
        case bool():
            message.bool_value = value
        case int() | float():
            message.number_value = _finite(value)
        case str():
            message.string_value = convert_text(value)
        case Mapping():
            _struct(reading, message.struct_value, value, path)
        case list() | tuple():
            _list(reading, message.list_value, value, path)
        case _:
            raise Misfit("not-json", f"found {kind_of(value)}", "put it in quotes")


def _finite(number: float) -> float:
    try:
        if math.isfinite(number):
            return float(number)
    except OverflowError:
        pass
    raise Misfit("not-json", "the number is not finite, or too large for JSON")


def _duration(_: Reading, message: Any, value: Any, __: FieldPath) -> None:
    message.seconds, message.nanos = duration(value)


def _text_form(_: Reading, message: Any, value: Any, __: FieldPath) -> None:
    name = message.DESCRIPTOR.name
    if not isinstance(value, str):
        raise expected(f"the text of a {name}", value)
    try:
        message.FromJsonString(value)
    except (ValueError, OverflowError):
        mend = 'write it as "2030-01-31T12:00:00Z"' if name == "Timestamp" else ""
        raise Misfit("bad-value", f"the text is not a {name}", mend) from None


def _wrapper(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    if isinstance(value, Mapping):  # Envoy takes {"value": 5} for 5
        fill_fields(reading, message, value, path)
    else:
        fields_of(message.DESCRIPTOR)["value"].write(reading, message, value, path)


def _endpoint(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    """Assignments are made anew whenever a Pod comes or goes, and most of what is in them was in the one before."""
    known = _known_endpoint(key) if (key := _key_of(value)) else None
    if known is not None:
        message.CopyFrom(known)
    else:
        fill_fields(reading, message, value, path)


def _key_of(value: Any) -> bytes:
    """Return what no two values share that are not read alike; empty for what is no JSON."""
    try:
        return marshal.dumps(value, 2)  # the last version in which equal values have equal bytes
    except ValueError:
        return b""


@lru_cache(maxsize=1 << 16)
def _known_endpoint(key: bytes) -> Message | None:
    """Return the endpoint that is read from that value; None: something in it does not fit, or is a matter of depth."""
    reading = Reading(write=_write)
    message = types.message_class(_ENDPOINT)()
    value = marshal.loads(key)  # noqa: S302 - it is what we wrote ourselves
    if not isinstance(value, dict):
        return None
    fill_fields(reading, message, value, ())
    return None if reading.findings or reading.deep else message


_FORMS: Mapping[str, Write] = {
    types.ANY: _any,
    _ENDPOINT: _endpoint,
    "google.protobuf.Struct": _struct,
    "google.protobuf.ListValue": _list,
    "google.protobuf.Value": _value,
    "google.protobuf.Duration": _duration,
    "google.protobuf.Timestamp": _text_form,
    "google.protobuf.FieldMask": _text_form,
    **dict.fromkeys(types.WRAPPERS, _wrapper),
}
