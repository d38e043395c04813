"""Finding: one thing in Envoy JSON that is not as Envoy's schema wants it. Its words never hold a value."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from legation.model.objects import FieldPath, show_path
from legation.model.problems import AND_MORE, MOST_TOLD, Level

MAX_SHOWN = 120
"""Longest name of a field that is shown whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, in the words of `legation.model.problems.Problem`, which the engine makes of it."""

    level: Level = Level.ERROR
    code: str
    path: FieldPath = ()
    """From the top of the resource."""
    message: str
    mend: str = ""
    example: str = ""
    """What to write in its place, as lines of YAML."""

    def __str__(self) -> str:
        where = f"{show_path(self.path)}: " if self.path else ""
        return where + self.message + (f" ({self.mend})" if self.mend else "")


class Misfit(Exception):
    """A value is not what its field takes: a verdict that becomes a Finding where the path is known."""

    def __init__(self, code: str, message: str, mend: str | Callable[[], str] = "", *, example: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self._mend = mend
        self.example = example

    @property
    def mend(self) -> str:
        """What to do. It may have to be searched for, and is so only where it is told."""
        return self._mend if isinstance(self._mend, str) else self._mend()


class Unknown(Misfit):
    """What the protos here do not know, and those of another Envoy may: a field, a value of an enum."""


def told(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings as they are told: of each level the first ones, and how many more there are."""
    seen: Counter[Level] = Counter()
    first: list[Finding] = []
    for each in findings:
        seen[each.level] += 1
        if seen[each.level] <= MOST_TOLD:
            first.append(each)
    return (*first, *and_more({level: count - MOST_TOLD for level, count in seen.items()}))


def and_more(untold: Mapping[Level, int]) -> tuple[Finding, ...]:
    """Return the finding that says how many are not told; none if all are.

    Args:
        untold: How many of each level.
    """
    count = sum(each for each in untold.values() if each > 0)
    if not count:
        return ()
    level = Level.ERROR if untold.get(Level.ERROR, 0) > 0 else Level.WARNING
    mend = "mend those that are told, and look again"
    return (Finding(level=level, code=AND_MORE, message=f"and {count:,} more that are not told", mend=mend),)


def quote(key: object) -> str:
    """Return the name of a field as it is shown in a sentence: quoted, on one line, cut where it is very long."""
    text = str(key)
    shown = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."
    return json.dumps(shown)


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (type(None), "null"),
    (bool, "true or false"),
    ((int, float), "a number"),
    (str, "text"),
    (Mapping, "a map"),
    ((list, tuple), "a list"),
)


def kind_of(value: object) -> str:
    """Return what sort of value that is, in plain words, and nothing of the value itself."""
    found = (words for kind, words in _KINDS if isinstance(value, kind))
    return next(found, f"a {type(value).__name__}, which JSON does not have")
