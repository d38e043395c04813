"""The doors beside that of Envoys: who is let in at the management API and at the admin pages, by the settings.

The one invariant: what says who is let in is there from the start, or the program ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from legation.cli.door_settings import checks
from legation.errors import SettingsError
from legation.settings import Settings
from legation.small_files import RenewedFile, why

if TYPE_CHECKING:
    from legation.api.management.access import Access
    from legation.api.management.audit import Audit
    from legation.api.management.authentication import Doorman
    from legation.cli.policy_side import PolicySide
    from legation.clock import Clock
    from legation.kube.client import Client
    from legation.kube.connection import Connection
    from legation.model.identity import TokenChecker
    from legation.model.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Who is let in at the management API."""

    doorman: Doorman
    audit: Audit
    access: Access | None = None
    policy: PolicySide | None = None
    client: Client | None = field(default=None, repr=False)
    """By which the cluster is asked who may do what."""
    takes_tokens: bool = False
    """Whether clients may show tokens."""

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with that."""
        return (*(self.policy.problems() if self.policy is not None else ()), *self.audit.problems())

    async def run(self) -> None:
        """Follow what may change, until cancelled."""
        if self.policy is not None:
            await self.policy.run()
        await asyncio.get_running_loop().create_future()

    async def aclose(self) -> None:
        """Close all connections."""
        if self.client is not None:
            await self.client.aclose()


def doors(found: Settings, *, connection: Connection | None, tokens: TokenChecker | None, clock: Clock) -> Doors:
    """Return who is let in at the management API.

    Args:
        found: The settings.
        connection: How to reach the cluster, if one is read.
        tokens: Who looks at tokens of the cluster.
        clock: What pauses are measured by.

    Raises:
        SettingsError: The policy or the audit file cannot be used.
    """
    from legation.api.management.audit import Audit
    from legation.api.management.authentication import Doorman
    from legation.api.management.policy import Policy

    audit = _audit(Audit(found.management.audit_log), found.management.audit_log)
    if not checks(found):
        return Doors(doorman=Doorman(), audit=audit)
    policy = None
    if found.management.management_policy is not None:
        from legation.cli.policy_side import PolicySide

        policy = PolicySide(found.management.management_policy, has_rules=connection is None, clock=clock)
    access, client = _access(policy, connection, clock)
    doorman = Doorman(
        checks=True,
        tokens=tokens,
        policy=Policy if policy is None else lambda: policy.policy,
        audit=audit,
    )
    return Doors(
        doorman=doorman,
        audit=audit,
        access=access,
        policy=policy,
        client=client,
        takes_tokens=tokens is not None or policy is not None,
    )


def _access(
    policy: PolicySide | None, connection: Connection | None, clock: Clock
) -> tuple[Access | None, Client | None]:
    if connection is not None:
        from legation.api.management.cluster_access import ClusterAccess
        from legation.kube.access_review import AccessReviewer
        from legation.kube.client import Client
        from legation.translate.pipeline import API_KINDS

        client = Client(connection)
        return ClusterAccess(AccessReviewer(client, clock=clock), kinds=API_KINDS), client
    if policy is None:
        return None, None
    from legation.api.management.policy import PolicyAccess

    return PolicyAccess(lambda: policy.policy), None


def _audit(audit: Audit, file: Path | None) -> Audit:
    try:
        audit.open()
    except OSError as error:
        raise SettingsError("--audit-log", f"{file} cannot be written: {why(error)}") from error
    return audit


class AdminTokens:
    """The tokens that the admin pages are shown to, as their file has them now."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            SettingsError: There is no token in it.
        """
        from legation.ops.guard import tokens_in

        self._read = tokens_in
        self._file = RenewedFile(str(file))
        try:
            self._good = tokens_in(self._file.read())
        except OSError as error:
            raise SettingsError("--admin-token-file", f"{file} cannot be read: {why(error)}") from error
        except ValueError as error:
            raise SettingsError("--admin-token-file", f"{file}: {error}") from None

    def __call__(self) -> Sequence[str]:
        """Return them; while the file cannot be used, those before."""
        try:
            self._good = self._read(self._file.read())
        except (OSError, ValueError):
            # Somebody writes it.
            return self._good
        return self._good
