"""A path of the protos -> the same path with the keys that the owner wrote, so that a source finds the place.

In JSON a field may be called as in the proto or in lowerCamelCase, one item may stand for a list of one, and a
TypedStruct holds the fields of what it describes under `value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.envoy import typed_structs
from legation.envoy.spelling import camel
from legation.model.objects import FieldPath


def spelled(json: Any, path: FieldPath) -> FieldPath:
    """Return a path as it is written in this JSON; what stands nowhere in it keeps the names of the protos."""
    written: list[str | int] = []
    at = json
    for step in path:
        if isinstance(step, int):
            if not isinstance(at, list | tuple):
                continue  # one item in place of a list: the path of the field is its path
            written.append(step)
            at = at[step] if step < len(at) else None
            continue
        if typed_structs.is_one(at):  # its fields are those of what it holds
            written.append("value")
            at = at.get("value")
        key = _key(at, step)
        written.append(key)
        at = at.get(key) if isinstance(at, Mapping) else None
    return tuple(written)


def _key(at: Any, name: str) -> str:
    if not isinstance(at, Mapping) or name in at:
        return name
    other = camel(name)
    return other if other in at else name
