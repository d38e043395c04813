"""YAML and JSON as Envoy reads its files, and the places of the values. Pure.

Envoy is laxer than kubectl: it reads the first document alone, however broken the others are, and of a key that stands
twice the last one counts. `<<` is a key as any other: Envoy knows no field of that name and refuses the file, and here
nothing is merged either. Keys are text as written. Of plain scalars Envoy types booleans, null and whole
numbers; all others are text, whatever their tag says, and its loader takes the text of a number for one (Envoy 1.40).

The text is read event by event: a tree of nodes with two positions each would take forty times the text's room.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from yaml.cyaml import CBaseLoader
from yaml.error import MarkedYAMLError
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)
from yaml.reader import ReaderError

from legation.model.objects import FieldPath
from legation.texts import positioned_json, scalars
from legation.texts.kubectl_yaml import YamlFault, syntax_fault, too_deep
from legation.texts.places import Alias, Entry, Place, Reading, Wanted, of_new_field, of_scalar

_DEEPEST = 100
"""Levels of nesting. Envoy's own limit for a message is about as deep."""
_ALIAS_ROOM = 100_000
"""A text without aliases has fewer values than characters; aliases may add this many. It stops the "billion laughs"."""
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(_NULL),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([1-9][0-9]*))", re.ASCII)
_LONGEST = 30
"""Characters of a number that can be whole."""
_NOTHING = Wanted()


def read(text: str, wanted: Wanted = _NOTHING) -> Reading:
    """Read the first document.

    Raises:
        YamlFault: It cannot be read.
    """
    if text[:100].lstrip("\ufeff \t\r\n")[:1] in {"{", "["}:
        reading = positioned_json.read(text, wanted)
        if reading is not None:
            return reading
    try:
        return _Walk(text, wanted).reading()
    except (MarkedYAMLError, ReaderError) as error:
        raise syntax_fault(error, text) from None


@dataclass(frozen=True, slots=True)
class _Anchor:
    value: Any
    path: FieldPath
    cost: int
    """How many values it stands for."""


class _Walk:
    """One way through the text: what is read, and where in the value it has come."""

    def __init__(self, text: str, wanted: Wanted) -> None:
        self._text = text
        self._keys = wanted.keys
        self._lacking = {path[:-1]: path for path in wanted.lacking}
        self._next = CBaseLoader(text).get_event
        # libyaml does not count it.
        self._shift = 1 if text.startswith("\ufeff") else 0
        self._left = len(text) + _ALIAS_ROOM
        self._path: list[str | int] = []
        self._last_end = 0
        self._anchors: dict[str, _Anchor] = {}
        self._places: dict[FieldPath, Place] = {}
        self._aliases: dict[FieldPath, Alias] = {}

    def reading(self) -> Reading:
        self._next()
        value = self._value(self._next()) if isinstance(self._next(), DocumentStartEvent) else None
        if self._aliases:
            _check_depth(value, _DEEPEST)
        return Reading(value=value, places=self._places, aliases=self._aliases)

    def _value(self, event: Event | None) -> Any:
        left = self._left
        self._left = left - 1
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if isinstance(event, ScalarEvent):
            value: Any = _scalar(event)
        elif len(self._path) >= _DEEPEST:
            raise too_deep()
        elif isinstance(event, MappingStartEvent):
            value = self._mapping(event)
        else:
            value = self._sequence()
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, tuple(self._path), left - self._left)
        return value

    def _alias(self, event: AliasEvent) -> Any:
        anchor = self._anchor(event)
        self._left -= anchor.cost
        if self._left < 0:
            message = "aliases make too many values of this document"
            _refuse(event, "too-many-aliases", message, "write the values out")
        start, end = self._at(event.start_mark), self._at(event.end_mark)
        self._aliases[tuple(self._path)] = Alias(anchor.path, of_scalar(self._text, start, end))
        return anchor.value

    def _anchor(self, event: AliasEvent) -> _Anchor:
        anchor = self._anchors.get(event.anchor or "")
        if anchor is None:
            message = "an alias stands before what it stands for, or inside it"
            _refuse(event, "yaml-syntax", message, "check the name behind the *")
        return anchor

    def _mapping(self, start: MappingStartEvent) -> dict[str, Any]:
        values: dict[str, Any] = {}
        path, keys = self._path, self._keys
        lacking = self._lacking.get(tuple(path)) if self._lacking else None
        first: Entry | None = None
        while not isinstance(key_event := self._next(), MappingEndEvent):
            key = self._key(key_event)
            event = self._next()
            path.append(key)
            values[key] = self._value(event)
            if key in keys and isinstance(event, ScalarEvent):
                self._note(event)
            path.pop()
            if lacking is not None and first is None:
                first = self._entry(key_event, event)
        self._end(key_event)
        if lacking is not None:
            opening = self._at(start.end_mark)
            place = of_new_field(
                self._text, str(lacking[-1]), opening=opening, is_flow=bool(start.flow_style), first=first
            )
            if place is not None:
                self._places[lacking] = place
        return values

    def _sequence(self) -> list[Any]:
        values: list[Any] = []
        path, keys = self._path, self._keys
        while not isinstance(event := self._next(), SequenceEndEvent):
            index = len(values)
            path.append(index)
            values.append(self._value(event))
            if index in keys and isinstance(event, ScalarEvent):
                self._note(event)
            path.pop()
        self._end(event)
        return values

    def _at(self, mark: Any) -> int:
        return 0 if mark is None else mark.index + self._shift

    def _end(self, event: CollectionEndEvent) -> None:
        self._last_end = self._at(event.end_mark)

    def _key(self, event: Event | None) -> str:
        if isinstance(event, ScalarEvent):
            key: str = event.value
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchor(key, (), 1)
            return key
        said = self._anchor(event).value if isinstance(event, AliasEvent) else None
        if not isinstance(said, str):
            _refuse(event, "bad-key", "a key must be text, and this one is a collection", "quote the key")
        return said

    def _note(self, event: ScalarEvent) -> None:
        start, end = self._at(event.start_mark), self._at(event.end_mark)
        self._places[tuple(self._path)] = of_scalar(self._text, start, end, anchor=event.anchor, tag=event.tag)

    def _entry(self, key: Event | None, value: Event | None) -> Entry | None:
        if key is None or value is None:
            return None
        is_scalar = isinstance(value, ScalarEvent | AliasEvent)
        end = self._at(value.end_mark) if is_scalar else self._last_end
        key_start, key_end = self._at(key.start_mark), self._at(key.end_mark)
        return Entry(key_start, key_end, self._at(value.start_mark), end, is_scalar)


def _scalar(event: ScalarEvent) -> scalars.Scalar:
    text: str = event.value
    if event.tag is None:
        return _plain(text) if event.implicit[0] else text
    return text if event.tag == "!" or text in _NULL else _plain(text)


def _plain(text: str) -> scalars.Scalar:
    if text in _WORDS:
        return _WORDS[text]
    matched = _INTEGER.fullmatch(text) if len(text) <= _LONGEST else None
    if matched is None:
        return text
    sign, *bodies = matched.groups()
    value = next(int(body, base) for body, base in zip(bodies, (16, 8, 10), strict=True) if body)
    value = -value if sign == "-" else value
    return value if -(1 << 63) <= value < 1 << 64 else text


def _refuse(event: Event | None, code: str, message: str, mend: str) -> NoReturn:
    mark = None if event is None else event.start_mark
    line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
    raise YamlFault(code, message, mend=mend, line=line, column=column)


def _check_depth(value: object, left: int) -> None:
    if left < 0:
        raise too_deep()
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_depth(child, left - 1)
