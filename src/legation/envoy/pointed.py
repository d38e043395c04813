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
# What is quoted up to where the words are cut.
_BEGUN = re.compile(r"(?<=\s)'([^']{3,})\Z")
_TELLING = re.compile(r"[._/0-9-]|\A[A-Z]{3}")
_STRING = re.compile(r"\"([^\"]+)\"|'([^']+)'")
_FOLDER = re.compile(r"(?<![\w/])/[\w.-]+/[\w./-]*")
_CUT = "..."
_TELLS = 4
"""Characters of a quote that tells something."""
_MOST_WORDS, _MOST_QUOTES = 2000, 16
"""Characters and quotes that are looked at: who says them may be anybody."""
_LONG = 128
"""The length of a string stands before it in a message, up to this one in one byte."""
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
    begun = tuple(_BEGUN.findall(words))
    return _only(path for path, _, leaf in _walk(value) if _is_one(leaf, tokens, begun)) or _only(
        path for path, key, _ in _walk(value) if key in tokens
    )


def quoted_in(message: str, bodies: Mapping[Key, bytes]) -> tuple[Key, ...]:
    """Return those whose content Envoy's words quote, by the quote that the fewest of them hold; else nobody.

    Args:
        message: Envoy's words as they came.
        bodies: Serialized messages.
    """
    words = message[:_MOST_WORDS]
    strings = [double or single for double, single in _STRING.findall(words) if len(double or single) >= _TELLS]
    quotes = [*dict.fromkeys((*strings, *_FOLDER.findall(words)))][:_MOST_QUOTES]
    found = [tuple(key for key, body in bodies.items() if _holds(body, quote)) for quote in quotes]
    return min(filter(None, found), key=len, default=())


def _holds(body: bytes, quote: str) -> bool:
    """Say whether a quote is one of the strings in a message, or the beginning of one if it was cut."""
    raw = quote.removesuffix(_CUT).encode()
    if raw.startswith(b"/") or quote.endswith(_CUT) or len(raw) >= _LONG:
        return raw in body
    return bytes((len(raw),)) + raw in body


def _tokens(words: str) -> Iterator[str]:
    for quoted, listed in _QUOTED.findall(words):
        yield from (each.strip() for each in (quoted or listed).split(","))
    yield from (token for each in words.split() if _TELLING.search(token := each.strip(_MARKS)))


def _is_one(leaf: object, tokens: AbstractSet[str], begun: tuple[str, ...]) -> bool:
    """Say whether a value is one of the tokens, begins like this, or is a format with one of them as a command."""
    if not isinstance(leaf, str):
        return False
    return leaf in tokens or leaf.startswith(begun) or not tokens.isdisjoint(re.findall(r"%(\w+)[%(:]", leaf))


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
