"""TrafficSplits, and what they split, for the tests of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.model.objects import ManifestObject
from legation.translate.base import Note
from legation.translate.traffic_split import STEP
from tests.manifests import manifest

V2_ROUTE_CONFIGURATION = "type.googleapis.com/envoy.api.v2.RouteConfiguration"


def split(
    name: str = "podinfo",
    *,
    version: str = "v1alpha4",
    service: str = "podinfo",
    groups: tuple[str, ...] = (),
    weights: Mapping[str, Any],
    created: str = "",
) -> ManifestObject:
    """Return a TrafficSplit with a backend for each weight."""
    spec: dict[str, Any] = {
        "service": service,
        "backends": [{"service": each, "weight": weight} for each, weight in weights.items()],
    }
    if groups:
        spec["matches"] = [{"kind": "HTTPRouteGroup", "name": each} for each in groups]
    return manifest("TrafficSplit", name, api_version=f"split.smi-spec.io/{version}", spec=spec, created=created)


def group(name: str, *matches: Mapping[str, Any]) -> ManifestObject:
    """Return an HTTPRouteGroup."""
    return manifest("HTTPRouteGroup", name, api_version="specs.smi-spec.io/v1alpha4", spec={"matches": list(matches)})


def notes(*objects: ManifestObject) -> list[Note]:
    """Return what the objects say; none of them is broken."""
    found = []
    for each in objects:
        translation = STEP.translate(each)
        assert translation.notes, translation.problems
        found += [Note(manifest=each, value=value) for value in translation.notes]
    return found


def route(match: Any = None, /, **weights: Any) -> dict[str, Any]:
    """Return a route with weighted clusters."""
    clusters = [{"name": name, "weight": weight} for name, weight in weights.items()]
    return {"match": match or {"prefix": "/"}, "route": {"weighted_clusters": {"clusters": clusters}}}


def host(*routes: Any, name: str = "podinfo") -> dict[str, Any]:
    return {"name": name, "domains": ["*"], "routes": list(routes)}


def routes_of(*hosts: Any, name: str = "main") -> dict[str, Any]:
    """Return a RouteConfiguration."""
    url = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    return {"@type": url, "name": name, "virtual_hosts": list(hosts)}


def weights_in(value: Any) -> list[Any]:
    """Return all weights that stand anywhere, in the order of the text."""
    if isinstance(value, dict):
        return [found for key, each in value.items() for found in ([each] if key == "weight" else weights_in(each))]
    return [found for each in value for found in weights_in(each)] if isinstance(value, list) else []
