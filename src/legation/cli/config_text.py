"""What an Envoy was sent, and how that differs from what it has, as people read it and as programs do."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from legation.cli import printing
from legation.cli.printing import printable, short_version

if TYPE_CHECKING:
    from legation.cli.held import Held

_PIPE_WIDTH = 240
_SHOWN_FIELDS = 20


def print_sent(node: str, found: list[dict[str, Any]], output: str, *, whole: bool) -> None:
    """Print what an Envoy was sent: a table, what its resources are (`whole`), or all of it for programs."""
    if output != "table":
        value = {"node": node, "sent": found}
        click.echo(printing.in_form(value, output), nl=False)
    elif whole:
        for number, each in enumerate(found):
            if number:
                click.echo("---")
            click.echo(printable(f"# {each['type']} {each['name']}, version {each['accepted'] or each['sent']}"))
            click.echo(printing.to_yaml(each["json"]), nl=False)
    elif not found:
        click.echo(f"{node} was sent nothing")
    else:
        _table(found)


def _table(found: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from legation.cli.proxy_table import span

    made = Table("type", "name", "version", "state", "since", "object", box=box.SIMPLE)
    for each in found:
        version = each["accepted"] or each["sent"] or each["version"] or ""
        row = (each["type"], each["name"], short_version(version), _state(each), span(each["since"]), _object(each))
        made.add_row(*(Text(printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(made)


def _state(record: dict[str, Any]) -> str:
    newest = short_version(record["version"] or "")
    match record["state"]:
        case "refused":
            return f"refuses {newest}: {record['reason']}"
        case "waiting":
            return f"waits for {newest}"
        case "leaving":
            return "is to go"
    return "accepted"


def _object(record: dict[str, Any]) -> str:
    from legation.cli.answers import shown_place

    place = shown_place(record)
    return f"{record['object'] or ''}{f' ({place})' if place else ''}"


def print_compared(compared: list[Held], output: str) -> None:
    """Print what an Envoy has beside what it was sent."""
    if output != "table":
        value = {"resources": [_value(each) for each in compared]}
        click.echo(printing.in_form(value, output), nl=False)
        return
    for each in compared:
        for line in _lines(each):
            click.echo(printable(line))
    counts = Counter(each.holding.value for each in compared)
    click.echo(", ".join(f"{number} {what}" for what, number in counts.items()) or "nothing was sent, nothing is there")


def _lines(each: Held) -> Iterator[str]:
    from legation.cli.diff_text import shown_value
    from legation.cli.held import Holding
    from legation.cli.type_names import shown
    from legation.model.objects import show_path

    what = f'{shown(each.type)} "{each.name}"'
    unsettled = [state for state in each.states if state != "active"]
    if each.holding is Holding.ONLY_HERE:
        yield f"- {what}: Envoy does not have it{_why(each)}"
    elif each.holding is Holding.ONLY_THERE:
        yield f"+ {what}: Envoy has it, and not from this server"
    elif each.holding is Holding.DIFFERENT:
        yield f"~ {what} differs{_why(each)}:"
        for change in each.fields[:_SHOWN_FIELDS]:
            sent, there = shown_value(change.old), shown_value(change.new)
            yield f"    {show_path(change.path)}: sent {sent}, there {there}"
        if len(each.fields) > _SHOWN_FIELDS:
            yield f"    and {len(each.fields) - _SHOWN_FIELDS} more"
    elif unsettled:
        yield f"  {what} is {', '.join(unsettled)}"
    if each.refuses and each.holding is Holding.SAME and each.sent is not None:
        yield f"! {what} is the version before: Envoy {_state(each.sent)}"
    elif each.details and not each.refuses:
        yield f"! {what}: Envoy refused a version of it: {each.details}"


def _why(each: Held) -> str:
    if each.sent is None or each.sent["state"] == "accepted":
        return ""
    return f" ({_state(each.sent)})"


def _value(each: Held) -> dict[str, Any]:
    from legation.cli.differences import ABSENT
    from legation.model.objects import show_path

    return {
        "type": each.type,
        "name": each.name,
        "holding": each.holding.value,
        "states": list(each.states),
        "details": each.details,
        "state": each.sent["state"] if each.sent else None,
        "version": each.sent["accepted"] if each.sent else None,
        "fields": [
            {
                "path": show_path(change.path),
                "sent": None if change.old is ABSENT else change.old,
                "there": None if change.new is ABSENT else change.new,
            }
            for change in each.fields
        ],
    }
