"""`legation proxies`: what each connected Envoy was sent, accepted and refused, or its load, as a table; once or on."""

from __future__ import annotations

import sys
from typing import Any

import click

from legation.cli import options, printing

_PIPE_WIDTH = 240
"""Columns where no terminal says how many it has."""


@click.command(short_help="Which Envoys are connected, and what each has.")
@options.admin
@click.option("--loads", is_flag=True, help="Show the load that each sends to its clusters, if it reports it (LRS).")
@click.option("--denied", is_flag=True, help="Show who has lately not proven to be who it says it is, and why.")
@click.option("--watch", is_flag=True, help="Go on, and show what changes: a line for each where this is no terminal.")
@options.output("table", "json", "yaml")
def proxies(admin: str | None, output: str, *, loads: bool, denied: bool, watch: bool) -> None:
    """Show what each Envoy was sent, accepted (since when) and refused, and why."""
    from legation.cli.answers import Live

    server = Live(admin)
    if watch:
        if output != "table" or loads or denied:
            raise click.UsageError("--watch shows a table, or lines: leave --output, --loads and --denied out")
        from legation.cli.proxy_watch import watch as watch_on

        watch_on(lambda: server.page("/proxies"))
        return
    answer = server.page("/proxies")
    if output != "table":
        click.echo(printing.in_form(answer, output), nl=False)
        return
    if denied:
        _show_denied(answer.get("denied", []))
        _show_replicas(answer)
        return
    if not answer["proxies"]:
        click.echo("no Envoy is connected")
        _show_replicas(answer)
        _show_turned_away(answer["turned_away"])
        _count_denied(answer.get("denied", []))
        return
    from rich.console import Console

    from legation.cli.proxy_table import load_table, table

    if loads and not any(each["loads"] for each in answer["proxies"]):
        click.echo("no Envoy reports its load; `legation bootstrap --loads` prints a bootstrap of one that does")
        _show_replicas(answer)
        return
    shown = load_table(answer["proxies"]) if loads else table(answer["proxies"])
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(shown)
    _show_replicas(answer)
    if not loads:
        _show_turned_away(answer["turned_away"])
        _count_denied(answer.get("denied", []))


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


def _show_denied(denied: list[dict[str, Any]]) -> None:
    """Show who was refused for what it has proven, or would have been."""
    if not denied:
        click.echo("no client was refused for its identity lately")
    for each in denied:
        when = "would be denied" if each["served"] else f"denied {each['ago']:.0f} s ago"
        times = "" if each["times"] == 1 else f" ({each['times']} times)"
        who = f"{each['node'] or 'no node'} at {each['address']}, which showed {each['proof']}"
        line = f"{when}{times}: {who}: {each['cause']}: {each['status']}: {each['reason']}"
        click.echo(printing.printable(line))


def _count_denied(denied: list[dict[str, Any]]) -> None:
    refused = sum(not each["served"] for each in denied)
    reported = len(denied) - refused
    if refused:
        click.echo(f"denied for their identity lately: {refused}; see them with --denied")
    if reported:
        click.echo(f"served, and denied if identities were enforced: {reported}; see them with --denied")
