"""`legation bootstrap`: the bootstrap of an Envoy that is to be served by us."""

from __future__ import annotations

import click

from legation.cli import options, printing


@click.command()
@options.node
@click.option("--cluster", default="legation", show_default=True, help="The Envoy's own cluster name.")
@click.option("--xds", metavar="HOST:PORT", help="Where the server is.  [default: localhost:18000]")
@click.option("--sotw/--delta", "sotw", default=False, help="State of the world, or changes alone.  [default: delta]")
@options.output("yaml", "json")
def bootstrap(node_id: str, cluster: str, xds: str | None, output: str, *, sotw: bool) -> None:
    """Print a bootstrap for an Envoy: `envoy -c <(legation bootstrap --node ID)`."""
    from legation.envoy.bootstrap import bootstrap as make

    found = options.given_settings()
    host, port = options.address(xds, option="--xds") if xds else (found.xds_bind, found.xds_port)
    made = make(node_id=node_id, cluster=cluster, host=host, port=port, delta=not sotw)
    shown = printing.to_json if output == "json" else printing.to_yaml
    click.echo(shown(made), nl=False)
