"""VirtualServices of l7mp: pipes from a UDP or TCP port to workers, for all of one call the same. Pure.

A listener of an object is a Listener, a Cluster and, where labels say which Pods its hosts are, a Selection. From here
on they are resources like all others. Who gets them are the workloads of the object's namespace that have every label
of its selector.

Source: https://github.com/l7mp/l7mp-xds-operator (`servicemesh.l7mp.io/v1`); what differs is in docs/migration-l7mp.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from legation.model.api_kinds import ApiKind
from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ResourceType
from legation.translate.base import Selection, Translation
from legation.translate.checked_fields import Fields
from legation.translate.faults import fault, kind_of
from legation.translate.pipe import PipeCluster
from legation.translate.pipe_clusters import cluster_draft
from legation.translate.pipe_listeners import listener_draft
from legation.translate.pipe_reading import read_pipes
from legation.translate.pod_clusters import PodCluster
from legation.translate.pod_endpoints import PodEndpoints, assignment_draft, hosts

KIND = ApiKind(
    group="servicemesh.l7mp.io",
    version="v1",
    kind="VirtualService",
    plural="virtualservices",
    finalizer="l7mp.io/delete",
)
_CODE = "invalid-virtual-service"
_SPEC: FieldPath = ("spec",)


class VirtualServices:
    """The step of VirtualServices."""

    api_kinds = (KIND,)
    kinds = frozenset((each.group, each.kind) for each in api_kinds)

    def translate(self, manifest: ManifestObject) -> Translation:
        """Return the listeners with their clusters; nothing of an object that is about to be deleted."""
        if _is_going(manifest):
            return Translation()
        if manifest.api_version != KIND.api_version:
            message = f"this version of {KIND.kind} is not understood"
            mend = f"understood is {KIND.api_version}"
            return Translation(problems=(fault(manifest, "unknown-version", message, ("apiVersion",), mend=mend),))
        value = manifest.body.get("spec")
        if value is None:
            mend = "put selector and listeners below spec"
            return Translation(problems=(fault(manifest, "no-spec", "the object has no spec", mend=mend),))
        if not isinstance(value, Mapping):
            message = f"spec must be a map, this is {kind_of(value)}"
            return Translation(problems=(fault(manifest, "invalid-spec", message, _SPEC),))
        return _translated(Fields(manifest=manifest, code=_CODE, value=value, path=_SPEC))

    def may_hold(self, manifest: ManifestObject) -> frozenset[ResourceType]:
        """Return what a pipe is made of."""
        del manifest
        return frozenset({CLUSTER, LISTENER, CLUSTER_LOAD_ASSIGNMENT})


STEP = VirtualServices()


def _is_going(manifest: ManifestObject) -> bool:
    """Say whether it is being deleted: it is there for as long as it has finalizers, and means nothing any more."""
    metadata = manifest.body.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get("deletionTimestamp"))


def _translated(spec: Fields) -> Translation:
    spec.know("selector", "listeners")
    labels = spec.labels(
        "selector", mend="write the labels of the Pods whose Envoys get it, such as app: envoy-ingress"
    )
    pipes = read_pipes(spec)
    problems = tuple(spec.problems)
    if spec.refused:
        return Translation(problems=problems)
    scope = Scope(namespace=spec.manifest.key.namespace, labels=labels)
    # Several pipes may lead to one cluster: those of one name are equal here.
    clusters = tuple(dict.fromkeys(pipe.cluster for pipe in pipes))
    fixed = (each for each in clusters if each.by_eds and not each.has_pods)
    return Translation(
        drafts=(
            *(cluster_draft(each, scope) for each in clusters if each.by_eds or not each.has_pods),
            *(assignment_draft(each, scope, hosts(each.endpoints)) for each in fixed),
            *(listener_draft(each, scope) for each in pipes),
        ),
        selections=tuple(_of_pods(spec.manifest, scope, each) for each in clusters if each.has_pods),
        problems=problems,
    )


def _of_pods(manifest: ManifestObject, scope: Scope, cluster: PipeCluster) -> Selection:
    endpoints = PodEndpoints(manifest=manifest, scope=scope, cluster=cluster)
    return endpoints if cluster.by_eds else PodCluster(endpoints=endpoints)
