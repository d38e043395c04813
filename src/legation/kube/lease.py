"""Who of several may do what only one may do: a Lease of coordination.k8s.io, as a machine.

It is asked what to do next and told what came of it. It knows the Lease as it was last seen. It refuses to know any
clock but its own, which runs evenly and is never compared with another machine's: a Lease is over when it was *seen*
unchanged for as long as it says, not when the time that stands in it is past. The one invariant: of machines whose
clocks run at the same speed, give or take a fifth, never two lead at once, whatever is late or lost on the way.

That holds because who leads counts from the moment before a renewal was sent, and stops after `deadline`; others see
that renewal later, and wait for the longer `duration`. A Lease that somebody deletes protects nobody.

Source: https://kubernetes.io/docs/concepts/architecture/leases/, and leaderelection.go of client-go.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from legation.errors import KubeConflict, KubeError, KubeForbidden, KubeNotFound, LegationError
from legation.kube.pauses import Backoff, Pause, Rest
from legation.model.api_kinds import ApiKind
from legation.model.problems import Level, Problem

LEASES = ApiKind(group="coordination.k8s.io", version="v1", kind="Lease", plural="leases")

Verb: TypeAlias = Literal["get", "create", "patch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasePolicy:
    """The numbers of a Lease, in seconds; they are those of Kubernetes' own controllers."""

    duration: int = 15
    """How long others wait after the last renewal that they saw."""
    deadline: float = 10.0
    """How long one leads after a renewal. The rest of `duration` is for clocks that run at different speeds."""
    retry: float = 2.0
    """How often the leader renews, and about how often the others look."""
    jitter: float = 1.2
    """What chance adds at most to the pauses of those who do not lead, in parts of `retry`."""
    longest_pause: float = 30.0
    """Between two attempts, after failures."""

    def __post_init__(self) -> None:
        if not 0 < self.retry < self.deadline < self.duration:
            raise ValueError("a Lease needs retry < deadline < duration")

    def look_again(self) -> Pause:
        """Return how long to wait before the Lease of somebody else is looked at again."""
        return Pause(least=self.retry, chance=self.retry * self.jitter)

    def pause(self, failures: int, *, leads: bool, retry_after: float | None = None) -> Pause:
        """Return how long to wait after so many failures in a row: who leads is in a hurry."""
        first, longest = (self.retry / 2, self.retry / 2) if leads else (self.retry * 2, self.longest_pause)
        backoff = Backoff(first=first, longest=longest, longest_obeyed=self.longest_pause)
        return backoff.pause(failures, retry_after=retry_after)


@dataclass(frozen=True, slots=True)
class Look:
    """Read the Lease."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Write the Lease: create it where there is no version, else only if it is that version still."""

    spec: Mapping[str, Any]
    version: str


Ask: TypeAlias = Look | Claim | Rest


@dataclass(frozen=True, slots=True)
class _Seen:
    """The Lease as it was last seen."""

    version: str = ""
    """Empty: there is none."""
    spec: Mapping[str, Any] = field(default_factory=dict)

    @property
    def holder(self) -> str:
        return str(self.spec.get("holderIdentity") or "")

    @property
    def transitions(self) -> int:
        found = self.spec.get("leaseTransitions")
        return found if isinstance(found, int) else 0

    def duration(self, otherwise: float) -> float:
        found = self.spec.get("leaseDurationSeconds")
        return float(found) if isinstance(found, int) and found > 0 else otherwise


