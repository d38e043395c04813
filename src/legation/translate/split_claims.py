"""Which split a route belongs to: the splits of one namespace by what they claim, and who goes first. Pure.

A split claims the routes of the virtual hosts of one name, all of them or those whose requests its HTTPRouteGroups
match. Of two that claim a route, the one with matches goes before the one without, as it says more; of two alike the
senior one. Who takes a route that may not be its own sends requests where nobody wants them, so a claim without a proof
is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from legation.model.objects import ManifestObject
from legation.translate.base import Note
from legation.translate.request_sets import Requests
from legation.translate.splits import RouteGroup, RouteMatch, Split
from legation.translate.weighted_clusters import Backends


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claim:
    """One split, with what its HTTPRouteGroups say."""

    manifest: ManifestObject
    split: Split
    matches: tuple[RouteMatch, ...] | None
    """None: every request."""
    backends: Backends = field(repr=False)

    def holds(self, taken: Requests) -> bool:
        """Say whether a route that takes these requests is sure to take none that is not split."""
        return self.matches is None or any(taken.within(each.requests) for each in self.matches)

    def rivals(self, other: Claim) -> bool:
        """Say whether it says no more than the other."""
        return (self.matches is None) == (other.matches is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """All claims of a namespace."""

    by_host: Mapping[str, tuple[Claim, ...]]
    """By the name of the virtual host, who goes first first."""
    ungrouped: tuple[tuple[ManifestObject, tuple[tuple[int, str], ...]], ...]
    """Splits that claim nothing, since there is no such HTTPRouteGroup: where in `spec.matches` which name stands."""

    @classmethod
    def of(cls, notes: Iterable[Note]) -> Claims:
        """Return what the notes claim; of two alike the first goes first."""
        every = list(notes)
        groups = {each.manifest.key.name: each.value for each in every if isinstance(each.value, RouteGroup)}
        by_host: dict[str, list[Claim]] = {}
        ungrouped: list[tuple[ManifestObject, tuple[tuple[int, str], ...]]] = []
        for note in every:
            split = note.value
            if not isinstance(split, Split):
                continue
            missing = tuple((index, name) for index, name in enumerate(split.groups) if name not in groups)
            if missing:
                ungrouped.append((note.manifest, missing))
                continue
            matches = tuple(match for name in split.groups for match in groups[name].matches)
            claim = Claim(
                manifest=note.manifest,
                split=split,
                matches=matches if split.groups else None,
                backends=Backends(split),
            )
            by_host.setdefault(split.service, []).append(claim)
        ordered = {host: tuple(sorted(each, key=_says_nothing_more)) for host, each in by_host.items()}
        return cls(by_host=MappingProxyType(ordered), ungrouped=tuple(ungrouped))


def _says_nothing_more(claim: Claim) -> bool:
    return claim.matches is None
