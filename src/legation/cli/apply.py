"""`legation apply`: objects of files into the running server, all of them or none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from legation.cli import api_options
from legation.cli.api_options import Waiting

if TYPE_CHECKING:
    from legation.cli.manifest_files import Manifests
    from legation.client import Applied, Client


@click.command(cls=Waiting, short_help="Store objects in the running server.")
@click.option(
    "-f",
    "--filename",
    "paths",
    multiple=True,
    required=True,
    type=click.Path(allow_dash=True),
    metavar="FILE|DIR|-",
    help="What is stored; may be given many times.",
)
@api_options.namespace
@api_options.field_manager
@api_options.dry_run
@api_options.wait
@api_options.server
def apply(
    *,
    paths: tuple[str, ...],
    namespace: str,
    field_manager: str,
    force: bool,
    dry_run: bool,
    wait: float | None,
    server: str | None,
) -> None:
    """Store the objects of files in the running server, through its management API: all of them or none.

    Each object is the whole of what you want to own of it: a field that you leave out next time goes, unless somebody
    else owns it, too. Exit status: 0 stored, 1 refused, or (with --wait) not accepted by every Envoy, 2 something
    cannot be read, or nobody is there.
    """
    from legation.cli import manifest_files, outcomes

    manifests = manifest_files.read(paths, namespace=namespace)
    _stop_at_problems(manifests)
    if not manifests.objects:
        raise click.ClickException("there is no object in it: nothing is stored")
    with api_options.connected(server, field_manager=field_manager) as client:
        found = _apply(client, manifests, force=force, dry_run=dry_run)
        outcomes.stored(client, found, dry_run=dry_run, wait=wait)


def _apply(client: Client, manifests: Manifests, *, force: bool, dry_run: bool) -> tuple[Applied, ...]:
    from legation.cli import refusals
    from legation.client import Refused

    try:
        found = client.apply(*manifests.bodies, force=force, dry_run=dry_run)
    except Refused as error:
        problems = refusals.problems_of(error, manifests)
        if not problems:
            raise
        refusals.show(problems, manifests)
        click.echo("nothing is stored", err=True)
        sys.exit(1)
    refusals.show(refusals.warnings_of(found, manifests), manifests)
    return found


def _stop_at_problems(manifests: Manifests) -> None:
    if manifests.problems:
        from legation.cli import refusals

        refusals.show(manifests.problems, manifests)
        click.echo("nothing is stored", err=True)
        sys.exit(1)
