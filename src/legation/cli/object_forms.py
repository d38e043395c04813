"""Objects for programs: names, YAML or JSON, as `kubectl get` has them; and that there are none, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from legation.cli import printing

if TYPE_CHECKING:
    from legation.client import StoredObject


def show(found: Sequence[StoredObject], output: str, *, alone: bool = False) -> None:
    """Print objects.

    Args:
        found: The objects.
        output: `name`, `yaml` or `json`.
        alone: Whether one is printed as it is, because it was asked for by name; else it is a list of one.
    """
    if output == "name":
        for each in found:
            click.echo(printing.printable(str(each.object)))
        return
    value = {"apiVersion": "v1", "kind": "List", "items": [each.manifest for each in found]}
    click.echo(printing.in_form(found[0].manifest if alone and len(found) == 1 else value, output), nl=False)


def tell_none(what: str, namespace: str) -> None:
    """Say that there are none in a namespace, or in all."""
    click.echo(f"no {what}" + (f" in the namespace {namespace} (-A for all)" if namespace else ""), err=True)
