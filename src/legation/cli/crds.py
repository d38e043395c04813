"""`legation crds`: the CustomResourceDefinitions of the kinds that it reads, as the package carries them.

Each is a file of `legation/crds/`, called `<plural>.<group>.yaml`; its text is printed as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIX = ".yaml"


@click.command(
    short_help="Print the CustomResourceDefinitions.", epilog="legation crds | kubectl apply --server-side -f -"
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
def crds(names: tuple[str, ...]) -> None:
    """Print the CustomResourceDefinitions for Kubernetes, as one stream of YAML.

    NAME chooses some: clusters.bootes.io, its plural alone (clusters), or all of a group (bootes.io).
    """
    known = _known()
    chosen = {crd for name in names for crd in _matching(name, known)} if names else known.keys()
    click.echo("---\n".join(known[crd].read_text(encoding="utf-8") for crd in sorted(chosen)), nl=False)


def _known() -> dict[str, Traversable]:
    from importlib.resources import files

    folder = files("legation") / "crds"
    return {each.name.removesuffix(_SUFFIX): each for each in folder.iterdir() if each.name.endswith(_SUFFIX)}


def _matching(name: str, known: dict[str, Traversable]) -> list[str]:
    found = [crd for crd in known if name.lower() in {crd, *crd.split(".", 1)}]
    if not found:
        raise click.UsageError(f"there is no CustomResourceDefinition {name!r}; there are {', '.join(sorted(known))}")
    return found
