"""A resource among others in an object -> a draft, or what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Problem
from legation.model.resource_types import CLUSTER
from legation.translate.base import Draft
from legation.translate.faults import fault, kind_of


def draft_of(manifest: ManifestObject, resource: object, scope: Scope, path: FieldPath) -> Draft | Problem:
    """Return the draft of what stands there, which has to be a map with an @type."""
    if not isinstance(resource, Mapping):
        return fault(manifest, "invalid-config", f"a resource must be a map, this is {kind_of(resource)}", path)
    if not isinstance(resource.get("@type"), str):
        mend = f'add "@type", such as {CLUSTER.url}'
        return fault(manifest, "missing-type", 'the resource has no "@type"', path, mend=mend)
    return Draft(json=resource, scope=scope, path=path)
