"""A line of a text with a mark under what is meant, as compilers show it. Pure.

Lines and columns count from 1, in characters, as the readers of these texts count them. What is printed is as wide as a
terminal makes it: wide characters take two columns, combining ones none, and a tab stays a tab under which the line of
the mark has one too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_WIDEST = 160
"""Columns of a line that are shown; JSON may stand on one line alone."""
_BEFORE = 60
"""Of these, how many before the mark."""
_CUT = "..."
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_TOKEN = re.compile(
    r"""
    "(?:[^"\\]|\\.)*"            # text in quotes
    | '(?:[^']|'')*'
    | -(?=\s)                    # an item of a list
    | [^\s\[\]{},:#"']+(?::(?=\S)[^\s\[\]{},:#"']+)*   # a key, or a plain value
    """,
    re.VERBOSE,
)


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, as the readers of YAML count them."""
    return _BREAK.split(text)


def excerpt(lines: Sequence[str], line: int, column: int) -> tuple[str, str] | None:
    """Return a line and the line with its mark; None where there is no such place.

    Args:
        lines: All lines of the text.
        line: Which of them.
        column: What is marked; 0 for the whole line.
    """
    if not 0 < line <= len(lines) + 1:
        return None
    if column and (line > len(lines) or not lines[line - 1].strip()):
        # A text that ends too soon ends behind its last line that says anything.
        line = max((at for at, each in enumerate(lines[: line - 1], 1) if each.strip()), default=0)
        column = len(lines[line - 1].rstrip()) + 1 if line else 0
    whole = lines[line - 1] if 0 < line <= len(lines) else ""
    if not whole.strip():
        return None
    start = column - 1 if column else len(whole) - len(whole.lstrip())
    start = min(start, len(whole))
    length = _length(whole, start) if column else len(whole.rstrip()) - start
    shown, start = _window(whole.rstrip(), start)
    length = max(1, min(length, len(shown) - start))
    margin = "".join("\t" if each == "\t" else " " * _width(each) for each in shown[:start])
    marked = sum(_width(each) for each in shown[start : start + length])
    return _printable(shown), margin + "^" + "~" * (marked - 1)


def _length(whole: str, start: int) -> int:
    token = _TOKEN.match(whole, start)
    return token.end() - start if token else 1


def _window(whole: str, start: int) -> tuple[str, int]:
    """Return what is shown of a line, and where in it the mark is."""
    if len(whole) <= _WIDEST:
        return whole, start
    begin = max(0, min(start - _BEFORE, len(whole) - _WIDEST))
    end = begin + _WIDEST
    before, after = _CUT if begin else "", _CUT if end < len(whole) else ""
    # A tab in front would be as wide as where it stands in the whole line.
    shown = whole[begin:end].replace("\t", " ") if begin else whole[begin:end]
    return before + shown + after, start - begin + len(before)


def _width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0 if character.isprintable() else 1
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _printable(line: str) -> str:
    """Return the line with a mark for each control character: it must not steer a terminal."""
    return "".join(each if each.isprintable() or each == "\t" else "\N{REPLACEMENT CHARACTER}" for each in line)
