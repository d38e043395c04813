"""Raw Envoy configuration: the `bootes.io/v1` kinds and `legation.dev/v1alpha1` EnvoyResources. Pure.

A Cluster, Listener, Route or Endpoint of bootes.io holds one resource, in `spec.config`; its Envoy name is what the
config says, not the object's. An EnvoyResources holds any number of any types, in `spec.resources`, which are applied
together or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from legation.model.api_kinds import ApiKind
from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_CONFIGURATION,
    ResourceType,
)
from legation.translate.base import Draft, Translation
from legation.translate.drafts import draft_of
from legation.translate.faults import fault, kind_of, spec_of, unknown_fields, version_fault
from legation.translate.selectors import SELECTOR, scope_of

_ONE_RESOURCE: dict[str, ResourceType] = {
    "Cluster": CLUSTER,
    "Endpoint": CLUSTER_LOAD_ASSIGNMENT,
    "Listener": LISTENER,
    "Route": ROUTE_CONFIGURATION,
}
_MANY_RESOURCES = "EnvoyResources"
_SPEC: FieldPath = ("spec",)


class RawConfig:
    """The step of the objects that hold Envoy configuration as it is."""

    api_kinds = (
        *(ApiKind(group="bootes.io", version="v1", kind=kind, plural=f"{kind.lower()}s") for kind in _ONE_RESOURCE),
        ApiKind(group="legation.dev", version="v1alpha1", kind=_MANY_RESOURCES, plural="envoyresources"),
    )
    kinds = frozenset((each.group, each.kind) for each in api_kinds)

    def translate(self, manifest: ManifestObject) -> Translation:
        """Return the configuration with its type, and who gets it."""
        understood = next(each.api_version for each in self.api_kinds if each.group == manifest.key.group)
        spec = version_fault(manifest, understood) or spec_of(manifest, mend="put what it holds below spec")
        if isinstance(spec, Problem):
            return Translation(problems=(spec,))
        scope, selector_problems = scope_of(manifest, spec)
        row = _ONE_RESOURCE.get(manifest.key.kind)
        field = "resources" if row is None else "config"
        found = list(_resources(manifest, spec, scope) if row is None else _config(manifest, spec, scope, row))
        problems = (
            *unknown_fields(manifest, spec, (field, SELECTOR), _SPEC),
            *selector_problems,
            *(each for each in found if isinstance(each, Problem)),
        )
        if any(problem.level is Level.ERROR for problem in problems):
            return Translation(problems=problems)
        return Translation(drafts=tuple(each for each in found if isinstance(each, Draft)), problems=problems)

    def may_hold(self, manifest: ManifestObject) -> frozenset[ResourceType]:
        """Return the one type of the kind, or every type for a kind that can hold any."""
        row = _ONE_RESOURCE.get(manifest.key.kind)
        return frozenset(RESOURCE_TYPES if row is None else (row,))


STEP = RawConfig()


def _config(
    manifest: ManifestObject, spec: Mapping[str, Any], scope: Scope, row: ResourceType
) -> Iterator[Draft | Problem]:
    config = spec.get("config")
    path: FieldPath = (*_SPEC, "config")
    if config is None:
        mend = f"put the {row.message} there, as Envoy's documentation writes it"
        yield fault(manifest, "no-config", "there is no spec.config", _SPEC, mend=mend)
    elif not isinstance(config, Mapping):
        yield fault(manifest, "invalid-config", f"config must be a map, this is {kind_of(config)}", path)
    elif config.get("@type", row.url) != row.url:
        message = f"the config of a {manifest.key.kind} is of one type only"
        yield fault(manifest, "wrong-type", message, (*path, "@type"), mend=f"leave it out, or write {row.url}")
    else:
        yield Draft(json={"@type": row.url, **config}, scope=scope, path=path)


def _resources(manifest: ManifestObject, spec: Mapping[str, Any], scope: Scope) -> Iterator[Draft | Problem]:
    resources = spec.get("resources")
    path: FieldPath = (*_SPEC, "resources")
    if not isinstance(resources, list):
        message = "there are no spec.resources" if resources is None else f"this is {kind_of(resources)}, not a list"
        mend = "write a list of Envoy resources, each with its @type"
        yield fault(manifest, "no-resources", message, _SPEC if resources is None else path, mend=mend)
        return
    for index, resource in enumerate(resources):
        yield draft_of(manifest, resource, scope, (*path, index))
