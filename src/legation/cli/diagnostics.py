"""What is wrong, as a compiler prints it: place, message and code, the line with a mark, and the mend.

Lines that may hold a secret are not printed. Nothing here decides what is wrong, or how bad it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import click

from legation.cli.printing import count, printable
from legation.envoy.constraints.rule import CODE
from legation.envoy.secret_lines import secret_lines
from legation.model.objects import FieldPath, show_path
from legation.model.problems import Level, Problem
from legation.texts.excerpt import excerpt, lines_of

_KINDS_SHOWN = 5
_COLOURS = {Level.ERROR: "red", Level.WARNING: "yellow"}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The texts of files, for the lines that are shown."""

    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By the name that places have."""

    @cached_property
    def _lines(self) -> dict[str, list[str]]:
        return {}

    @cached_property
    def _secret(self) -> dict[str, frozenset[int]]:
        return {}

    def excerpt(self, file: str, line: int, column: int) -> tuple[str, str] | None:
        """Return a line and its mark; None where there is no such line, or it may hold a secret."""
        if file not in self.texts:
            return None
        if file not in self._lines:
            self._lines[file] = lines_of(self.texts[file])
            self._secret[file] = secret_lines(self._lines[file])
        if line in self._secret[file]:
            return None
        return excerpt(self._lines[file], line, column)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems by place, each once; those of no place come first."""
    return sorted(dict.fromkeys(problems), key=_rank)


def _rank(problem: Problem) -> tuple[Any, ...]:
    place = problem.place
    where = (place.file, place.line, place.column) if place else ("", 0, 0)
    return (*where, problem.level is not Level.ERROR, problem.object or (), show_path(problem.path), problem.code)


def sentence(problem: Problem) -> str:
    """Return what is wrong in words that stand for themselves: rules of protos tell no field, the path does."""
    return f"{_last(problem.path)} {problem.message}" if problem.code == CODE and problem.path else problem.message


def _last(path: FieldPath) -> str:
    """Return the end of a path from its last name on: `domains[0]`."""
    names = [at for at, part in enumerate(path) if isinstance(part, str)]
    return show_path(path[names[-1] :]) if names else show_path(path)


def as_text(problem: Problem, sources: Sources, *, colours: bool = False) -> str:
    """Return the lines that a person reads, without the last line's end."""
    return "\n".join(_lines(problem, sources, colours=colours))


def _lines(problem: Problem, sources: Sources, *, colours: bool) -> Iterator[str]:
    def paint(text: str, **style: Any) -> str:
        return click.style(text, **style) if colours else text

    place, colour = problem.place, _COLOURS[problem.level]
    where = f"{place}: " if place else f"{problem.object}: " if problem.object else ""
    level = paint(f"{problem.level}:", fg=colour, bold=True)
    code = paint(f"[{problem.code}]", fg=colour)
    yield f"{paint(printable(where), bold=True)}{level} {paint(printable(sentence(problem)), bold=True)} {code}"
    shown = sources.excerpt(place.file, place.line, place.column) if place else None
    if shown is not None:
        yield shown[0]
        yield paint(shown[1], fg="green", bold=True)
    about = [str(problem.object)] if problem.object and place else []
    about += [show_path(problem.path)] if problem.path else []
    if about:
        yield paint("in: ", fg="cyan") + printable(", ".join(about))
    if problem.mend:
        yield from _help(problem.mend, paint("help: ", fg="cyan"))
    if problem.example:
        yield paint("that is:", fg="cyan")
        yield from (f"    {printable(line)}" for line in problem.example.split("\n"))


def _help(mend: str, label: str) -> Iterator[str]:
    """Yield a mend; one of several lines is something to paste, and stays as it is."""
    first, *more = mend.split("\n")
    yield label + printable(first)
    yield from map(printable, more)


def as_value(problem: Problem) -> dict[str, Any]:
    """Return a problem for machines. The keys are always the same; line and column count from 1, 0 is "not known"."""
    key, place = problem.object, problem.place
    return {
        "level": str(problem.level),
        "code": problem.code,
        "message": problem.message,
        "mend": problem.mend,
        "example": problem.example,
        "file": place.file if place else "",
        "line": place.line if place else 0,
        "column": place.column if place else 0,
        "object": {"group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name} if key else None,
        "path": show_path(problem.path),
    }


def as_annotation(problem: Problem) -> str:
    """Return a problem as a workflow command of GitHub Actions.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    place = problem.place
    about = ": ".join(filter(None, [str(problem.object or ""), show_path(problem.path)]))
    said = [sentence(problem), about and f"in: {about}", problem.mend and f"help: {problem.mend}", problem.example]
    text = "\n".join(filter(None, said))
    properties = {
        "file": place.file if place else "",
        "line": str(place.line) if place and place.line else "",
        "col": str(place.column) if place and place.column else "",
        "title": problem.code,
    }
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{problem.level} {shown}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(problems: Iterable[Problem], *, checked: int, what: str = "file", left_out: Sequence[str] = ()) -> str:
    """Return the last line: `3 errors, 1 warning in 2 of 14 files`.

    Args:
        problems: All that was told.
        checked: How many were looked at.
        what: Files, or objects of a cluster.
        left_out: The kinds of the objects that are for others.
    """
    found = list(problems)
    errors = sum(each.level is Level.ERROR for each in found)
    counts = ", ".join(
        count(number, word) for number, word in ((errors, "error"), (len(found) - errors, "warning")) if number
    )
    bad = {each.place.file if each.place else each.object for each in found}
    of = count(checked, what)
    said = f"{counts} in {len(bad)} of {of}" if found else f"no problems in {of}"
    if left_out:
        said += f"; left out: {count(len(left_out), 'object')} of other kinds ({_kinds(left_out)})"
    return said


def _kinds(kinds: Iterable[str]) -> str:
    found = sorted(set(kinds))
    more = len(found) - _KINDS_SHOWN
    return ", ".join(found[:_KINDS_SHOWN]) + (f" and {more} more" if more > 0 else "")
