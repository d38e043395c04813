"""SplitPlan: what the TrafficSplits of a namespace say of weights, put into whatever holds virtual hosts. Pure.

It takes any JSON value of Envoy (a resource, a DiscoveryResponse, what a file holds) and knows neither how it was
written nor where it goes. The invariant: nothing but whole numbers in `weight` and `total_weight` changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from legation.model.node import Scope
from legation.model.objects import ObjectKey, show_path
from legation.model.problems import Problem
from legation.texts.edits import Edit, apply
from legation.translate.base import Amended, Note
from legation.translate.envoy_fields import called, items
from legation.translate.request_sets import Requests
from legation.translate.route_matches import of_route
from legation.translate.split_claims import Claim, Claims
from legation.translate.split_report import SplitReport, unmet
from legation.translate.virtual_hosts import VirtualHost, virtual_hosts
from legation.translate.weighted_clusters import Weights, is_plain, split_weights, weights_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """What the splits say of one JSON value."""

    edits: tuple[Edit, ...] = ()
    """The numbers that change, in the order of the text, each place once."""
    met: frozenset[ObjectKey] = frozenset()
    """The splits that found a virtual host here."""
    problems: tuple[Problem, ...] = ()
    """What cannot be done here as the splits say."""


@dataclass(frozen=True, slots=True, eq=False)
class SplitPlan:
    """All splits that speak of the same resources. A `translate.base.Plan`."""

    claims: Claims = field(repr=False)

    @classmethod
    def of(cls, notes: Iterable[Note], *, ordered: bool = False) -> Self:
        """Return the plan of these notes; those that are neither a Split nor a RouteGroup are left out.

        Args:
            notes: What the objects of one namespace say.
            ordered: Of two splits of one service the first of the notes goes first, not the senior one.
        """
        return cls(Claims.of(notes if ordered else sorted(notes, key=lambda note: note.manifest.seniority)))

    def edits(self, value: Any, *, what: str = "") -> Edited:
        """Return what changes in a JSON value.

        Args:
            value: Whatever may hold virtual hosts.
            what: What the value is, for the problems: `file rds.yaml of ConfigMap default/envoy-xds`.
        """
        report = SplitReport(what or called(value))
        edits: list[Edit] = []
        for host in virtual_hosts(value, self.claims.by_host):
            edits += _split_host(host, self.claims.by_host[host.name], report)
        return Edited(edits=tuple(edits), met=report.met, problems=tuple(report.problems()))

    def amend(self, json: Mapping[str, Any], *, scope: Scope | None = None, what: str = "") -> Amended:
        """Return a resource, or any other map, with the weights that the splits say, whoever gets it."""
        del scope
        edited = self.edits(json, what=what)
        new = apply(json, edited.edits) if edited.edits else json
        return Amended(json=new, met=edited.met, problems=edited.problems)

    def problems(
        self,
        met: frozenset[ObjectKey] | None,
        *,
        sights: frozenset[object] = frozenset(),
        where: Collection[str] = (),
    ) -> Iterator[Problem]:
        """Yield a problem for each split that can split nothing.

        Args:
            met: Those that found a virtual host anywhere. None: not all could be looked through, so nobody knows.
            sights: Of other plans: splits have none.
            where: What was looked through, if it is not the whole namespace.
        """
        del sights
        yield from unmet(self.claims, met, where=where)


def _split_host(host: VirtualHost, claims: tuple[Claim, ...], report: SplitReport) -> Iterator[Edit]:
    picky = [claim for claim in claims if claim.matches is not None]
    # For each of these the matches whose requests may still come to the routes below.
    left = {claim: claim.matches or () for claim in picky}
    for part, route in items(host.json, "routes"):
        path = (*host.path, *part)
        taken = of_route(route.get("match")) if picky else Requests()
        weights = weights_of(route)
        if weights is not None:
            where = show_path(path)
            holders = [claim for claim in claims if claim.holds(taken)]
            for claim in claims:
                wide = claim not in holders and any(not taken.apart(each.requests) for each in left[claim])
                report.found(claim, where, wide=wide)
            for edit in _split_route(holders, weights, report, where):
                yield Edit(path=(*path, *edit.path), value=edit.value)
        elif is_plain(route):
            for claim in claims:
                report.found_plain(claim, show_path(host.path))
        for claim in picky:
            left[claim] = tuple(each for each in left[claim] if not each.requests.within(taken))


def _split_route(holders: list[Claim], weights: Weights, report: SplitReport, where: str) -> tuple[Edit, ...]:
    if not holders:
        return ()
    winner, *others = holders
    for loser in others:
        if loser.rivals(winner):
            report.lost(loser, winner, where)
    outcome = split_weights(weights, winner.backends)
    report.split(winner, outcome, where)
    return outcome.edits
