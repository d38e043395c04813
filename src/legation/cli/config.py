"""`legation config`: what one Envoy was sent, and what it says that it has."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from legation.cli import options
from legation.cli.printing import printable

if TYPE_CHECKING:
    from legation.cli.answers import Live
    from legation.cli.held import Held

_SHOWN_NODES = 5


@click.command(short_help="What an Envoy was sent, and what it has.")
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
    from legation.cli import config_text
    from legation.cli.answers import Live
    from legation.cli.type_names import asked_type

    rows = [asked_type(each) for each in types]
    compares = envoy_admin is not None or config_dump is not None
    found = _sent(Live(admin), node, rows, content=compares or show is not None or output != "table")
    if show is not None:
        found = [each for each in found if each["name"] == show]
        if not found:
            click.echo(f"{node} was sent nothing of the name {show}", err=True)
            sys.exit(1)
    if not compares:
        config_text.print_sent(node, found, output, whole=show is not None)
        return
    compared = _compared(found, envoy_admin, config_dump, set(rows), show)
    config_text.print_compared(compared, output)
    if any(each.differs for each in compared):
        sys.exit(1)


def _sent(live: Live, node: str, types: list[str], *, content: bool) -> list[dict[str, Any]]:
    asked = [("node", node), *(("type", each) for each in types), *((("config", "1"),) if content else ())]
    answer = live.records("/sent", "sent", *asked)
    envoys = [each["envoy"] for each in answer if "envoy" in each]
    if not envoys:
        click.echo(printable(_missing(live, node)), err=True)
        sys.exit(1)
    first = envoys[0]
    if len(envoys) > 1:
        click.echo(f"{len(envoys)} Envoys say that they are {node}; this is the one at {first['address']}", err=True)
    if first["waits"]:
        click.echo(f"{node} is told nothing yet: {first['group']}", err=True)
    return [each for each in answer if "envoy" not in each and each["address"] == first["address"]]


def _missing(live: Live, node: str) -> str:
    connected = live.records("/proxies", "proxies")
    for each in connected:
        if each.get("node") == node and each.get("replica"):
            return f"{node} is connected to the replica {each['replica']}: ask that one, with --admin"
    if not connected:
        return f"no Envoy with the node id {node} is connected, and no other"
    names = list(dict.fromkeys(each["node"] for each in connected))
    more = f" and {len(names) - _SHOWN_NODES} more" if len(names) > _SHOWN_NODES else ""
    return f"no Envoy with the node id {node} is connected; there are {', '.join(names[:_SHOWN_NODES])}{more}"


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
