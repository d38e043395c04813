"""Lacks: the ConfigMaps of which not all files can be written, why, and whether others stand in their place. Pure.

An Envoy whose files were written before serves with them, whatever became of the objects: that is no reason to take it
out. It refuses to know what is done about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from legation.model.objects import ObjectKey
from legation.model.problems import Level, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One ConfigMap of which not all files can be written."""

    name: str
    words: str
    """Why they do not stand there, a clause."""
    stands: bool
    """Whether files that were written before stand in their place."""
    problem: Problem | None = None
    """What is waited for. None: what is wrong is told elsewhere."""
    unheard: bool = False
    """Whether nothing at all was heard of the ConfigMap."""


def unheard(config_map: ObjectKey, *, stands: bool) -> Lack:
    """Return that nobody has told of a ConfigMap yet, and whether files stand there that may be its own."""
    message = "the API server has not told of it yet"
    mend = "the files that stand there stay as they stand" if stands else ""
    return _waiting(config_map, message, stands=stands, mend=mend, is_unheard=True)


def without_files(config_map: ObjectKey, *, stands: bool) -> Lack:
    """Return that there is no such ConfigMap, or nothing in it."""
    name = config_map.name
    return Lack(name=name, words=f"there are no files of ConfigMap {name}", stands=stands)


def waits(config_map: ObjectKey, *, files: Collection[str], standing: Collection[str], awaited: Iterable[str]) -> Lack:
    """Return that files wait for splits.

    Args:
        config_map: Whose files these are.
        files: Their names.
        standing: The names of files that stand there.
        awaited: What was not heard of.
    """
    lacking = [name for name in files if name not in standing]
    because = f"for {', '.join(awaited)} was not heard of"
    if lacking:
        message = f"{_subject(lacking, 'is', 'are')} not written yet, {because}"
    else:
        message = f"{_subject(files, 'stays as it stands', 'stay as they stand')}, {because}"
    return _waiting(config_map, message, stands=not lacking, mend="it is tried again")


def _waiting(config_map: ObjectKey, message: str, *, stands: bool, mend: str = "", is_unheard: bool = False) -> Lack:
    problem = Problem(code="not-written", level=Level.WARNING, message=message, object=config_map, mend=mend)
    return Lack(name=config_map.name, words=str(problem), stands=stands, problem=problem, unheard=is_unheard)


def _subject(names: Collection[str], one: str, more: str) -> str:
    return f"{', '.join(names)} {one if len(names) == 1 else more}"
