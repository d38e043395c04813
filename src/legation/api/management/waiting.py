"""Waiting until Envoys have what was stored: whom the request means, and for how long."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from legation.api.management import failures
from legation.api.management.calls import Plane
from legation.api.management.kinds import Kinds
from legation.api.management.refused import Refused
from legation.errors import ObjectNotFound, VersionConflict
from legation.management.v1 import management_pb2 as pb
from legation.model.node import Node, Workload
from legation.model.objects import ManifestObject, ObjectKey
from legation.model.stored import ObjectStore
from legation.runtime.acceptance import Acceptance
from legation.sources.base import Source

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


async def wait_accepted(
    plane: Plane,
    store: ObjectStore,
    kinds: Kinds,
    request: pb.WaitAcceptedRequest,
    *,
    own: Source | None = None,
    gone: Collection[ObjectKey] = (),
) -> Acceptance:
    """Wait for what a request says.

    Args:
        plane: What serves the objects.
        store: Who keeps them.
        kinds: The kinds of objects that are served.
        request: What is to be waited for.
        own: The source that has what is stored.
        gone: Objects that are known to have been there.

    Raises:
        Refused: The request cannot be read, or another source hides what is stored, or nobody ever heard of an object.
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
    stored = await _versions(store, keys)
    unheard = {key for key, version in keys.items() if not version and plane.foresight.held(key) is None}
    for key in unheard - {each.key for each in stored} - {*gone}:
        # It was deleted elsewhere, if an Envoy still has it.
        if _says_nothing(await plane.wait_accepted(key, timeout=seconds, matches=meant)):
            raise failures.not_found(key)
    versions = [each for each in stored if not _is_hidden(plane, each.key, keys, own=own)]
    return await plane.wait_accepted(
        *keys, at_least=request.at_least, timeout=seconds, matches=meant, versions=versions
    )


def _says_nothing(found: Acceptance) -> bool:
    return not (found.accepted or found.refused or found.waiting or found.problems)


def _is_hidden(plane: Plane, key: ObjectKey, keys: Mapping[ObjectKey, str], *, own: Source | None) -> bool:
    """Say whether another source has an object, so that what is stored of it never comes.

    Raises:
        Refused: It does, and what is stored is waited for.
    """
    found = plane.foresight.held(key)
    if found is None or found[0] is own:
        return False
    if keys[key]:
        where = f"objects[{list(keys).index(key)}]"
        raise failures.held_elsewhere([(where, key, found[0].name, found[1].place)])
    return True


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
