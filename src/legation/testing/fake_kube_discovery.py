"""Which kinds FakeKube says that it has.

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
    match path.strip("/").split("/"):
        case ["apis"]:
            groups = sorted({each.group for each in store.kinds} - {""})
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(store, each) for each in groups]}
        case ["apis", group, version]:
            kinds = {
                each: status for each, status in store.kinds.items() if (each.group, each.version) == (group, version)
            }
            if not kinds:
                return None
            resources = [resource for each, status in kinds.items() for resource in _of_kind(each, status=status)]
            named = f"{group}/{version}"
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": named, "resources": resources}
    return None


def _group(store: Store, group: str) -> Json:
    versions = sorted({each.version for each in store.kinds if each.group == group})
    named = [{"groupVersion": f"{group}/{each}", "version": each} for each in versions]
    return {"name": group, "versions": named, "preferredVersion": named[0]}


def _of_kind(kind: ApiKind, *, status: bool) -> Iterator[Json]:
    common = {"singularName": kind.kind.lower(), "namespaced": kind.namespaced, "kind": kind.kind}
    yield {"name": kind.plural, **common, "verbs": _VERBS}
    if status:
        yield {"name": f"{kind.plural}/status", **common, "singularName": "", "verbs": ["get", "patch", "update"]}
