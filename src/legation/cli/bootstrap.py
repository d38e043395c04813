"""`legation bootstrap`: the bootstrap of an Envoy that is to be served by us."""

from __future__ import annotations

import click

from legation.cli import options, printing


@click.command()
@options.node
@options.labels
@click.option("--cluster", default="legation", show_default=True, metavar="NAME", help="The node's cluster.")
@click.option("--xds", metavar="HOST:PORT", help="Where the server is.  [default: localhost:18000]")
@click.option("--delta/--sotw", default=True, help="Ask for changes alone, or for everything.  [default: --delta]")
@click.option(
    "--admin-port", default=0, show_default=True, metavar="PORT", help="Envoy's own admin port; 0 takes any free one."
)
@options.output("yaml", "json")
def bootstrap(
    *, node_id: str, labels: dict[str, str], cluster: str, xds: str | None, delta: bool, admin_port: int, output: str
) -> None:
    """Print a bootstrap: what `envoy -c FILE` needs to be served."""
    from legation.envoy.bootstrap import bootstrap as make

    made = make(
        node_id=node_id,
        labels=labels,
        cluster=cluster,
        xds_address=options.address(xds, option="--xds") if xds else ("localhost", options.given_settings().xds_port),
        variant="delta" if delta else "sotw",
        admin_port=admin_port,
    )
    click.echo(printing.to_json(made) if output == "json" else printing.to_yaml(made), nl=False)
