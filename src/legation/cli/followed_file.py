"""A small file that says what holds at a server, such as rules: read at the start, and followed while it runs.

It refuses to know what stands in it. The one invariant: what is wrong with the file, or with this program when it reads
it, leaves in place what it said before. A file that is broken at the start says nothing: then the program ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from legation.clock import Clock
from legation.errors import SettingsError
from legation.model.problems import Problem
from legation.runtime.problem_log import log_fault
from legation.small_files import Stamp, read_small, stamps, why
from legation.threads import in_daemon

LOOK_AGAIN = 5.0
"""Seconds between two looks at the file."""
SLOW = 10.0
"""Seconds after which a look that has not ended is told: a mount may hang for ever."""

T = TypeVar("T")

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class FollowedFile(Generic[T]):
    """What a file says now."""

    def __init__(
        self,
        file: Path,
        *,
        read: Callable[[str], tuple[T | None, tuple[Problem, ...]]],
        what: str,
        setting: str,
        code: str,
        clock: Clock,
    ) -> None:
        """Read the file.

        Args:
            file: Where it is.
            read: Returns what a text says; None and why, where something is wrong with it.
            what: What it is, for people: `rules`.
            setting: The setting that names the file.
            code: Of the problem that is told where it cannot be read.
            clock: What the time between two looks is measured by.

        Raises:
            SettingsError: It cannot be read, or something is wrong with it.
        """
        self._file, self._read_text, self._clock = file, read, clock
        self._what, self._setting, self._code = what, setting, code
        self._seen: tuple[Stamp, ...] | None = None
        """The file as it was read; None where it could not be."""
        self._looked: tuple[Stamp, ...] = ()
        """The file at the last look."""
        self._problems: tuple[Problem, ...] = ()
        self._began: float | None = None
        """When the look began that has not ended, in seconds of this machine."""
        found = self._read()
        if found is None:
            raise SettingsError(setting, "; ".join(map(str, self._problems)))
        self.value: T = found
        """What holds now."""

    def problems(self) -> tuple[Problem, ...]:
        """Return why the newest file is not used."""
        if self._began is not None and time.monotonic() >= self._began + SLOW:
            return (self._unread(f"it takes longer than {SLOW:g} s"),)
        return self._problems

    async def run(self, changed: Callable[[T], None]) -> None:
        """Follow the file until cancelled, and tell of what else it says."""
        while True:
            await self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)
            self._began = time.monotonic()
            try:
                found = await in_daemon(self._read_anew, name="legation-followed-file")
                if found is not None:
                    self.value = found
                    _log.info("what a file says holds", file=str(self._file), what=self._what)
                    changed(found)
            except Exception as error:  # noqa: BLE001 - whatever it is, Envoys must go on being served
                log_fault(error)
            finally:
                self._began = None

    def _read_anew(self) -> T | None:
        found = stamps([str(self._file)])
        settled, self._looked = found == self._looked, found
        # One that is being written may say half of what it will, and that would be good too.
        if found == self._seen or not settled:
            return None
        before = self._problems
        value = self._read()
        if self._problems != before:
            for each in self._problems:
                _log.error("a file is not used; what it said before holds", problem=str(each), code=each.code)
        return value

    def _read(self) -> T | None:
        seen = stamps([str(self._file)])
        # What makes it readable again need not change it: until it was read it is tried at each look.
        self._seen = None
        try:
            text = read_small(self._file).decode()
        except OSError as error:
            self._problems = (self._unread(why(error)),)
            return None
        except UnicodeDecodeError:
            self._seen, self._problems = seen, (self._unread("it is no text"),)
            return None
        self._seen = seen
        found, self._problems = self._read_text(text)
        return found

    def _unread(self, words: str) -> Problem:
        return Problem(
            code=self._code,
            message=f"{self._file} cannot be read: {words}",
            mend=f"put the {self._what} there, or leave out {self._setting}",
            subject=str(self._file),
        )
