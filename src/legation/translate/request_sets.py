"""Sets of requests, as routes and matches describe them, and whether one lies within another. Pure.

Only what can be proved is answered with yes. A set that cannot be described is described as a larger one, which says
so of itself: it lies within another one if the larger does, and nothing is ever within it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Self

_META = frozenset("\\.+*?()[]{}|^$")
_REPEATED = frozenset("*?{")
_SEPARATED_TAILS = ("(/.*)?", "(?:/.*)?")


class Form(Enum):
    """What a pattern's text is."""

    EXACT = "exact"
    PREFIX = "prefix"
    """With an empty text: anything."""
    SEPARATED = "separated"
    """The text itself, or the text and what follows behind a slash."""
    REGEX = "regex"
    """A regular expression that is held against the whole, as in Envoy."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of texts: paths, or values of a header."""

    form: Form
    text: str

    @classmethod
    def of_regex(cls, regex: str) -> Self:
        """Return the pattern in its plainest form: `/a/.*` is a prefix."""
        body = regex.removeprefix("^")
        if body.endswith("$") and not body.endswith("\\$"):
            body = body[:-1]
        for tail in _SEPARATED_TAILS:
            if body.endswith(tail) and (text := _literal(body.removesuffix(tail))):
                return cls(Form.SEPARATED, text)
        if body.endswith(".*") and (text := _literal(body.removesuffix(".*"))) is not None:
            return cls(Form.PREFIX, text)
        text = _literal(body)
        return cls(Form.REGEX, body) if text is None else cls(Form.EXACT, text)

    def of_paths(self) -> Pattern:
        """Return the same pattern, to be held against paths: all of them begin with a slash."""
        return ANYTHING if self == Pattern(Form.PREFIX, "/") else self

    def within(self, other: Pattern) -> bool:
        """Say whether every text of this one is one of the other."""
        if self == other:
            return True
        mine = self.text
        match other.form:
            case Form.PREFIX:
                return not other.text or self._start.startswith(other.text)
            case Form.SEPARATED:
                below = mine.startswith(other.text + "/") and self.form is not Form.REGEX
                return below or (self.form in {Form.EXACT, Form.SEPARATED} and mine == other.text)
            case Form.EXACT | Form.REGEX:
                return False

    def apart(self, other: Pattern) -> bool:
        """Say whether no text is in both."""
        one, two = self._start, other._start
        if self.form is Form.EXACT and other.form is Form.EXACT:
            return one != two
        # What a pattern begins with, and nothing else, is known of all its texts.
        longer = (self.form is Form.EXACT and len(one) < len(two)) or (other.form is Form.EXACT and len(two) < len(one))
        return longer or not (one.startswith(two) or two.startswith(one))

    @property
    def _start(self) -> str:
        """What every text of it begins with."""
        return _literal_start(self.text) if self.form is Form.REGEX else self.text


ANYTHING = Pattern(Form.PREFIX, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """A set of requests: those that fulfil all of this."""

    path: Pattern = ANYTHING
    """Of the path without the query."""
    methods: frozenset[str] | None = None
    """None: any."""
    headers: frozenset[tuple[str, Pattern]] = frozenset()
    """Headers that they have, in small letters, and what their values are."""
    exact: bool = True
    """Whether these are all that it takes. If not, the requests that are meant are some of these."""

    def within(self, other: Requests) -> bool:
        """Say whether every request of this set is sure to be one of the other."""
        return (
            other.exact
            and self.path.within(other.path)
            and (other.methods is None or (self.methods is not None and self.methods <= other.methods))
            and all(
                any(name == mine and value.within(wanted) for mine, value in self.headers)
                for name, wanted in other.headers
            )
        )

    def apart(self, other: Requests) -> bool:
        """Say whether it is sure that no request is in both."""
        return (
            self.path.apart(other.path)
            or (self.methods is not None and other.methods is not None and not self.methods & other.methods)
            or any(
                name == mine and value.apart(wanted)
                for (mine, value), (name, wanted) in product(self.headers, other.headers)
            )
        )


def _literal(regex: str) -> str | None:
    """Return the only text that the regular expression matches, or None if there is not just one."""
    text, escaped = "", False
    for each in regex:
        if escaped:
            if each.isalnum():
                return None
            text, escaped = text + each, False
        elif each == "\\":
            escaped = True
        elif each in _META:
            return None
        else:
            text += each
    return None if escaped else text


def _literal_start(regex: str) -> str:
    if "|" in regex:
        return ""
    plain = re.match(r"(?:\\[^a-zA-Z0-9]|[^\\.+*?()\[\]{}|^$])*", regex)
    start = plain[0] if plain else ""
    # The last letter may be one that does not have to be there.
    if regex[len(start) : len(start) + 1] in _REPEATED:
        start = re.sub(r"\\?.\Z", "", start, flags=re.DOTALL)
    return _literal(start) or ""
