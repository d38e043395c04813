"""What an Upstream says of the routes that others write, as values: no more than sharing needs to know. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from legation.model.node import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePick:
    """Which routes are meant: those that have all these names. An empty one is no condition; one is not empty."""

    configuration: str = ""
    """The name of the RouteConfiguration, wherever it stands."""
    virtual_host: str = ""
    route: str = ""
    """The name of the route itself."""
    cluster: str = ""
    """A cluster to which the owner of the route sends requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one Upstream says."""

    cluster: str
    """The cluster that takes the share."""
    scope: Scope
    """Who has that cluster: a route that others have too must not name it."""
    weight: int
    """Above 0."""
    base_weight: int
    """What a cluster counts that a route names alone."""
    picks: tuple[RoutePick, ...]
    """One at least: in the order of `spec.routes`."""
