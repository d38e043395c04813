"""The log of what is wrong: each problem once when it begins and once when it is over, and faults of this program."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

import structlog

from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem

Key = TypeVar("Key", bound=Hashable)
"""What makes a problem the same one."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class ProblemLog(Generic[Key]):
    """Remembers what was said. It runs beside what finds the problems."""

    def __init__(self, problems: Callable[[], Mapping[Key, Problem]]) -> None:
        """Begin with nothing said.

        Args:
            problems: Returns all that is wrong now, each under what makes it the same problem: its text may change.
        """
        self._problems = problems
        self._said: Mapping[Key, Problem] = {}
        self._looking = asyncio.Event()

    def look(self) -> None:
        """Have the problems looked at soon, once for all that happens until then."""
        self._looking.set()

    async def run(self) -> None:
        """Say what is new and what is over, until cancelled."""
        while True:
            await self._looking.wait()
            self._looking.clear()
            self.say()

    def say(self) -> None:
        """Say what is new and what is over at this moment."""
        problems = self._problems()
        said, self._said = self._said, problems
        for key, problem in said.items():
            if key not in problems:
                _log.info("problem over", code=problem.code, problem=str(problem))
        for key, problem in problems.items():
            if key not in said:
                say = _log.error if problem.level is Level.ERROR else _log.warning
                say("problem", code=problem.code, problem=str(problem))


def sameness(problem: Problem) -> Hashable:
    """Return what makes a problem the same one: wherever in its file the object may have moved to."""
    if problem.subject:
        return (problem.code, problem.subject)
    return replace(problem, place=None) if problem.object else problem


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
