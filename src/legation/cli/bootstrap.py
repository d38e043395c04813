"""`legation bootstrap`: the bootstrap of an Envoy that is to be served by us."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli import options, printing

if TYPE_CHECKING:
    from legation.envoy.bootstrap import Variant


@click.command(short_help="Print what an Envoy needs to be served.")
@options.node
@options.labels
@click.option("--cluster", default="legation", show_default=True, metavar="NAME", help="The node's cluster.")
@click.option("--xds", metavar="HOST:PORT", help="Where the server is.  [default: localhost:18000]")
@click.option("--delta", "variant", flag_value="delta", default=True, help="Ask for changes alone.  [default]")
@click.option("--sotw", "variant", flag_value="sotw", help="Ask for everything of a type (state of the world).")
@click.option("--rest", "variant", flag_value="rest", help="Poll over REST, from the port that --rest-port opened.")
@click.option(
    "--admin-port", default=0, show_default=True, metavar="PORT", help="Envoy's own admin port; 0 takes any free one."
)
@click.option("--loads", is_flag=True, help="Have it report the load that it sends to its clusters (LRS).")
@click.option(
    "--files", metavar="OUT", help="Read the files that `legation sync OUT --node ID` writes, with no server."
)
@click.option(
    "--layout", type=click.Choice(("rename", "symlink")), default="rename", show_default=True, help="Of --files."
)
@options.output("yaml", "json")
def bootstrap(
    *,
    node_id: str,
    labels: dict[str, str],
    cluster: str,
    xds: str | None,
    variant: Variant,
    admin_port: int,
    loads: bool,
    files: str | None,
    layout: str,
    output: str,
) -> None:
    """Print a bootstrap: what `envoy -c FILE` needs to be served."""
    if loads and variant == "rest":
        raise click.UsageError("load is reported over gRPC alone: leave --loads or --rest out")
    if files is not None and (xds is not None or loads or variant == "rest"):
        raise click.UsageError("who reads files asks no server: leave --xds, --rest and --loads out, or --files")
    if files is None and layout == "symlink":
        raise click.UsageError("--layout is about the files of --files OUT")
    from legation.envoy.bootstrap import bootstrap as make
    from legation.envoy.bootstrap import bootstrap_from_files

    if files is not None:
        out = str(Path(files).absolute())
        made = bootstrap_from_files(
            node_id=node_id,
            labels=labels,
            cluster=cluster,
            folder=f"{out}/current",
            watched_directory=out if layout == "symlink" else "",
            admin_port=admin_port,
        )
    else:
        made = make(
            node_id=node_id,
            labels=labels,
            cluster=cluster,
            xds_address=options.address(xds, option="--xds") if xds else ("localhost", _port(variant)),
            variant=variant,
            admin_port=admin_port,
            loads=loads,
        )
    click.echo(printing.in_form(made, output), nl=False)


def _port(variant: Variant) -> int:
    found = options.given_settings()
    if variant != "rest":
        return found.xds_port
    if found.rest_port is None:
        raise click.UsageError("which port polls are for? Say --xds HOST:PORT, or set rest_port as for the server")
    return found.rest_port
