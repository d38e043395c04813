"""Whether objects may be stored: looked at as they would be served, before they are stored. No I/O.

What would be wrong with one is told by the field of the request that it stands in. An object that another source has
is refused: of two the first source counts, and what is stored here would have no effect.
"""

from __future__ import annotations

from collections.abc import Sequence

from legation.api.management import failures
from legation.api.management.calls import Plane
from legation.api.management.requests import Given
from legation.model.objects import ManifestObject, show_path
from legation.model.problems import Level, Problem
from legation.model.stored import Applied, StoredObject
from legation.sources.base import Source


def check(
    plane: Plane, own: Source | None, given: Sequence[Given], foreseen: Sequence[Applied]
) -> tuple[tuple[Problem, ...], ...]:
    """Return what is doubtful about each of the objects.

    Args:
        plane: What would serve them.
        own: The source that has what is stored.
        given: What is to be stored, as the request says it.
        foreseen: What it would be, in the same order: with the fields of others.

    Raises:
        Refused: One is wrong, or is held elsewhere, or nobody can tell yet.
    """
    if plane.unread:
        raise failures.not_ready(plane.unread)
    held = [
        (each.where, it.key, found[0].name, found[1].place)
        for each, it in zip(given, foreseen, strict=True)
        if (found := plane.held(it.key)) is not None and found[0] is not own
    ]
    if held:
        raise failures.held_elsewhere(held)
    # An object that stands twice in a request is looked at as what becomes of it in the end.
    last = {each.key: manifest_of(each.stored) for each in foreseen}
    problems = dict(zip(last, plane.foresee(tuple(last.values())), strict=True))
    wrong = [
        (each.field(show_path(problem.path)), problem)
        for each, it in zip(given, foreseen, strict=True)
        for problem in problems[it.key]
        if problem.level is Level.ERROR
    ]
    if wrong:
        raise failures.wrong(wrong)
    return tuple(problems[each.key] for each in foreseen)


def manifest_of(stored: StoredObject) -> ManifestObject:
    """Return a stored object as a source would hand it out."""
    return ManifestObject(
        key=stored.key,
        api_version=stored.body["apiVersion"],
        body=stored.body,
        labels=stored.labels,
        created=str(stored.body["metadata"].get("creationTimestamp") or ""),
    )
