"""Manifest objects as a directory would hand them out, for tests of what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.model.objects import ManifestObject, ObjectKey, Place


def manifest(
    kind: str = "Cluster",
    name: str = "backend",
    *,
    api_version: str = "bootes.io/v1",
    namespace: str = "default",
    file: str = "a.yaml",
    line: int = 1,
    created: str = "",
    labels: Mapping[str, Any] | None = None,
    **fields: Any,
) -> ManifestObject:
    """Return the object that has these fields beside its metadata; without a file it stands nowhere."""
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    if labels is not None:
        metadata["labels"] = labels
    group = api_version.rpartition("/")[0]
    return ManifestObject(
        key=ObjectKey(group, kind, namespace, name),
        api_version=api_version,
        body={"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields},
        labels=labels or {},
        created=created,
        place=Place(file, line, 1) if file else None,
    )


def cluster(name: str = "backend", *, config: Mapping[str, Any] | None = None, **fields: Any) -> ManifestObject:
    """Return a bootes.io Cluster whose Envoy name is its own."""
    return manifest("Cluster", name, spec={"config": {"name": name} if config is None else config}, **fields)
