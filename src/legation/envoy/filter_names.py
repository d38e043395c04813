"""The names of HTTP filters: those that a listener's requests pass, and those that routes configure anew.

Envoy finds what a route says for a filter by the filter's name in the HTTP connection manager, and says nothing of a
name that no filter has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from legation.envoy import types, wrapped
from legation.envoy.anys import walk
from legation.model.objects import FieldPath
from legation.model.resource import Resource

MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_HTTP_FILTER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter"
FIELD = "typed_per_filter_config"


def names_in(manager: Any) -> frozenset[str]:
    """Return the names of all filters in a manager: those of upgrades and of the router's own chain too."""
    return frozenset(each.name for _, each in walk(manager) if each.DESCRIPTOR.full_name == _HTTP_FILTER)


def configured_in(routes: Any) -> Iterator[tuple[FieldPath, str]]:
    """Yield each name that a RouteConfiguration configures, and where."""
    for path, each in _holders(routes):
        for name in getattr(each, FIELD):
            yield (*path, FIELD, str(name)), str(name)


def places_of(resource: Resource, json: Mapping[str, Any], names: Collection[str]) -> Iterator[tuple[FieldPath, str]]:
    """Yield where a RouteConfiguration configures filters of these names, as its owner wrote it.

    Args:
        resource: The RouteConfiguration.
        json: What it was made of.
        names: Names of filters.
    """
    try:
        message = types.message_class(resource.type.message).FromString(resource.body)
    except DecodeError:
        return
    yield from ((wrapped.as_written(json, path), name) for path, name in configured_in(message) if name in names)


def _holders(routes: Any) -> Iterator[tuple[FieldPath, Any]]:
    yield (), routes
    for index, host in enumerate(routes.virtual_hosts):
        yield ("virtual_hosts", index), host
        for number, route in enumerate(host.routes):
            where = ("virtual_hosts", index, "routes", number)
            yield where, route
            for rank, cluster in enumerate(route.route.weighted_clusters.clusters):
                yield (*where, "route", "weighted_clusters", "clusters", rank), cluster
