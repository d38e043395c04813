"""The log of what is wrong: each problem once when it begins and once when it is over, and faults of this program."""

from __future__ import annotations

import traceback
from collections.abc import Hashable, Mapping

import structlog

from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ProblemLog:
    """Remembers what was said."""

    def __init__(self) -> None:
        self._said: Mapping[Hashable, Problem] = {}

    def update(self, problems: Mapping[Hashable, Problem]) -> None:
        """Say what is new and what is over.

        Args:
            problems: All that is wrong now, each under what makes it the same problem: its text may change.
        """
        said, self._said = self._said, dict(problems)
        for key, problem in said.items():
            if key not in problems:
                _log.info("problem over", code=problem.code, problem=str(problem))
        for key, problem in problems.items():
            if key not in said:
                say = _log.error if problem.level is Level.ERROR else _log.warning
                say("problem", code=problem.code, problem=str(problem))


def log_fault(error: Exception, *, manifest: ObjectKey | None = None) -> None:
    """Log where this program failed.

    The error's own words are left out: they can hold values of an object, which may be secret.
    """
    _log.error(
        "internal error",
        object=str(manifest) if manifest else None,
        error=type(error).__name__,
        traceback="".join(traceback.format_tb(error.__traceback__)),
    )
