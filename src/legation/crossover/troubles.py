"""Troubles: what is wrong now, each told once when it begins and once when it is over. Pure.

What mends itself within moments (a watch that is begun anew, an API server that restarts) begins to be a trouble when
it has lasted for a while. What stays the same between two looks is never told again, however often one looks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from legation.kube.watch_words import Missing
from legation.model.problems import Level, Problem

GRACE = 3.0
"""Seconds that it must last."""

Key: TypeAlias = tuple[object, ...]
"""What makes a trouble the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is different since the look before."""

    begun: tuple[Problem, ...] = ()
    over: tuple[Problem, ...] = ()


class Troubles:
    """Remembers what was told, and since when something lasts."""

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self._since: dict[Key, float] = {}
        self._told: dict[Key, Problem] = {}

    def look(self, now: float, *, at_once: Iterable[Problem], lasting: Mapping[Key, Problem]) -> News:
        """Take all that is wrong at this moment.

        Args:
            now: The moment.
            at_once: What is told as soon as it is so.
            lasting: What is told when it lasts; its words may change meanwhile.
        """
        self._since = {key: self._since.get(key, now) for key in lasting}
        found: dict[Key, Problem] = {_key_of(problem): problem for problem in at_once}
        found |= {key: lasting[key] for key, since in self._since.items() if since + GRACE <= now}
        told, self._told = self._told, {key: self._told.get(key, problem) for key, problem in found.items()}
        return News(
            begun=tuple(problem for key, problem in found.items() if key not in told),
            over=tuple(problem for key, problem in told.items() if key not in found),
        )

    @property
    def told(self) -> tuple[Problem, ...]:
        """What is wrong now, as it was told."""
        return tuple(self._told.values())

    def next_due(self, now: float) -> float:
        """Return the moment at which to look again although nothing happens; inf: there is none."""
        return min((since + GRACE for since in self._since.values() if since + GRACE > now), default=math.inf)


def not_followed(missing: Iterable[Missing]) -> dict[Key, Problem]:
    """Return what is wrong with what is asked of the API server; what is wrong for all objects alike, once."""
    troubles = [each for each in missing if each.trouble]
    alike = [each for each in troubles if each.cause]
    found: dict[Key, Problem] = {
        ("not-watched", each.scope): _problem(each, each.message) for each in troubles if not each.cause
    }
    if alike:
        found["not-watched", ""] = _problem(alike[0], alike[0].cause)
    return found


def _problem(missing: Missing, message: str) -> Problem:
    return Problem(code="not-watched", level=Level.WARNING, message=message, mend=missing.mend, subject=missing.scope)


def _key_of(problem: Problem) -> Key:
    return (problem.code, problem.object, problem.path, problem.message)
