"""What FakeKube says of itself: its kinds, its version, its health.

Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#unaggregated-discovery
"""

from __future__ import annotations

from collections.abc import Iterator

from legation.model.api_kinds import ApiKind
from legation.testing.fake_kube_answers import Json
from legation.testing.fake_kube_store import Store

_VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


def discovered(store: Store, path: str) -> Json | None:
    """Return what is told at a path that is not about objects; None: there is no such path."""
    return dict(_documents(store)).get(path.strip("/"))


def _documents(store: Store) -> Iterator[tuple[str, Json]]:
    yield "version", {"major": "1", "minor": "36", "gitVersion": "v1.36.0-fake"}
    yield from ((each, {"status": "ok"}) for each in ("readyz", "livez", "healthz"))
    groups = sorted({each.group for each in store.kinds} - {""})
    yield "api", {"kind": "APIVersions", "versions": ["v1"]}
    yield "apis", {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(store, each) for each in groups]}
    yield from ((f"apis/{each}", _group(store, each)) for each in groups)
    for version in sorted({each.api_version for each in store.kinds}):
        yield f"apis/{version}" if "/" in version else f"api/{version}", _resources(store, version)


def _group(store: Store, group: str) -> Json:
    versions = sorted({each.version for each in store.kinds if each.group == group})
    named = [{"groupVersion": f"{group}/{each}", "version": each} for each in versions]
    return {"kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": named, "preferredVersion": named[0]}


def _resources(store: Store, version: str) -> Json:
    kinds = {each: status for each, status in store.kinds.items() if each.api_version == version}
    resources = [resource for each, status in kinds.items() for resource in _of_kind(each, status=status)]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def _of_kind(kind: ApiKind, *, status: bool) -> Iterator[Json]:
    common = {"singularName": kind.kind.lower(), "namespaced": kind.namespaced, "kind": kind.kind}
    yield {"name": kind.plural, **common, "verbs": _VERBS}
    if status:
        yield {"name": f"{kind.plural}/status", **common, "singularName": "", "verbs": ["get", "patch", "update"]}
