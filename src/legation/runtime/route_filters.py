"""What routes say for HTTP filters that no listener has which takes these routes. Pure.

Envoy finds such a filter by its name, and says nothing of a name that no filter has: what stands there is not used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from legation.envoy.filter_names import places_of
from legation.envoy.findings import quote
from legation.model.problems import Level, Problem
from legation.model.resource_types import LISTENER, ROUTE_CONFIGURATION, ResourceType
from legation.runtime.item import Item
from legation.runtime.rechecking import Rechecking
from legation.runtime.shelf import Shelf, in_order
from legation.translate.faults import fault


def takers_of(item: Item, shelves: Mapping[ResourceType, Shelf]) -> Sequence[Item]:
    """Return the listeners that take the routes which an item is, whoever gets them; none if it is no routes.

    What routes say is for filters that these have.
    """
    listeners = shelves.get(LISTENER)
    if item.resource.type is not ROUTE_CONFIGURATION or listeners is None:
        return ()
    return _takers(listeners).get(item.resource.name, ())


def _takers(listeners: Shelf) -> Mapping[str, Sequence[Item]]:
    """Return those who take routes, by the name of these."""
    found: dict[str, list[Item]] = {}
    for (name, _), items in listeners.references.get(ROUTE_CONFIGURATION.name, {}).items():
        found.setdefault(name, []).extend(items)
    return found


def unknown_filters(shelf: Shelf, shelves: Mapping[ResourceType, Shelf], *, known: Rechecking) -> tuple[Problem, ...]:
    """Return a warning for each name of a filter that no listener has.

    Args:
        shelf: Where RouteConfigurations stand, or resources of another type, of which nothing is said.
        shelves: What there is, by type.
        known: Remembers what was said, for as long as neither routes nor listeners change.
    """
    listeners = shelves.get(LISTENER)
    if shelf.row is not ROUTE_CONFIGURATION or listeners is None:
        return ()
    return known.once((unknown_filters, shelf, listeners), lambda: tuple(_unknown_filters(shelf, listeners)))


def _unknown_filters(shelf: Shelf, listeners: Shelf) -> Iterator[Problem]:
    configuring = [item for items in shelf.claims.values() for item in items if item.resource.said_of_names]
    if not configuring:
        return
    takers = _takers(listeners)
    for item in in_order(configuring):
        met = [each for each in takers.get(item.resource.name, ()) if each.scope.meets(item.scope)]
        yield from _unknown(item, met)


def _unknown(item: Item, listeners: list[Item]) -> Iterator[Problem]:
    name = item.resource.name
    configured = item.resource.said_of_names.get((ROUTE_CONFIGURATION.name, name))
    if not configured or not listeners:
        return
    # A listener of which no filters are known takes the routes in a way that is not known here.
    known = [each.resource.said_of_names.get((ROUTE_CONFIGURATION.name, name)) for each in listeners]
    if not all(known):
        return
    there = frozenset().union(*(names for names in known if names))
    missing = configured - there
    if not missing:
        return
    for path, each in places_of(item.resource, item.json, missing):
        yield fault(
            item.manifest,
            "unknown-filter",
            f"no listener that takes these routes has an HTTP filter {quote(each)}, so this is not used",
            (*item.path, *path),
            level=Level.WARNING,
            mend=f"write the name that the filter has in http_filters ({', '.join(sorted(map(quote, there)))})",
        )
