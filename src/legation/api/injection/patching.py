"""What turns one JSON value into another, as a JSON Patch. Pure.

The one invariant: the patch applied to the one gives the other. It is short where values were added to maps and lists,
as here they are; what else differs in a list replaces what stands there.

Source: https://www.rfc-editor.org/rfc/rfc6902
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from legation.model.objects import is_same_json


def patch(before: Any, after: Any, path: str = "") -> list[dict[str, Any]]:
    """Return the operations, in their order."""
    return [*_operations(before, after, path)]


def _operations(before: Any, after: Any, path: str) -> Iterator[dict[str, Any]]:
    if is_same_json(before, after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_maps(before, after, path)
    elif isinstance(before, list) and isinstance(after, list) and before:
        yield from _of_lists(before, after, path)
    else:
        yield {"op": "replace", "path": path, "value": after}


def _of_maps(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[dict[str, Any]]:
    for key in before.keys() - after.keys():
        yield {"op": "remove", "path": f"{path}/{_escaped(key)}"}
    for key, value in after.items():
        inside = f"{path}/{_escaped(key)}"
        if key in before:
            yield from _operations(before[key], value, inside)
        else:
            yield {"op": "add", "path": inside, "value": value}


def _of_lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[dict[str, Any]]:
    more = len(after) - len(before)
    if more < 0:
        yield {"op": "replace", "path": path, "value": after}
        return
    # Put before the others, or behind them; the others may have changed, too.
    first = more if _named(before) and _named(after[more:]) == _named(before) else 0
    for index in range(first):
        yield {"op": "add", "path": f"{path}/{index}", "value": after[index]}
    for index, value in enumerate(before):
        yield from _operations(value, after[first + index], f"{path}/{first + index}")
    if not first:
        for value in after[len(before) :]:
            yield {"op": "add", "path": f"{path}/-", "value": value}


def _named(values: Sequence[Any]) -> list[Any]:
    """Return what tells the members of a list apart."""
    return [each.get("name") if isinstance(each, Mapping) else each for each in values]


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
