"""The objects that are read, each by its name: which kinds these are, and what is kept of each.

It knows where the API has them. It refuses to know what they mean, and holds them against no schema.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from legation.kube.nesting import DEEPEST, is_deep
from legation.model.api_kinds import ApiKind
from legation.model.objects import ManifestObject, is_same_json
from legation.sources.kubernetes.manifests import read_manifest

CONFIG_MAP = ApiKind(group="", version="v1", kind="ConfigMap", plural="configmaps")
_SPLIT_GROUP, _ROUTES_GROUP = "split.smi-spec.io", "specs.smi-spec.io"


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """One object as its owner wrote it. Equal to another of which only what the API server writes is different."""

    manifest: ManifestObject

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kept) and is_same_json(self.manifest.body, other.manifest.body)

    def __hash__(self) -> int:
        return hash(self.manifest.key)


def traffic_split(version: str) -> ApiKind:
    """Return the kind of TrafficSplits in a version of their API."""
    return ApiKind(group=_SPLIT_GROUP, version=version, kind="TrafficSplit", plural="trafficsplits")


def route_group(version: str) -> ApiKind:
    """Return the kind of HTTPRouteGroups that belongs to a version of TrafficSplits: it has the same.

    Source: https://github.com/servicemeshinterface/smi-spec/blob/main/SPEC_LATEST_STABLE.md
    """
    return ApiKind(group=_ROUTES_GROUP, version=version, kind="HTTPRouteGroup", plural="httproutegroups")


def reader(kind: ApiKind) -> Callable[[msgspec.Raw], Kept]:
    """Return what makes of an object's JSON what is kept of it; `msgspec.ValidationError` where it cannot be read."""
    return _keep_config_map if kind == CONFIG_MAP else partial(_keep, kind)


class _ConfigMap(msgspec.Struct):
    """All of it that is read: to look at the rest of a large one costs time."""

    metadata: dict[str, Any]
    data: dict[str, str] | None = None
    binaryData: dict[str, str] | None = None  # noqa: N815 - the API's name


_decode_config_map = msgspec.json.Decoder(_ConfigMap).decode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def _keep_config_map(raw: msgspec.Raw) -> Kept:
    read = _decode_config_map(raw)
    data = {"data": read.data, "binaryData": read.binaryData}
    return Kept(read_manifest(CONFIG_MAP, {"metadata": read.metadata, **{k: v for k, v in data.items() if v}}))


def _keep(kind: ApiKind, raw: msgspec.Raw) -> Kept:
    if is_deep(bytes(raw)):
        raise msgspec.ValidationError(f"it is nested more than {DEEPEST} levels deep")
    return Kept(read_manifest(kind, _decode(raw)))
