"""`legation problems`: what is wrong with the objects, as the running server sees it."""

from __future__ import annotations

import click

from legation.cli import options, printing


@click.command(short_help="What is wrong with the objects that are served.")
@options.admin
@options.output("text", "json", "yaml")
def problems(admin: str | None, output: str) -> None:
    """Show what is wrong with the objects, and how to mend it."""
    from legation.cli.answers import Live

    answer = Live(admin).page("/problems")
    if output != "text":
        click.echo(printing.in_form(answer, output), nl=False)
        return
    for each in answer["problems"]:
        click.echo(printing.printable(f"{each['level']}: {each['text']}"))
    if not answer["problems"]:
        click.echo("no problems")
