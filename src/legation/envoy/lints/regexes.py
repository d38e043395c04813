"""Regular expressions: Envoy has them read by RE2, which knows no look-around and no back-references.

The library that says so is Envoy's own. A value may be a secret, so its words, which quote the expression, are not
shown: what they say stands here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

from legation.envoy.findings import Finding
from legation.envoy.lints.base import Lints
from legation.envoy.lints.tell import doubtful, refused

_LARGEST = 100
"""Envoy's own limit of the program that an expression becomes. A runtime key in its bootstrap can raise it."""

_REASONS = {
    "missing )": "a parenthesis is not closed",
    "unexpected )": "a parenthesis is closed that was not opened",
    "missing ]": "a bracket is not closed",
    "no argument for repetition operator": "something is to be repeated, and nothing stands before the sign for that",
    "invalid perl operator": "look-around and other things of Perl stand in it, which RE2 does not know",
    "invalid named capture group": "the name of a group is not written as (?P<name>...)",
    "bad repetition operator": "two signs for repetition follow each other",
    "invalid repetition size": "something is to be repeated more than 1000 times",
    "trailing \\": "it ends in a backslash",
    "invalid escape sequence": "a backslash stands before a sign that means nothing there (a back-reference?)",
    "invalid character class range": "a range in brackets ends before it begins",
    "invalid UTF-8": "it is no UTF-8",
}


@cache
def _engine() -> tuple[ModuleType, Any]:
    import re2  # noqa: PLC0415 - only those pay for the library who have regular expressions

    options = re2.Options()
    options.log_errors = False
    # As Envoy does, which reads bytes: a class like [^/] is a third as large then.
    options.encoding = re2.Options.Encoding.LATIN1
    return re2, options


@lru_cache(maxsize=4096)
def _read(regex: str) -> tuple[str, int, int]:
    """Return why RE2 refuses an expression (empty: it does not), its program's size, and how many groups it has."""
    re2, options = _engine()
    try:
        pattern = re2.compile(regex.encode(), options)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        said = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        return next((words for start, words in _REASONS.items() if said.startswith(start)), "RE2 cannot read it"), 0, 0
    return "", pattern.programsize, pattern.groups


def _regex(matcher: Any) -> Iterator[Finding]:
    reason, size, _ = _read(matcher.regex)
    if reason:
        yield refused(
            "bad-regex",
            ("regex",),
            f"Envoy refuses this regular expression: {reason}",
            "write it in the syntax of RE2 (https://github.com/google/re2/wiki/Syntax)",
        )
    elif size > _LARGEST:
        yield doubtful(
            "regex-too-large",
            ("regex",),
            f"Envoy refuses this regular expression, unless its bootstrap allows more: its program has size {size}, "
            f"and {_LARGEST} is the limit",
            "repeat less in it, split it, or set re2.max_program_size.error_level in the runtime of the bootstrap",
        )


def _rewrite(rewrite: Any) -> Iterator[Finding]:
    reason, _, groups = _read(rewrite.pattern.regex)
    if reason:
        return
    wrong = _substitution(rewrite.substitution, groups)
    if wrong:
        yield doubtful(
            "bad-substitution",
            ("substitution",),
            f"Envoy accepts this substitution and rewrites nothing: {wrong}",
            "\\1 to \\9 stand for the groups of the regular expression, \\0 for all of it, \\\\ for a backslash",
        )


def _substitution(text: str, groups: int) -> str:
    """Return what RE2 would not understand in the text that is put in place of a match."""
    signs = iter(text)
    for sign in signs:
        if sign != "\\":
            continue
        following = next(signs, "")
        if following.isascii() and following.isdigit():
            if int(following) > groups:
                return f"it names the group {following} of a regular expression that has {groups}"
        elif following != "\\":
            return "a backslash stands before something else than a digit or a backslash"
    return ""


def _xds_regex(matcher: Any) -> Iterator[Finding]:
    # Envoy limits the size of these not.
    yield from (each for each in _regex(matcher) if each.code == "bad-regex")


LINTS: Lints = {
    "xds.type.matcher.v3.RegexMatcher": _xds_regex,
    "envoy.type.matcher.v3.RegexMatcher": _regex,
    "envoy.type.matcher.v3.RegexMatchAndSubstitute": _rewrite,
}
