"""`legation diff`: what would be another if these files were served: objects, resources, and for which Envoys."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from legation import settings
from legation.cli import options, printing
from legation.cli.where import OF_ALL, OF_THE_CLUSTER, Flags, Where, misplaced, with_settings

if TYPE_CHECKING:
    from legation.cli.offline import Offline

_FAILURE = 2


@click.command(short_help="What would change if these files were served.")
@click.argument("files", nargs=-1, required=True, type=click.Path(), metavar="FILES...")
@options.admin_access
@click.option(
    "--admin", metavar="HOST:PORT", help="Compare with the running server of this admin port; so it is by default."
)
@click.option("--kubernetes", is_flag=True, help="Compare with the objects of a cluster, read once.")
@click.option("--from", "old", multiple=True, type=click.Path(), metavar="OLD", help="Compare with these files.")
@options.output("text", "json", "yaml")
@with_settings(*OF_THE_CLUSTER, *OF_ALL)
def diff(
    *,
    files: tuple[str, ...],
    admin: str | None,
    kubernetes: bool,
    old: tuple[str, ...],
    flags: Flags,
    output: str,
) -> None:
    """Show what would be another if FILES were all objects there are: files, folders, - for standard input.

    By default with what the running server has; then it is told which Envoys would get what. Secrets are never shown:
    one that is another is told as such. Exit status: 0 no difference, 1 differences, 2 something cannot be read or an
    object of FILES is broken.
    """
    if sum((admin is not None, kubernetes, bool(old))) > 1:
        raise click.UsageError("compare with one thing: --admin, --kubernetes or --from")
    if not kubernetes and (flag := misplaced(flags)):
        raise click.UsageError(f"{flag} is about a cluster: add --kubernetes")
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
        click.echo(printing.in_form(value, output), nl=False)
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
        click.echo("nothing is compared: nobody knows what would become of a broken object", err=True)
        sys.exit(_FAILURE)
    return Offline(found.served)
