"""The problems that follow from what Envoys refuse, of feedback and of what is served: each under what makes it one."""

from __future__ import annotations

from collections.abc import Collection, Hashable

from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem
from legation.runtime.feedback import Feedback
from legation.runtime.served import Served


def of_refused(feedback: Feedback, served: Served) -> dict[Hashable, Problem]:
    """Return a problem for each resource that some Envoy refuses."""
    return {key: served.blame(problem, key[:2]) for key, problem in feedback.refusals().items()}


def of_held_up(feedback: Feedback, served: Served) -> dict[Hashable, Problem]:
    """Return a problem for each resource that waits at some Envoy because this refuses what it names."""
    return {
        ("held up", *key): served.blame(each.problem, key[:2], mentioned=(each.refused.type, each.refused.name))
        for key, each in feedback.held_up().items()
    }


def in_the_way(
    feedback: Feedback, served: Served, keys: Collection[ObjectKey] = (), *, waits: bool
) -> tuple[Problem, ...]:
    """Return why Envoys have not the newest version of some objects.

    Args:
        feedback: What Envoys said.
        served: What is served.
        keys: The objects; none for all.
        waits: Whether some Envoy has not answered.
    """
    broken = (each for each in served.problems if each.level is Level.ERROR)
    held_up = of_held_up(feedback, served).values() if waits else ()
    return tuple(each for each in (*broken, *held_up) if not keys or each.object in keys)
