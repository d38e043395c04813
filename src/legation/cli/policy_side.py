"""The policy of the management API at a server: its file, followed while it runs.

A file that is broken at the start ends it. One that is broken later leaves the policy before it in place, and says so.
"""

from __future__ import annotations

from pathlib import Path

from legation.api.management.policy import Policy
from legation.api.management.policy_file import CODE, read_policy
from legation.cli.followed_file import FollowedFile
from legation.clock import Clock
from legation.model.problems import Problem
from legation.translate.pipeline import API_KINDS


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

        def read(text: str) -> tuple[Policy | None, tuple[Problem, ...]]:
            found = read_policy(text, file=str(file), kinds=API_KINDS, has_rules=has_rules)
            return found.policy, found.problems

        self._file = FollowedFile(file, read=read, what="policy", setting="--management-policy", code=CODE, clock=clock)

    @property
    def policy(self) -> Policy:
        """What holds now."""
        return self._file.value

    def problems(self) -> tuple[Problem, ...]:
        """Return why the newest policy is not used."""
        return self._file.problems()

    async def run(self) -> None:
        """Follow the file until cancelled."""
        await self._file.run(lambda _: None)
