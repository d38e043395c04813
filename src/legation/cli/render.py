"""`legation render`: what a node would get from these manifests, without a server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from legation.cli import options, printing

if TYPE_CHECKING:
    from legation.model.snapshot import Snapshot


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@options.node
@options.labels
@options.l7mp_matching
@options.output("yaml", "json")
def render(path: Path, node_id: str, labels: dict[str, str], l7mp_matching: str, output: str) -> None:
    """Print what an Envoy would get from manifests, by type.

    PATH is a directory or one file. Problems go to stderr; the exit status is 1 if one of them is an error.
    """
    from legation.cli.matching import any_label
    from legation.cli.rendering import snapshot_for
    from legation.model.problems import Level
    from legation.runtime.admission import Rules

    rules = Rules(any_label=any_label(l7mp_matching))
    snapshot, problems = snapshot_for(path, node_id=node_id, labels=labels, rules=rules)
    for problem in problems:
        click.echo(printing.printable(f"{problem.level}: {problem}"), err=True)
    shown = printing.to_json if output == "json" else printing.to_yaml
    click.echo(shown(_resources(snapshot)), nl=False)
    if any(problem.level is Level.ERROR for problem in problems):
        sys.exit(1)


def _resources(snapshot: Snapshot) -> dict[str, list[dict[str, Any]]]:
    from legation.envoy import codec

    return {
        row.name: [dict(codec.to_json(resource)) for resource in collection]
        for row, collection in snapshot.collections.items()
        if len(collection)
    }
