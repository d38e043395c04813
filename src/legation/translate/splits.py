"""What a TrafficSplit and an HTTPRouteGroup say, as values: no more than splitting needs to know. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from legation.translate.request_sets import Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """How much of the requests a cluster is to get."""

    service: str
    """The name of the cluster; dots and underscores are equal in it."""
    weight: int
    """Never negative; how much it is depends on the others. It may be larger than Envoy's own weights may be."""
    index: int
    """Where it stands in `spec.backends`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What one TrafficSplit says."""

    service: str
    """The name of the virtual host."""
    backends: tuple[Backend, ...]
    """No two have the same name."""
    groups: tuple[str, ...] = ()
    """The HTTPRouteGroups of the same namespace one of which a request has to match; without any, all are split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """One of the matches of an HTTPRouteGroup."""

    name: str
    """May be empty: nothing refers to it."""
    requests: Requests


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteGroup:
    """What one HTTPRouteGroup says: a request matches it that one of these matches."""

    matches: tuple[RouteMatch, ...]
