"""Pods: they tell which labels the Envoy in them has. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from legation.model.api_kinds import ApiKind
from legation.model.node import Workload
from legation.model.objects import FieldPath, ManifestObject
from legation.model.resource_types import RESOURCE_TYPES, ResourceType
from legation.translate.base import Translation
from legation.translate.faults import fault, kind_of, string_map_faults

_METADATA: FieldPath = ("metadata",)


class Workloads:
    """The step of Pods. The Envoy of a Pod calls itself `<pod>.<namespace>`."""

    kinds = frozenset({("", "Pod")})
    # A cluster has thousands of Pods: its source reads of them what matching needs, and no more.
    api_kinds: tuple[ApiKind, ...] = ()

    def translate(self, manifest: ManifestObject) -> Translation:
        """Return the workload that the Pod is."""
        metadata = manifest.body.get("metadata")
        if not isinstance(metadata, Mapping):
            return Translation(problems=(fault(manifest, "invalid-metadata", f"metadata is {kind_of(metadata)}"),))
        labels = metadata.get("labels") or {}
        problems = tuple(string_map_faults(manifest, labels, (*_METADATA, "labels"), code="invalid-labels"))
        if problems:
            return Translation(problems=problems)
        spec = manifest.body.get("spec")
        account = spec.get("serviceAccountName") if isinstance(spec, Mapping) else None
        workload = Workload(
            namespace=manifest.key.namespace,
            labels=frozenset(labels.items()),
            service_account=account if isinstance(account, str) else "",
        )
        return Translation(workloads={f"{manifest.key.name}.{manifest.key.namespace}": workload})

    def may_hold(self, manifest: ManifestObject) -> frozenset[ResourceType]:
        """Return every type: without its labels a Pod may get less than is meant for it."""
        del manifest
        return frozenset(RESOURCE_TYPES)


STEP = Workloads()
