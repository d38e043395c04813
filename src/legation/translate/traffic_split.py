"""TrafficSplits and HTTPRouteGroups of the Service Mesh Interface: what they say of the weights of routes. Pure.

A TrafficSplit holds no resource. It is read into a `Split`, a note for the resources of its namespace, and
`splitting.py` knows what the notes do to them. An HTTPRouteGroup that no split names is of no effect.

Source: https://github.com/servicemeshinterface/smi-spec/blob/main/apis/traffic-split/v1alpha4/traffic-split.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from legation.model.api_kinds import ApiKind
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.model.resource_types import (
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    VIRTUAL_HOST,
    ResourceType,
)
from legation.translate.base import Note, Stage, Translation
from legation.translate.faults import fault, kind_of, spec_of, unknown_fields, version_fault
from legation.translate.quantities import quantity, whole
from legation.translate.route_groups import translate_group
from legation.translate.splits import Backend, Split
from legation.translate.splitting import SplitPlan

VERSIONS = ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4")
"""Of either kind. They differ in what may be written; it means the same wherever it is written."""
_OLDER = tuple(reversed(VERSIONS[:-1]))
_WITHOUT_MATCHES = frozenset(VERSIONS[:2])
"""Versions of TrafficSplit in which `spec.matches` is no field."""
# SMI defines no status for them, and others write whole objects.
SPLIT = ApiKind(
    group="split.smi-spec.io",
    version=VERSIONS[-1],
    kind="TrafficSplit",
    plural="trafficsplits",
    older=_OLDER,
    has_status=False,
)
ROUTE_GROUP = ApiKind(
    group="specs.smi-spec.io",
    version=VERSIONS[-1],
    kind="HTTPRouteGroup",
    plural="httproutegroups",
    older=_OLDER,
    has_status=False,
)

_CODE = "invalid-split"
_SPEC: FieldPath = ("spec",)
_BACKENDS: FieldPath = ("spec", "backends")
_MATCHES: FieldPath = ("spec", "matches")


class TrafficSplits:
    """The step of TrafficSplits and HTTPRouteGroups."""

    api_kinds = (SPLIT, ROUTE_GROUP)
    kinds = frozenset((each.group, each.kind) for each in api_kinds)

    def translate(self, manifest: ManifestObject) -> Translation:
        """Return a note: a Split or a RouteGroup."""
        group, _, version = manifest.api_version.rpartition("/")
        problem = version_fault(manifest, *(f"{group}/{each}" for each in VERSIONS))
        if problem is not None:
            return Translation(problems=(problem,))
        if manifest.key.kind != SPLIT.kind:
            return translate_group(manifest)
        return _translate_split(manifest, has_matches=version not in _WITHOUT_MATCHES)

    def may_hold(self, manifest: ManifestObject) -> frozenset[ResourceType]:
        """Return none: these objects change resources of others, and hold none."""
        del manifest
        return frozenset()


class SplitAmender:
    """The amender of the notes of that step."""

    rows = frozenset({LISTENER, ROUTE_CONFIGURATION, SCOPED_ROUTE, VIRTUAL_HOST})
    stage = Stage.NUMBERS

    def plan(self, notes: Iterable[Note]) -> SplitPlan | None:
        """Return what the splits of a namespace say, or None if there are none."""
        every = list(notes)
        return SplitPlan.of(every) if any(isinstance(each.value, Split) for each in every) else None


STEP = TrafficSplits()
AMENDER = SplitAmender()


def _translate_split(manifest: ManifestObject, *, has_matches: bool) -> Translation:
    spec = spec_of(manifest, mend="put service and backends below spec")
    if isinstance(spec, Problem):
        return Translation(problems=(spec,))
    backends = list(_backends(manifest, spec.get("backends")))
    groups = list((_groups if has_matches else _no_groups)(manifest, spec.get("matches")))
    problems = (
        *unknown_fields(manifest, spec, ("service", "backends", "matches"), _SPEC),
        *_service_faults(manifest, spec.get("service")),
        *(each for each in (*backends, *groups) if isinstance(each, Problem)),
    )
    if any(problem.level is Level.ERROR for problem in problems):
        return Translation(problems=problems)
    # Of a service that stands twice the last one counts, as it always did.
    read = {each[0]: each for each in backends if not isinstance(each, Problem)}
    if not any(weight for _, weight, _ in read.values()):
        message = "all weights are 0, so no request would go anywhere"
        zero = fault(manifest, "split-all-zero", message, _BACKENDS, mend="give a backend a weight above 0")
        return Translation(problems=(*problems, zero))
    weights = whole(weight for _, weight, _ in read.values())
    split = Split(
        service=spec["service"],
        backends=tuple(
            Backend(service=service, weight=weight, index=index)
            for (service, _, index), weight in zip(read.values(), weights, strict=True)
        ),
        groups=tuple(each for each in groups if not isinstance(each, Problem)),
    )
    return Translation(notes=(split,), problems=problems)


def _service_faults(manifest: ManifestObject, service: object) -> Iterator[Problem]:
    if not isinstance(service, str) or not service:
        message = "there is no spec.service" if not service else f"service must be text, this is {kind_of(service)}"
        mend = "write the name of the virtual host that is to be split"
        yield fault(manifest, _CODE, message, (*_SPEC, "service") if service else _SPEC, mend=mend)


def _backends(manifest: ManifestObject, backends: object) -> Iterator[tuple[str, Fraction, int] | Problem]:
    """Yield each backend's service, weight and index, and what is wrong."""
    if not isinstance(backends, list) or not backends:
        message = "there are no spec.backends" if not backends else f"this is {kind_of(backends)}, not a list"
        mend = "write a list of backends, each with its service and weight"
        yield fault(manifest, _CODE, message, _BACKENDS if backends else _SPEC, mend=mend)
        return
    first: dict[str, int] = {}
    for index, backend in enumerate(backends):
        path: FieldPath = (*_BACKENDS, index)
        if not isinstance(backend, Mapping):
            yield fault(manifest, _CODE, f"a backend must be a map, this is {kind_of(backend)}", path)
            continue
        yield from unknown_fields(manifest, backend, ("service", "weight"), path)
        service = backend.get("service")
        if not isinstance(service, str) or not service:
            yield fault(manifest, _CODE, "the backend has no service", path, mend="write the name of its cluster")
            continue
        if service in first:
            message = f"this is the service of backends[{first[service]}] too, and the last one counts"
            mend = "take one of them out"
            yield fault(manifest, "duplicate-backend", message, path, level=Level.WARNING, mend=mend)
        first.setdefault(service, index)
        yield _backend(manifest, service, backend, index)


