"""Whether objects may be stored: looked at as they would be served, before they are stored. No I/O.

What would be wrong with one is told by the field of the request that it stands in. An object that another source has
is refused: of two the first source counts, and what is stored here would have no effect. So is one of a kind that
nobody serves, one that holds the mark that stands in answers in place of a secret, and a new one that would take a name
or an address from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from legation.api.management import failures
from legation.api.management.calls import Plane
from legation.api.management.refused import Refused
from legation.api.management.requests import Given
from legation.envoy.secret_values import marks
from legation.model.objects import ManifestObject, show_path
from legation.model.problems import UNKNOWN_KIND, Level, Problem
from legation.model.stored import Applied, Outcome
from legation.runtime.what_if import CLASHES
from legation.sources.base import Source
from legation.sources.identity import Fault, identify


def check(
    plane: Plane,
    own: Source | None,
    given: Sequence[Given],
    foreseen: Sequence[Applied],
    *,
    expect: Callable[[Iterable[ManifestObject]], None] | None = None,
) -> tuple[tuple[Problem, ...], ...]:
    """Return what is doubtful about each of the objects.

    Args:
        plane: What would serve them.
        own: The source that has what is stored.
        given: What is to be stored, as the request says it.
        foreseen: What it would be, in the same order: with the fields of others.
        expect: Is told of what nothing stands against and is something new, for who asks next; None of a dry run.

    Raises:
        Refused: One is wrong, or is held elsewhere, or nobody can tell yet.
    """
    if plane.unread:
        raise failures.not_ready(plane.unread)
    held = [
        (each.where, it.key, found[0].name, found[1].place)
        for each, it in zip(given, foreseen, strict=True)
        if (found := plane.foresight.held(it.key)) is not None and found[0] is not own
    ]
    if held:
        raise failures.held_elsewhere(held)
    # An object that stands twice in a request is looked at as what becomes of it in the end.
    last = {each.key: each.stored.manifest() for each in foreseen}
    problems = dict(zip(last, plane.foresight.foresee(tuple(last.values())), strict=True))
    wrong = [
        (each.field(show_path(problem.path)), problem)
        for each, it in zip(given, foreseen, strict=True)
        for problem in problems[it.key]
        if _is_against(problem, it)
    ]
    if wrong:
        raise failures.wrong((field, _as_refused(each)) for field, each in wrong)
    if expect is not None:
        expect([last[each.key] for each in foreseen if each.outcome is not Outcome.UNCHANGED])
    return tuple(problems[each.key] for each in foreseen)


def _is_against(problem: Problem, applied: Applied) -> bool:
    # Which of two came first is a matter of seconds, or of clocks: what is new takes nothing from others.
    takes = applied.outcome is Outcome.CREATED and problem.code in CLASHES
    return takes or problem.level is Level.ERROR or problem.code == UNKNOWN_KIND


def _as_refused(problem: Problem) -> Problem:
    return replace(problem, message=problem.message.removesuffix(", left out"))


def manifests_in(bodies: Iterable[object]) -> list[ManifestObject]:
    """Return what bodies of objects are as a source would hand it out; what is no object is left out."""
    return [each for each in map(identify, bodies) if not isinstance(each, Fault)]


def refuse_marks(given: Iterable[Given]) -> None:
    """Look whether what is to be stored was read here with its secrets hidden.

    Raises:
        Refused: It was: they would be lost.
    """
    words = "this stands in answers in place of a secret, which would be lost"
    mend = "leave the field out, write the secret itself, or read the object with its secrets, over the Unix socket"
    found = [(each.field(show_path(path)), f"{words} ({mend})") for each in given for path in marks(each.body)]
    if found:
        raise Refused.bad_request(found, reason="HIDDEN_SECRET")
