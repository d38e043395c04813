"""The objects that have a meaning for Envoys, each as its owner wrote it.

What changes without the owner, status and bookkeeping, is left out: an object of which only that has changed stays the
same Python object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from legation.kube.nesting import DEEPEST, is_deep
from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.objects import ManifestObject, ObjectKey, is_same_json
from legation.sources.kubernetes.base import Watched

_METADATA = ("name", "namespace", "uid", "generation", "labels", "creationTimestamp")
"""What is kept of `metadata`. Annotations are not: they mean nothing here, and tools change them all the time."""

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class ManifestReader:
    """The objects of all kinds that somebody understands."""

    def __init__(self, kinds: Iterable[ApiKind], *, namespaces: tuple[str, ...] = (), selector: str = "") -> None:
        """Begin without objects.

        Args:
            kinds: What is watched.
            namespaces: Where; empty for everywhere.
            selector: Labels that the objects must have, as the API writes them; empty for all objects.
        """
        self.watched = tuple(
            Watched(kind=kind, decode=_reader(kind), take=self._take, namespaces=namespaces, label_selector=selector)
            for kind in kinds
        )
        self._objects: dict[ObjectKey, ManifestObject] = {}
        self._statuses: dict[ObjectKey, Mapping[str, Any]] = {}

    def objects(self) -> dict[ObjectKey, ManifestObject]:
        """Return the objects as they are now; O(objects)."""
        return self._objects.copy()

    def status(self, key: ObjectKey) -> Mapping[str, Any] | None:
        """Return the status that the object was last seen with; None for an object without."""
        return self._statuses.get(key)

    def _take(self, changes: Iterable[Put[_Read] | Gone[_Read]]) -> bool:
        changed = False
        for change in changes:
            if change.object is None:
                continue
            manifest, status = change.object
            if status is None or isinstance(change, Gone):
                self._statuses.pop(manifest.key, None)
            else:
                self._statuses[manifest.key] = status
            if isinstance(change, Gone):
                changed |= self._objects.pop(manifest.key, None) is not None
            elif (before := self._objects.get(manifest.key)) is None or not is_same_json(before.body, manifest.body):
                self._objects[manifest.key] = manifest
                changed = True
        return changed


_Read: TypeAlias = tuple[ManifestObject, Mapping[str, Any] | None]
"""An object as its owner wrote it, and its status."""


def _reader(kind: ApiKind) -> Callable[[msgspec.Raw], _Read]:
    def read(raw: msgspec.Raw) -> _Read:
        # What can be decoded and hardly so cannot be compared: no Envoy takes a message of a hundred levels.
        if is_deep(bytes(raw)):
            raise msgspec.ValidationError(f"it is nested more than {DEEPEST} levels deep")
        decoded = _decode(raw)
        status = decoded.get("status")
        return read_manifest(kind, decoded), status if isinstance(status, Mapping) else None

    return read


def read_manifest(kind: ApiKind, read: Mapping[str, Any]) -> ManifestObject:
    """Return what an object says that the API server has, without what is not its owner's.

    Raises:
        msgspec.ValidationError: It has no name.
    """
    metadata = read.get("metadata")
    if not isinstance(metadata, Mapping) or not metadata.get("name"):
        raise msgspec.ValidationError("the object has no metadata.name")
    body = {name: value for name, value in read.items() if name not in {"metadata", "status"}}
    # The members of a list need not say what they are.
    body |= {"apiVersion": kind.api_version, "kind": kind.kind}
    body["metadata"] = {name: metadata[name] for name in _METADATA if name in metadata}
    return ManifestObject(
        key=ObjectKey(kind.group, kind.kind, metadata.get("namespace") or "", metadata["name"]),
        api_version=kind.api_version,
        body=body,
        labels=metadata.get("labels") or {},
        created=metadata.get("creationTimestamp") or "",
    )
