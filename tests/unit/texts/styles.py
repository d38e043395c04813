"""JSON values written as YAML or JSON in whatever style a person may have, with what is to become of each scalar."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from legation.model.objects import FieldPath

_KEYS = st.sampled_from(("name", "weight", "total_weight", "clusters", "route", "virtual_hosts", "a b", "@type", "é😀"))
_TEXTS = st.sampled_from(("", "green", "a: b", "# no comment", "😀", "50", "null", 'say "hi"', "it's", "*", "&x", "{}"))
_NUMBERS = st.integers(0, 2**32)
VALUES = st.recursive(
    _TEXTS | _NUMBERS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
).flatmap(lambda inner: st.dictionaries(_KEYS, st.just(inner) | _NUMBERS | _TEXTS, min_size=1, max_size=4))
_COMMENTS = st.sampled_from(("", "", "", " # weight: 1", " # 😀 {", "  #"))


@dataclass(frozen=True)
class Piece:
    """A part of the text; with a path, what a number at that path replaces but for what is kept in front."""

    text: str
    path: FieldPath | None = None
    kept: str = ""


def joined(pieces: list[Piece], numbers: dict[FieldPath, int] | None = None) -> str:
    """Return the text, with these numbers in it."""
    numbers = numbers or {}
    return "".join(
        piece.kept + str(numbers[piece.path]) if piece.path in numbers and piece.path is not None else piece.text
        for piece in pieces
    )


def _quoted(value: Any) -> str:
    # YAML has no escapes in pairs.
    return json.dumps(value, ensure_ascii=False)


class Writer:
    """Writes a value; how, is drawn."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._pieces: list[Piece] = []
        self._break = draw(st.sampled_from(("\n", "\r\n")))
        self._anchors = 0

    def _say(self, text: str) -> None:
        self._pieces.append(Piece(text))

    def yaml(self, value: Any) -> list[Piece]:
        head = self._draw(st.sampled_from(("", "\ufeff", "---%", "# a comment: 5%", "# %---%")))
        self._say(head.replace("%", self._break))
        if self._draw(st.booleans()):
            self._block(value, (), 0)
        else:
            self._flow(value, ())
            self._end_line()
        self._say(self._draw(st.sampled_from(("", "# the end", "---%{broken", "...%"))).replace("%", self._break))
        return self._pieces

    def json(self, value: Any) -> list[Piece]:
        indent = self._draw(st.sampled_from((None, "\t", "  ")))
        self._json(value, (), indent, 0)
        self._say(self._draw(st.sampled_from(("", "\n"))))
        return self._pieces

    def _json(self, value: Any, path: FieldPath, indent: str | None, depth: int) -> None:
        if not isinstance(value, dict | list) or not value:
            shown = json.dumps(value, ensure_ascii=self._draw(st.booleans()))
            self._pieces.append(Piece(shown, None if isinstance(value, dict | list) else path))
            return
        gap = "" if indent is None else self._break + indent * (depth + 1)
        self._say("{" if isinstance(value, dict) else "[")
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for count, (key, each) in enumerate(entries):
            self._say(("," if count else "") + gap)
            if isinstance(key, str):
                self._say(json.dumps(key) + self._draw(st.sampled_from((":", ": ", " :\t"))))
            self._json(each, (*path, key), indent, depth + 1)
        self._say("" if indent is None else self._break + indent * depth)
        self._say("}" if isinstance(value, dict) else "]")

    def _end_line(self) -> None:
        self._say(self._draw(_COMMENTS) + self._break)

    def _key(self, key: str) -> str:
        plain = key.isascii() and "@" not in key
        return key if plain and self._draw(st.booleans()) else _quoted(key)

    def _scalar(self, value: Any, path: FieldPath, *, flow: bool) -> None:
        spellings: list[tuple[str, str]] = [(_quoted(value), "")]
        if isinstance(value, str):
            spellings = [(_quoted(value), ""), ("'" + value.replace("'", "''") + "'", "")]
            spellings.append(("!!str " + _quoted(value), ""))
            if value == "green":
                spellings.append(("green", ""))
        elif value is None:
            spellings += [("~", ""), ("", "")]
        elif isinstance(value, int) and not isinstance(value, bool):
            spellings += [(f"!!int {value}", "!!int "), (f'!!int "{value}"', "!!int "), (f"0x{value:x}", "")]
        text, kept = self._draw(st.sampled_from(spellings))
        if self._draw(st.integers(0, 9)) == 9:
            self._anchors += 1
            anchor = f"&a{self._anchors} "
            # A tag of something else goes, the anchor stays.
            text, kept = (anchor + text).rstrip(), anchor + kept
        # libyaml takes no tab behind a dash.
        gaps = (" ", "  ") if isinstance(path[-1], int) else (" ", "  ", "\t")
        in_front = self._draw(st.sampled_from(gaps)) if text else ""
        self._pieces.append(Piece(in_front + text, path, in_front + kept if text else " "))
        if flow and not text:
            self._say(" ")

    def _flow(self, value: Any, path: FieldPath) -> None:
        if not isinstance(value, dict | list):
            self._scalar(value, path, flow=True)
            return
        gap = self._draw(st.sampled_from(("", " ", f"{self._break}    ", f" # c{self._break}  ")))
        self._say(" {" if isinstance(value, dict) else " [")
        entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        for count, (key, each) in enumerate(entries):
            self._say(("," if count else "") + gap)
            if isinstance(key, str):
                self._say(f"{self._key(key)}:")
            elif each is None:
                # An item of a list between brackets cannot be empty.
                self._pieces.append(Piece("null", (*path, key)))
                continue
            self._flow(each, (*path, key))
        self._say(("," if entries and self._draw(st.booleans()) else "") + gap)
        self._say("}" if isinstance(value, dict) else "]")

    def _block(self, value: Any, path: FieldPath, indent: int) -> None:
        entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
        for count, (key, each) in enumerate(entries):
            if count or not path or isinstance(path[-1], str):
                if self._draw(st.integers(0, 9)) == 9:
                    self._say("#  weight: 5" + self._break)
                self._say(" " * indent)
            self._say(f"{self._key(key)}:" if isinstance(key, str) else "-")
            self._entry(each, (*path, key), indent)

    def _entry(self, value: Any, path: FieldPath, indent: int) -> None:
        if not isinstance(value, dict | list):
            self._scalar(value, path, flow=False)
            self._end_line()
        elif not value or self._draw(st.booleans()):
            self._flow(value, path)
            self._end_line()
        elif isinstance(path[-1], int):
            self._say(" ")
            self._block(value, path, indent + 2)
        else:
            self._end_line()
            step = 0 if isinstance(value, list) and self._draw(st.booleans()) else 2
            self._block(value, path, indent + step)


@st.composite
def documents(draw: st.DrawFn) -> tuple[Any, list[Piece]]:
    """Draw a value, and a text that says it."""
    value = draw(VALUES)
    writer = Writer(draw)
    return value, writer.json(value) if draw(st.integers(0, 3)) == 0 else writer.yaml(value)


def scalars_of(value: Any, path: FieldPath = ()) -> list[FieldPath]:
    """Return the paths of all that is no collection."""
    if isinstance(value, dict):
        return [each for key, child in value.items() for each in scalars_of(child, (*path, key))]
    if isinstance(value, list):
        return [each for index, child in enumerate(value) for each in scalars_of(child, (*path, index))]
    return [path]


def mappings_of(value: Any, path: FieldPath = ()) -> list[tuple[FieldPath, dict[str, Any]]]:
    """Return all maps with their paths."""
    found: list[tuple[FieldPath, dict[str, Any]]] = [(path, value)] if isinstance(value, dict) else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [each for key, child in children for each in mappings_of(child, (*path, key))]
