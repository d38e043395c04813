"""Certificates that stand in resources of objects and cannot be used now: not yet, no more, or not for long. Pure.

Envoy takes them without a word, so they are delivered, and these are warnings.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from legation.envoy.wrapped import as_written
from legation.model.problems import Level, Problem
from legation.model.validity import Validity
from legation.runtime.item import Item
from legation.texts.pem import Period
from legation.translate.by_name import Fault
from legation.translate.certificates import in_time
from legation.translate.faults import fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is wrong with the time of certificates at one moment."""

    problems: tuple[Problem, ...] = ()
    again_at: float | None = None
    """The next moment (Unix seconds) at which it will be something else."""


def outlook(items: Iterable[Item], *, now: float) -> Outlook:
    """Return which certificates in these resources cannot be used, or not for long.

    Args:
        items: The resources, each with the object that says it.
        now: Unix seconds.
    """
    problems: list[Problem] = []
    moments: list[float] = []
    for item in items:
        for each in item.resource.validity:
            fitness = in_time(Period(start=each.start, end=each.end), each.what, now)
            problems += (_problem(item, each, found) for found in fitness.faults)
            if fitness.again_at is not None:
                moments.append(fitness.again_at)
    return Outlook(problems=tuple(dict.fromkeys(problems)), again_at=min(moments, default=None))


def _problem(item: Item, validity: Validity, found: Fault) -> Problem:
    path = (*item.path, *as_written(item.json, validity.path))
    return fault(item.manifest, found.code, found.message, path, level=Level.WARNING, mend=found.mend)
