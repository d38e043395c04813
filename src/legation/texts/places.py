"""Places: from where to where in a text a value stands, and what is written there with it. Pure.

A place is made once and filled with many numbers. Whatever cannot be told from the place alone is marked, so that the
text is read once more before anybody believes it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from legation.model.objects import FieldPath
from legation.texts import scalars


class Place(NamedTuple):
    """What a number replaces: nothing, where it is inserted."""

    start: int
    end: int
    before: str = ""
    """What is written in front of the number."""
    after: str = ""
    is_certain: bool = False
    """Whether any whole number fits here without a word about what is around."""


class Alias(NamedTuple):
    """A place where a text says "the same as there"."""

    target: FieldPath
    """Where there is."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Of which values the places are asked for."""

    keys: frozenset[str | int] = frozenset()
    """The scalars behind these keys, wherever they are."""
    lacking: frozenset[FieldPath] = frozenset()
    """Fields that do not exist, of mappings that do."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """A text that was read."""

    value: Any
    """Plain JSON; what stands behind an alias is the same Python object at both places."""
    places: dict[FieldPath, Place] = field(default_factory=dict)
    """The places that were asked for and can be filled."""
    aliases: dict[FieldPath, Alias] = field(default_factory=dict)


class Entry(NamedTuple):
    """The first key of a mapping and its value, as places in the text."""

    key_start: int
    key_end: int
    value_start: int
    value_end: int
    is_scalar: bool
    """Whether the value is no collection."""


_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+|\Z))*")
_LINE_END = re.compile(r"[ \t]*(?:(?<=[ \t])#[^\r\n]*)?(?=(\r?\n|\r|\Z))")
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z_0-9]*", re.ASCII)
_BREAKS = re.compile(r"\r\n|\n|\r")


def of_scalar(text: str, start: int, end: int, *, anchor: str | None = None, tag: str | None = None) -> Place:
    """Return the place of a scalar or an alias.

    Args:
        text: The whole text.
        start: Where it begins: with its anchor and tag.
        end: Behind its last character, or behind the line ends that belong to it.
        anchor: Its anchor, which stays.
        tag: Its tag, which stays if it is that of whole numbers.
    """
    written = text[start:end]
    before = ""
    if tag is not None and tag != "tag:yaml.org,2002:int":
        before = f"&{anchor} " if anchor else ""
    elif tag is not None or anchor is not None:
        properties = _PROPERTIES.match(written)
        start += properties.end() if properties else 0
    # A block of text ends with its line; the next line begins in the same column as before.
    end = max(start, start + len(text[start:end].rstrip()))
    in_front = text[start - 1 : start]
    is_empty = start == end
    if is_empty and not in_front.isspace():
        # `{weight}` is a key, too.
        before = (" " if anchor or tag or in_front in ":-?" else ": ") + before
    is_certain = (
        not is_empty
        and not before
        and written[0] not in "|>&!"
        and "\n" not in written
        and "\r" not in written
        and (end == len(text) or text[end] in " \t\r\n,]}")
    )
    return Place(start, end, before, "", is_certain)


def of_new_field(text: str, key: str, *, opening: int, is_flow: bool, first: Entry | None) -> Place | None:
    """Return the place for a key that a mapping does not have yet.

    Args:
        text: The whole text.
        key: The key.
        opening: Behind the bracket that opens the mapping, where one does.
        is_flow: Whether brackets are around the mapping.
        first: What the mapping begins with; None where it is empty.
    """
    if first is None:
        return Place(opening, opening, f"{json.dumps(key)}: ") if is_flow else None
    if not is_flow:
        return _in_block(text, key, first)
    shown = json.dumps(key) if text[first.key_start] == '"' else _shown(key)
    margin = _margin(text, first.key_start)
    # One key to a line, as its owner has it.
    gap = " " if margin.strip() else _break_before(text, first.key_start) + margin
    return Place(first.value_end, first.value_end, f",{gap}{shown}: ")


def _in_block(text: str, key: str, first: Entry) -> Place:
    """Below the first key where that is a matter of one line, else above it."""
    margin = "".join(each if each == "\t" else " " for each in _margin(text, first.key_start))
    rest = _LINE_END.match(text, first.value_end)
    if first.is_scalar and rest and not _BREAKS.search(text, first.key_start, first.value_end):
        line_break = rest.group(1) or _any_break(text)
        return Place(rest.end(), rest.end(), f"{line_break}{margin}{_shown(key)}: ")
    following = _BREAKS.search(text, first.key_end)
    line_break = following.group() if following else "\n"
    return Place(first.key_start, first.key_start, f"{_shown(key)}: ", line_break + margin)


def _margin(text: str, at: int) -> str:
    return text[max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1 : at].removeprefix("\ufeff")


def _break_before(text: str, at: int) -> str:
    end = at - len(_margin(text, at))
    return "\r\n" if text[end - 2 : end] == "\r\n" else text[max(end - 1, 0) : end]


def _any_break(text: str) -> str:
    found = _BREAKS.search(text)
    return found.group() if found else "\n"


def _shown(key: str) -> str:
    is_plain = _PLAIN_KEY.fullmatch(key) and scalars.plain(key) == key
    return key if is_plain else json.dumps(key)
