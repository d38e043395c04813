"""What came of a request, and when one that failed is made again. Arithmetic: no clock, no I/O.

A failure is of one object, of all of them at this moment, or one that only people mend. It refuses to know what was
asked, and what to say of the last sort.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from legation.errors import KubeConflict, KubeError, KubeUnreachable
from legation.kube.pauses import Backoff
from legation.model.objects import ObjectKey
from legation.status.schedule import Schedule

LONGEST_PAUSE = 60.0
_BACKOFF = Backoff(first=2.0, longest=LONGEST_PAUSE, longest_obeyed=LONGEST_PAUSE)


class Outcome(Enum):
    """What came of a request."""

    WRITTEN = auto()
    EVENTS_ONLY = auto()
    """This kind's status cannot be written."""
    GONE = auto()
    """There is no such object."""
    AGAIN = auto()
    """It may succeed later."""
    HOLD = auto()
    """Nothing succeeds at the moment."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request, and when to try again."""

    outcome: Outcome
    retry_after: float = 0.0
    """Seconds that the API server asks for."""


def answer_of(error: KubeError | KubeUnreachable) -> Answer | None:
    """Return what an error means: AGAIN or HOLD; None: only people can mend that."""
    if not isinstance(error, KubeError):
        return Answer(Outcome.HOLD)
    if error.is_of_server:
        return Answer(Outcome.HOLD, error.retry_after or 0.0)
    if isinstance(error, KubeConflict) or error.status >= 500:
        return Answer(Outcome.AGAIN, error.retry_after or 0.0)
    return None


class Retries:
    """When what failed is due again, after longer and longer pauses."""

    def __init__(self, schedule: Schedule, *, chance: Callable[[], float]) -> None:
        """Begin without failures.

        Args:
            schedule: What is held where nothing succeeds.
            chance: Returns random numbers, 0 <= x < 1.
        """
        self._schedule, self._chance = schedule, chance
        self._failures: dict[ObjectKey, int] = {}
        self._holds, self._held_until = 0, -math.inf

    def again_at(self, key: ObjectKey, answer: Answer, *, now: float) -> float:
        """Return when to ask for an object again that failed with AGAIN or HOLD."""
        if answer.outcome is Outcome.AGAIN:
            times = self._failures[key] = self._failures.get(key, 0) + 1
        else:
            # What was under way together fails together, once.
            self._holds += now >= self._held_until
            times = self._holds
        moment = now + _BACKOFF.pause(times, retry_after=answer.retry_after).seconds(self._chance())
        if answer.outcome is Outcome.HOLD:
            self._held_until = moment
            self._schedule.hold(moment)
        return moment

    def succeeded(self, key: ObjectKey) -> None:
        """Note that the API server answers, and has nothing against the object."""
        self._holds = 0
        self.forget(key)

    def forget(self, key: ObjectKey) -> None:
        """Drop an object: it is gone."""
        self._failures.pop(key, None)
