"""The names of HTTP filters: those that a listener's requests pass, and those that routes configure anew.

Envoy finds what a route says for a filter by the filter's name in the HTTP connection manager, and says nothing of a
name that no filter has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from legation.envoy import types, wrapped
from legation.envoy.understanding import type_of, understood, walk
from legation.model.objects import FieldPath
from legation.model.resource import Resource

FIELD = "typed_per_filter_config"
_FILTER_CONFIG = "envoy.config.route.v3.FilterConfig"


def names_in(manager: Any) -> frozenset[str]:
    """Return the names of all filters in a manager: those of upgrades and of the router's own chain too."""
    return frozenset(
        each.name for _, each in walk(manager) if each.DESCRIPTOR.full_name == f"{types.HTTP_MANAGERS}.HttpFilter"
    )


def configured_in(routes: Any) -> Iterator[tuple[FieldPath, str]]:
    """Yield each name that a RouteConfiguration configures, and where; none that it says may be missing."""
    for path, each in _holders(routes):
        for name, config in getattr(each, FIELD).items():
            if not _is_optional(config):
                yield (*path, FIELD, str(name)), str(name)


def places_of(resource: Resource, json: Mapping[str, Any], names: Collection[str]) -> Iterator[tuple[FieldPath, str]]:
    """Yield where a RouteConfiguration configures filters of these names, as its owner wrote it.

    Args:
        resource: The RouteConfiguration.
        json: What it was made of.
        names: Names of filters.
    """
    message = types.message_of(resource)
    if message is None:
        return
    yield from ((wrapped.as_written(json, path), name) for path, name in configured_in(message) if name in names)


def _is_optional(config: Any) -> bool:
    if type_of(config) != _FILTER_CONFIG:
        return False
    try:
        message: Any = understood(config)
    except DecodeError:
        return False
    return message is not None and bool(message.is_optional)


def _holders(routes: Any) -> Iterator[tuple[FieldPath, Any]]:
    yield (), routes
    for index, host in enumerate(routes.virtual_hosts):
        yield ("virtual_hosts", index), host
        for number, route in enumerate(host.routes):
            where = ("virtual_hosts", index, "routes", number)
            yield where, route
            for rank, cluster in enumerate(route.route.weighted_clusters.clusters):
                yield (*where, "route", "weighted_clusters", "clusters", rank), cluster
