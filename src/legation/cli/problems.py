"""`legation problems`: what is wrong with the objects, as the running server sees it."""

from __future__ import annotations

import click

from legation.cli import options, printing


@click.command()
@options.admin
@options.output("text", "json")
def problems(admin: str | None, output: str) -> None:
    """Show what is wrong with the objects, and how to mend it."""
    from legation.cli.asking import ask

    answer = ask(admin, "/problems")
    if output == "json":
        click.echo(printing.to_json(answer), nl=False)
        return
    for each in answer["problems"]:
        click.echo(printing.printable(f"{each['level']}: {each['text']}"))
    if not answer["problems"]:
        click.echo("no problems")
