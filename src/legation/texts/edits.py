"""Edits: values that are to stand at some places of a JSON value, and putting them there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from legation.model.objects import FieldPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One whole number that is to stand somewhere."""

    path: FieldPath
    """Where. All of it exists, but for the last part where that is a key: then the key is new."""
    value: int


def apply(value: Any, edits: Iterable[Edit]) -> Any:
    """Return the JSON value with the edits in it. What is on the way to none of them is shared, nothing is changed."""
    for edit in edits:
        value = _put(value, edit.path, edit.value)
    return value


def _put(value: Any, path: FieldPath, new: int) -> Any:
    if not path:
        return new
    part, rest = path[0], path[1:]
    if isinstance(value, list):
        return [_put(each, rest, new) if index == part else each for index, each in enumerate(value)]
    return {**value, part: _put(value.get(part), rest, new)}
