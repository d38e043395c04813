"""Objects as the keeper is told of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from legation.crossover.keeper import Heard
from legation.crossover.objects import CONFIG_MAP, reader, route_group, traffic_split
from legation.crossover.options import Options
from legation.crossover.splits import Seen
from legation.model.api_kinds import ApiKind

HOSTS = """\
virtual_hosts:
- name: web
  routes:
  - match: {path: /a}
    route: {weighted_clusters: {clusters: [{name: a, weight: 1}, {name: b, weight: 1}]}}
  - match: {prefix: /}
    route: {weighted_clusters: {clusters: [{name: a, weight: 1}, {name: b, weight: 1}]}}
"""
ABSENT = Seen(answered=True)


def hosts(a: int, b: int) -> bytes:
    """Return the text with these weights."""
    return (
        HOSTS.replace("name: a, weight: 1", f"name: a, weight: {a}").replace("b, weight: 1", f"b, weight: {b}").encode()
    )


def options(*config_maps: str, publish: bool = False, **splits: tuple[str, ...]) -> Options:
    """Return what is asked for."""
    return Options(namespace="shop", config_maps=config_maps, splits=splits, publish=publish)


def config_map(data: Mapping[str, str] | None, name: str = "xds", **more: Any) -> Seen:
    """Return what was heard of a ConfigMap."""
    return _seen(CONFIG_MAP, {"metadata": {"namespace": "shop", "name": name, "uid": "1-2"}, "data": data, **more})


def split(name: str = "web", version: str = "v1alpha4", groups: tuple[str, ...] = (), **weights: Any) -> Seen:
    """Return what was heard of a TrafficSplit."""
    spec: dict[str, Any] = {
        "service": "web",
        "backends": [{"service": each, "weight": weight} for each, weight in weights.items()],
    }
    if groups:
        spec["matches"] = [{"kind": "HTTPRouteGroup", "name": each} for each in groups]
    return _seen(traffic_split(version), {"metadata": {"namespace": "shop", "name": name}, "spec": spec})


def group(path: str, name: str = "group") -> Seen:
    """Return what was heard of an HTTPRouteGroup."""
    spec = {"matches": [{"name": "one", "pathRegex": path, "methods": ["*"]}]}
    return _seen(route_group("v1alpha4"), {"metadata": {"namespace": "shop", "name": name}, "spec": spec})


def heard(config_maps: Seen | Mapping[str, Seen], splits: Seen | None = None, groups: Seen | None = None) -> Heard:
    """Return what was heard of all objects: of one of each kind under its usual name, or of several."""
    return Heard(
        config_maps=config_maps if isinstance(config_maps, Mapping) else {"xds": config_maps},
        splits={} if splits is None else {"web": splits},
        groups={} if groups is None else {"group": groups},
    )


def _seen(kind: ApiKind, value: Mapping[str, Any]) -> Seen:
    whole = {"apiVersion": kind.api_version, "kind": kind.kind, **value}
    return Seen(kept=reader(kind)(msgspec.Raw(json.dumps(whole).encode())), answered=True)
