"""The weights of one route, and what a split makes of them. Pure.

It knows the `weighted_clusters` of a route and nothing of who may split it. Only numbers change: `weight` of entries
that the split names, and `total_weight` where the route has it. Envoy refuses a route whose weights are all 0, or
together more than 32 bits: the one is not done, the other is made smaller.

Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/route/v3/route_components.proto
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from legation.model.objects import FieldPath
from legation.texts.edits import Edit
from legation.translate.envoy_fields import field, items
from legation.translate.quantities import UINT32_MOST, fitted
from legation.translate.splits import Backend, Split


class Entry(NamedTuple):
    """One cluster of a route."""

    name: str
    """Empty where a header says which one it is."""
    path: FieldPath
    """Of its weight, from the route."""
    weight: int | None
    """None: it has none that can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The weights of a route as they are."""

    entries: tuple[Entry, ...]
    total: Entry | None
    """The field `total_weight`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a split makes of one route."""

    edits: tuple[Edit, ...] = ()
    """With paths from the route; none where everything is as it is to be."""
    named: frozenset[int] = frozenset()
    """The backends that have an entry here, by their indexes."""
    unnamed: tuple[str, ...] = ()
    """The clusters that are not backends."""
    twice: tuple[str, ...] = ()
    """The backends that have more than one entry."""
    all_zero: bool = False
    """Nothing would get requests, so nothing changes."""


class Backends:
    """Finds the backend that an entry of a route is."""

    __slots__ = ("_exact", "_folded")

    def __init__(self, split: Split) -> None:
        self._exact = {each.service: each for each in split.backends}
        self._folded = {_folded(each.service): each for each in split.backends}

    def find(self, name: str) -> Backend | None:
        """Return the backend of that name; if there is none, the one whose name differs in dots and underscores."""
        return self._exact.get(name) or self._folded.get(_folded(name))


def weights_of(route: Mapping[str, Any]) -> Weights | None:
    """Return the weights of a route; None where it has none."""
    action = field(route, "route")
    clusters = None if action is None else field(action.value, "weighted_clusters")
    if action is None or clusters is None:
        return None
    path: FieldPath = (action.key, clusters.key)
    entries = tuple(_entry(json, (*path, *part)) for part, json in items(clusters.value, "clusters"))
    if not entries:
        return None
    total = field(clusters.value, "total_weight")
    at = None if total is None else Entry("", (*path, total.key), _number(total.value))
    return Weights(entries=entries, total=at)


def is_plain(route: Mapping[str, Any]) -> bool:
    """Say whether a route sends its requests to one cluster, which cannot be split."""
    action = field(route, "route")
    return action is not None and any(field(action.value, each) for each in ("cluster", "cluster_header"))


def split_weights(weights: Weights, backends: Backends) -> Outcome:
    """Return what the backends make of the weights of a route."""
    found = [backends.find(entry.name) for entry in weights.entries]
    counted = Counter(each for each in found if each is not None)
    unnamed = tuple(entry.name for entry, each in zip(weights.entries, found, strict=True) if each is None)
    outcome = Outcome(
        named=frozenset(each.index for each in counted),
        unnamed=unnamed,
        twice=tuple(each.service for each, times in counted.items() if times > 1),
    )
    if not counted:
        return outcome
    kept = sum(entry.weight or 0 for entry, each in zip(weights.entries, found, strict=True) if each is None)
    new = iter(fitted([each.weight for each in found if each is not None], most=max(0, UINT32_MOST - kept)))
    wanted = [
        (entry, next(new) if each is not None else entry.weight)
        for entry, each in zip(weights.entries, found, strict=True)
    ]
    total = sum(weight or 0 for _, weight in wanted)
    if not total:
        return Outcome(named=outcome.named, unnamed=unnamed, twice=outcome.twice, all_zero=True)
    if weights.total is not None:
        wanted.append((weights.total, total))
    return Outcome(edits=tuple(_edits(wanted)), named=outcome.named, unnamed=unnamed, twice=outcome.twice)


def _edits(wanted: list[tuple[Entry, int | None]]) -> Iterator[Edit]:
    for entry, weight in wanted:
        if weight is not None and weight != entry.weight:
            yield Edit(path=entry.path, value=weight)


def _entry(json: Mapping[str, Any], path: FieldPath) -> Entry:
    name, weight = field(json, "name"), field(json, "weight")
    text = name.value if name is not None and isinstance(name.value, str) else ""
    return Entry(text, (*path, "weight"), None if weight is None else _number(weight.value))


def _number(value: object) -> int | None:
    """Return the number as protobuf reads it in JSON: it may stand in quotes, and end in `.0`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _folded(name: str) -> str:
    return name.replace(".", "_")
