"""Where resources come from and who has them, as plain JSON: what pages show and commands read.

What is long is yielded piece by piece. Nothing secret is in it: resources are shown by `codec.to_json`, objects by
`secret_values`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from legation.envoy import codec
from legation.envoy.secret_values import hidden
from legation.model.objects import ObjectKey, Place, show_path
from legation.model.resource import Resource
from legation.model.trail import Blamed, KnownEnvoy, SentResource, SentTo, Spread, Traced, TracedObject


def resources_json(found: Iterable[Traced], *, content: bool) -> Iterator[dict[str, Any]]:
    """Yield resources, with their content or without."""
    return (traced_json(each) | (_content(each.resource) if content else {}) for each in found)


def traced_json(traced: Traced) -> dict[str, Any]:
    """Return where a resource comes from."""
    resource = traced.resource
    return {
        "type": resource.type.name,
        "name": resource.name,
        "version": resource.version,
        "namespace": traced.namespace,
        "labels": dict(sorted(traced.labels)),
        "object": _key(resource.origin),
        **_place(traced.place),
        "path": show_path(traced.path),
        "stale": traced.stale,
        "amended_by": [str(each) for each in traced.amended_by],
        "made_of": list(traced.made_of),
    }


def objects_json(found: Iterable[TracedObject]) -> Iterator[dict[str, Any]]:
    """Yield the objects as their owners wrote them."""
    return (object_json(each) | {"body": hidden(each.manifest.body)} for each in found)


def object_json(traced: TracedObject) -> dict[str, Any]:
    """Return what is known of an object, without what it says."""
    key = traced.manifest.key
    return {
        "object": str(key),
        "group": key.group,
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        **_place(traced.place),
        "served": traced.served,
        "resources": [[row.name, name] for row, name in traced.resources],
    }


def asked_object(asked: str) -> tuple[str, str, str]:
    """Return kind, namespace and name of the object that somebody asks for.

    Args:
        asked: `Cluster shop/web`, or without the namespace for any.
    """
    kind, _, rest = asked.strip().partition(" ")
    namespace, _, name = rest.strip().rpartition("/")
    return kind, namespace, name


def envoy_json(envoy: KnownEnvoy) -> dict[str, Any]:
    """Return who an Envoy is."""
    workload = envoy.workload
    return {
        "node": envoy.node.id,
        "address": envoy.peer.address,
        "group": envoy.group,
        "namespace": workload.namespace if workload else None,
        "labels": dict(sorted(workload.labels)) if workload else {},
        "waits": envoy.waits,
    }


def sent_json(found: Iterable[SentTo], *, content: bool) -> Iterator[dict[str, Any]]:
    """Yield what Envoys were sent, resource by resource; each says at which of these Envoys."""
    for to in found:
        yield {"envoy": envoy_json(to.envoy) | {"connected_for": round(to.connected_for, 3)}}
        for each in to.resources:
            yield _sent_resource(each, to.envoy, content=content)


def _sent_resource(sent: SentResource, envoy: KnownEnvoy, *, content: bool) -> dict[str, Any]:
    wanted = sent.wanted
    shown = {
        "node": envoy.node.id,
        "address": envoy.peer.address,
        "type": sent.type.name,
        "name": sent.name,
        "state": sent.state.value,
        "version": _version(wanted.resource) if wanted else None,
        "accepted": _version(sent.held),
        "sent": _version(sent.sent),
        "since": None if sent.since is None else round(sent.since, 3),
        "reason": sent.words,
        "object": _key(sent.origin),
        **_place(wanted.place if wanted else None),
    }
    if content:
        has = sent.held or sent.sent
        shown["json"] = dict(codec.to_json(has)) if has is not None else None
    return shown


def blamed_json(blamed: Blamed) -> dict[str, Any]:
    """Return where a resource comes from, and who has it."""
    nowhere: Mapping[str, Any] = {
        "version": None,
        "namespace": None,
        "labels": {},
        "object": None,
        **_place(None),
        "path": "",
        "stale": False,
        "amended_by": [],
        "made_of": [],
    }
    own = traced_json(blamed.traced) if blamed.traced is not None else nowhere
    return {**own, "type": blamed.type.name, "name": blamed.name, "envoys": _spread(blamed.spread)}


def _spread(spread: Spread) -> dict[str, Any]:
    return {
        "concerned": spread.concerned,
        "accepted": spread.accepted,
        "refused": spread.refused,
        "versions": dict(spread.versions),
        "refusals": [{"node": each.node, "version": each.version, "reason": each.words} for each in spread.refusals],
        "behind": list(spread.behind),
    }


def _content(resource: Resource) -> dict[str, Any]:
    return {"json": dict(codec.to_json(resource))}


def _version(resource: Resource | None) -> str | None:
    return None if resource is None else resource.version


def _key(key: ObjectKey | None) -> str | None:
    return None if key is None else str(key)


def _place(place: Place | None) -> dict[str, Any]:
    return {
        "file": place.file if place else None,
        "line": (place.line or None) if place else None,
        "column": (place.column or None) if place else None,
    }
