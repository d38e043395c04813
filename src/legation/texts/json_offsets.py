"""Where in a text of JSON a field stands: for what no reader of YAML reads, such as escapes in pairs. Pure.

What is passed on the way is read and thrown away; nothing is remembered.
"""

from __future__ import annotations

import json
import re

from legation.model.objects import FieldPath

_space = re.compile(r"[ \t\r\n]*").match
_skip = json.JSONDecoder().raw_decode


def find(text: str, path: FieldPath) -> tuple[int, int] | None:
    """Return line and column of a field, or of the innermost part that exists; None where this is no JSON.

    Args:
        text: One value, with dashes or blanks in front at most.
        path: The field.
    """
    start = len(text) - len(text.lstrip("-\r\n\t "))
    try:
        at = _offset(text, start, path)
    except (ValueError, IndexError):
        return None
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def _offset(text: str, at: int, path: FieldPath) -> int:
    mark = at
    for part in path:
        found = _in_map(text, at, part) if text[at] == "{" else _in_list(text, at, part) if text[at] == "[" else None
        if found is None:
            break
        mark, at = found
    return mark


def _in_map(text: str, at: int, wanted: str | int) -> tuple[int, int] | None:
    """Return where a key of a map stands, and where its value begins."""
    at = _behind(text, at + 1)
    while text[at] == '"':
        key_at = at
        key, at = _skip(text, at)
        at = _behind(text, _behind(text, at) + 1)
        if key == wanted:
            return key_at, at
        at = _next(text, at)
    return None


def _in_list(text: str, at: int, wanted: str | int) -> tuple[int, int] | None:
    """Return where an item of a list stands, twice: it has no key."""
    at = _behind(text, at + 1)
    index = 0
    while text[at] != "]":
        if index == wanted:
            return at, at
        at, index = _next(text, at), index + 1
    return None


def _next(text: str, at: int) -> int:
    """Return where what follows the value there begins."""
    _, end = _skip(text, at)
    end = _behind(text, end)
    return _behind(text, end + 1) if text[end] == "," else end


def _behind(text: str, at: int) -> int:
    found = _space(text, at)
    return found.end() if found else at
