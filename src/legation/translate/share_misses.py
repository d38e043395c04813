"""The names that routes have, for a choice of routes that means none of them. Pure.

Nobody asks for them as long as every choice means something, so nothing is done for them before somebody does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from legation.model.node import Scope
from legation.translate.envoy_fields import items
from legation.translate.shared_routes import clusters_of
from legation.translate.shares import RoutePick
from legation.translate.virtual_hosts import every_virtual_host

MOST_NAMES = 1000
"""So many are held against the one that nobody has."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """A resource that was looked through."""

    json: Mapping[str, Any] = field(repr=False)
    scope: Scope


class Miss(NamedTuple):
    """Where the search for the routes of a choice ended."""

    what: str
    """What was looked for last: `virtual hosts`; empty where there was nothing to look through."""
    asked: str
    names: tuple[str, ...]
    """Those that are there, sorted, at most MOST_NAMES."""


class _Place(NamedTuple):
    """One route, and what it is in; a virtual host without routes has one that is empty."""

    scope: Scope
    configuration: str
    host: str
    route: Mapping[str, Any]


class Names:
    """All routes that there are."""

    def __init__(self, looked: Iterable[Looked]) -> None:
        """Take what was looked through."""
        self._looked = looked
        self._places: list[_Place] | None = None

    def nearest(self, pick: RoutePick, scope: Scope) -> Miss:
        """Return what a choice does not find, of the routes that Envoys of this scope may get."""
        places = [each for each in self._every() if scope.meets(each.scope)]
        miss = Miss("", "", ())
        steps: tuple[tuple[str, str, Callable[[_Place], Iterable[str]]], ...] = (
            ("RouteConfigurations", pick.configuration, lambda place: (place.configuration,)),
            ("virtual hosts", pick.virtual_host, lambda place: (place.host,)),
            ("routes", pick.route, _route_name),
            ("clusters", pick.cluster, lambda place: clusters_of(place.route)),
        )
        for what, asked, names_of in steps:
            if places and asked:
                miss = Miss(what, asked, _few(name for place in places for name in names_of(place)))
                places = [place for place in places if asked in names_of(place)]
        return miss

    def _every(self) -> list[_Place]:
        if self._places is None:
            self._places = [place for each in self._looked for place in _places(each)]
        return self._places


def _places(looked: Looked) -> Iterable[_Place]:
    for host in every_virtual_host(looked.json):
        routes = [route for _, route in items(host.json, "routes")]
        for route in routes or [{}]:
            yield _Place(looked.scope, host.configuration, host.name, route)


def _route_name(place: _Place) -> Iterable[str]:
    name = place.route.get("name")
    return (name,) if isinstance(name, str) else ()


def _few(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(islice(sorted({name for name in names if name}), MOST_NAMES))
