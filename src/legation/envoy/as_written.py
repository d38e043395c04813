"""What travels as it is written: the configuration of an extension with something in it that is not known here.

It becomes a TypedStruct, of which Envoy makes a message by its own protos.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from legation.envoy import old_style, typed_structs, types
from legation.envoy.fields import fill_fields
from legation.envoy.findings import Misfit, Unknown, quote
from legation.envoy.reading import Reading
from legation.envoy.spelling import nearest
from legation.envoy.types import TYPE_KEY
from legation.model.objects import FieldPath
from legation.model.problems import Level

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor


def of_unknown_type(reading: Reading, value: Mapping[str, Any], path: FieldPath) -> Any:
    """Return the TypedStruct for a message of a type that is not known here."""
    url: str = value[TYPE_KEY]
    name = types.type_name(url)
    if typed_structs.refused_at(path):
        words = f"unknown type {quote(name)}, where Envoy takes no TypedStruct"
        reading.report(path, Unknown("unknown-type", words, partial(_nearest_type, name)), optional=False)
    else:
        words = (
            f"unknown type {quote(name)}, sent unchecked as a TypedStruct: an Envoy that lacks it refuses the resource"
        )
        reading.report(path, Misfit("unknown-type", words, partial(_nearest_type, name)), level=Level.WARNING)
    return _typed_struct(reading, url, {key: item for key, item in value.items() if key != TYPE_KEY}, path)


def of_known_type(reading: Reading, value: Mapping[str, Any], known: Descriptor, path: FieldPath) -> Any:
    """Return the TypedStruct for a message of a known type with something in it that is not known here."""
    fields = typed_structs.to_write(value, known) if not reading.refused else {TYPE_KEY: ""}
    return _typed_struct(reading, fields.pop(TYPE_KEY), fields, path)


def _typed_struct(reading: Reading, url: str, fields: Mapping[str, Any], path: FieldPath) -> Any:
    child: Any = types.message_class(typed_structs.NAME)(type_url=url)
    reading.fill(child.value, fields, path)
    if reading.refused:
        return child
    for at in typed_structs.inexact(fields, path):
        words = "a number this large loses digits where it is sent as it is written"
        reading.report(at, Misfit("bad-value", words, "put it in quotes"))
    return child


def check(reading: Reading, child: Any, value: Mapping[str, Any], path: FieldPath) -> None:
    """Report what does not fit in a TypedStruct that its owner wrote."""
    name, content = types.type_name(child.type_url), value.get("value")
    if typed_structs.refused_at(path):
        words = "Envoy takes no TypedStruct here"
        reading.report(path, Misfit("bad-type", words, 'write the message itself, with its type as "@type"'))
    elif not name:
        words = 'a TypedStruct without a "type_url", without which Envoy does not find the extension'
        reading.report(path, Misfit("missing-type", words, "add type_url: type.googleapis.com/<message type>"))
    elif newer := types.successor(name):
        reading.report((*path, "type_url"), old_style.old_type(name, newer))
    elif types.find(name) is None:
        words = f"unknown type {quote(name)}: an Envoy that lacks it refuses the resource"
        reading.report(
            (*path, "type_url"), Misfit("unknown-type", words, partial(_nearest_type, name)), level=Level.WARNING
        )
    elif name not in types.FORMS and isinstance(content, Mapping):
        outer = reading.enter()
        fill_fields(reading, types.message_class(name)(), content, (*path, "value"))
        reading.send(reading.leave(outer))


def _nearest_type(name: str) -> str:
    near = nearest(name, types.neighbours(name))
    return f"did you mean type.googleapis.com/{near}?" if near else ""
