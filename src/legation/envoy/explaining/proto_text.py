"""The text of a proto file -> the comments in it, by the names that they stand above. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

_OPENING = re.compile(r"(message|enum|oneof|extend|service)\s+(\w+)?[^{]*\{")
_NAMED = frozenset({"message", "enum"})
_FIELD = re.compile(r"(?:repeated\s+|optional\s+)?(?:map\s*<[^>]*>|[\w.]+)\s+(\w+)\s*=\s*\d+")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_VALUE = re.compile(r"(\w+)\s*=\s*-?(?:0x)?\d+")


def plain(name: str) -> str:
    """Return what is the same of a name in a proto file and in Python made of it."""
    return name.replace("_", "").replace(".", "").casefold()


def proto_comments(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names in a proto file that have a comment above them, and the comment."""
    scopes: list[tuple[str, str]] = []
    for statement, comment in _statements(text):
        opening = _OPENING.match(statement)
        inside = _innermost(scopes)
        if opening:
            scopes.append((opening[1], opening[2] or ""))
            key = _scoped(scopes) if opening[1] in _NAMED else ""
        elif statement.endswith("{"):
            scopes.append(("", ""))
            key = ""
        else:
            found = (_VALUE if inside == "enum" else _FIELD).match(statement) if inside else None
            key = f"{_scoped(scopes)}/{plain(found[1])}" if found else ""
        if key and comment:
            yield key, comment
        closed = _closed(statement, opened=statement.endswith("{"))
        del scopes[max(0, len(scopes) - closed) :]


def _statements(text: str) -> Iterator[tuple[str, str]]:
    """Yield what ends with a semicolon or a brace, and the comment right above it."""
    comment: list[str] = []
    statement = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("//"):
            if not statement:
                comment.append(line.removeprefix("//").removeprefix(" "))
        elif line:
            statement = f"{statement} {_without_tail(line)}".strip()
            if statement.endswith((";", "{", "}")) and _is_whole(statement):
                yield statement, "\n".join(comment)
                comment, statement = [], ""
        elif not statement:
            comment = []


def _is_whole(statement: str) -> bool:
    """Say whether the options of a field, which may hold braces, are at their end."""
    bare = _QUOTED.sub("", statement)
    return bare.count("[") <= bare.count("]")


def _innermost(scopes: list[tuple[str, str]]) -> str:
    return next((kind for kind, _ in reversed(scopes) if kind in _NAMED), "")


def _without_tail(line: str) -> str:
    """Return a line without a comment at its end; a text may hold slashes."""
    return re.sub(r"\s//\s.*$", "", line)


def _scoped(scopes: list[tuple[str, str]]) -> str:
    return plain("".join(name for kind, name in scopes if kind in _NAMED))


def _closed(statement: str, *, opened: bool) -> int:
    """Return how many scopes a statement closes: braces of options in it open and close by themselves."""
    bare = _QUOTED.sub("", statement)
    depth = bare.count("{") - bare.count("}")
    return max(0, -(depth - 1) if opened else -depth)