def _backend(
    manifest: ManifestObject, service: str, backend: Mapping[str, Any], index: int
) -> tuple[str, Fraction, int] | Problem:
    weight = backend.get("weight")
    try:
        # Programs leave out a weight of 0.
        return service, quantity(0 if weight is None else weight), index
    except ValueError as error:
        mend = "write a whole number, or a quantity such as 500m; weights are relative to each other"
        message = f"the weight cannot be used: {error}"
        return fault(manifest, "invalid-weight", message, (*_BACKENDS, index, "weight"), mend=mend)


def _groups(manifest: ManifestObject, matches: object) -> Iterator[str | Problem]:
    """Yield the name of each HTTPRouteGroup, and what is wrong."""
    if not isinstance(matches, list | None):
        yield fault(manifest, _CODE, f"matches must be a list, this is {kind_of(matches)}", _MATCHES)
        return
    for index, match in enumerate(matches or ()):
        path: FieldPath = (*_MATCHES, index)
        mend = f"write {{kind: {ROUTE_GROUP.kind}, name: <name>}}"
        if not isinstance(match, Mapping):
            yield fault(manifest, _CODE, f"a match must be a map, this is {kind_of(match)}", path, mend=mend)
        elif match.get("kind") != ROUTE_GROUP.kind or (match.get("apiGroup") or ROUTE_GROUP.group) != ROUTE_GROUP.group:
            message = f"only objects of the kind {ROUTE_GROUP.kind} ({ROUTE_GROUP.group}) say which requests match"
            yield fault(manifest, _CODE, message, path, mend=mend)
        elif not isinstance(match.get("name"), str) or not match["name"]:
            yield fault(manifest, _CODE, "the match has no name", path, mend=mend)
        else:
            yield match["name"]


def _no_groups(manifest: ManifestObject, matches: object) -> Iterator[Problem]:
    """Yield that what stands there is no field of this version: it was of no effect for whoever knew the version."""
    if matches:
        message = "this version of TrafficSplit has no matches, so all requests are split"
        mend = f"have it read as {SPLIT.api_version}; crossover does with --trafficsplit-api-version={VERSIONS[-1]}"
        yield fault(manifest, "split-matches-ignored", message, _MATCHES, level=Level.WARNING, mend=mend)
