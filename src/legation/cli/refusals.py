"""What the API says of objects that were sent -> problems with their places in the files, as a compiler prints them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence

import click

from legation.cli import diagnostics
from legation.cli.manifest_files import Manifests
from legation.client import Applied, Conflict, FieldConflict, Refused
from legation.model.objects import ObjectKey, read_path
from legation.model.problems import Level, Problem

_REFUSED, _OWNED = "refused", "field-conflict"
_MENDS = {
    "held-elsewhere": "change it there, or delete it there first",
    "version": "read it again, and change that",
}
"""What to do where the server has no room to say it."""


def problems_of(error: Refused, manifests: Manifests) -> tuple[Problem, ...]:
    """Return what is wrong as problems; none where the error is about the call as a whole."""
    if isinstance(error, FieldConflict):
        return tuple(_owned(each, manifests) for each in error.conflicts)
    return tuple(
        _problem(
            each.item,
            each.path,
            manifests,
            code=each.code or _REFUSED,
            message=each.message,
            mend=_MENDS.get(each.code, ""),
        )
        for each in error.violations
        if each.item is not None
    )


def _owned(conflict: Conflict, manifests: Manifests) -> Problem:
    message = f'"{conflict.manager}" owns this field with another value'
    mend = "leave the field out, or take it over with --force"
    return _problem(conflict.item, conflict.path, manifests, code=_OWNED, message=message, mend=mend)


def _problem(item: int | None, path: str, manifests: Manifests, *, code: str, message: str, mend: str = "") -> Problem:
    found = read_path(path)
    known = item is not None and 0 <= item < len(manifests.objects)
    return Problem(
        code=code,
        message=message,
        object=manifests.objects[item].key if item is not None and known else None,
        path=found,
        place=manifests.place(item, found),
        mend=mend,
    )


def warnings_of(applied: Sequence[Applied], manifests: Manifests) -> Iterator[Problem]:
    """Yield what is doubtful about objects that were applied, in the order in which they were sent."""
    for item, each in enumerate(applied):
        for warning in each.warnings:
            path = read_path(warning.path)
            reference = each.object
            yield Problem(
                code=warning.code,
                message=warning.message,
                level=Level.WARNING,
                object=ObjectKey(reference.group, reference.kind, reference.namespace, reference.name),
                path=path,
                place=manifests.place(item, path),
                mend=warning.mend,
            )


def show(problems: Iterable[Problem], manifests: Manifests) -> None:
    """Print problems on stderr, each with its line."""
    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    sources = diagnostics.Sources(texts=manifests.source.texts)
    for each in diagnostics.in_order(problems):
        click.echo(diagnostics.as_text(each, sources, colours=colours), err=True, color=colours)
