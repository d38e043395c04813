"""Why the status of a kind cannot be written, for how long that is believed, and what to say about it. No I/O.

A kind whose status cannot be written gets Events alone. It is tried again after a minute, then after longer and longer
times: a CRD may have been replaced, a right granted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legation.model.api_kinds import ApiKind
from legation.model.problems import Level, Problem

FIRST_LOOK = 60.0
LONGEST_LOOK = 600.0
"""Seconds until it is tried again."""


def next_look(times: int, *, now: float) -> float:
    """Return when to try again what was tried so many times before."""
    return now + min(FIRST_LOOK * 2.0 ** min(times, 10), LONGEST_LOOK)


@dataclass(frozen=True, slots=True)
class _Obstacle:
    until: float
    times: int
    problem: Problem | None


class Obstacles:
    """What is in the way, by kind and namespace."""

    def __init__(self) -> None:
        """Begin with nothing in the way."""
        self._found: dict[tuple[ApiKind, str], _Obstacle] = {}

    def blocks(self, kind: ApiKind, namespace: str, *, now: float) -> bool:
        """Say whether it makes no sense to try."""
        found = (self._found.get((kind, each)) for each in (namespace, ""))
        return any(each is not None and now < each.until for each in found)

    def forbidden(self, kind: ApiKind, namespace: str, error: Exception, *, now: float) -> bool:
        """Note that the rights are missing there; return whether that is new."""
        rule = f'apiGroups: ["{kind.group}"], resources: ["{kind.plural}/status"], verbs: ["patch"]'
        return self._note(
            (kind, namespace),
            now,
            Problem(
                code="status-forbidden",
                level=Level.WARNING,
                message=f"may not write the status of {kind} in namespace {namespace}: {error}",
                mend=f"it takes a Role or ClusterRole with the rule {rule}; Events are told all the same",
            ),
        )

    def refused(self, kind: ApiKind, error: Exception, *, now: float) -> bool:
        """Note that what is written does not fit the kind; return whether that is new."""
        return self._note(
            (kind, ""),
            now,
            Problem(
                code="status-refused",
                level=Level.WARNING,
                message=f"the API server does not take the status of {kind}: {error}",
                mend="install the CRDs that `legation crds` prints; Events are told all the same",
            ),
        )

    def no_status(self, kind: ApiKind, *, now: float) -> bool:
        """Note that the kind has no status subresource, which is no problem; return whether that is new."""
        return self._note((kind, ""), now, None)

    def clear(self, kind: ApiKind, namespace: str) -> None:
        """Note that a write has succeeded there."""
        self._found.pop((kind, namespace), None)
        self._found.pop((kind, ""), None)

    def problems(self) -> Iterator[Problem]:
        """Yield what to tell, once for each kind."""
        told: set[tuple[ApiKind, str]] = set()
        for (kind, _), each in self._found.items():
            if each.problem is not None and (kind, each.problem.code) not in told:
                told.add((kind, each.problem.code))
                yield each.problem

    def _note(self, where: tuple[ApiKind, str], now: float, problem: Problem | None) -> bool:
        before = self._found.get(where)
        times = 0 if before is None else before.times
        if before is not None and now < before.until:
            # Another one that was under way at the same time.
            return False
        self._found[where] = _Obstacle(next_look(times, now=now), times + 1, problem)
        return before is None
