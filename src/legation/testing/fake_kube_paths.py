"""What a request to FakeKube is about: its path and method, read as the API's own.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from legation.model.api_kinds import ApiKind
from legation.testing.fake_kube_store import Store

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An object, or all of a kind in a namespace or in all."""

    verb: str
    kind: ApiKind
    namespace: str
    name: str
    subresource: str


def target_of(store: Store, method: str, path: str, params: Mapping[str, str]) -> Target | None:
    """Return what a request is about; None where there is no such kind."""
    match path.strip("/").split("/"):
        case ["api", version, *rest] if rest:
            group = ""
        case ["apis", group, version, *rest] if rest:
            pass
        case _:
            return None
    namespace = ""
    # `namespaces/shop` is an object of its own, `namespaces/shop/pods` is not.
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in {"status", "finalize"}:
        _, namespace, *rest = rest
    plural, name, subresource = (*rest, "", "")[:3]
    kind = next(
        (each for each in store.kinds if (each.group, each.version, each.plural) == (group, version, plural)), None
    )
    if kind is None or (subresource and (subresource != "status" or not store.kinds[kind])):
        return None
    verb = _VERBS.get(method, "get" if name else "list")
    if verb == "list" and params.get("watch") in {"true", "1"}:
        verb = "watch"
    return Target(verb=verb, kind=kind, namespace=namespace, name=name, subresource=subresource)
