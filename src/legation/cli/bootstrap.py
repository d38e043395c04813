"""`legation bootstrap`: the bootstrap of an Envoy that is to be served by us."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from legation.cli import envoy_trust, options, printing

if TYPE_CHECKING:
    from collections.abc import Callable

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
@envoy_trust.options
@click.option(
    "--write",
    type=click.Path(file_okay=False),
    metavar="DIR",
    help="Write bootstrap.yaml (or .json) and what it names there, rather than print it.",
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
    trusting: Callable[..., envoy_trust.Trusting] | None,
    write: str | None,
    output: str,
) -> None:
    """Print a bootstrap: what `envoy -c FILE` needs to be served."""
    if loads and variant == "rest":
        raise click.UsageError("load is reported over gRPC alone: leave --loads or --rest out")
    if files is not None and (xds is not None or loads or variant == "rest" or trusting):
        raise click.UsageError("who reads files asks no server: leave --xds, --rest, --loads and --tls out, or --files")
    if files is None and layout == "symlink":
        raise click.UsageError("--layout is about the files of --files OUT")
    from legation.envoy.bootstrap import bootstrap as make
    from legation.envoy.bootstrap import bootstrap_from_files

    trusted = None
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
        address = options.address(xds, option="--xds") if xds else ("localhost", _port(variant))
        trusted = trusting(address[0], write=write) if trusting else None
        made = make(
            node_id=node_id,
            labels=labels,
            cluster=cluster,
            xds_address=address,
            variant=variant,
            admin_port=admin_port,
            loads=loads,
            trust=trusted.trust if trusted else None,
        )
    text = printing.in_form(made, output)
    if write is None:
        click.echo(text, nl=False)
    else:
        # The bootstrap last: whoever waits for it finds what it names.
        envoy_trust.write(write, {**(trusted.files if trusted else {}), f"bootstrap.{output}": text})
    if trusted:
        click.echo(trusted.told(written=write is not None), err=True)


def _port(variant: Variant) -> int:
    found = options.given_settings()
    if variant != "rest":
        return found.xds_port
    if found.rest_port is None:
        raise click.UsageError("which port polls are for? Say --xds HOST:PORT, or set rest_port as for the server")
    return found.rest_port
