"""The last whole TrafficSplits and HTTPRouteGroups, as bytes that outlive a restart of the container. Pure.

It knows how they are written down. It refuses to know which ones count, and where the bytes are kept. Whatever the
bytes are, to read them does no more than find nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from legation.crossover.objects import reader, route_group, traffic_split
from legation.kube.nesting import is_deep
from legation.model.objects import ManifestObject

_FORM = 1
"""Another one is of another program."""
_KINDS = {each("v1").group: each for each in (traffic_split, route_group)}


class _File(msgspec.Struct):
    form: int
    namespace: str
    objects: list[msgspec.Raw]


class _Head(msgspec.Struct):
    apiVersion: str  # noqa: N815 - the API's name


def encoded(objects: Iterable[ManifestObject], *, namespace: str) -> bytes:
    """Return the bytes: the same ones for objects that say the same."""
    written = [_written(each) for each in sorted(objects, key=lambda each: each.key)]
    return json.dumps({"form": _FORM, "namespace": namespace, "objects": written}).encode() + b"\n"


def decoded(content: bytes, *, namespace: str) -> tuple[ManifestObject, ...]:
    """Return the objects; none if these are not such bytes, or are of another namespace."""
    if is_deep(content):
        return ()
    try:
        file = msgspec.json.decode(content, type=_File)
        if (file.form, file.namespace) != (_FORM, namespace):
            return ()
        return tuple(_read(each) for each in file.objects)
    except (msgspec.DecodeError, LookupError, UnicodeDecodeError):
        return ()


def _written(manifest: ManifestObject) -> dict[str, Any]:
    # Of its metadata no more than says which one it is: the rest changes although it says the same.
    metadata = {"namespace": manifest.key.namespace, "name": manifest.key.name}
    return {**manifest.body, "metadata": metadata}


def _read(raw: msgspec.Raw) -> ManifestObject:
    group, _, version = msgspec.json.decode(raw, type=_Head).apiVersion.partition("/")
    return reader(_KINDS[group](version))(raw).manifest
