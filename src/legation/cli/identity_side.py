"""Who may be which Envoy, at a server: the rules from their file, followed while it runs.

A file that is broken at the start ends it: nobody is let in by other rules than those that were meant. One that is
broken later leaves the rules before it in place, and says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from legation.clock import Clock
from legation.errors import SettingsError
from legation.model.problems import Problem
from legation.runtime.identity_file import CODE, read_rules
from legation.runtime.identity_rules import Identity, IdentityRules
from legation.runtime.problem_log import log_fault
from legation.settings import Settings
from legation.small_files import Stamp, stamps, why

LOOK_AGAIN = 5.0
"""Seconds between two looks at the file."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class IdentitySide:
    """The rules of a server, if Envoys have to prove who they are."""

    def __init__(self, file: Path | None, *, report: bool, clock: Clock) -> None:
        """Read the rules.

        Args:
            file: Where they stand; None: the usual ones hold.
            report: Whether refusals are only reported.
            clock: What the time between two looks is measured by.

        Raises:
            SettingsError: They cannot be read, or something is wrong with them.
        """
        self._file, self._report, self._clock = file, report, clock
        self._seen: tuple[Stamp, ...] = ()
        """The file as it was read."""
        self._looked: tuple[Stamp, ...] = ()
        """The file at the last look."""
        self._problems: tuple[Problem, ...] = ()
        self.identity = Identity(report=report)
        """What Envoys have to prove now."""
        if file is not None:
            rules = self._read(file)
            if rules is None:
                raise SettingsError("--identity-rules", "; ".join(map(str, self._problems)))
            self.identity = Identity(rules=rules, report=report)

    def problems(self) -> tuple[Problem, ...]:
        """Return why the newest rules are not used."""
        return self._problems

    async def run(self, changed: Callable[[Identity], None]) -> None:
        """Follow the file until cancelled, and tell of other rules."""
        while self._file is not None:
            await self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)
            rules = await asyncio.to_thread(self._read_anew, self._file)
            if rules is not None:
                self.identity = Identity(rules=rules, report=self._report)
                _log.info("other identity rules", file=str(self._file), rules=len(rules.rules))
                try:
                    changed(self.identity)
                except Exception as error:  # noqa: BLE001 - whatever it is, Envoys must go on being served
                    log_fault(error)

    def _read_anew(self, file: Path) -> IdentityRules | None:
        found = stamps([str(file)])
        settled, self._looked = found == self._looked, found
        # One that is being written may say half of what it will, and that would be rules too.
        if found == self._seen or not settled:
            return None
        rules = self._read(file)
        if rules is None:
            for each in self._problems:
                _log.error("identity rules not used; those before them hold", problem=str(each), code=each.code)
        return rules

    def _read(self, file: Path) -> IdentityRules | None:
        self._seen = stamps([str(file)])
        try:
            found = read_rules(file.read_text("utf-8"), file=str(file))
        except OSError as error:
            self._problems = (_unread(file, why(error)),)
            return None
        except UnicodeDecodeError:
            self._problems = (_unread(file, "it is no text"),)
            return None
        self._problems = found.problems
        return found.rules


def _unread(file: Path, words: str) -> Problem:
    mend = "put the rules there, or leave out --identity-rules"
    return Problem(code=CODE, message=f"{file} cannot be read: {words}", mend=mend, subject=str(file))


def identity_side(found: Settings, *, tokens: bool, clock: Clock) -> IdentitySide | None:
    """Return who may be which Envoy; None where nothing tells them apart but their addresses.

    Args:
        found: The settings.
        tokens: Whether Envoys may show tokens.
        clock: What the time between two looks at the rules is measured by.

    Raises:
        SettingsError: The rules cannot be read, or nothing could fulfil them.
    """
    rules = found.identity.identity_rules
    if found.tls.client_ca is None and not tokens:
        if rules is not None:
            words = "Envoys have nothing to show: it needs --client-ca for certificates, or --token-audience for tokens"
            raise SettingsError("--identity-rules", words)
        return None
    return IdentitySide(rules, report=found.identity.identity_check == "report", clock=clock)
