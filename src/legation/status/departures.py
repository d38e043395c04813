"""Why finalizers cannot be taken off, for how long that is believed, and what to say about it. No I/O.

A right that is missing is missing for a whole kind in a namespace; an object that the API server does not take is one
object, and is tried again at once when somebody edits it. What only people can mend is told as long as an object waits
for it, and no longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from legation.model.api_kinds import ApiKind
from legation.model.delivery import ObjectState
from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem
from legation.status.obstacles import next_look


@dataclass(frozen=True, slots=True)
class _Obstacle:
    until: float
    times: int
    problem: Problem
    version: tuple[str, int]
    """Of which version of the object that is so."""
    waiting: set[ObjectKey] = field(default_factory=set)
    """The objects that wait for a right."""


class Departures:
    """What is in the way of objects that are to go."""

    def __init__(self) -> None:
        """Begin with nothing in the way."""
        self._refused: dict[ObjectKey, _Obstacle] = {}
        self._forbidden: dict[tuple[ApiKind, str], _Obstacle] = {}

    def blocks(self, state: ObjectState, kind: ApiKind, *, now: float) -> bool:
        """Say whether it makes no sense to try."""
        right, own = self._forbidden.get((kind, state.key.namespace)), self._refused.get(state.key)
        if right is not None and now < right.until:
            right.waiting.add(state.key)
            return True
        return own is not None and now < own.until and own.version == _version(state)

    def forbidden(self, state: ObjectState, kind: ApiKind, error: Exception, *, now: float) -> bool:
        """Note that the rights are missing in its namespace; return whether that is new."""
        where = (kind, state.key.namespace)
        rule = f'apiGroups: ["{kind.group}"], resources: ["{kind.plural}"], verbs: ["get", "patch"]'
        problem = Problem(
            code="finalizer-forbidden",
            level=Level.WARNING,
            message=(
                f"may not take the finalizer {kind.finalizer} off {kind} in namespace {state.key.namespace}, "
                f"and those that are deleted stay there until it is off; no Envoy has them any more: {error}"
            ),
            mend=f"it takes a Role or ClusterRole with the rule {rule}",
            subject=f"{kind} {state.key.namespace}",
        )
        before = self._forbidden.get(where)
        self._forbidden[where] = _obstacle(before, problem, state, now)
        return before is None

    def refused(self, state: ObjectState, kind: ApiKind, error: Exception, *, now: float) -> bool:
        """Note that the API server does not take the object without it; return whether that is new."""
        problem = Problem(
            code="finalizer-refused",
            level=Level.WARNING,
            object=state.key,
            message=(
                f"it is deleted, no Envoy has it any more, and it stays there because the API server does not take it "
                f"without the finalizer {kind.finalizer}: {error}"
            ),
            mend="edit it so that it fits its CRD, or mend the webhook or policy that is named; the rest then follows",
        )
        before = self._refused.get(state.key)
        self._refused[state.key] = _obstacle(before, problem, state, now)
        return before is None

    def end(self, key: ObjectKey) -> None:
        """Note that an object waits no longer: the finalizer is off, or it is gone."""
        self._refused.pop(key, None)
        for where, right in tuple(self._forbidden.items()):
            right.waiting.discard(key)
            if not right.waiting:
                del self._forbidden[where]

    def problems(self) -> Iterator[Problem]:
        """Yield what to tell."""
        yield from (each.problem for each in (*self._forbidden.values(), *self._refused.values()))


def is_denied(error: Exception) -> bool:
    """Say whether a webhook or a policy forbids this change, and no right is missing; both are told as 403.

    Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
    """
    return any(each in str(error) for each in ("denied the request", "denied request"))


def _obstacle(before: _Obstacle | None, problem: Problem, state: ObjectState, now: float) -> _Obstacle:
    times, waiting = (0, set[ObjectKey]()) if before is None else (before.times, before.waiting)
    return _Obstacle(next_look(times, now=now), times + 1, problem, _version(state), waiting | {state.key})


def _version(state: ObjectState) -> tuple[str, int]:
    return state.uid, state.generation
