"""JSON with the places of its values: strict JSON, with all its escapes, tabs and long keys. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from legation.model.objects import FieldPath
from legation.texts import scalars
from legation.texts.places import Entry, Place, Reading, Wanted, of_new_field

_DEEPEST = 100
_space = re.compile(r"[ \t\r\n]*").match


def read(text: str, wanted: Wanted) -> Reading | None:
    """Read a text; None where it is no JSON. Of a key that stands twice the last one counts."""
    try:
        return _Walk(text, wanted).reading()
    except (ValueError, IndexError):
        return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_scalar = json.JSONDecoder(parse_float=scalars.number, parse_constant=_no_constant).raw_decode


class _Walk:
    """One way through the text: what is read, and where in the text and in the value it has come."""

    def __init__(self, text: str, wanted: Wanted) -> None:
        self._text = text
        self._keys = wanted.keys
        self._lacking = {path[:-1]: path for path in wanted.lacking}
        self._places: dict[FieldPath, Place] = {}
        self._path: list[str | int] = []

    def reading(self) -> Reading:
        text = self._text
        value, at = self._value(self._skip(1 if text.startswith("\ufeff") else 0))
        if self._skip(at) != len(text):
            raise ValueError("more than one value")
        return Reading(value=value, places=self._places)

    def _skip(self, at: int) -> int:
        found = _space(self._text, at)
        return found.end() if found else at

    def _value(self, at: int) -> tuple[Any, int]:
        character = self._text[at]
        if character not in "{[":
            return _scalar(self._text, at)
        if len(self._path) >= _DEEPEST:
            raise ValueError("nested too deep")
        return self._object(at + 1) if character == "{" else self._array(at + 1)

    def _field(self, key: str | int, at: int) -> tuple[Any, int]:
        """Read what stands behind a key or at an index."""
        self._path.append(key)
        value, end = self._value(at)
        if key in self._keys and not isinstance(value, dict | list):
            self._places[tuple(self._path)] = Place(at, end, is_certain=True)
        self._path.pop()
        return value, end

    def _object(self, opening: int) -> tuple[dict[str, Any], int]:
        text, values = self._text, dict[str, Any]()
        first: Entry | None = None
        at = self._skip(opening)
        while text[at] != "}" or values:
            key, key_end = _scalar(text, at)
            if not isinstance(key, str):
                raise ValueError("a key must be text")  # noqa: TRY004 - it is the text that is wrong
            colon = self._skip(key_end)
            if text[colon] != ":":
                raise ValueError("no colon behind a key")
            start = self._skip(colon + 1)
            values[key], end = self._field(key, start)
            first = first or Entry(at, key_end, start, end, is_scalar=False)
            at = self._skip(end)
            if text[at] == "}":
                break
            at = self._next(at)
        self._note_lacking(opening, first)
        return values, at + 1

    def _array(self, opening: int) -> tuple[list[Any], int]:
        text, values = self._text, list[Any]()
        at = self._skip(opening)
        while text[at] != "]" or values:
            value, end = self._field(len(values), at)
            values.append(value)
            at = self._skip(end)
            if text[at] == "]":
                break
            at = self._next(at)
        return values, at + 1

    def _next(self, at: int) -> int:
        if self._text[at] != ",":
            raise ValueError("no comma between two values")
        return self._skip(at + 1)

    def _note_lacking(self, opening: int, first: Entry | None) -> None:
        path = self._lacking.get(tuple(self._path)) if self._lacking else None
        if path is not None:
            place = of_new_field(self._text, str(path[-1]), opening=opening, is_flow=True, first=first)
            if place is not None:
                self._places[path] = place
