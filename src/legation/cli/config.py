"""`legation config`: what one Envoy was sent, and what it says that it has."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from legation.cli import options, printing
from legation.cli.printing import printable

if TYPE_CHECKING:
    from legation.cli.answers import Live
    from legation.cli.held import Held

_VERSION_SHOWN = 8
_PIPE_WIDTH = 240
_SHOWN_FIELDS = 20


@click.command()
@click.argument("node", metavar="NODE")
@options.admin
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Show this type alone; may be given many times.")
@click.option("--show", metavar="NAME", help="Print the configuration of the resources of this name.")
@click.option("--envoy-admin", metavar="URL", help="Compare with what the Envoy there has: http://... or unix:PATH.")
@click.option("--config-dump", type=click.Path(), metavar="FILE", help="Compare with a dump that was saved.")
@options.output("table", "json", "yaml")
def config(
    node: str,
    *,
    admin: str | None,
    types: tuple[str, ...],
    show: str | None,
    envoy_admin: str | None,
    config_dump: str | None,
    output: str,
) -> None:
    """Show what the Envoy of a node id was sent, and what became of it.

    With --envoy-admin or --config-dump also what it says that it has, and the difference: what only one side has, and
    fields that differ. What is static in its bootstrap is no difference. Exit status: 0 fine, 1 there is no such Envoy,
    or a difference, 2 something cannot be read.
    """
    if envoy_admin is not None and config_dump is not None:
        raise click.UsageError("compare with one thing: --envoy-admin or --config-dump")
    from legation.cli.answers import Live

    compares = envoy_admin is not None or config_dump is not None
    found = _sent(Live(admin), node, types, content=compares or show is not None or output != "table")
    if show is not None:
        found = [each for each in found if each["name"] == show]
        if not found:
            click.echo(f"{node} was sent nothing of the name {show}", err=True)
            sys.exit(1)
    if not compares:
        _print(node, found, output, whole=show is not None)
        return
    compared = _compared(found, envoy_admin, config_dump, {_type(each) for each in types}, show)
    _print_compared(compared, output)
    if any(each.differs for each in compared):
        sys.exit(1)


def _type(given: str) -> str:
    from legation.cli.type_names import type_of
    from legation.model.resource_types import BY_NAME

    row = type_of(given)
    if row is None:
        raise click.BadParameter(f"{given!r} is no type; the types are {', '.join(BY_NAME)}", param_hint="'--type'")
    return row.name


def _sent(live: Live, node: str, types: tuple[str, ...], *, content: bool) -> list[dict[str, Any]]:
    asked = [("node", node), *(("type", _type(each)) for each in types), *((("config", "1"),) if content else ())]
    answer = live.records("/sent", "sent", *asked)
    envoys = [each["envoy"] for each in answer if "envoy" in each]
    if not envoys:
        click.echo(_missing(live, node), err=True)
        sys.exit(1)
    first = envoys[0]
    if len(envoys) > 1:
        click.echo(f"{len(envoys)} Envoys say that they are {node}; this is the one at {first['address']}", err=True)
    if first["waits"]:
        click.echo(f"{node} is told nothing yet: {first['group']}", err=True)
    return [each for each in answer if "envoy" not in each and each["address"] == first["address"]]


def _missing(live: Live, node: str) -> str:
    for each in live.records("/proxies", "proxies"):
        if each.get("node") == node and each.get("replica"):
            return f"{node} is connected to the replica {each['replica']}: ask that one, with --admin"
    return f"no Envoy with the node id {node} is connected; legation proxies tells who is"


# What was sent


def _print(node: str, found: list[dict[str, Any]], output: str, *, whole: bool) -> None:
    if output != "table":
        value = {"node": node, "sent": found}
        click.echo(printing.to_json(value) if output == "json" else printing.to_yaml(value), nl=False)
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
        row = (each["type"], each["name"], version[:_VERSION_SHOWN], _state(each), span(each["since"]), _object(each))
        made.add_row(*(Text(printable(cell)) for cell in row))
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(made)


def _state(record: dict[str, Any]) -> str:
    newest = (record["version"] or "")[:_VERSION_SHOWN]
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


# What it has


def _compared(
    found: list[dict[str, Any]], url: str | None, file: str | None, types: set[str], name: str | None
) -> list[Held]:
    from legation.cli.envoy_admin import dump_of, saved_dump
    from legation.cli.held import held
    from legation.cli.where import Unreadable
    from legation.envoy.config_dump import NoDump, read_dump

    dump = dump_of(url) if url is not None else saved_dump(file or "")
    try:
        dumped = read_dump(dump)
    except NoDump as error:
        raise Unreadable(f"{url or file} is no dump of an Envoy: {error}") from error
    return [
        each
        for each in held(found, dumped)
        if (not types or each.type in types) and (name is None or each.name == name)
    ]


def _print_compared(compared: list[Held], output: str) -> None:
    if output != "table":
        value = {"resources": [_value(each) for each in compared]}
        click.echo(printing.to_json(value) if output == "json" else printing.to_yaml(value), nl=False)
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
