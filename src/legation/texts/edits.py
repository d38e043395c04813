"""Edits: values that are to stand at some places of a JSON value, and putting them there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from legation.model.objects import FieldPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One whole number that is to stand somewhere inside a value."""

    path: FieldPath
    """Where, one part at least. All of it exists, but for the last part where that is a key: then the key is new."""
    value: int


def apply(value: Any, edits: Iterable[Edit]) -> Any:
    """Return the JSON value with the edits in it. What is on the way to none of them is shared, nothing is changed."""
    tree: dict[str | int, Any] = {}
    for edit in edits:
        node = tree
        for part in edit.path[:-1]:
            node = node.setdefault(part, {})
        node[edit.path[-1]] = edit.value
    return _put(value, tree)


def _put(value: Any, tree: Any) -> Any:
    """Return the value with what the tree says, whose leaves are the numbers: each list and map is copied once."""
    if not isinstance(tree, dict):
        return tree
    if isinstance(value, list):
        changed = list(value)
        for index, below in tree.items():
            changed[index] = _put(changed[index], below)
        return changed
    return {**value, **{key: _put(value.get(key), below) for key, below in tree.items()}}
