"""`legation inject`: what the API server would be answered for each Pod, for manifests that nobody has applied yet."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from legation.cli import options
from legation.cli.where import Unreadable


@click.command(short_help="Add sidecars to manifests, offline.")
@click.option("-f", "--filename", "file", required=True, metavar="FILE", help="The manifest, or - for standard input.")
@click.option("--xds", required=True, metavar="HOST:PORT", help="Where sidecars find the server.")
@click.option("--image", metavar="IMAGE", help="The image of sidecars.")
@click.option(
    "--set",
    "defaults",
    multiple=True,
    metavar="NAME=VALUE",
    help="What holds for an annotation that a Pod does not have, such as log-level=debug; may be given many times.",
)
def inject(*, file: str, xds: str, image: str | None, defaults: tuple[str, ...]) -> None:
    """Print a manifest with a sidecar in each Pod and each template of Pods.

    What makes no Pods is printed as it stands.
    """
    from legation.api.injection.forms import NAMES
    from legation.cli.injected_text import injected

    given = {"xds": xds, **({"image": image} if image else {})}
    options.address(xds, option="--xds")
    for each in defaults:
        name, equals, value = each.partition("=")
        if not equals or name not in NAMES:
            raise click.BadParameter(f"{each!r} is not NAME=VALUE with one of {', '.join(NAMES)}", param_hint="'--set'")
        given[name] = value
    try:
        # As bytes: else line ends would be lost.
        text = (sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Unreadable(f"{file} cannot be read: {reason}") from error
    found = injected("stdin" if file == "-" else file, text, defaults=given)
    for problem in found.problems:
        click.echo(str(problem), err=True)
    if found.text is None:
        sys.exit(1)
    click.echo(found.text.encode(), nl=False)
