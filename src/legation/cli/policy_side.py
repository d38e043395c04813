"""The policy of the management API at a server: its file, followed while it runs.

A file that is broken at the start ends it. One that is broken later leaves the policy before it in place, and says so.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from legation.api.management.policy import Policy
from legation.api.management.policy_file import CODE, read_policy
from legation.clock import Clock
from legation.errors import SettingsError
from legation.model.problems import Problem
from legation.small_files import Stamp, stamps, why
from legation.translate.pipeline import API_KINDS

LOOK_AGAIN = 5.0
"""Seconds between two looks at the file."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class PolicySide:
    """The policy of a server."""

    def __init__(self, file: Path, *, has_rules: bool, clock: Clock) -> None:
        """Read the policy.

        Args:
            file: Where it stands.
            has_rules: Whether it may have rules: in a cluster the API server has them.
            clock: What the time between two looks is measured by.

        Raises:
            SettingsError: It cannot be read, or something is wrong with it.
        """
        self._file, self._has_rules, self._clock = file, has_rules, clock
        self._seen: tuple[Stamp, ...] = ()
        """The file as it was read."""
        self._looked: tuple[Stamp, ...] = ()
        """The file at the last look."""
        self._problems: tuple[Problem, ...] = ()
        found = self._read()
        if found is None:
            raise SettingsError("--management-policy", "; ".join(map(str, self._problems)))
        self.policy = found
        """What holds now."""

    def problems(self) -> tuple[Problem, ...]:
        """Return why the newest policy is not used."""
        return self._problems

    async def run(self) -> None:
        """Follow the file until cancelled."""
        while True:
            await self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)
            found = await asyncio.to_thread(self._read_anew)
            if found is not None:
                self.policy = found
                _log.info(
                    "other management policy",
                    file=str(self._file),
                    tokens=len(found.tokens),
                    rules=len(found.rules),
                )

    def _read_anew(self) -> Policy | None:
        found = stamps([str(self._file)])
        settled, self._looked = found == self._looked, found
        # One that is being written may say half of what it will, and that would be a policy too.
        if found == self._seen or not settled:
            return None
        policy = self._read()
        for each in self._problems:
            _log.error("management policy not used; the one before holds", problem=str(each), code=each.code)
        return policy

    def _read(self) -> Policy | None:
        self._seen = stamps([str(self._file)])
        try:
            text = self._file.read_text("utf-8")
        except OSError as error:
            self._problems = (self._unread(why(error)),)
            return None
        except UnicodeDecodeError:
            self._problems = (self._unread("it is no text"),)
            return None
        found = read_policy(text, file=str(self._file), kinds=API_KINDS, has_rules=self._has_rules)
        self._problems = found.problems
        return found.policy

    def _unread(self, words: str) -> Problem:
        message = f"{self._file} cannot be read: {words}"
        mend = "put the policy there, or leave out --management-policy"
        return Problem(code=CODE, message=message, mend=mend, subject=str(self._file))
