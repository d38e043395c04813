"""Problems in the log: each with place and mend, in the level that it has."""

from __future__ import annotations

from collections.abc import Iterable

from legation.crossover import log
from legation.model.problems import Level, Problem


def report(problems: Iterable[Problem]) -> None:
    """Log problems."""
    for problem in problems:
        say = log.error if problem.level is Level.ERROR else log.warning
        say(str(problem), code=problem.code)


def report_over(problems: Iterable[Problem]) -> None:
    """Log that problems are over."""
    for problem in problems:
        log.info(f"over: {problem}", code=problem.code)
