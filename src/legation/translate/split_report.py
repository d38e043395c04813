"""What is told of splits: collected while one JSON value is walked, each thing once however many routes it is about.

Pure. Whatever is told here changed nothing; a route that is split as its split says is not told of.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from legation.model.objects import FieldPath, ObjectKey
from legation.model.problems import Level, Problem
from legation.translate.faults import fault
from legation.translate.spelling import did_you_mean
from legation.translate.split_claims import Claim, Claims
from legation.translate.weighted_clusters import Outcome

_SHOWN = 3
"""So many routes or clusters are listed in a sentence."""
_SERVICE: FieldPath = ("spec", "service")
_BACKENDS: FieldPath = ("spec", "backends")
_MATCHES: FieldPath = ("spec", "matches")


@dataclass(slots=True)
class _Clusters:
    """Clusters of one sort, and the routes that have them."""

    names: dict[str, None] = field(default_factory=dict)
    routes: list[str] = field(default_factory=list)

    def add(self, names: tuple[str, ...], where: str) -> None:
        if names:
            self.names |= dict.fromkeys(names)
            self.routes.append(where)

    def __str__(self) -> str:
        return _several([f'"{name}"' if name else "one that a header names" for name in self.names])


@dataclass(slots=True)
class _Seen:
    """What one split met; texts say where, in the order of the value."""

    routes: list[str] = field(default_factory=list)
    """With weighted clusters, split or not."""
    plain_hosts: dict[str, None] = field(default_factory=dict)
    split: list[str] = field(default_factory=list)
    lost: dict[Claim, list[str]] = field(default_factory=dict)
    wide: list[str] = field(default_factory=list)
    all_zero: list[str] = field(default_factory=list)
    named: set[int] = field(default_factory=set)
    unnamed: _Clusters = field(default_factory=_Clusters)
    twice: _Clusters = field(default_factory=_Clusters)


class SplitReport:
    """Collects what becomes of all splits at one value, then tells it."""

    __slots__ = ("_of", "_seen")

    def __init__(self, what: str) -> None:
        self._of = f" of {what}" if what else ""
        self._seen: dict[Claim, _Seen] = {}

    def found(self, claim: Claim, where: str, *, wide: bool) -> None:
        """Tell of a route with weighted clusters in a virtual host of the split.

        Args:
            claim: The split.
            where: The path of the route.
            wide: It may take requests that are to be split, and others.
        """
        seen = self._of_claim(claim)
        seen.routes.append(where)
        if wide:
            seen.wide.append(where)

    def found_plain(self, claim: Claim, where: str) -> None:
        """Tell of a virtual host of the split that has a route without weighted clusters."""
        self._of_claim(claim).plain_hosts[where] = None

    def split(self, claim: Claim, outcome: Outcome, where: str) -> None:
        """Tell that a route is the split's, and what that made of it."""
        seen = self._of_claim(claim)
        seen.split.append(where)
        seen.named |= outcome.named
        seen.unnamed.add(outcome.unnamed, where)
        seen.twice.add(outcome.twice, where)
        if outcome.all_zero:
            seen.all_zero.append(where)

    def lost(self, claim: Claim, winner: Claim, where: str) -> None:
        """Tell that a route could as well be the split's, and is that of another one."""
        self._of_claim(claim).lost.setdefault(winner, []).append(where)

    @property
    def met(self) -> frozenset[ObjectKey]:
        """The splits that found a virtual host."""
        return frozenset(claim.manifest.key for claim in self._seen)

    def problems(self) -> Iterator[Problem]:
        """Yield what is to be told."""
        for claim, seen in self._seen.items():
            yield from self._of_routes(claim, seen)
            yield from self._of_clusters(claim, seen)

    def _of_claim(self, claim: Claim) -> _Seen:
        return self._seen.setdefault(claim, _Seen())

    def _of_routes(self, claim: Claim, seen: _Seen) -> Iterator[Problem]:
        manifest, host = claim.manifest, f'virtual host "{claim.split.service}"'
        if not seen.routes:
            yield _warning(
                claim,
                "split-without-weights",
                f"{host} ({_several(seen.plain_hosts)}{self._of}) has no route with weighted_clusters",
                _SERVICE,
                "write weighted_clusters instead of cluster, with the backends as clusters",
            )
        if seen.wide:
            yield _warning(
                claim,
                "split-route-too-wide",
                f"routes that may take requests besides those that match are not split: {self._at(seen.wide)}",
                _MATCHES,
                "give what the HTTPRouteGroup matches a route of its own, above the others, whose match says the same",
            )
        elif seen.routes and not seen.split and not seen.lost:
            yield _warning(
                claim,
                "split-without-route",
                f"no route of {host}{self._of} that has weighted_clusters takes the requests of the matches",
                _MATCHES,
                "give what the HTTPRouteGroup matches a route of its own",
            )
        for winner, routes in seen.lost.items():
            yield fault(
                manifest,
                "split-conflict",
                f"{winner.manifest.key} splits these routes, and only one can: {self._at(routes)}",
                _SERVICE,
                mend="delete one of the two, or give them different services or matches",
            )
        if seen.all_zero:
            yield fault(
                manifest,
                "split-all-zero",
                f"all weights would be 0, so those that are written there stay: {self._at(seen.all_zero)}",
                _BACKENDS,
                mend="add a backend that has a weight to the weighted_clusters of the route",
            )

    def _of_clusters(self, claim: Claim, seen: _Seen) -> Iterator[Problem]:
        if not seen.split:
            return
        for backend in claim.split.backends:
            if backend.index not in seen.named:
                mend = "add it to the weighted_clusters of the route, or take it out of the backends"
                yield _warning(
                    claim,
                    "split-backend-unknown",
                    f'no route{self._of} that is split has a cluster "{backend.service}"',
                    (*_BACKENDS, backend.index),
                    did_you_mean(backend.service, filter(None, seen.unnamed.names)) or mend,
                )
        if seen.unnamed.routes:
            yield _warning(
                claim,
                "split-cluster-unnamed",
                f"clusters that are no backends keep their weights: {seen.unnamed}, in {self._at(seen.unnamed.routes)}",
                _BACKENDS,
                "add them to the backends, or take them out of the route",
            )
        if seen.twice.routes:
            yield _warning(
                claim,
                "split-cluster-twice",
                f"a backend gets its weight for each of its clusters: {seen.twice}, in {self._at(seen.twice.routes)}",
                _BACKENDS,
                "leave one of them in the route",
            )

    def _at(self, routes: Collection[str]) -> str:
        return f"{_several(routes)}{self._of}"


