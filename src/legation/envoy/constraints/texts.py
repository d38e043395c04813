"""Rules for strings and bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import re2

from legation.envoy.constraints.rule import Kinds, Rule, nothing

_NAME_PATTERN = r"^:?[0-9a-zA-Z!#$%&'*+-.^_|~\x60]+$"
_VALUE_PATTERN = r"^[^\x00-\x08\x0A-\x1F\x7F]*$"
_LINE = frozenset("\0\n\r")


def _count(value: Any) -> int:
    return len(value)


def _bytes(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode())


def _sized(kind: str, at_least: str, at_most: str, exactly: str, *, of: Callable[[Any], int], unit: str) -> Kinds:
    def lower(rules: Any, _: Any) -> Rule:
        least = getattr(rules, at_least)
        if least == 1:
            return Rule(kind=f"{kind}.{at_least}", words="must not be empty", broken=lambda value: not value)
        words = f"must have at least {least} {unit}"
        return Rule(kind=f"{kind}.{at_least}", words=words, broken=lambda value: of(value) < least)

    def upper(rules: Any, _: Any) -> Rule:
        most = getattr(rules, at_most)
        words = f"must have at most {most} {unit if most != 1 else unit.removesuffix('s')}"
        return Rule(kind=f"{kind}.{at_most}", words=words, broken=lambda value: of(value) > most)

    def size(rules: Any, _: Any) -> Rule:
        wanted = getattr(rules, exactly)
        words = f"must have {wanted} {unit}"
        return Rule(kind=f"{kind}.{exactly}", words=words, broken=lambda value: of(value) != wanted)

    return {at_least: lower, at_most: upper, exactly: size}


def _parts(kind: str) -> Kinds:
    def const(rules: Any, _: Any) -> Rule:
        wanted = rules.const
        return Rule(kind=f"{kind}.const", words=f"must be {_show(wanted)}", broken=lambda value: value != wanted)

    def prefix(rules: Any, _: Any) -> Rule:
        wanted = rules.prefix
        words = f"must begin with {_show(wanted)}"
        return Rule(kind=f"{kind}.prefix", words=words, broken=lambda value: not value.startswith(wanted))

    def suffix(rules: Any, _: Any) -> Rule:
        wanted = rules.suffix
        words = f"must end with {_show(wanted)}"
        return Rule(kind=f"{kind}.suffix", words=words, broken=lambda value: not value.endswith(wanted))

    def contains(rules: Any, _: Any) -> Rule:
        wanted = rules.contains
        words = f"must contain {_show(wanted)}"
        return Rule(kind=f"{kind}.contains", words=words, broken=lambda value: wanted not in value)

    def among(rules: Any, _: Any) -> Rule:
        members = tuple(getattr(rules, "in"))
        words = f"must be one of {', '.join(map(_show, members))}"
        return Rule(kind=f"{kind}.in", words=words, broken=lambda value: value not in members)

    def not_among(rules: Any, _: Any) -> Rule:
        members = tuple(rules.not_in)
        words = f"must not be {' or '.join(map(_show, members))}"
        return Rule(kind=f"{kind}.not_in", words=words, broken=lambda value: value in members)

    return {
        "const": const,
        "prefix": prefix,
        "suffix": suffix,
        "contains": contains,
        "in": among,
        "not_in": not_among,
        "ignore_empty": nothing,
    }


def _show(value: Any) -> str:
    return json.dumps(value if isinstance(value, str) else value.hex())


def _not_contains(rules: Any, _: Any) -> Rule:
    unwanted = rules.not_contains
    words = f"must not contain {_show(unwanted)}"
    return Rule(kind="string.not_contains", words=words, broken=lambda value: unwanted in value)


def _pattern(rules: Any, _: Any) -> Rule:
    words = f"must match {rules.pattern}"
    return Rule(kind="string.pattern", words=words, broken=_unlike(rules.pattern))


def _header(rules: Any, _: Any) -> Rule | None:
    kind = "string.well_known_regex"
    strict = not rules.HasField("strict") or rules.strict
    match rules.well_known_regex, strict:
        case ((1 | 2), False):
            words = "must not hold a NUL, a carriage return or a line feed"
            return Rule(kind=kind, words=words, broken=lambda value: not _LINE.isdisjoint(value))
        case 1, _:
            words = "must be the name of a header"
            return Rule(kind=kind, words=words, broken=_unlike(_NAME_PATTERN))
        case 2, _:
            words = "must not hold a control character"
            return Rule(kind=kind, words=words, broken=_unlike(_VALUE_PATTERN))
    return None


def _unlike(pattern: str) -> Callable[[str], bool]:
    match = re2.compile(pattern).fullmatch
    return lambda value: match(value) is None


_CHARACTERS = _sized("string", "min_len", "max_len", "len", of=_count, unit="characters")
_BYTES_OF_TEXT = _sized("string", "min_bytes", "max_bytes", "len_bytes", of=_bytes, unit="bytes")
_BYTES = _sized("bytes", "min_len", "max_len", "len", of=_count, unit="bytes")

STRINGS: Kinds = {
    **_CHARACTERS,
    **_BYTES_OF_TEXT,
    **_parts("string"),
    "not_contains": _not_contains,
    "pattern": _pattern,
    "well_known_regex": _header,
    "strict": nothing,
}
BYTES: Kinds = {**_BYTES, **_parts("bytes")}
