"""Config sources: from where a resource takes others, and its JSON with files in place of a control plane.

Where a name is asked of the control plane that also delivers what asks (`ads`, `self`), a file can deliver it as well.
What its owner takes from anywhere else stays as it is written. Which fields are config sources stands in `asked`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from legation.envoy import printer, types
from legation.envoy.anys import children
from legation.envoy.asked import asked
from legation.envoy.revising import revise
from legation.envoy.types import TYPE_KEY
from legation.model.names import canonical
from legation.model.resource import EVERY, Name, Resource


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that a resource takes from a config source."""

    name: Name
    """EVERY in place of a name: any of that type."""
    path: str
    """The file that its owner names; empty: the control plane that delivers the resource itself."""


_See = Callable[[Any, Name], bool]
"""Is given a config source and what comes from it; says whether it changed the source."""


def taken(resource: Resource) -> tuple[Taken, ...]:
    """Return what a resource takes from files, and by `ads` or `self`."""
    found: list[Taken] = []

    def note(source: Any, name: Name) -> bool:
        path = _path(source)
        if path is not None:
            found.append(Taken(name, path))
        return False

    message = types.message_of(resource)
    if message is not None:
        _visit(message, note)
    return tuple(found)


def to_json_from_files(
    resource: Resource, *, place: Callable[[Name], str | None], watched_directory: str = ""
) -> dict[str, Any]:
    """Return a resource as its owner would write it, secrets too, with files in place of `ads` and `self`.

    Args:
        resource: The resource.
        place: Returns the path of the file that delivers something; None: it stays as it is.
        watched_directory: What is written beside each path; nothing if it is empty.
    """

    def redirect(source: Any, name: Name) -> bool:
        path = place(name) if _path(source) == "" else None
        if path is not None:
            source.path_config_source.path = path
            if watched_directory:
                source.path_config_source.watched_directory.path = watched_directory
        return path is not None

    message = types.message_of(resource)
    if message is None:
        return {TYPE_KEY: resource.type.url}
    _visit(message, redirect)
    return {TYPE_KEY: resource.type.url, **printer.fields_to_json(message, show_secrets=True)}


def _path(source: Any) -> str | None:
    match source.WhichOneof("config_source_specifier"):
        case "path_config_source":
            return str(source.path_config_source.path)
        case "path":
            return str(source.path)
        case "ads" | "self":
            return ""
    return None


def _visit(message: Any, see: _See) -> bool:
    """Show every config source in a message, in an `Any` inside too. Returns whether one of them was changed."""
    if message.DESCRIPTOR.full_name == types.ANY:
        return revise(message, lambda inner: _visit(inner, see))
    changed = False
    for source, (row, name) in asked(message):
        changed |= see(source, (row, name if name == EVERY else canonical(name)))
    for child in children(message):
        changed |= _visit(child, see)
    return changed
