"""Which lines of a text may hold a secret, so that nobody prints them. In doubt a line does.

The text is looked at line by line and never parsed: it may be one that nobody can parse, and that is the moment at
which its lines are wanted. A key that names a secret hides its line and all that stands below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from legation.envoy.sensitive import is_secret_key

_KEY = re.compile(r"""(?<![\w.$/-])["']?([A-Za-z_][\w.$/-]*)["']?[ \t]*:(?=\s|$|["'{\[])""", re.ASCII)
_SECRET_OBJECT = re.compile(r"""(?<![\w-])["']?kind["']?[ \t]*:[ \t]*["']?Secret\b(?!-)""")
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")
_CREDENTIALS = re.compile(r"\b(?:bearer|basic)\s+[\w+/=.~-]{6,}|://[^/@\s]*:[^/@\s]*@", re.IGNORECASE)
_HEADER = re.compile(
    r"""["']?(?:key|name|header|header_name|headerName)["']?[ \t]*:[ \t]*["']?"""
    r"""[\w-]*(?:authorization|cookie|passw|secret|token|credential|api.?key)""",
    re.IGNORECASE,
)
_HEADER_NAME = re.compile(r"[\w-]*(?:authorization|cookie|passw|secret|token|credential|api.?key)", re.IGNORECASE)
_SEPARATOR = re.compile(r"---(?:\s|$)")
_NEAR = 2
"""Lines around the name of a header in which its value may stand."""


def secret_lines(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers, from 1, of the lines that may hold a secret."""
    found: set[int] = set()
    for start, end in _documents(lines):
        if any(_SECRET_OBJECT.search(lines[at]) for at in range(start, end)):
            found.update(range(start, end))
            continue
        for at in range(start, end):
            found.update(_hidden_by(lines, at, end))
    return frozenset(at + 1 for at in found)


def names_a_secret_header(text: str) -> bool:
    """Say whether a text may be the name of a header whose value is a secret."""
    return _HEADER_NAME.match(text) is not None


def _documents(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    start = 0
    for at, line in enumerate(lines):
        if at > start and _SEPARATOR.match(line):
            yield start, at
            start = at
    yield start, len(lines)


def _hidden_by(lines: Sequence[str], at: int, end: int) -> Iterator[int]:
    """Yield the lines that are hidden for what stands in one of them."""
    line = lines[at]
    if _CREDENTIALS.search(line):
        yield at
    if _HEADER.search(line):
        yield from range(max(0, at - _NEAR), min(end, at + _NEAR + 1))
    if _PEM.search(line):
        yield from range(at, next((each + 1 for each in range(at, end) if _PEM_END.search(lines[each])), end))
    for key in _KEY.finditer(line):
        if is_secret_key(key[1]):
            yield at
            yield from _below(lines, at, end, key)


def _below(lines: Sequence[str], at: int, end: int, key: re.Match[str]) -> Iterator[int]:
    """Yield the lines of what a key holds: those further in, and those before its brackets are closed."""
    column = key.start() if not lines[at][: key.start()].strip(" \t-?") else _indent(lines[at])
    open_brackets = _open(lines[at][key.end() :])
    for below in range(at + 1, end):
        line = lines[below]
        if not line.strip():
            continue
        further = _indent(line) > column or (_indent(line) == column and line.lstrip().startswith("- "))
        if open_brackets <= 0 and not further:
            return
        yield below
        open_brackets += _open(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _open(text: str) -> int:
    return sum((each in "{[") - (each in "}]") for each in text)
