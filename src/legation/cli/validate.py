"""`legation validate`: what a server would say of objects, and of bootstraps, before anybody serves them."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from legation.cli import options, where
from legation.cli.where import Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from legation.model.objects import Place
    from legation.model.problems import Problem

_NO_PODS_KNOWN = "no-pods-known"
_UNREADABLE = frozenset({"yaml-syntax", "bad-key", "json-syntax"})


@click.command(short_help="Say what is wrong with manifests and bootstraps.")
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors alone.")
@options.output("text", "json", "yaml", "github")
@where.objects(judged=True)
def validate(where: Where, output: str, *, strict: bool, quiet: bool) -> None:
    """Check manifests and bootstraps as the server does, without one.

    FILES are files, folders and - for standard input: objects as kubectl has them, files that Envoy reads itself, and
    bootstraps. Exit status: 0 fine, 1 errors (with --strict warnings too), 2 something cannot be read.
    """
    from legation.cli import diagnostics, judged_files
    from legation.cli.where import read
    from legation.model.objects import Place
    from legation.model.problems import Level
    from legation.runtime import envoy_files
    from legation.runtime.loose_config_maps import WITHOUT_HOST, check_loose, split_in_files

    judge = judged_files.judge_of(where.settings)
    found = read(where, judge=judge)
    problems, others = _sorted_out([_of_template(each, found.texts) for each in found.problems])
    if not where.of_cluster:
        # No file tells which Pods are ready.
        problems = [each for each in problems if each.code != _NO_PODS_KNOWN]
    in_files = split_in_files(found.heard.objects)
    problems = [each for each in problems if not (each.code == WITHOUT_HOST and each.object in in_files)]
    loose = _unless_it_fails(partial(check_loose, found.heard.objects), place=None)
    problems += [replace(each, place=found.source.locate(each.place, each.path)) for each in loose]
    for name, text in found.aside.items():
        problems += _unless_it_fails(partial(envoy_files.check, name, text), place=Place(name))
    if judge is not None:
        problems += _unless_it_fails(partial(judged_files.judged, found.aside, judge), place=None)
    failing = [each for each in problems if strict or each.level is Level.ERROR]
    shown = diagnostics.in_order(failing if quiet else problems)
    _show(shown, output, found.texts)
    checked, what = (len(found.heard.objects), "object") if where.of_cluster else (len(found.texts), "file")
    click.echo(diagnostics.summary(shown, checked=checked, what=what, left_out=others), err=True)
    if failing:
        sys.exit(1)


def _unless_it_fails(check: Callable[[], Iterable[Problem]], *, place: Place | None) -> list[Problem]:
    """Return what is found, or that this program failed at it: all the rest is told nevertheless."""
    from legation.model.problems import own_fault
    from legation.runtime.problem_log import log_fault

    try:
        return list(check())
    except Exception as error:  # noqa: BLE001 - a fault of this program in one file must not hide what is wrong in others
        log_fault(error)
    return [own_fault("on this", mend="report it", place=place)]


def _of_template(problem: Problem, texts: Mapping[str, str]) -> Problem:
    """Return a problem of a text that cannot be read with a better mend, where that is what Helm makes manifests of."""
    from legation.texts.excerpt import lines_of

    place = problem.place
    if problem.code not in _UNREADABLE or place is None or not place.line > 0:
        return problem
    line = lines_of(texts.get(place.file, ""))[place.line - 1 : place.line]
    if not line or "{{" not in line[0]:
        return problem
    return replace(
        problem, mend="this is a template: give what it renders, as in `helm template . | legation validate -`"
    )


def _sorted_out(problems: Sequence[Problem]) -> tuple[list[Problem], Sequence[str]]:
    """Return what is to be told, and the kinds of the objects that are for other programs than Envoy.

    Among manifests of a cluster those are most. Where a server reads a directory it tells of each of them; where it
    reads a cluster it never sees them.
    """
    from legation.translate.pipeline import is_misspelt

    others = {
        each.object: each
        for each in problems
        if each.code == "unknown-kind" and each.object is not None and not is_misspelt(each.object)
    }
    left = set(others.values())
    return [each for each in problems if each not in left], [key.kind for key in others]


def _show(problems: Sequence[Problem], output: str, texts: Mapping[str, str]) -> None:
    from legation.cli import diagnostics, printing

    if output == "text":
        colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        sources = diagnostics.Sources(texts=texts)
        for each in problems:
            click.echo(diagnostics.as_text(each, sources, colours=colours), color=colours)
    elif output == "github":
        for each in problems:
            click.echo(diagnostics.as_annotation(each))
    else:
        value = {"problems": [diagnostics.as_value(each) for each in problems]}
        click.echo(printing.in_form(value, output), nl=False)
