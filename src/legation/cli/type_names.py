"""Types of resources in what a person writes and reads."""

from __future__ import annotations

import click

from legation.model.resource_types import BY_NAME, named


def asked_type(given: str) -> str:
    """Return the name of the type that somebody gives with `--type`.

    Raises:
        click.BadParameter: It is none.
    """
    row = named(given)
    if row is None:
        raise click.BadParameter(f"{given!r} is no type; the types are {', '.join(BY_NAME)}", param_hint="'--type'")
    return row.name


def shown(type_name: str) -> str:
    """Return a type as it stands in a sentence: `cluster`, `route configuration`."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in type_name).strip()
