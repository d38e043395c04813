"""`legation render`: what a node would get of these objects, without a server; or what it gets of one that runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from legation.cli import options, printing, where
from legation.cli.where import Where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from legation.model.problems import Problem

Resources = dict[str, list[dict[str, Any]]]


@click.command(short_help="What an Envoy would get.")
@options.node
@options.labels
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Print this type alone; may be given many times.")
@options.admin_access
@click.option("--admin", metavar="HOST:PORT", help="Ask the running server with this admin port.")
@options.output("yaml", "json")
@where.objects(required=False)
def render(
    where: Where | None,
    *,
    node_id: str,
    labels: dict[str, str],
    types: tuple[str, ...],
    admin: str | None,
    output: str,
) -> None:
    """Print what an Envoy would get, by type.

    FILES are files, folders and - for standard input. Problems go to stderr; the exit status is 1 if one of them is an
    error, and 2 if something cannot be read.
    """
    if (where is None) is (admin is None):
        raise click.UsageError(
            "where are the objects? Name files or folders, - for standard input, or write --kubernetes or --admin"
            if where is None
            else "--admin asks a running server: leave it out, or FILES and --kubernetes"
        )
    from legation.cli.type_names import asked_type

    wanted = [asked_type(each) for each in types]
    if where is None:
        resources, failed = _asked(admin, node_id, labels), False
    else:
        resources, failed = _rendered(where, node_id, labels)
    chosen = {name: each for name, each in resources.items() if not wanted or name in wanted}
    click.echo(printing.in_form(chosen, output), nl=False)
    if failed:
        sys.exit(1)


def _asked(admin: str | None, node_id: str, labels: Mapping[str, str]) -> Resources:
    """Return what a running server says that the node gets."""
    from legation.cli.answers import Live

    told = (("label", f"{key}={value}") for key, value in labels.items())
    found: Resources = {}
    for each in Live(admin).records("/resources", "resources", ("node", node_id), *told):
        found.setdefault(each["type"], []).append(each["json"])
    return found


def _rendered(where: Where, node_id: str, labels: Mapping[str, str]) -> tuple[Resources, bool]:
    """Return what the node would get, and whether an object is broken; tell the problems."""
    from legation.cli.rendering import of_node
    from legation.cli.where import read
    from legation.envoy import codec
    from legation.model.problems import Level

    found = read(where)
    _tell(found.problems, found.texts)
    snapshot = of_node(found.served, node_id=node_id, labels=labels)
    resources = {
        row.name: [dict(codec.to_json(resource)) for resource in collection]
        for row, collection in snapshot.collections.items()
        if len(collection)
    }
    return resources, any(problem.level is Level.ERROR for problem in found.problems)


def _tell(problems: Sequence[Problem], texts: Mapping[str, str]) -> None:
    from legation.cli import diagnostics

    sources = diagnostics.Sources(texts=texts)
    for each in diagnostics.in_order(problems):
        click.echo(diagnostics.as_text(each, sources), err=True)
