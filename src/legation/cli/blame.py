"""`legation blame`: from a resource to its object, file and line; from an object to its resources; and who has them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from legation.cli import options, printing, where
from legation.cli.where import Where

if TYPE_CHECKING:
    from legation.cli.answers import Answers


@click.command(short_help="From a resource to its object and line, and back; who has it.")
@click.argument("target")
@options.admin_access
@click.option("--admin", metavar="HOST:PORT", help="The admin port of the running server, which is asked by default.")
@options.output("text", "json", "yaml")
@where.objects(required=False)
def blame(where: Where | None, *, target: str, admin: str | None, output: str) -> None:
    """Show where a resource comes from and which Envoys have it, or what is made of an object.

    TARGET is a resource (cluster/web, or the two words: listener http) or an object ("Cluster shop/web"). With FILES or
    --kubernetes these are read, and no server is asked. Exit status: 0 found, 1 there is none, 2 something cannot be
    read.
    """
    words, place = _split(target, where)
    if place is not None and admin is not None:
        raise click.UsageError("--admin asks a running server: leave it out, or FILES and --kubernetes")
    answers = _answers(place, admin)
    found = _found(words, answers)
    if output != "text":
        value = {"blame": found}
        click.echo(printing.in_form(value, output), nl=False)
    for each in found if output == "text" else ():
        for line in _lines(each, live=place is None):
            click.echo(printing.printable(line))
    silent = _silent(answers)
    if silent:
        click.echo(printing.printable(silent), err=output != "text")
    if not found:
        click.echo(printing.printable(f"nobody has {' '.join(words)}{_instead(words, answers)}"), err=True)
        sys.exit(1)


def _split(target: str, where: Where | None) -> tuple[tuple[str, str], Where | None]:
    """Return the two words that tell what is meant, and where to look."""
    for separator in (" ", "/"):
        first, found, second = target.strip().partition(separator)
        if found and first and second.strip():
            return (first, second.strip()), where
    if where is None or not where.paths:
        raise click.BadParameter(
            f"{target!r} names nothing: write cluster/web, or 'Cluster shop/web' for an object", param_hint="'TARGET'"
        )
    name, *paths = where.paths
    return (target, name), replace(where, paths=tuple(paths)) if paths else None


def _answers(place: Where | None, admin: str | None) -> Answers:
    if place is None:
        from legation.cli.answers import Live

        return Live(admin)
    from legation.cli.offline import Offline
    from legation.cli.where import read

    return Offline(read(place).served)


def _found(words: tuple[str, str], answers: Answers) -> list[dict[str, Any]]:
    """Return the resources of that name; where there is none, the objects."""
    from legation.model.resource_types import named

    row = named(words[0])
    found = answers.blame_resource(row.name, words[1]) if row is not None else []
    return found or answers.blame_object(" ".join(words))


def _instead(words: tuple[str, str], answers: Answers) -> str:
    """Return what may have been meant, where nothing was found; empty where nobody can tell."""
    import difflib

    from legation.model.resource_types import named
    from legation.translate.pipeline import STEPS

    what, name = words
    if (row := named(what)) is not None:
        near = difflib.get_close_matches(
            name, {each["name"] for each in answers.resources() if each["type"] == row.name}
        )
        return f"; did you mean {', '.join(near)}?" if near else ""
    if what.casefold() in {kind.casefold() for step in STEPS for _, kind in step.kinds}:
        return ""
    return f": {what!r} is no type and no kind; write cluster/web, or 'Cluster shop/web' for an object"


def _silent(answers: Answers) -> str:
    """Return which replicas did not tell what their Envoys have; empty where all did."""
    replicas = getattr(answers, "replicas", None)
    if not replicas or not replicas["silent"]:
        return ""
    silent = ", ".join(replicas["silent"])
    return f"{replicas['answered']} of {replicas['asked']} replicas answered; silent: {silent}"


def _lines(found: dict[str, Any], *, live: bool) -> Iterator[str]:
    if "blamed" not in found:
        yield from _resource(found, live=live)
        return
    yield f"{found['object']}{_place(found)}"
    if not found["served"] and not found["blamed"]:
        yield "  is broken, or waits for its verdict"
    elif not found["blamed"]:
        yield "  makes nothing"
    for each in found["blamed"]:
        own = each["object"] == found["object"]
        first, *more = _resource(each, live=live)
        yield f"  {'makes' if own else 'amends'} {first}"
        yield from (f"  {line}" for line in more)


def _resource(found: dict[str, Any], *, live: bool) -> Iterator[str]:
    from legation.cli.type_names import shown

    what = f'{shown(found["type"])} "{found["name"]}"'
    if found["version"] is None:
        yield f"{what} is made by no object any more"
    else:
        of_it = f"{found['object']}{_place(found)}" if found["object"] else "no object"
        labels = ",".join(f"{key}={value}" for key, value in found["labels"].items())
        for_whom = f" for {found['namespace']}/{labels}" if labels else ""
        yield f"{what}{for_whom} -> {of_it}; version {printing.short_version(found['version'])}"
    if found["stale"]:
        yield "  an earlier version of the object: the newest is broken, or waits for its verdict"
    if found["amended_by"]:
        yield f"  amended by {', '.join(found['amended_by'])}"
    if found["made_of"]:
        yield f"  made of {', '.join(found['made_of'])}"
    if live:
        yield from _envoys(found["envoys"], found["version"])


def _envoys(envoys: dict[str, Any], version: str | None) -> Iterator[str]:
    concerned, accepted, refused = envoys["concerned"], envoys["accepted"], envoys["refused"]
    if version is None:
        yield f"  {printing.count(concerned, 'Envoy')} still {_has(concerned)} it"
        return
    if not concerned:
        yield "  no Envoy asks for it"
        return
    told = f"  {accepted} of {printing.count(concerned, 'Envoy')} {_has(concerned)} it"
    if refused:
        told += f"; {refused} refuse{'s' if refused == 1 else ''} it"
    if waiting := concerned - accepted - refused:
        told += f"; {waiting} wait{'s' if waiting == 1 else ''} for it"
    yield told
    for each in envoys["refusals"]:
        yield f"  refused by {each['node']}: {each['reason']}"
    older = {each: count for each, count in envoys["versions"].items() if each and each != version}
    for each, count in older.items():
        yield f"  {printing.count(count, 'Envoy')} still {_has(count)} version {printing.short_version(each)}"
    if envoys["behind"] and not envoys["refusals"]:
        yield f"  not yet at {', '.join(envoys['behind'])}"


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def _place(found: dict[str, Any]) -> str:
    if not found["file"]:
        return ""
    return f" ({found['file']}:{found['line']})" if found["line"] else f" ({found['file']})"
