"""Envoy JSON into a message: one walk that fills the message and finds everything in the JSON that does not fit.

The walk follows the descriptors of the installed protos, into every `Any` too. It never raises, never changes the JSON,
and goes on after a fault, so that its owner learns of all of them at once. Here are the message types with a JSON form
of their own; `fields.py` has all others.
"""

from __future__ import annotations

import marshal
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from legation.envoy import as_written, old_style, typed_structs, types
from legation.envoy.fields import fields_of, fill_fields, is_text
from legation.envoy.findings import Finding, Misfit, kind_of
from legation.envoy.reading import Reading, Write
from legation.envoy.scalars import MAX_SECONDS, convert_text, duration, expected
from legation.envoy.types import TYPE_KEY
from legation.model.objects import FieldPath
from legation.model.problems import Level
from legation.model.resource_types import TYPE_URL_PREFIX

if TYPE_CHECKING:
    from google.protobuf.message import Message

_ENDPOINT = "envoy.config.endpoint.v3.LbEndpoint"
_VALUE = "google.protobuf.Value"
_TYPED_STRUCT = f"{TYPE_URL_PREFIX}{typed_structs.NAME}"
_SECOND = 1_000_000_000
"""In nanoseconds."""


def read(message: Message, json: Mapping[str, Any], *, unknown: Level = Level.ERROR) -> tuple[bytes, list[Finding]]:
    """Fill an empty message from its JSON, whose `@type` has been obeyed already.

    Args:
        message: The message.
        json: The JSON.
        unknown: How bad it is to say what is not known here and cannot travel as it is written.

    Returns:
        Its bytes, and what is wrong; with a finding of level ERROR the bytes are not worth anything.
    """
    reading = Reading(write=_write, unknown=unknown)
    fill_fields(reading, message, json, (), ignore=TYPE_KEY)
    return reading.pack(message, ()), reading.told


def _write(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    (_FORMS.get(message.DESCRIPTOR.full_name) or fill_fields)(reading, message, value, path)


def _any(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    if not isinstance(value, Mapping):
        raise expected("a map", value)
    if not value and typed_structs.may_be_empty(path):
        message.SetInParent()
        return
    url, name = _type(value)
    known = types.find(name)
    if known is None:
        child: Any = as_written.of_unknown_type(reading, value, path)
        url = _TYPED_STRUCT
    elif name in types.FORMS:
        child = types.message_class(name)()
        if not _says_nothing(value) or name == _VALUE:
            reading.fill(child, value.get("value"), (*path, "value"))
    else:
        child = types.message_class(name)()
        outer = reading.enter()
        fill_fields(reading, child, value, path, ignore=TYPE_KEY)
        unknown = reading.leave(outer)
        if unknown and typed_structs.taken_at(path, name):
            reading.send(unknown)
            child = as_written.of_known_type(reading, value, known, path)
            url = _TYPED_STRUCT
        elif unknown:
            reading.pass_on(unknown)
        if name in typed_structs.NAMES:
            as_written.check(reading, child, value, path)
    message.type_url = url
    message.value = reading.pack(child, path)


def _says_nothing(value: Mapping[str, Any]) -> bool:
    """Say whether the JSON of a type that has a form of its own leaves it as it is when it is new."""
    return value.get("value") is None and value.keys() <= {TYPE_KEY, "value"}


def _type(value: Mapping[str, Any]) -> tuple[str, str]:
    """Return the type URL of an `Any`, and the name in it."""
    url = value.get(TYPE_KEY)
    if not isinstance(url, str) or not url:
        raise Misfit("missing-type", 'there is no "@type"', 'add "@type": type.googleapis.com/<message type>')
    host, _, name = convert_text(url).rpartition("/")
    if not host or not name:
        raise Misfit("bad-type", '"@type" is not a type URL', "write type.googleapis.com/<message type>")
    if newer := types.successor(name):
        raise old_style.old_type(name, newer)
    return url, name


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


def _duration(reading: Reading, message: Any, value: Any, path: FieldPath) -> None:
    if not isinstance(value, Mapping):
        message.seconds, message.nanos = duration(value)
        return
    fill_fields(reading, message, value, path)  # Envoy takes {"seconds": 1} for "1s"
    if abs(message.nanos) >= _SECOND or message.seconds * message.nanos < 0 or abs(message.seconds) > MAX_SECONDS:
        raise Misfit("bad-value", "these seconds and nanos are no duration", 'write seconds with an s: "0.25s"')


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
    _VALUE: _value,
    "google.protobuf.Duration": _duration,
    "google.protobuf.Timestamp": _text_form,
    "google.protobuf.FieldMask": _text_form,
    **dict.fromkeys(types.WRAPPERS, _wrapper),
}
