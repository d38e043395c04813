"""What somebody hands in to be stored, read: an object with a name, made of plain JSON, without what the store sets.

Pure. What is given is copied, so that nobody can change it later. Whether it means anything is not asked here.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from legation.errors import InvalidObjects, ObjectFault
from legation.model.objects import FieldPath, ObjectKey, show_path
from legation.model.stored import Fields
from legation.sources.identity import Fault, identify
from legation.sources.stored.names import name_faults
from legation.sources.stored.owned import fields_of

DEEPEST = 30
"""Levels of maps and lists inside each other: a message of protobuf can hold no more of them."""
_MOST_TOLD = 20
"""Unknown fields that are told of one object."""
_SET_HERE = frozenset(
    (
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    )
)
"""Fields of metadata that only the store sets. Two of them are read as conditions; the others are left out."""
_METADATA = _SET_HERE | {
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
}
"""Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/"""
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1
"""The whole numbers that readers of JSON can hold, and Envoy's messages: of 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An object that somebody applies."""

    index: int
    """Its number among those that are applied together."""
    key: ObjectKey
    content: Mapping[str, Any] = field(repr=False)
    """A copy, without what only the store sets and without status. Its namespace is said."""
    fields: Fields = field(repr=False)
    """The fields that whoever applies it owns from then on."""
    uid: str
    """The one that it must have; empty for any."""
    resource_version: str
    """Likewise."""


def read_all(bodies: Sequence[Any]) -> tuple[Given, ...]:
    """Return what is given, read.

    Raises:
        InvalidObjects: Some are no objects, or two are the same one.
    """
    read: list[Given] = []
    faults: list[ObjectFault] = []
    seen: dict[ObjectKey, int] = {}
    for index, body in enumerate(bodies):
        found = _read(body, index)
        if not isinstance(found, Given):
            faults += found
        elif found.key in seen:
            message = f"{found.key} is given twice, first as object {seen[found.key]}"
            faults.append(ObjectFault(index=index, path="", message=message, mend="leave one of them out"))
        else:
            seen[found.key] = index
            read.append(found)
    if faults:
        raise InvalidObjects(tuple(faults))
    return tuple(read)


def _read(body: Any, index: int) -> Given | list[ObjectFault]:
    try:
        body = _copy(body, ())
    except _NotJson as error:
        return [ObjectFault(index=index, path=show_path(error.path), message=error.message, mend=error.mend)]
    found = identify(body)
    if isinstance(found, Fault):
        return [ObjectFault(index=index, path=show_path(found.path), message=found.message, mend=found.mend)]
    faults = [*_faults(body, index)]
    if faults:
        return faults
    metadata = body["metadata"]
    content = {
        "apiVersion": found.api_version,
        "kind": found.key.kind,
        "metadata": {
            "name": found.key.name,
            "namespace": found.key.namespace,
            **{name: value for name, value in metadata.items() if name not in _SET_HERE | {"name", "namespace"}},
        },
        **{name: value for name, value in body.items() if name not in {"apiVersion", "kind", "metadata", "status"}},
    }
    return Given(
        index=index,
        key=found.key,
        content=content,
        fields=_owned(content),
        uid=metadata.get("uid") or "",
        resource_version=metadata.get("resourceVersion") or "",
    )


def _owned(content: Mapping[str, Any]) -> Fields:
    # Source: stripSet in the API server: nobody owns what says which object it is.
    metadata = {name: value for name, value in content["metadata"].items() if name not in {"name", "namespace"}}
    rest = {name: value for name, value in content.items() if name not in {"apiVersion", "kind", "metadata"}}
    return fields_of({"metadata": metadata, **rest} if metadata else rest)


def _faults(body: Mapping[str, Any], index: int) -> Iterator[ObjectFault]:
    for path, message, mend in name_faults(body):
        yield ObjectFault(index=index, path=show_path(path), message=message, mend=mend)
    metadata = body["metadata"]
    yield from _unknown(metadata, index)
    for name in ("uid", "resourceVersion"):
        if not isinstance(metadata.get(name) or "", str):
            yield ObjectFault(index=index, path=f"metadata.{name}", message="it is not text", mend="quote it")
    for name, why in (
        ("managedFields", "who owns which field follows from what everybody applies"),
        ("finalizers", "what is deleted here is gone at once, whatever its finalizers are"),
    ):
        if metadata.get(name):
            yield ObjectFault(index=index, path=f"metadata.{name}", message=why, mend="leave it out")


def _unknown(metadata: Mapping[str, Any], index: int) -> Iterator[ObjectFault]:
    # As the API server refuses it to kubectl: a label below `lables` is none.
    unknown = [name for name in metadata if name not in _METADATA]
    for name in unknown[:_MOST_TOLD]:
        near = difflib.get_close_matches(name, _METADATA, 1)
        mend = f'did you mean "{near[0]}"?' if near else "leave it out, or make it an annotation"
        path = show_path(("metadata", name))
        yield ObjectFault(index=index, path=path, message="objects have no such field in their metadata", mend=mend)


class _NotJson(Exception):
    def __init__(self, path: FieldPath, message: str, mend: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.mend = mend


def _copy(value: Any, path: FieldPath) -> Any:
    """Return a copy made of dicts, lists and scalars alone."""
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _text(value, path)
    if value is None or kind is bool or (kind is int and _LEAST <= value <= _MOST):
        return value
    if kind is float and math.isfinite(value):
        return value
    if kind is dict or isinstance(value, Mapping):
        _look_at_depth(path)
        return {_name(name, path): _copy(each, (*path, name)) for name, each in value.items()}
    if kind is list or isinstance(value, list | tuple):
        _look_at_depth(path)
        return [_copy(each, (*path, index)) for index, each in enumerate(value)]
    return _rarer(value, path)


def _rarer(value: Any, path: FieldPath) -> Any:
    """Return a scalar of a class of its own as a plain one."""
    if isinstance(value, str):
        return _text(str.__str__(value), path)
    if isinstance(value, int):
        if _LEAST <= value <= _MOST:
            return int(value)
        raise _NotJson(path, "this whole number takes more than 64 bits", "write a smaller one, or quote it")
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        raise _NotJson(path, "this is no number that JSON has", "write a finite number, or quote it")
    raise _NotJson(path, f"this is a {type(value).__name__}, which JSON does not have", "write it as text")


def _look_at_depth(path: FieldPath) -> None:
    if len(path) > DEEPEST:
        raise _NotJson((), f"the object is nested more than {DEEPEST} levels deep", "make it flatter")


def _name(name: Any, path: FieldPath) -> str:
    if not isinstance(name, str):
        raise _NotJson(path, "a name of a field here is not text", "quote it")
    return name if name.isascii() else _text(name, path)


def _text(text: str, path: FieldPath) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "text here holds half of a character (an unpaired surrogate)"
        raise _NotJson(path, message, "write the whole character") from None
    return text
