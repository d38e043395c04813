"""Problems as the API server passes them on: one message and its causes, or warnings. Pure.

It refuses to know what is refused and what is let pass. The one invariant: what it returns fits into what the API
server takes: a warning of 256 characters, 4,096 for all, none of them one that a header cannot carry.

Source: https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from legation.api.admission.review import Refusal
from legation.model.objects import show_path
from legation.model.problems import Level, Problem

LONGEST_WARNING = 256
MOST_OF_WARNINGS = 4_096
"""Characters of all of them together."""
MOST_PROBLEMS = 100
"""How many are told of one object: who mends those sees the others."""
_CUT = "..."


def refusal(problems: Sequence[Problem]) -> Refusal:
    """Return the refusal of an object, with all that is wrong with it."""
    told, left = problems[:MOST_PROBLEMS], len(problems) - MOST_PROBLEMS
    more = f"; and {left} more" if left > 0 else ""
    return Refusal(
        message="; ".join(map(in_words, told)) + more,
        causes=tuple((show_path(each.path) or _WHOLE, _without_path(each)) for each in told),
    )


def warnings(problems: Iterable[Problem], *, because: str = "") -> tuple[str, ...]:
    """Return a warning for each problem, as many as the API server takes.

    Args:
        problems: What is wrong, the worst first.
        because: Why it is let pass although something in it is an error.
    """
    each = (because, *map(in_words, problems)) if because else tuple(map(in_words, problems))
    return fitting(each)


def fitting(texts: Sequence[str]) -> tuple[str, ...]:
    """Return texts as warnings, as many as the API server takes; if there are more, the last one says how many."""
    shown = [_shortened(_plain(each)) for each in texts]
    told: list[str] = []
    room = MOST_OF_WARNINGS - LONGEST_WARNING
    for number, each in enumerate(shown):
        room -= len(each)
        if room < 0:
            return (*told, f"and {len(shown) - number} more; the page /problems of legation has all")
        told.append(each)
    return tuple(told)


def in_words(problem: Problem) -> str:
    """Return what is wrong where, and how to mend it."""
    path = show_path(problem.path)
    return f"{path}: {_without_path(problem)}" if path else _without_path(problem)


def errors_of(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return those for which nothing of an object would be used."""
    return tuple(each for each in problems if each.level is Level.ERROR)


_WHOLE = "metadata.name"
"""The field that is named for what is wrong with an object as a whole: kubectl would show an empty one as nothing."""


def _without_path(problem: Problem) -> str:
    return problem.message + (f" ({problem.mend})" if problem.mend else "")


def _plain(text: str) -> str:
    """Return it without what a header cannot carry."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_WARNING else text[: LONGEST_WARNING - len(_CUT)] + _CUT
