"""Who may be which Envoy, at a server: the rules from their file, followed while it runs.

A file that is broken at the start ends it: nobody is let in by other rules than those that were meant. One that is
broken later leaves the rules before it in place, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from legation.cli.followed_file import FollowedFile
from legation.clock import Clock
from legation.errors import SettingsError
from legation.model.problems import Problem
from legation.runtime.identity_file import CODE, read_rules
from legation.runtime.identity_rules import Identity, IdentityRules
from legation.settings import Settings


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
        self._report = report
        self._file: FollowedFile[IdentityRules] | None = None
        if file is not None:
            self._file = FollowedFile(
                file,
                read=lambda text: _read(text, file=str(file)),
                what="rules",
                setting="--identity-rules",
                code=CODE,
                clock=clock,
            )

    @property
    def identity(self) -> Identity:
        """What Envoys have to prove now."""
        if self._file is None:
            return Identity(report=self._report)
        return Identity(rules=self._file.value, report=self._report)

    def problems(self) -> tuple[Problem, ...]:
        """Return why the newest rules are not used."""
        return () if self._file is None else self._file.problems()

    async def run(self, changed: Callable[[Identity], None]) -> None:
        """Follow the file until cancelled, and tell of other rules."""
        if self._file is not None:
            await self._file.run(lambda _: changed(self.identity))


def _read(text: str, *, file: str) -> tuple[IdentityRules | None, tuple[Problem, ...]]:
    found = read_rules(text, file=file)
    return found.rules, found.problems


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
