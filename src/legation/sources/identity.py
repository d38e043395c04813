"""Which object a manifest describes: what every object has to say, whatever its kind, wherever it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from legation.model.node import DEFAULT_NAMESPACE
from legation.model.objects import FieldPath, ManifestObject, ObjectKey, Place

_METADATA: FieldPath = ("metadata",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What keeps a document from being an object."""

    code: str
    message: str
    mend: str
    path: FieldPath = ()
    key: ObjectKey | None = None
    """The object, if the fault leaves no doubt which one it is."""


def identify(body: object, *, place: Place | None = None) -> ManifestObject | Fault:
    """Return the object that a manifest in plain JSON describes, or the first fault that keeps it from being one.

    An object without a namespace is in `default`.
    """
    if not isinstance(body, Mapping):
        what = "a list" if isinstance(body, list) else "a single value"
        message = f"this document is {what}, not an object"
        return Fault(code="not-an-object", message=message, mend='an object begins with "apiVersion:" and "kind:"')
    fault = next(_name_faults(body), None)
    if fault is not None:
        return fault
    key, metadata = _key(body), body["metadata"]
    fault = next(_metadata_faults(metadata, key), None)
    if fault is not None:
        return fault
    return ManifestObject(
        key=key,
        api_version=body["apiVersion"],
        body=body,
        labels=metadata.get("labels") or {},
        created=metadata.get("creationTimestamp") or "",
        place=place,
    )


def _key(body: Mapping[str, Any]) -> ObjectKey:
    group = body["apiVersion"].rpartition("/")[0]
    metadata = body["metadata"]
    return ObjectKey(group, body["kind"], metadata.get("namespace") or DEFAULT_NAMESPACE, metadata["name"])


def _name_faults(body: Mapping[str, Any]) -> Iterator[Fault]:
    kind = body.get("kind")
    if not isinstance(kind, str) or not kind:
        yield Fault(code="no-kind", message="the object has no kind", mend='add "kind:", such as "kind: Cluster"')
    version = body.get("apiVersion")
    if not isinstance(version, str) or not version:
        message = f"the {kind} has no apiVersion"
        yield Fault(code="no-api-version", message=message, mend='add "apiVersion:", such as "apiVersion: v1"')
    metadata = body.get("metadata")
    if not isinstance(metadata, Mapping):
        metadata = {}
    name = metadata.get("name")
    if name is None or name == "":
        message = f"the {kind} has no metadata.name"
        yield Fault(code="no-name", message=message, mend='add "name:" below "metadata:"', path=_METADATA)
    elif not isinstance(name, str):
        yield Fault(code="no-name", message="metadata.name is not text", mend="quote it", path=(*_METADATA, "name"))
    if not isinstance(metadata.get("namespace") or "", str):
        path = (*_METADATA, "namespace")
        yield Fault(code="bad-namespace", message="metadata.namespace is not text", mend="quote it", path=path)


def _metadata_faults(metadata: Mapping[str, Any], key: ObjectKey) -> Iterator[Fault]:
    path = (*_METADATA, "labels")
    labels = metadata.get("labels") or {}
    if isinstance(labels, Mapping):
        for name, value in labels.items():
            if not isinstance(value, str):
                message = f'the value of the label "{name}" is not text'
                yield Fault(code="bad-labels", message=message, mend="quote it", path=(*path, name), key=key)
    else:
        message = "metadata.labels is not a mapping"
        yield Fault(code="bad-labels", message=message, mend='write "name: value" lines below it', path=path, key=key)
    if not isinstance(metadata.get("creationTimestamp") or "", str):
        path = (*_METADATA, "creationTimestamp")
        message = "metadata.creationTimestamp is not a timestamp"
        yield Fault(code="bad-timestamp", message=message, mend="remove it", path=path, key=key)
