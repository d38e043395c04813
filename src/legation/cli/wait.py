"""`legation wait`: until the Envoys have accepted what objects make."""

from __future__ import annotations

import click

from legation.cli import api_options, options
from legation.cli.api_options import Duration
from legation.cli.kind_words import KindWord


@click.command(short_help="Wait until Envoys have accepted objects.")
@click.argument("words", nargs=-1, type=KindWord(), metavar="[KIND/NAME]...")
@click.option("--timeout", type=Duration(), default="30s", show_default=True, metavar="DURATION", help="How long.")
@click.option("--node", "node_ids", multiple=True, metavar="ID", help="Only this Envoy; may be given many times.")
@options.labels
@click.option("--at-least", type=click.IntRange(min=0), default=0, metavar="N", help="Wait for so many Envoys.")
@api_options.namespace
@options.output("text", "json", "yaml")
@api_options.server
def wait(
    *,
    words: tuple[str, ...],
    timeout: float,
    node_ids: tuple[str, ...],
    labels: dict[str, str],
    at_least: int,
    namespace: str,
    output: str,
    server: str | None,
) -> None:
    """Wait until every Envoy has accepted what these objects make, or all there is; say who has and who has not.

    With --node, --label and --at-least you say which Envoys count; without objects, -n does, too. Exit status: 0 all
    have accepted it, 1 one refuses it, did not answer in time, or something is wrong with the objects, 2 nobody is
    there.
    """
    from legation.cli import accepted, kind_words

    objects = [kind_words.read_reference(each, namespace=namespace) for each in words]
    with api_options.connected(server) as client:
        accepted.wait(
            client,
            objects,
            timeout=timeout,
            node_ids=node_ids,
            namespace="" if words else namespace,
            labels=labels,
            at_least=at_least,
            output=output,
        )
