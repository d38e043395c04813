"""`legation delete`: objects out of the running server, all of them or none."""

from __future__ import annotations

import sys

import click

from legation.cli import api_options
from legation.cli.api_options import Waiting
from legation.cli.kind_words import KindWord


@click.command(cls=Waiting, short_help="Delete objects of the running server.")
@click.argument("words", nargs=-1, type=KindWord(), metavar="[KIND NAME... | KIND/NAME...]")
@click.option(
    "-f",
    "--filename",
    "paths",
    multiple=True,
    type=click.Path(allow_dash=True),
    metavar="FILE|DIR|-",
    help="Delete the objects that stand there; may be given many times.",
)
@api_options.namespace
@click.option("--ignore-not-found", is_flag=True, help="Do not mind those that are not there.")
@api_options.dry_run
@api_options.wait
@api_options.server
def delete(
    *,
    words: tuple[str, ...],
    paths: tuple[str, ...],
    namespace: str,
    ignore_not_found: bool,
    dry_run: bool,
    wait: float | None,
    server: str | None,
) -> None:
    """Delete objects of the running server, through its management API: all of them or none.

    Exit status: 0 deleted, 1 refused, not there, or (with --wait) still at an Envoy, 2 nobody is there.
    """
    from legation.cli import kind_words, outcomes
    from legation.client import Reference

    if bool(words) == bool(paths):
        raise click.UsageError("what is to be deleted? Write KIND NAME, KIND/NAME or -f FILE")
    if words:
        objects = kind_words.read_references(words, namespace=namespace)
    else:
        from legation.cli import manifest_files, refusals

        manifests = manifest_files.read(paths, namespace=namespace)
        if manifests.problems:
            refusals.show(manifests.problems, manifests)
            click.echo("nothing is deleted", err=True)
            sys.exit(1)
        objects = [
            Reference(each.key.kind, each.key.name, group=each.key.group, namespace=namespace or each.key.namespace)
            for each in manifests.objects
        ]
    with api_options.connected(server) as client:
        found = client.delete(*objects, dry_run=dry_run, missing_ok=ignore_not_found)
        outcomes.deleted(client, found, dry_run=dry_run, wait=wait)
