"""`legation diff`: what would be another if these files were served: objects, resources, and for which Envoys."""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from legation import settings
from legation.cli import options, printing
from legation.cli.where import OF_ALL, OF_THE_CLUSTER, Where

if TYPE_CHECKING:
    from collections.abc import Callable

    from legation.cli.offline import Offline

_FAILURE = 2


def _settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the settings that say which cluster, and what objects mean; it is called with `flags`."""

    @functools.wraps(command)
    def gathered(**kwargs: Any) -> None:
        flags = {name: kwargs.pop(name) for name in (*OF_THE_CLUSTER, *OF_ALL)}
        command(**kwargs, flags=flags)

    given: Any = gathered
    for name in reversed((*OF_THE_CLUSTER, *OF_ALL)):
        given = options.of_setting(settings.SERVE.by_name[name])(given)
    found: Callable[..., None] = given
    return found


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILES...")
@click.option("--admin", metavar="HOST:PORT", help="Compare with the running server there. [default]")
@click.option("--kubernetes", is_flag=True, help="Compare with the objects of a cluster, read once.")
@click.option("--from", "old", multiple=True, type=click.Path(), metavar="OLD", help="Compare with these files.")
@_settings
@options.output("text", "json", "yaml")
def diff(
    *,
    files: tuple[str, ...],
    admin: str | None,
    kubernetes: bool,
    old: tuple[str, ...],
    flags: dict[str, Any],
    output: str,
) -> None:
    """Show what would be another if FILES were all objects there are: files, folders, - for standard input.

    By default with what the running server has; then it is told which Envoys would get what. Secrets are never shown:
    one that is another is told as such. Exit status: 0 no difference, 1 differences, 2 something cannot be read or an
    object of FILES is broken.
    """
    if sum((admin is not None, kubernetes, bool(old))) > 1:
        raise click.UsageError("compare with one thing: --admin, --kubernetes or --from")
    misplaced = [name for name in OF_THE_CLUSTER if flags[name] is not None and not kubernetes]
    if misplaced:
        raise click.UsageError(f"{settings.SERVE.by_name[misplaced[0]].flag} is about a cluster: add --kubernetes")
    from legation.cli import diff_text
    from legation.cli.answers import Live
    from legation.cli.comparing import compare

    live = None if kubernetes or old else Live(admin)
    if live is not None:
        # What the server was told of what objects mean holds for the files, too.
        told = live.settings()
        flags |= {name: told.get(name) for name in OF_ALL if flags[name] is None}
    found = settings.load(settings.SERVE, flags=flags, environ=os.environ)
    before = live or _offline(Where(paths=old, settings=found), strict=False)
    after = _offline(Where(paths=files, settings=found))
    compared = compare(before, after)
    if output == "text":
        colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        for line in diff_text.lines(compared, before, after, colours=colours):
            click.echo(line, color=colours)
    else:
        value = diff_text.as_value(compared, before, after)
        click.echo(printing.to_json(value) if output == "json" else printing.to_yaml(value), nl=False)
    if compared.any:
        sys.exit(1)


def _offline(where: Where, *, strict: bool = True) -> Offline:
    """Read objects.

    Args:
        where: From where.
        strict: Whether a broken one ends it all: nobody can say what would become of it.
    """
    from legation.cli import diagnostics
    from legation.cli.offline import Offline
    from legation.cli.where import read
    from legation.model.problems import Level

    found = read(where)
    broken = [each for each in found.problems if each.level is Level.ERROR]
    if strict and broken:
        sources = diagnostics.Sources(texts=found.texts)
        for each in diagnostics.in_order(broken):
            click.echo(diagnostics.as_text(each, sources), err=True)
        sys.exit(_FAILURE)
    return Offline(found.served)
