"""Objects as the Kubernetes API shows them, as stored objects and back. Pure.

The one invariant: `managedFields` is never part of a body; who owns what is told by `owners` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from legation.model.api_kinds import ApiKind
from legation.model.node import DEFAULT_NAMESPACE
from legation.model.objects import ObjectKey
from legation.model.stored import Fields, Owner, StoredObject

_MANAGED = "managedFields"
_OF_THE_SERVER = frozenset({"resourceVersion", "generation", "creationTimestamp", "uid"})
"""What tells no wish of anybody: a dry run of a new object makes it up."""


def stored_object(value: Mapping[str, Any], *, kind: ApiKind) -> StoredObject:
    """Return what the API shows of an object; in lists of built-in kinds it leaves the kind out."""
    metadata = value["metadata"]
    return StoredObject(
        key=key_of(metadata, kind=kind),
        body={
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            **value,
            "metadata": {name: each for name, each in metadata.items() if name != _MANAGED},
        },
        owners=tuple(
            Owner(
                manager=str(each.get("manager") or ""),
                api_version=str(each.get("apiVersion") or ""),
                time=str(each.get("time") or ""),
                fields=_fields(each.get("fieldsV1") or {}),
            )
            for each in metadata.get(_MANAGED) or ()
        ),
    )


def key_of(metadata: Mapping[str, Any], *, kind: ApiKind) -> ObjectKey:
    """Return the key of an object of this kind."""
    return ObjectKey(kind.group, kind.kind, metadata.get("namespace") or DEFAULT_NAMESPACE, metadata["name"])


def wish(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is applied of a body: what the server says of it itself is no wish of the manager's."""
    metadata = {name: each for name, each in body["metadata"].items() if name != _MANAGED}
    return {**{name: each for name, each in body.items() if name != "status"}, "metadata": metadata}


def is_same(before: StoredObject, after: StoredObject) -> bool:
    """Say whether applying changes nothing at all, going by a dry run."""
    return _substance(before) == _substance(after)


def _substance(stored: StoredObject) -> object:
    metadata = {name: each for name, each in stored.body["metadata"].items() if name not in _OF_THE_SERVER}
    return {**stored.body, "metadata": metadata}, [
        (each.manager, each.api_version, each.fields) for each in stored.owners
    ]


def _fields(shown: Mapping[str, Any]) -> Fields:
    """Return FieldsV1 as names alone; items of lists that are owned one by one are left out."""
    return {
        name.removeprefix("f:"): _fields(below)
        for name, below in shown.items()
        if name.startswith("f:") and isinstance(below, Mapping)
    }
