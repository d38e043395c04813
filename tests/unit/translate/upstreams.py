"""Upstreams, and routes that they share, for the tests of both."""

from __future__ import annotations

from typing import Any

from legation.model.objects import ManifestObject
from legation.translate.base import Note
from legation.translate.upstream import STEP
from tests.manifests import manifest

HOSTS = [{"address": "10.0.0.1", "port": 8080}]


def upstream(name: str = "v2", *, namespace: str = "default", created: str = "", **spec: Any) -> ManifestObject:
    """Return an Upstream that has hosts, if nothing else says where it is."""
    if not spec.keys() & {"hosts", "service", "cluster"}:
        spec["hosts"] = HOSTS
    version = "legation.dev/v1alpha1"
    return manifest("Upstream", name, api_version=version, namespace=namespace, created=created, spec=spec)


def notes(*objects: ManifestObject) -> list[Note]:
    """Return what the objects say of routes; none of them is broken."""
    found = []
    for each in objects:
        translation = STEP.translate(each)
        assert translation.drafts, translation.problems
        found += [Note(manifest=each, value=value) for value in translation.notes]
    return found


def route(name: str = "", /, **action: Any) -> dict[str, Any]:
    """Return a route with this action."""
    return {"match": {"prefix": "/"}, **({"name": name} if name else {}), "route": action}


def weighted(**weights: Any) -> dict[str, Any]:
    """Return weighted clusters."""
    return {"clusters": [{"name": name, "weight": weight} for name, weight in weights.items()]}
