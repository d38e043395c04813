"""Upstreams of `legation.dev/v1alpha1`: a cluster in few words, and the share it takes in routes of others. Pure.

An Upstream is a Cluster, a ClusterLoadAssignment where it has addresses, and a `Share`: a note for the routes of its
namespace, of which `sharing.py` knows what it does to them.
"""

from __future__ import annotations

from collections.abc import Iterable

from legation.model.api_kinds import ApiKind
from legation.model.objects import FieldPath, ManifestObject
from legation.model.problems import Level, Problem
from legation.model.resource_types import (
    CLUSTER,
    CLUSTER_LOAD_ASSIGNMENT,
    LISTENER,
    ROUTE_CONFIGURATION,
    SCOPED_ROUTE,
    VIRTUAL_HOST,
    ResourceType,
)
from legation.translate.base import Note, Stage, Translation
from legation.translate.checked_fields import Fields, Told
from legation.translate.faults import fault, spec_of, version_fault
from legation.translate.selectors import scope_of
from legation.translate.shares import Share
from legation.translate.sharing import SharePlan
from legation.translate.upstream_clusters import drafts_of, has_no_hosts
from legation.translate.upstream_reading import read_upstream

KIND = ApiKind(group="legation.dev", version="v1alpha1", kind="Upstream", plural="upstreams")
_CODE = "invalid-upstream"
_SPEC: FieldPath = ("spec",)


class Upstreams:
    """The step of Upstreams."""

    api_kinds = (KIND,)
    kinds = frozenset((each.group, each.kind) for each in api_kinds)

    def translate(self, manifest: ManifestObject) -> Translation:
        """Return the cluster, its assignment, and its share."""
        spec = version_fault(manifest, KIND.api_version) or spec_of(manifest, mend="put hosts or service below spec")
        if isinstance(spec, Problem):
            return Translation(problems=(spec,))
        scope, selector_problems = scope_of(manifest, spec)
        told = Told(manifest, code=_CODE)
        told.problems.extend(selector_problems)
        fields = Fields(spec, told=told, path=_SPEC)
        upstream = read_upstream(fields)
        drafts = tuple(drafts_of(upstream, fields, scope))
        if told.refused:
            return Translation(problems=tuple(told.problems))
        share = Share(
            cluster=manifest.key.name,
            scope=scope,
            weight=upstream.weight,
            base_weight=upstream.base_weight,
            picks=upstream.picks,
        )
        shares = share.weight > 0 and bool(share.picks)
        empty = has_no_hosts(upstream)
        # What stands in the cluster itself is looked at with the cluster.
        if empty and (shares or len(drafts) > 1):
            told.problems.append(_without_hosts(manifest, shares=shares))
        notes = (share,) if shares and not empty else ()
        return Translation(drafts=drafts, notes=notes, problems=tuple(told.problems))

    def may_hold(self, manifest: ManifestObject) -> frozenset[ResourceType]:
        """Return what an upstream is made of."""
        del manifest
        return frozenset({CLUSTER, CLUSTER_LOAD_ASSIGNMENT})


class ShareAmender:
    """The amender of the notes of that step."""

    rows = frozenset({LISTENER, ROUTE_CONFIGURATION, SCOPED_ROUTE, VIRTUAL_HOST})
    stage = Stage.ENTRIES

    def plan(self, notes: Iterable[Note]) -> SharePlan | None:
        """Return what the shares of a namespace are, or None if there are none."""
        shares = [each for each in notes if isinstance(each.value, Share)]
        return SharePlan.of(shares) if shares else None


STEP = Upstreams()
AMENDER = ShareAmender()


def _without_hosts(manifest: ManifestObject, *, shares: bool) -> Problem:
    message = f"there are no hosts, so {'it takes no share, and ' if shares else ''}every request to it fails"
    path = (*_SPEC, "hosts")
    return fault(manifest, "upstream-without-hosts", message, path, level=Level.WARNING, mend="add a host")
