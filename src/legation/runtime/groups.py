"""The groups of clients: those who get the same, those whose Pod nobody knows yet, and those whose Pod is gone.

Groups are values: equal ones are one group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from legation.model.node import Workload
from legation.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Group:
    """The workloads that selectors do not tell apart."""

    name: str = field(compare=False)
    """For people: what is written in a label can make two groups look alike."""
    workload: Workload
    """What they have in common."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Expected:
    """The clients whose Pod nobody knows yet: they are told nothing."""

    def __str__(self) -> str:
        return "waits for its Pod"


@dataclass(frozen=True, slots=True, eq=False)
class Departed:
    """A client whose Pod is gone: it keeps what it has and is told nothing new. One such group a client."""

    before: str
    """The name of the group that it was in."""
    snapshot: Snapshot
    """What that group got when the Pod went."""

    def __str__(self) -> str:
        return f"{self.before} (its Pod is gone)"


AnyGroup: TypeAlias = Group | Expected | Departed

EXPECTED = Expected()
