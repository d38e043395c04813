"""What routes say for HTTP filters that no listener has which takes these routes. Pure.

Envoy finds such a filter by its name, and says nothing of a name that no filter has: what stands there is not used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from legation.envoy.filter_names import places_of
from legation.envoy.findings import quote
from legation.model.problems import Level, Problem
from legation.model.resource_types import LISTENER, ROUTE_CONFIGURATION, ResourceType
from legation.runtime.item import Item
from legation.runtime.shelf import Shelf, in_order


def unknown_filters(shelf: Shelf, shelves: Mapping[ResourceType, Shelf]) -> Iterator[Problem]:
    """Yield a warning for each name of a filter that no listener has.

    Args:
        shelf: Where RouteConfigurations stand, or resources of another type, of which nothing is said.
        shelves: What there is, by type.
    """
    listeners = shelves.get(LISTENER)
    if shelf.row is not ROUTE_CONFIGURATION or listeners is None:
        return
    configuring = [item for items in shelf.claims.values() for item in items if item.resource.details]
    if not configuring:
        return
    takers: dict[str, list[Item]] = {}
    for (name, _), items in listeners.references.get(ROUTE_CONFIGURATION.name, {}).items():
        takers.setdefault(name, []).extend(items)
    for item in in_order(configuring):
        met = [each for each in takers.get(item.resource.name, ()) if each.scope.meets(item.scope)]
        yield from _unknown(item, met)


def _unknown(item: Item, listeners: list[Item]) -> Iterator[Problem]:
    name = item.resource.name
    configured = item.resource.details.get((ROUTE_CONFIGURATION.name, name))
    if not configured or not listeners:
        return
    # A listener of which no filters are known takes the routes in a way that is not known here.
    known = [each.resource.details.get((ROUTE_CONFIGURATION.name, name)) for each in listeners]
    if not all(known):
        return
    there = frozenset().union(*(names for names in known if names))
    missing = configured - there
    if not missing:
        return
    for path, each in places_of(item.resource, item.json, missing):
        yield Problem(
            code="unknown-filter",
            level=Level.WARNING,
            message=f"no listener that takes these routes has an HTTP filter {quote(each)}, so this is not used",
            object=item.manifest.key,
            place=item.manifest.place,
            path=(*item.path, *path),
            mend=f"write the name that the filter has in http_filters ({', '.join(sorted(map(quote, there)))})",
        )
