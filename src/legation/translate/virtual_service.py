"""VirtualServices of l7mp: pipes from a UDP or TCP port to workers, for all of one call the same. Pure.

A listener of an object is a Listener, a Cluster and, where labels say which Pods its hosts are, a Selection. From here
on they are resources like all others. Who gets them are the workloads of the object's namespace that have every label
of its selector.

Source: https://github.com/l7mp/l7mp-xds-operator (`servicemesh.l7mp.io/v1`); what differs is in docs/migration-l7mp.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from legation.model.api_kinds import ApiKind
from legation.model.node import Scope
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Problem
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ResourceType
from legation.translate.base import Draft, Selection, Translation
from legation.translate.checked_fields import Fields, Told
from legation.translate.faults import spec_of, version_fault
from legation.translate.pipe import PipeCluster
from legation.translate.pipe_assignments import assignment_draft, hosts
from legation.translate.pipe_clusters import dns_cluster, eds_cluster
from legation.translate.pipe_listeners import listener_draft
from legation.translate.pipe_reading import read_pipes
from legation.translate.pipe_selections import PodCluster, PodEndpoints

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
        """Return the listeners with their clusters."""
        spec = version_fault(manifest, KIND.api_version) or spec_of(
            manifest, mend="put selector and listeners below spec"
        )
        if isinstance(spec, Problem):
            return Translation(problems=(spec,))
        return _translated(manifest, Fields(spec, told=Told(manifest, code=_CODE), path=_SPEC))

    def may_hold(self, manifest: ManifestObject) -> frozenset[ResourceType]:
        """Return what a pipe is made of."""
        del manifest
        return frozenset({CLUSTER, LISTENER, CLUSTER_LOAD_ASSIGNMENT})


STEP = VirtualServices()


def _translated(manifest: ManifestObject, spec: Fields) -> Translation:
    spec.know("selector", "listeners")
    labels = spec.labels(
        "selector", mend="write the labels of the Pods whose Envoys get it, such as app: envoy-ingress"
    )
    pipes = read_pipes(spec)
    problems = tuple(spec.told.problems)
    if pipes is None:
        return Translation(problems=problems)
    scope = Scope(namespace=manifest.key.namespace, labels=labels)
    # Several pipes may lead to one cluster: those of one name are equal here.
    clusters = dict.fromkeys(pipe.cluster for pipe in pipes)
    made = [each for cluster in clusters for each in _made(manifest, scope, cluster)]
    return Translation(
        drafts=(
            *(each for each in made if isinstance(each, Draft)),
            *(listener_draft(each, scope) for each in pipes),
        ),
        selections=tuple(each for each in made if not isinstance(each, Draft)),
        problems=problems,
    )


def _made(manifest: ManifestObject, scope: Scope, cluster: PipeCluster) -> Iterator[Draft | Selection]:
    """Yield the resources of one cluster, and what is made of Pods in their place."""
    of_pods = PodEndpoints(manifest=manifest, scope=scope, cluster=cluster)
    match cluster.by_eds, cluster.has_pods:
        case True, True:
            yield eds_cluster(cluster, scope)
            yield of_pods
        case True, False:
            yield eds_cluster(cluster, scope)
            yield assignment_draft(cluster, scope, hosts(cluster.endpoints))
        case False, True:
            yield PodCluster(endpoints=of_pods)
        case _:
            yield dns_cluster(cluster, scope, hosts(cluster.endpoints))
