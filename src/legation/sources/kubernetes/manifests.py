"""The objects that have a meaning for Envoys, each as its owner wrote it.

What changes without the owner, status and bookkeeping, is left out: an object of which only that has changed stays the
same Python object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

from legation.kube.nesting import DEEPEST, is_deep
from legation.kube.watch import Gone, Put
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName
from legation.model.objects import ManifestObject, ObjectKey, is_same_json
from legation.sources.kubernetes.base import Watched

_METADATA = ("name", "namespace", "uid", "generation", "labels", "creationTimestamp")
"""What is kept of `metadata`, beside our own annotations: tools change others all the time."""
_OUR_ANNOTATIONS = "legation.dev/"
_DELETED = "deletionTimestamp"

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class ManifestReader:
    """The objects of all kinds that somebody understands."""

    def __init__(
        self,
        kinds: Iterable[ApiKind],
        *,
        namespaces: tuple[str, ...] = (),
        selector: str = "",
        named: Mapping[ApiKind, Sequence[NamespacedName]] = MappingProxyType({}),
    ) -> None:
        """Begin without objects.

        Args:
            kinds: What is watched.
            namespaces: Where; empty for everywhere.
            selector: Labels that the objects must have, as the API writes them; empty for all objects. A kind may ask
                for others besides.
            named: Kinds of which some objects alone are watched, whatever their labels are.
        """
        self.watched = tuple(
            watched
            for kind in kinds
            for watched in (
                (self._of_name(kind, name) for name in named[kind])
                if kind in named
                else (self._of_kind(kind, namespaces, selector),)
            )
        )
        self._objects: dict[ObjectKey, ManifestObject] = {}
        self._statuses: dict[ObjectKey, Mapping[str, Any]] = {}

    def _of_kind(self, kind: ApiKind, namespaces: tuple[str, ...], selector: str) -> Watched:
        labels = ",".join(filter(None, (kind.selector, selector)))
        return Watched(kind=kind, decode=_reader(kind), take=self._take, namespaces=namespaces, label_selector=labels)

    def _of_name(self, kind: ApiKind, name: NamespacedName) -> Watched:
        return Watched(
            kind=kind,
            decode=_reader(kind),
            take=self._take,
            namespaces=(name.namespace,),
            field_selector=f"metadata.name={name.name}",
        )

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
    version = _version_of(kind, read)
    body |= {"apiVersion": version, "kind": kind.kind}
    body["metadata"] = {
        **{name: metadata[name] for name in _METADATA if name in metadata},
        **_annotations(metadata),
        **_departure(kind, metadata),
    }
    return ManifestObject(
        key=ObjectKey(kind.group, kind.kind, metadata.get("namespace") or "", metadata["name"]),
        api_version=version,
        body=body,
        labels=metadata.get("labels") or {},
        created=metadata.get("creationTimestamp") or "",
    )


def _version_of(kind: ApiKind, read: Mapping[str, Any]) -> str:
    """Return in which version an object is told. The members of a list need not say it: then there is but one."""
    told = read.get("apiVersion")
    versions = (each.api_version for each in kind.every_version)
    return next((each for each in versions if each == told), kind.api_version)


def _departure(kind: ApiKind, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells that an object is to go, where that waits for us; others come and go as others please."""
    if not kind.finalizer:
        return {}
    found = metadata.get("finalizers")
    own = {"finalizers": [kind.finalizer]} if isinstance(found, list) and kind.finalizer in found else {}
    return {**own, **({_DELETED: metadata[_DELETED]} if metadata.get(_DELETED) else {})}


def _annotations(metadata: Mapping[str, Any]) -> dict[str, Any]:
    every = metadata.get("annotations")
    own = {name: each for name, each in every.items() if name.startswith(_OUR_ANNOTATIONS)} if every else {}
    return {"annotations": own} if own else {}
