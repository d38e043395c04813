"""JSON that is nested too deep to be read: what of it is read all the same.

The API server takes 10,000 levels. What reads JSON here calls itself for each of them, and Python stops that with a
`RecursionError`: one version after less than 1,000 levels, another after 10,000, and sooner the more calls are under
way. One such object must not keep a whole page from being read.

The one invariant: nothing here calls itself, whatever the text is; and what was cut out is put back as it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import msgspec

DEEPEST = 200
"""The levels that are kept. Envoy itself reads about a hundred."""

_Read = TypeVar("_Read")

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
"""One without an end goes to the end."""
_STRINGS = re.compile(_STRING, re.DOTALL)
_TOKENS = re.compile(_STRING + rb"|[\[{\]}]", re.DOTALL)
"""Strings and brackets: so no bracket in a string is taken for one."""
_OPENING = frozenset(b"[{")
_CLOSING = frozenset(b"]}")
_ALIKE = bytes.maketrans(b"[]", b"{}")
_NO_BRACKETS = bytes(each for each in range(256) if each not in b"[]{}")
# No API server writes a letter as an escape: nobody's object can hold one of these.
_CUT = re.compile(rb'"\\u0063ut (\d+) (\d+)"')


def shortened(text: bytes) -> bytes:
    """Return a text with a string in place of each value that lies deeper than `DEEPEST` levels."""
    parts: list[bytes] = []
    level = kept = begun = 0
    for token in _TOKENS.finditer(text):
        mark = text[token.start()]
        if mark in _OPENING:
            level += 1
            if level == DEEPEST + 1:
                begun = token.start()
        elif mark in _CLOSING:
            if level == DEEPEST + 1:
                parts += text[kept:begun], b'"\\u0063ut %d %d"' % (begun, token.end())
                kept = token.end()
            level -= 1
    # What does not end there is no JSON: the cut may as well leave it so.
    return b"".join([*parts, text[kept : begun if level > DEEPEST else len(text)]])


def restored(part: bytes, text: bytes) -> bytes:
    """Return a part of a shortened text as it was in the text itself."""
    return _CUT.sub(lambda cut: text[int(cut[1]) : int(cut[2])], part)


def is_deep(text: bytes) -> bool:
    """Say whether anything in a text lies deeper than `DEEPEST` levels."""
    # To count is many times as fast as to look, and is enough for almost all.
    if text.count(b"}") + text.count(b"]") <= DEEPEST:
        return False
    brackets = _STRINGS.sub(b"", text).translate(_ALIKE, _NO_BRACKETS)
    for _ in range(DEEPEST):
        # Each time the innermost ones go.
        brackets = brackets.replace(b"{}", b"")
    return bool(brackets)


def decoded(decoder: msgspec.json.Decoder[_Read], text: bytes | msgspec.Raw) -> _Read:
    """Decode what says nothing below some levels: of a text that is nested too deep, what is kept of it.

    Raises:
        msgspec.DecodeError: It is not what it should be.
    """
    try:
        return decoder.decode(text)
    except RecursionError:
        return decoder.decode(shortened(bytes(text)))
