"""SharePlan: the shares that the Upstreams of a namespace take in routes, put into whatever holds virtual hosts. Pure.

It knows who may share a route: who is meant there, and whose cluster everybody has who gets the route. The invariant:
no route names the cluster of an Upstream at an Envoy that does not get that cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, show_path
from legation.model.problems import Problem
from legation.model.resource_types import LISTENER
from legation.texts.edits import put
from legation.translate.base import Amended, Note
from legation.translate.envoy_fields import called, items
from legation.translate.share_misses import Looked, Names
from legation.translate.share_report import ShareReport, Sight, What, as_inline, inline, told, unmet
from legation.translate.shared_routes import clusters_of, share_route
from legation.translate.shares import RoutePick, Share
from legation.translate.virtual_hosts import VirtualHost, every_virtual_host

_Aims = Mapping[tuple[str, str], Sequence["_Aim"]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Claim:
    """What one Upstream says."""

    manifest: ManifestObject
    share: Share
    rank: int
    """How many are senior to it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Aim:
    """One of its choices of routes."""

    claim: _Claim
    index: int
    pick: RoutePick


@dataclass(frozen=True, slots=True, eq=False)
class SharePlan:
    """All shares that speak of the same resources. A `translate.base.Plan`."""

    claims: tuple[_Claim, ...] = field(repr=False)
    """The senior one first."""
    aims: _Aims = field(repr=False)
    """The choices of all, by what they say of RouteConfiguration and virtual host."""

    @classmethod
    def of(cls, notes: Iterable[Note]) -> Self:
        """Return the plan of these notes; those that are no Share are left out."""
        ordered = sorted(notes, key=lambda note: note.manifest.seniority)
        claims = tuple(
            _Claim(manifest=note.manifest, share=note.value, rank=rank)
            for rank, note in enumerate(ordered)
            if isinstance(note.value, Share)
        )
        return cls(claims, _grouped((aim.pick.configuration, aim.pick.virtual_host, aim) for aim in _aims_of(claims)))

    def amend(self, json: Mapping[str, Any], *, scope: Scope) -> Amended:
        """Return a resource with the shares in its routes."""
        report = ShareReport(called(json))
        changed: list[tuple[FieldPath, Any]] = []
        for host in every_virtual_host(json):
            # Of two who can have no Envoy in common nobody speaks of the other.
            meant = (aim for aim in _under(self.aims, host.configuration, host.name) if _meets(aim, scope))
            aims = _grouped((aim.pick.route, aim.pick.cluster, aim) for aim in meant)
            changed += _share_host(host, aims, scope, report) if aims else ()
        sights = report.sights()
        if json.get("@type") == LISTENER.url:
            sights += as_inline(sights, called(json))
        met = frozenset(each.key for each in sights if each.what is What.SHARED)
        new = put(json, changed) if changed else json
        return Amended(json=new, met=met, sights=frozenset((*sights, Looked(json=json, scope=scope))))

    def problems(self, met: frozenset[ObjectKey], *, sights: frozenset[object]) -> Iterator[Problem]:
        """Yield what is wrong with each choice of routes."""
        del met
        seen: dict[tuple[ObjectKey, int], list[Sight]] = {}
        for sight in sights:
            if isinstance(sight, Sight):
                seen.setdefault((sight.key, sight.pick), []).append(sight)
        looked = Names(each for each in sights if isinstance(each, Looked))
        for aim in _aims_of(self.claims):
            found = seen.get((aim.claim.manifest.key, aim.index))
            if found is None:
                miss = looked.nearest(aim.pick, aim.claim.share.scope)
                yield unmet(aim.claim.manifest, aim.index, aim.pick, miss)
            else:
                yield from told(aim.claim.manifest, aim.index, aim.pick, found)
        for claim in self.claims:
            of = [each for index in range(len(claim.share.picks)) for each in seen.get((claim.manifest.key, index), ())]
            yield from inline(claim.manifest, of)


def _share_host(host: VirtualHost, aims: _Aims, scope: Scope, report: ShareReport) -> Iterator[tuple[FieldPath, Any]]:
    for part, route in items(host.json, "routes"):
        takers: dict[_Claim, list[int]] = {}
        for aim in _under(aims, route.get("name"), *clusters_of(route)):
            takers.setdefault(aim.claim, []).append(aim.index)
        path = (*host.path, *part)
        new = _share_one(route, takers, scope, report, show_path(path)) if takers else route
        if new is not route:
            yield path, new


def _share_one(
    route: Mapping[str, Any], takers: Mapping[_Claim, list[int]], scope: Scope, report: ShareReport, where: str
) -> Mapping[str, Any]:
    sharing = []
    for claim in sorted(takers, key=lambda each: each.rank):
        if claim.share.scope.labels <= scope.labels:
            sharing.append(claim)
        else:
            report.found(claim.manifest.key, takers[claim], What.TOO_WIDE, where)
    if not sharing:
        return route
    shared = share_route(route, [claim.share for claim in sharing])
    for claim in sharing:
        what = What.SHARED if shared.has_clusters else What.NO_CLUSTER
        if claim.share.cluster in shared.too_much:
            what = What.TOO_MUCH
        report.found(claim.manifest.key, takers[claim], what, where)
        if shared.was_alone and claim.share.base_weight != sharing[0].share.base_weight:
            report.found(claim.manifest.key, takers[claim], What.OTHER_BASE, where)
    return shared.route


def _aims_of(claims: Iterable[_Claim]) -> Iterator[_Aim]:
    for claim in claims:
        for index, pick in enumerate(claim.share.picks):
            yield _Aim(claim=claim, index=index, pick=pick)


def _grouped(every: Iterable[tuple[str, str, _Aim]]) -> _Aims:
    found: dict[tuple[str, str], list[_Aim]] = {}
    for first, second, aim in every:
        found.setdefault((first, second), []).append(aim)
    return found


def _under(aims: _Aims, first: object, *seconds: str) -> Iterator[_Aim]:
    """Yield those that name it, and those that say nothing of it, of either thing."""
    for one in dict.fromkeys((first if isinstance(first, str) else "", "")):
        for other in dict.fromkeys((*seconds, "")):
            yield from aims.get((one, other), ())


def _meets(aim: _Aim, scope: Scope) -> bool:
    return aim.claim.share.scope.meets(scope)
