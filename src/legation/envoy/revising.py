"""Changing the message in an `Any`, also where it travels as a TypedStruct: what is not known here stays as it is.

A change of a message is found by printing it before and after, and put into the JSON that the TypedStruct says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError

from legation.envoy import anys, printer, typed_structs, types
from legation.envoy.reader import read
from legation.envoy.spelling import snake
from legation.envoy.types import TYPE_KEY
from legation.envoy.understanding import struct_to_json

if TYPE_CHECKING:
    from google.protobuf.message import Message

_NOTHING = object()


def revise(any_message: Any, change: Callable[[Message], bool]) -> bool:
    """Change what is in an `Any`, if its type is known here and its bytes can be read.

    Args:
        any_message: It is changed.
        change: Changes a message in place, and says whether it did. It is not called in vain more than once.

    Returns:
        Whether it was changed.
    """
    name = types.type_name(any_message.type_url)
    try:
        inner = anys.unpack(any_message)
    except DecodeError:
        return False
    if inner is None:
        return False
    changed = _revise_struct(inner, change) if name in typed_structs.NAMES else change(inner)
    if changed:
        any_message.value = inner.SerializeToString(deterministic=True)
    return changed


def _revise_struct(holder: Any, change: Callable[[Message], bool]) -> bool:
    descriptor = types.find(types.type_name(holder.type_url))
    if descriptor is None or descriptor.full_name in types.FORMS or descriptor.full_name in typed_structs.NAMES:
        return False
    message = types.message_class(descriptor.full_name)()
    json = struct_to_json(holder.value)
    read(message, json)
    before = printer.fields_to_json(message, show_secrets=True)
    if not change(message):
        return False
    after = printer.fields_to_json(message, show_secrets=True)
    changed = typed_structs.to_write(_graft(json, before, after), descriptor)
    holder.ClearField("value")
    read(holder, {"value": changed})
    return True


def _graft(written: Any, before: Any, after: Any) -> Any:
    """Return what is written, with what is different after than before."""
    if before == after:
        return written
    if isinstance(before, Mapping) and isinstance(after, Mapping) and isinstance(written, Mapping):
        if written.get(TYPE_KEY) == before.get(TYPE_KEY):
            return _graft_map(written, before, after)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        items = written if isinstance(written, list) else [written]
        if len(items) == len(before):
            return [_graft(*each) for each in zip(items, before, after, strict=True)]
    return after


def _graft_map(written: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    grafted: dict[str, Any] = {}
    left = {name: item for name, item in after.items() if before.get(name, _NOTHING) != item}
    for key, item in written.items():
        name = key if key in before or key in after else snake(key)
        if name in before and name not in after:
            continue
        grafted[key] = _graft(item, before.get(name), left.pop(name)) if name in left else item
    return grafted | left
