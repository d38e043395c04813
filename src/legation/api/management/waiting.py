"""Waiting until Envoys have what was stored: whom the request means, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from legation.api.management.calls import Plane
from legation.api.management.kinds import Kinds
from legation.api.management.refused import Refused
from legation.errors import ObjectNotFound, VersionConflict
from legation.management.v1 import management_pb2 as pb
from legation.model.node import Node, Workload
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.stored import ObjectStore
from legation.runtime.acceptance import Acceptance

UNASKED = 30.0
"""Seconds that are waited where the request does not say it."""
LONGEST = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which Envoys are meant; what is empty leaves nobody out."""

    nodes: frozenset[str]
    namespace: str
    labels: frozenset[tuple[str, str]]

    def __call__(self, node: Node, workload: Workload | None) -> bool:
        """Say whether it is one of them."""
        if self.nodes and node.id not in self.nodes:
            return False
        if workload is None:
            return not self.namespace and not self.labels
        return self.namespace in {"", workload.namespace} and self.labels <= workload.labels


async def wait_accepted(plane: Plane, store: ObjectStore, kinds: Kinds, request: pb.WaitAcceptedRequest) -> Acceptance:
    """Wait for what a request says.

    Raises:
        Refused: The request cannot be read.
        VersionConflict: A version is asked for that is not there.
    """
    keys = {
        kinds.key(each.group, each.kind, each.namespace, each.name, field=f"objects[{index}]."): each.resource_version
        for index, each in enumerate(request.objects)
    }
    meant = Meant(
        nodes=frozenset(request.node_ids),
        namespace=request.namespace,
        labels=frozenset(request.labels.items()),
    )
    seconds = _seconds(request)
    if request.at_least < 0:
        raise Refused.bad_request([("at_least", "it is less than 0")])
    return await plane.wait_accepted(
        *keys, at_least=request.at_least, timeout=seconds, matches=meant, versions=await _versions(store, keys)
    )


def _seconds(request: pb.WaitAcceptedRequest) -> float:
    if not request.HasField("timeout"):
        return UNASKED
    seconds = request.timeout.seconds + request.timeout.nanos / 1e9
    if not 0 <= seconds <= LONGEST:
        raise Refused.bad_request([("timeout", f"write a duration from 0 s to {LONGEST:g} s")])
    return seconds


async def _versions(store: ObjectStore, keys: Mapping[ObjectKey, str]) -> list[ManifestObject]:
    """Return what is stored now of the objects, which is waited for; nothing of what is deleted again.

    Raises:
        VersionConflict: A version is asked for that is not there.
    """
    found: list[ManifestObject] = []
    for index, (key, asked) in enumerate(keys.items()):
        try:
            stored = await store.get(key)
        except ObjectNotFound:
            continue
        version = stored.resource_version
        if asked and not (asked.isdecimal() and version.isdecimal() and int(asked) <= int(version)):
            raise VersionConflict(index, key, asked, version)
        found.append(stored.manifest())
    return found