def unmet(claims: Claims, met: frozenset[ObjectKey] | None, *, where: Collection[str] = ()) -> Iterator[Problem]:
    """Yield what is wrong with splits that split nothing anywhere.

    Args:
        claims: All splits.
        met: Those that found a virtual host. None: not all could be looked through, so nobody knows.
        where: What was looked through, if it is not the whole namespace.
    """
    for manifest, missing in claims.ungrouped:
        for index, name in missing:
            yield fault(
                manifest,
                "split-without-group",
                f'there is no such HTTPRouteGroup as "{name}" in namespace {manifest.key.namespace}, or it is broken, '
                "so nothing is split",
                (*_MATCHES, index),
                level=Level.WARNING,
                mend="create it, or correct the name",
            )
    for each in claims.by_host.values():
        for claim in each:
            if met is not None and claim.manifest.key not in met:
                searched = _several(where) or f"namespace {claim.manifest.key.namespace}"
                yield _warning(
                    claim,
                    "split-without-host",
                    f'no virtual host in {searched} is named "{claim.split.service}"',
                    _SERVICE,
                    "give the virtual host that is to be split this name",
                )


def _warning(claim: Claim, code: str, message: str, path: FieldPath, mend: str) -> Problem:
    return fault(claim.manifest, code, message, path, level=Level.WARNING, mend=mend)


def _several(texts: Collection[str]) -> str:
    every = list(texts)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more
