"""The log of what is wrong: each problem once when it begins and once when it is over, and faults of this program.

Who watches is told the same, and also when the words of a problem become others.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Generic, TypeAlias, TypeVar

import structlog

from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem

Key = TypeVar("Key", bound=Hashable)
"""What makes a problem the same one."""

Told: TypeAlias = Mapping[Hashable, Problem | None]
"""Problems under what makes each the same one; None: it is over."""

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
        self._by_object: Mapping[ObjectKey | None, tuple[Problem, ...]] | None = None
        self._looking = asyncio.Event()
        self._watchers: dict[Callable[[Told], None], None] = {}

    @property
    def said(self) -> Mapping[Key, Problem]:
        """All that was wrong when it was last looked."""
        return self._said

    def of(self, key: ObjectKey) -> tuple[Problem, ...]:
        """Return those of them that are about an object; O(all problems) once after they became others."""
        if self._by_object is None:
            found: dict[ObjectKey | None, list[Problem]] = {}
            for each in self._said.values():
                found.setdefault(each.object, []).append(each)
            self._by_object = {it: tuple(those) for it, those in found.items()}
        return self._by_object.get(key, ())

    def watch(self, tell: Callable[[Told], None]) -> Callable[[], None]:
        """Have it called with what is new, other or over whenever anything is. Returns what ends that."""
        self._watchers[tell] = None
        return lambda: self._watchers.pop(tell, None)

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
        said, self._said, self._by_object = self._said, problems, None
        self._tell(said, problems)
        for key, problem in said.items():
            if key not in problems:
                _log.info("problem over", code=problem.code, problem=str(problem))
        for key, problem in problems.items():
            if key not in said:
                say = _log.error if problem.level is Level.ERROR else _log.warning
                say("problem", code=problem.code, problem=str(problem))

    def _tell(self, before: Mapping[Key, Problem], now: Mapping[Key, Problem]) -> None:
        if not self._watchers:
            return
        told: dict[Hashable, Problem | None] = {key: None for key in before if key not in now}
        told |= {key: problem for key, problem in now.items() if before.get(key) != problem}
        for each in tuple(self._watchers) if told else ():
            each(told)


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
