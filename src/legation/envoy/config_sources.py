"""Config sources: from where a resource takes others, and its JSON with files in place of a control plane.

Where a name is asked of the control plane that also delivers what asks (`ads`, `self`), a file can deliver it as well.
What its owner takes from anywhere else stays as it is written. Which fields are config sources stands in `_SOURCES`; a
test holds it against the descriptors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from legation.envoy import printer, types
from legation.envoy.anys import children
from legation.envoy.reader import TYPE_KEY
from legation.envoy.revising import revise
from legation.model.names import canonical
from legation.model.resource import EVERY, Name, Resource
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    EXTENSION_CONFIG,
    LB_ENDPOINT,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    SECRET,
    VIRTUAL_HOST,
)


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

    message = _message(resource)
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

    message = _message(resource)
    if message is None:
        return {TYPE_KEY: resource.type.url}
    _visit(message, redirect)
    return {TYPE_KEY: resource.type.url, **printer.fields_to_json(message, show_secrets=True)}


def _message(resource: Resource) -> Any:
    try:
        return types.message_class(resource.type.message).FromString(resource.body)
    except DecodeError:
        return None


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
    full_name = message.DESCRIPTOR.full_name
    if full_name == types.ANY:
        return revise(message, lambda inner: _visit(inner, see))
    changed = False
    for source, (row, name) in _own(message, full_name):
        changed |= see(source, (row, name if name == EVERY else canonical(name)))
    for child in children(message):
        changed |= _visit(child, see)
    return changed


def _own(message: Any, full_name: str) -> Iterator[tuple[Any, Name]]:
    found = _SOURCES.get(full_name)
    if found is not None:
        yield from found(message)
    elif "config_discovery" in message.DESCRIPTOR.fields_by_name and message.HasField("config_discovery"):
        yield message.config_discovery.config_source, (EXTENSION_CONFIG, message.name)


def _cluster(message: Any) -> Iterator[tuple[Any, Name]]:
    eds = message.eds_cluster_config
    if message.type == message.EDS:
        yield eds.eds_config, (CLUSTER_LOAD_ASSIGNMENT, eds.service_name or message.name)


def _virtual_hosts(message: Any) -> Iterator[tuple[Any, Name]]:
    if message.HasField("vhds"):
        yield message.vhds.config_source, (VIRTUAL_HOST, f"{message.name}/*")


def _rds(message: Any) -> Iterator[tuple[Any, Name]]:
    yield message.config_source, (ROUTE_CONFIGURATION, message.route_config_name)


def _scoped_routes(message: Any) -> Iterator[tuple[Any, Name]]:
    yield message.rds_config_source, (ROUTE_CONFIGURATION, EVERY)
    if message.HasField("scoped_rds"):
        yield message.scoped_rds.scoped_rds_config_source, (SCOPED_ROUTE, EVERY)


def _secret(message: Any) -> Iterator[tuple[Any, Name]]:
    # Without a source it is a secret of the bootstrap.
    yield message.sds_config, (SECRET, message.name)


def _endpoints(message: Any) -> Iterator[tuple[Any, Name]]:
    yield message.leds_config, (LB_ENDPOINT, message.leds_collection_name)


_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3"
_SOURCES: dict[str, Callable[[Any], Iterator[tuple[Any, Name]]]] = {
    CLUSTER.message: _cluster,
    ROUTE_CONFIGURATION.message: _virtual_hosts,
    f"{_MANAGER}.Rds": _rds,
    f"{_MANAGER}.ScopedRoutes": _scoped_routes,
    "envoy.config.endpoint.v3.LedsClusterLocalityConfig": _endpoints,
    "envoy.extensions.transport_sockets.tls.v3.SdsSecretConfig": _secret,
}
