"""What became of objects, a line each as kubectl has it; and at the Envoys, for who waits for that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from legation.cli import accepted
from legation.model.node import DEFAULT_NAMESPACE

if TYPE_CHECKING:
    from legation.client import Applied, Client, Reference


def stored(client: Client, found: Sequence[Applied], *, dry_run: bool, wait: float | None) -> None:
    """Say what became of objects that were applied; exit with 1 if they are waited for and something is in the way.

    Args:
        client: Whom to ask about the Envoys.
        found: What became of each.
        dry_run: Whether nothing is stored.
        wait: How many seconds to wait for the Envoys; None: not at all.
    """
    _tell(((each.object, str(each.outcome)) for each in found), dry_run=dry_run)
    if wait is not None and not dry_run:
        accepted.wait(client, [each.object for each in found], timeout=wait)


def deleted(client: Client, found: Sequence[Reference], *, dry_run: bool, wait: float | None) -> None:
    """Say that objects are deleted; exit with 1 if that is waited for and something is in the way. See `stored`."""
    _tell(((each, "deleted") for each in found), dry_run=dry_run)
    if wait is not None and not dry_run:
        # The version that was deleted is not there to be waited for.
        accepted.wait(client, [replace(each, resource_version="") for each in found], timeout=wait)


def elsewhere(reference: Reference) -> str:
    """Return the words for a namespace that does not go without saying."""
    return "" if reference.namespace == DEFAULT_NAMESPACE else f" in {reference.namespace}"


def _tell(outcomes: Iterable[tuple[Reference, str]], *, dry_run: bool) -> None:
    for reference, outcome in outcomes:
        click.echo(f"{reference} {outcome}{elsewhere(reference)}" + (" (dry run)" if dry_run else ""))
