"""Which field of a resource an Envoy's words about it mean, where that can be told. Pure.

Envoy seldom says where, but often what: it quotes the value that it does not take, or names the rule of a field. A
value or a key that its owner wrote once is found by that; what stands there twice, or nowhere, is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from legation.model.objects import FieldPath

_RULE = re.compile(r"\w+ValidationError\.(\w+)")
# What Envoy quotes; what it lists in brackets; else only what is no word of a sentence.
_QUOTED = re.compile(r"'([^']+)'|\[([^\[\]]+)\]")
_TELLING = re.compile(r"[._/0-9-]|\A[A-Z]{3}")
_STRING = re.compile(r"\"([^\"]+)\"|'([^']+)'")
_PATH = re.compile(r"(?<![\w/])/[\w.-]+/[\w./-]*")
_TELLS = 4
_ONE_BYTE = 128
_MARKS = ".,:;()'\"[]<>"

Key = TypeVar("Key", bound=Hashable)


def pointed(value: Any, words: str, *, but: Collection[str] = ()) -> FieldPath:
    """Return the path of the field that the words mean; empty where nobody can tell.

    Args:
        value: What the owner wrote, as JSON.
        words: Envoy's words, cut.
        but: Names that are in most words, such as that of the resource.
    """
    rules = [_snake(each) for each in _RULE.findall(words)]
    if rules:
        # The innermost rule comes last.
        return _only(path for path, key, _ in _walk(value) if key and _snake(key) == rules[-1])
    tokens = {token for token in _tokens(words) if token not in but}
    return _only(path for path, _, leaf in _walk(value) if _is_one(leaf, tokens)) or _only(
        path for path, key, _ in _walk(value) if key in tokens
    )


def quoted_in(message: str, bodies: Mapping[Key, bytes]) -> Key | None:
    """Return the one whose content Envoy's words quote; None where that is none of these, or several.

    Args:
        message: Envoy's words as they came.
        bodies: Serialized messages.
    """
    for quotes in (_whole_strings(message), _PATH.findall(message)):
        found = {key for quote in quotes for key, body in bodies.items() if _holds(body, quote)}
        if len(found) == 1:
            return found.pop()
    return None


def _whole_strings(message: str) -> list[str]:
    return [double or single for double, single in _STRING.findall(message) if len(double or single) >= _TELLS]


def _holds(body: bytes, quote: str) -> bool:
    raw = quote.encode()
    if quote.startswith("/"):
        return raw in body
    # Its length stands before it: so it is the whole string, if that is not longer than what a byte can say.
    return bytes((len(raw),)) + raw in body if len(raw) < _ONE_BYTE else raw in body


def _tokens(words: str) -> Iterator[str]:
    for quoted, listed in _QUOTED.findall(words):
        yield from (each.strip() for each in (quoted or listed).split(","))
    yield from (token for each in words.split() if _TELLING.search(token := each.strip(_MARKS)))


def _is_one(leaf: object, tokens: AbstractSet[str]) -> bool:
    """Say whether a value is one of the tokens, or a format with one of them as a command."""
    if not isinstance(leaf, str):
        return False
    return leaf in tokens or not tokens.isdisjoint(re.findall(r"%(\w+)[%(:]", leaf))


def _walk(value: Any, path: FieldPath = ()) -> Iterator[tuple[FieldPath, str, object]]:
    """Yield the path, the key and the value of everything; the key of an item is none."""
    key = path[-1] if path and isinstance(path[-1], str) else ""
    yield path, key, value
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _walk(each, (*path, name))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _walk(each, (*path, index))


def _only(paths: Iterator[FieldPath]) -> FieldPath:
    first = next(paths, ())
    return first if next(paths, None) is None else ()


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
