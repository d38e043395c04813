"""`legation proxies`: what each connected Envoy was sent, accepted and refused, or its load, as a table."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from legation.cli import options, printing

if TYPE_CHECKING:
    from rich.table import Table

_VERSION_SHOWN = 8
"""Characters of a version; enough to tell two apart."""
_REFUSED_SHOWN = 5
"""Refused resources of one type at one Envoy."""
_PIPE_WIDTH = 240
"""Columns where no terminal says how many it has."""


@click.command()
@options.admin
@click.option("--loads", is_flag=True, help="Show the load that each sends to its clusters, if it reports it (LRS).")
@options.output("table", "json")
def proxies(admin: str | None, output: str, *, loads: bool) -> None:
    """Show what each Envoy was sent, accepted and refused, and why."""
    from legation.cli.asking import ask

    answer = ask(admin, "/proxies")
    if output == "json":
        click.echo(printing.to_json(answer), nl=False)
        return
    if not answer["proxies"]:
        click.echo("no Envoy is connected")
        _show_replicas(answer)
        _show_turned_away(answer["turned_away"])
        return
    from rich.console import Console

    if loads and not any(each["loads"] for each in answer["proxies"]):
        click.echo("no Envoy reports its load; `legation bootstrap --loads` prints a bootstrap of one that does")
        _show_replicas(answer)
        return
    shown = load_table(answer["proxies"]) if loads else table(answer["proxies"])
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(shown)
    _show_replicas(answer)
    if not loads:
        _show_turned_away(answer["turned_away"])


def _show_replicas(answer: dict[str, Any]) -> None:
    """Say so where not all replicas have told which Envoys they have."""
    replicas = answer.get("replicas")
    if replicas and replicas["silent"]:
        silent = ", ".join(replicas["silent"])
        line = f"{replicas['answered']} of {replicas['asked']} replicas answered; silent: {silent}"
        click.echo(printing.printable(line))


def _show_turned_away(turned_away: list[dict[str, Any]]) -> None:
    for each in turned_away:
        times = "" if each["times"] == 1 else f" ({each['times']} times)"
        who = f"{each['node']} at {each['address']}"
        line = f"turned away {each['ago']:.0f} s ago{times}: {who}: {each['status']}: {each['reason']}"
        click.echo(printing.printable(line))


def load_table(connected: list[dict[str, Any]]) -> Table:
    """Return what the Envoys told of their load, the busiest cluster of each first."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table("Envoy", "group", "cluster", box=box.SIMPLE)
    for column in ("requests/s", "errors/s", "dropped/s", "in progress"):
        made.add_column(column, justify="right")
    for proxy in sorted(connected, key=lambda each: (each["node"], each["address"])):
        who = (proxy["node"], proxy["group"])
        for load in sorted(proxy["loads"], key=lambda each: (-each["requests_per_second"], each["cluster"])):
            rates = (load[f"{each}_per_second"] for each in ("requests", "errors", "dropped"))
            row = (*who, load["cluster"], *(f"{each:.1f}" for each in rates), str(load["in_progress"]))
            made.add_row(*(Text(printing.printable(each)) for each in row))
            who = ("", "")
    return made


def table(connected: list[dict[str, Any]]) -> Table:
    """Return what the admin port tells of the Envoys, with their addresses where node ids do not tell them apart."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    ambiguous = len({each["node"] for each in connected}) < len(connected)
    columns = ("Envoy", *(("address",) if ambiguous else ()), "group", "type", "sent", "accepted", "refused and why")
    made = Table(*columns, box=box.SIMPLE)
    for proxy in sorted(connected, key=lambda each: (each["node"], each["address"])):
        who = (proxy["node"], *((proxy["address"],) if ambiguous else ()), proxy["group"])
        for status in proxy["types"] or [{"type": "", "sent": "", "accepted": "", "refused": []}]:
            row = (*who, status["type"], _version(status["sent"]), _accepted(status), _refused(status))
            made.add_row(*(Text("\n".join(printing.printable(line) for line in each.split("\n"))) for each in row))
            who = ("",) * len(who)
    return made


def _version(version: str) -> str:
    return version[:_VERSION_SHOWN]


def _accepted(status: dict[str, Any]) -> str:
    waiting = status.get("pending_for")
    return _version(status["accepted"]) + (f" (waiting {waiting:.0f} s)" if waiting is not None else "")


def _refused(status: dict[str, Any]) -> str:
    lines = [
        ("perhaps " if each["together"] > 1 else "")
        + f"{each['name']} {_version(each['version'])}"
        + (f" of {each['object']}" if each["object"] else "")
        + f": {each['reason']}"
        + (f" (parked: {each['parked']})" if each.get("parked") else "")
        for each in status["refused"]
    ]
    more = len(lines) - _REFUSED_SHOWN
    return "\n".join([*lines[:_REFUSED_SHOWN], *([f"and {more} more"] if more > 0 else [])])
