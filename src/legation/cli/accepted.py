"""Waiting until Envoys have accepted something, and saying who has, who refuses it and why, and who did not answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from legation.cli.printing import count, in_form, printable

if TYPE_CHECKING:
    from legation.client import Acceptance, Client, Reference

_SHOWN = 10
"""Node ids in one line."""


def wait(
    client: Client,
    objects: Sequence[Reference],
    *,
    timeout: float,
    node_ids: Sequence[str] = (),
    namespace: str = "",
    labels: Mapping[str, str] | None = None,
    at_least: int = 0,
    output: str = "text",
) -> None:
    """Wait, say what came of it, and exit with 1 if something is in the way."""
    found = client.wait_accepted(
        *objects, node_ids=node_ids, namespace=namespace, labels=labels, at_least=at_least, timeout=timeout
    )
    if output == "text":
        for line in lines(found, timeout=timeout, at_least=at_least):
            click.echo(printable(line))
    else:
        click.echo(in_form(as_value(found), output), nl=False)
    if not found:
        sys.exit(1)


def lines(found: Acceptance, *, timeout: float, at_least: int = 0) -> Iterator[str]:
    """Yield the lines that a person reads."""
    if found.accepted_by:
        yield f"accepted by {count(len(found.accepted_by), 'Envoy')}: {_names(found.accepted_by)}"
    elif found.accepted:
        yield "no Envoy is connected that gets it"
    for refusal in found.refusals:
        yield f"refused by {refusal.node}: {refusal.type} {refusal.name}: {refusal.words}"
    if found.waiting:
        yield f"no answer within {timeout:g} s from {count(len(found.waiting), 'Envoy')}: {_names(found.waiting)}"
    for problem in found.problems:
        yield f"{problem.level}: {problem}"
    if not (found.accepted or found.refusals or found.waiting or found.problems):
        yield f"fewer than {count(at_least, 'Envoy')} answered within {timeout:g} s"


def _names(nodes: Sequence[str]) -> str:
    more = len(nodes) - _SHOWN
    return ", ".join(sorted(nodes)[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def as_value(found: Acceptance) -> dict[str, object]:
    """Return it for machines."""
    return {
        "accepted": found.accepted,
        "accepted_by": list(found.accepted_by),
        "refusals": [
            {"node": each.node, "type": each.type, "name": each.name, "words": each.words} for each in found.refusals
        ],
        "waiting": list(found.waiting),
        "problems": [
            {
                "level": each.level,
                "code": each.code,
                "message": each.message,
                "object": str(each.object or ""),
                "path": each.path,
                "mend": each.mend,
                "place": each.place,
            }
            for each in found.problems
        ],
    }
