"""Following objects, problems and delivery: a line for each change, until somebody ends it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from legation.cli import object_table, outcomes, printing
from legation.cli.kind_words import KindName
from legation.client import ClientError, Compacted, Delivery, Event, ObjectChange, ProblemChange, Synced, Topic

if TYPE_CHECKING:
    from legation.client import Client, Reference

_WIDTHS = (24, 8, 5)
"""Of columns whose rows come one by one."""


def follow(client: Client, kind: KindName, *, name: str, namespace: str, output: str, secrets: bool) -> None:
    """Show objects, and then each that changes, until interrupted.

    Args:
        client: Whom to ask.
        kind: Of which kind.
        name: Of one object; empty for all.
        namespace: Empty for all.
        output: As for `legation get`.
        secrets: Whether to show them as they are.
    """
    widths = (*((9,) if not namespace else ()), *_WIDTHS)
    if output == "table":
        click.echo(object_table.aligned([object_table.head(namespaces=not namespace)], widths)[0])
    for event in _events(client, [Topic.OBJECTS], kind, name=name, namespace=namespace, secrets=secrets):
        if not isinstance(event, ObjectChange):
            continue
        stored = event.stored
        if output == "table":
            now = datetime.now(UTC)
            (row,) = object_table.rows([stored], now=now, namespaces=not namespace, kinds=not kind.kind)
            row = (*row[:-1], "deleted") if event.deleted else row
            _say(object_table.aligned([row], widths)[0])
        elif output == "name":
            _say(printing.printable(f"{stored.object}{' deleted' if event.deleted else ''}"))
        elif output == "json":
            _say(json.dumps({"type": "DELETED" if event.deleted else "PUT", "object": stored.manifest}))
        else:
            _say("---\n" + printing.to_yaml(stored.manifest).rstrip("\n"))


def tell(client: Client, topics: Sequence[Topic], kind: KindName, *, name: str, namespace: str, output: str) -> None:
    """Tell all that changes in words, a line each, until interrupted."""
    for event in _events(client, topics, kind, name=name, namespace=namespace, secrets=False):
        if output == "json":
            _say(json.dumps(as_value(event), ensure_ascii=False))
        elif line := words(event):
            now = datetime.now().astimezone().isoformat(timespec="seconds")
            _say(printing.printable(f"{now} {line}"))


def words(event: Event) -> str:
    """Return what an event says to a person; empty where it says nothing."""
    if isinstance(event, ObjectChange):
        version = event.stored.object.resource_version
        at = "" if event.deleted or not version else f" at version {version}"
        return f"{_who(event.stored.object)}: {'deleted' if event.deleted else 'stored'}{at}"
    if isinstance(event, ProblemChange):
        about = f"{_who(event.problem.object)}: " if event.problem.object else ""
        return f"{about}{event.problem.level if event.is_there else 'over'}: {event.problem.sentence}"
    if isinstance(event, Delivery):
        refused = "".join(f"; {each}" for each in event.refusals)
        return f"{_who(event.object)}: accepted by {event.accepted} of {printing.count(event.envoys, 'Envoy')}{refused}"
    return ""


def as_value(event: Event) -> dict[str, Any]:
    """Return an event for machines."""
    import dataclasses

    kinds = {ObjectChange: "object", ProblemChange: "problem", Delivery: "delivery", Synced: "synced"}
    return {"event": kinds[type(event)], **dataclasses.asdict(event)}


def _who(reference: Reference) -> str:
    return f"{reference}{outcomes.elsewhere(reference)}"


def _events(
    client: Client, topics: Sequence[Topic], kind: KindName, *, name: str, namespace: str, secrets: bool
) -> Iterator[Event]:
    """Yield events until interrupted; what is too old is begun anew."""
    try:
        while True:
            try:
                yield from client.watch(
                    *topics,
                    kind=kind.kind,
                    group=kind.group,
                    name=name,
                    namespace=namespace,
                    secrets=secrets,
                    lost=_lost,
                )
            except Compacted as error:
                click.echo(f"{error}: all is told anew", err=True)
    except KeyboardInterrupt:
        # That is how it ends.
        return


def _lost(error: ClientError) -> None:
    click.echo(f"{error}; it is tried again", err=True)


def _say(line: str) -> None:
    click.echo(line)
    sys.stdout.flush()
