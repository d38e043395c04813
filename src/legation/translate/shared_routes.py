"""One route, and what the shares of some Upstreams make of it. Pure.

It knows the clusters of a route and nothing of who may share it. A route that names one cluster gets weighted clusters,
the one that it named first; weighted clusters get entries at their end. All else in the route, and in the entries that
are there, stays as it is written. Where not all weights fit into what Envoy takes, those that come last are left out.

Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import reduce
from operator import getitem
from typing import Any, NamedTuple

from legation.texts.edits import Edit, apply, put
from legation.translate.envoy_fields import Field, field
from legation.translate.quantities import UINT32_MOST
from legation.translate.shares import Share
from legation.translate.weighted_clusters import Weights, weights_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What became of a route."""

    route: Mapping[str, Any] = dataclass_field(repr=False)
    """The very same object where nothing changes."""
    has_clusters: bool = True
    """False: it names no cluster (it redirects, answers, or a header says which one), so there is nothing to share."""
    was_alone: bool = False
    """It named one cluster and names several now."""
    too_much: frozenset[str] = frozenset()
    """The clusters that are left out, for with them all weights together would be more than Envoy takes."""


def clusters_of(route: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the clusters that the route sends requests to."""
    alone = _alone(route)
    weights = weights_of(route)
    entries = () if weights is None else weights.entries
    named = {each.name for each in entries if each.name}
    return frozenset(named if alone is None else {*named, alone.value})


def share_route(route: Mapping[str, Any], shares: Sequence[Share]) -> Shared:
    """Return the route with these shares in it.

    Args:
        route: As its owner wrote it.
        shares: Of different clusters; one at least. The first says what a cluster counts that stands alone; before it
            gives way, all others do.
    """
    alone = _alone(route)
    if alone is not None:
        return _share_alone(route, alone, shares)
    weights = weights_of(route)
    if weights is None:
        return Shared(route=route, has_clusters=False)
    return _share_weighted(route, weights, shares)


def _alone(route: Mapping[str, Any]) -> Field | None:
    """Return the field of the cluster that the route names alone."""
    action = field(route, "route")
    cluster = None if action is None else field(action.value, "cluster")
    return cluster if cluster is not None and isinstance(cluster.value, str) and cluster.value else None


def _share_alone(route: Mapping[str, Any], alone: Field, shares: Sequence[Share]) -> Shared:
    joining = [each for each in shares if each.cluster != alone.value]
    action = field(route, "route")
    if not joining or action is None:
        # The one that it names gets every request already.
        return Shared(route=route)
    base = joining[0].base_weight
    fitting = _fitting(joining, {}, base)
    if not fitting.shares:
        return Shared(route=route, too_much=fitting.too_much)
    weighted = {"clusters": [{"name": alone.value, "weight": base}, *map(_entry, fitting.shares)]}
    kept = {key: value for key, value in action.value.items() if key != alone.key}
    new = {**route, action.key: {**kept, "weighted_clusters": weighted}}
    return Shared(route=new, was_alone=True, too_much=fitting.too_much)


def _share_weighted(route: Mapping[str, Any], weights: Weights, shares: Sequence[Share]) -> Shared:
    counts = {entry.name: entry.weight or 0 for entry in reversed(weights.entries)}
    fitting = _fitting(shares, counts, sum(entry.weight or 0 for entry in weights.entries))
    if not fitting.shares:
        return Shared(route=route, too_much=fitting.too_much)
    of = {each.cluster: each for each in fitting.shares}
    edits: list[Edit] = []
    for entry in weights.entries:
        share = of.pop(entry.name, None)
        if share is not None and share.weight != (entry.weight or 0):
            edits.append(Edit(path=entry.path, value=share.weight))
    if weights.total is not None and weights.total.weight != fitting.total:
        edits.append(Edit(path=weights.total.path, value=fitting.total))
    new = apply(route, edits) if edits else route
    if of:
        path = weights.entries[0].path[:-2]
        listed = reduce(getitem, path, new)
        new = put(new, [(path, [*listed, *map(_entry, of.values())])])
    return Shared(route=new, too_much=fitting.too_much)


class _Fitting(NamedTuple):
    """What there is room for."""

    shares: tuple[Share, ...]
    too_much: frozenset[str]
    """The clusters of the others."""
    total: int
    """Of all weights."""


def _fitting(shares: Sequence[Share], counts: Mapping[str, int], total: int) -> _Fitting:
    """Return the shares that fit, each beside those before it.

    Args:
        shares: All of them.
        counts: What the clusters count that are there.
        total: What all count that is there.
    """
    taken: list[Share] = []
    for each in shares:
        new = total + each.weight - counts.get(each.cluster, 0)
        if new <= UINT32_MOST:
            total = new
            taken.append(each)
    too_much = frozenset(each.cluster for each in shares).difference(each.cluster for each in taken)
    return _Fitting(tuple(taken), too_much, total)


def _entry(share: Share) -> dict[str, Any]:
    return {"name": share.cluster, "weight": share.weight}
