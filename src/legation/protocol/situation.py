"""Situation: what is known of one client at this moment. The rules of `ruling.py` read it.

Of its own it keeps moments alone: when an answer of the rules may change by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from legation.model.resource import Resource
from legation.model.resource_types import BY_NAME, ResourceType
from legation.model.snapshot import Snapshot
from legation.model.verdicts import Verdicts
from legation.protocol.draining import Predecessors
from legation.protocol.ended import Ended
from legation.protocol.machines import Machines
from legation.protocol.policy import Policy
from legation.protocol.returning import Returning
from legation.protocol.warming import Warming


class Situation:
    """One client, as the rules see it."""

    __slots__ = (
        "_verdicts",
        "deadline",
        "ended",
        "fellows",
        "let_go",
        "machines",
        "policy",
        "predecessors",
        "returning",
        "snapshot",
        "stirred",
        "warming",
    )

    def __init__(self, policy: Policy, *, verdicts: Callable[[], Verdicts] | None = None) -> None:
        """Begin with a client without streams; the verdicts are those of the group that it is in at the moment."""
        self.policy = policy
        self.machines = Machines()
        self.snapshot = Snapshot.of()
        self.deadline: float | None = None
        """The earliest moment at which an answer of these rules may change by itself."""
        self.predecessors = Predecessors()
        self.fellows: tuple[Situation, ...] = ()
        """The clients that may be the same Envoy over other connections: what they hold counts too."""
        self.let_go = -inf
        """When something that lingers may have let go of a cluster last that nobody looked for then."""
        self.stirred = False
        """Whether something was let go or settled without a message since somebody asked: a fellow may wait for it."""
        self.returning: Returning | None = None
        """None for a client that nobody served before."""
        self.warming = Warming()
        self.ended = Ended()
        self._verdicts = verdicts

    @property
    def verdicts(self) -> Verdicts | None:
        """What clients of the same group refused for sure; None: nobody tells."""
        return self._verdicts() if self._verdicts is not None else None

    def begin(self, now: float) -> None:
        """Ask all anew from now on, and forget what is over."""
        self.deadline = None
        if self.returning is not None and self.returning.since is None:
            self.returning.since = now
        before, grace = len(self.predecessors), self.policy.removal_grace
        self.note_deadline(self.predecessors.prune(now, grace=grace), now)
        self.stirred = self.stirred or len(self.predecessors) < before
        if self.let_go == inf:
            self.let_go = now
        elif self.let_go + grace <= now:
            self.let_go = -inf
        self.ended.begin(now, patience=self.policy.warming_timeout)

    def note_deadline(self, moment: float | None, now: float) -> None:
        """Take a moment at which the rules must be asked again."""
        if moment is not None and moment > now and (self.deadline is None or moment < self.deadline):
            self.deadline = moment

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        """Return what the client last accepted under that name."""
        for machine in self.machines.covering(row, name):
            resource = machine.ledger.accepted.get(name)
            # It may not have what it came back with no version of.
            if resource is not None and resource.version:
                return resource
        return None

    def is_warm(self, resource: Resource) -> bool:
        """Rule 1: say whether all that goes after the resource and that it names is accepted."""
        return all(
            self.accepted(row, name) is not None
            for row in map(BY_NAME.__getitem__, resource.type.refers)
            if row.order > resource.type.order
            for name in resource.refers_to(row)
        )
