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
    return put(value, ((edit.path, edit.value) for edit in edits))


def put(value: Any, places: Iterable[tuple[FieldPath, Any]]) -> Any:
    """Return the JSON value with other values at some places: paths as those of edits, none of them above another."""
    tree: dict[str | int, Any] = {}
    for path, new in places:
        node = tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = _Leaf(new)
    return _put(value, tree)


@dataclass(frozen=True, slots=True)
class _Leaf:
    value: Any


def _put(value: Any, tree: Any) -> Any:
    """Return the value with what the tree says: each list and map is copied once."""
    if isinstance(tree, _Leaf):
        return tree.value
    if isinstance(value, list):
        changed = list(value)
        for index, below in tree.items():
            changed[index] = _put(changed[index], below)
        return changed
    return {**value, **{key: _put(value.get(key), below) for key, below in tree.items()}}