class Lease:
    """One who would like to lead."""

    def __init__(self, *, name: str, namespace: str, identity: str, policy: LeasePolicy | None = None) -> None:
        """Know nothing yet.

        Args:
            name: Of the Lease.
            namespace: Where it is.
            identity: Who this is. Two who live at the same time must not have the same one.
            policy: Its numbers.
        """
        if not identity:
            raise ValueError("nobody can hold a Lease without an identity")
        self._name, self._namespace, self._identity = name, namespace, identity
        self._policy = policy or LeasePolicy()
        self._seen = _Seen()
        self._seen_at = -math.inf
        # Whether it was looked at since the last doubt, and may be claimed.
        self._may_claim = False
        self._asked_at = -math.inf
        self._until = -math.inf
        self._pause: Pause | None = None
        self._failures = 0
        self._verb: Verb = "get"
        self.problem: Problem | None = None
        """Why nobody can say who leads, or why this one cannot."""

    def leads(self, now: float) -> bool:
        """Say whether this one leads at that moment."""
        return now < self._until

    @property
    def leads_until(self) -> float:
        """The moment at which it no longer leads, unless it renews before."""
        return self._until

    @property
    def holder(self) -> str:
        """Who was last seen to hold it; empty if nobody was."""
        return self._seen.holder

    def next(self, now: float, *, chance: float, stamp: str) -> Ask:
        """Return what to do next.

        Args:
            now: The moment, by a clock that never jumps.
            chance: A random number, 0 <= chance < 1.
            stamp: The time of day as a MicroTime, for people who read the Lease.
        """
        if self._pause is not None:
            pause, self._pause = self._pause, None
            return Rest(now + pause.seconds(chance))
        self._asked_at = now
        if not self._may_claim:
            self._verb = "get"
            return Look()
        self._verb = "patch" if self._seen.version else "create"
        return Claim(self._claimed(stamp), self._seen.version)

    def looked(self, lease: Mapping[str, Any] | None, *, now: float) -> None:
        """Take what was read; None: there is no such Lease."""
        self._succeed()
        self._note(lease, now)
        if self._seen.holder != self._identity:
            # Whatever was before: somebody else has it, or nobody.
            self._until = -math.inf
        self._may_claim = self._is_free(now)
        if not self._may_claim:
            self._pause = self._policy.look_again()

    def claimed(self, lease: Mapping[str, Any]) -> None:
        """Take what was written: this one leads, from the moment that it asked."""
        self._succeed()
        self._note(lease, self._asked_at)
        self._until = self._asked_at + self._policy.deadline
        self._pause = Pause(least=self._policy.retry, chance=0.0)

    def failed(self, error: LegationError) -> None:
        """Note that what was asked for was refused, or that nobody answers."""
        self._may_claim = False
        if isinstance(error, KubeConflict):
            # Somebody else was faster, or has changed something beside: who leads looks at once.
            self._pause = None if self._until > self._asked_at else self._policy.look_again()
            return
        if isinstance(error, KubeNotFound) and self._verb == "patch":
            return
        self._failures += 1
        wished = error.retry_after if isinstance(error, KubeError) else None
        leads = self._until > self._asked_at
        self._pause = self._policy.pause(self._failures, leads=leads, retry_after=wished)
        if self._failures > 2 or isinstance(error, KubeForbidden):
            self.problem = self._told(error)

    def release(self, *, stamp: str) -> Claim | None:
        """Stop leading, and return what to write so that others need not wait; None if it is somebody else's."""
        held, self._until = self._until > -math.inf, -math.inf
        if not held or self._seen.holder != self._identity:
            return None
        self._may_claim = False
        spec = {**self._claimed(stamp), "holderIdentity": "", "leaseDurationSeconds": 1}
        return Claim(spec, self._seen.version)

    def _is_free(self, now: float) -> bool:
        seen = self._seen
        if seen.holder in {"", self._identity}:
            return True
        return self._seen_at + seen.duration(self._policy.duration) <= now

    def _note(self, lease: Mapping[str, Any] | None, at: float) -> None:
        """Remember it, and since when it says what it says."""
        metadata, spec = ((lease or {}).get(each) or {} for each in ("metadata", "spec"))
        seen = _Seen(version=str(metadata.get("resourceVersion") or ""), spec=dict(spec))
        if seen.spec != self._seen.spec:
            self._seen_at = at
        self._seen = seen

    def _claimed(self, stamp: str) -> Mapping[str, Any]:
        mine = self._seen.holder == self._identity
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": self._policy.duration,
            "acquireTime": (self._seen.spec.get("acquireTime") or stamp) if mine else stamp,
            "renewTime": stamp,
            "leaseTransitions": self._seen.transitions + (0 if mine or not self._seen.version else 1),
        }

    def _succeed(self) -> None:
        self._failures, self.problem = 0, None

    def _told(self, error: LegationError) -> Problem:
        where = f"the Lease {self._namespace}/{self._name}"
        rule = 'apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "patch"]'
        if isinstance(error, KubeForbidden):
            message = f"may not {self._verb} {where}: {error}"
            mend = f"it takes a Role in namespace {self._namespace} with the rule {rule}"
        else:
            message, mend = f"cannot {self._verb} {where}: {error}", "Envoys are served all the same"
        return Problem(code="no-lease", level=Level.WARNING, message=f"{message}; no status is written", mend=mend)
