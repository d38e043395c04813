"""What is to be stored: items of a request as manifests, and where in the request each field of these stands. Pure.

A raw resource becomes an `EnvoyResources` object of one resource; a message in an `Any` becomes its JSON, if that loses
nothing. What is wrong with an item is told by its path in the request, as its sender wrote it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from legation.api.management import structs
from legation.api.management.refused import Refused
from legation.envoy import codec
from legation.envoy.proto_json import proto_json
from legation.errors import InvalidResource
from legation.management.v1 import management_pb2 as pb
from legation.model.objects import show_path
from legation.model.resource_types import BY_URL
from legation.sources.stored.names import is_subdomain
from legation.texts import kubectl_yaml
from legation.translate.envoy_fields import value_of

MOST_ITEMS = 1000
"""Items of one request."""

_LONGEST_NAME = 253
_HASH_LENGTH = 8
_RESOURCE = "spec.resources[0]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One thing to store."""

    body: Mapping[str, Any] = field(repr=False)
    """The manifest, as plain JSON values."""
    where: str = ""
    """Where in the request it stands: `items[2].object`; empty for the request itself."""
    names: tuple[tuple[str, str], ...] = ()
    """What a field of the manifest and all below it is called in the request, where it is not called the same."""

    def field(self, path: str) -> str:
        """Return where in the request a field of the manifest stands."""
        for own, name in self.names:
            if path == own or path.startswith((f"{own}.", f"{own}[")):
                path = name + path[len(own) :]
                break
        dot = "." if self.where and path and not path.startswith("[") else ""
        return f"{self.where}{dot}{path.removeprefix('.')}"


class _Wrong(Exception):
    """What is wrong with one item."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def given(items: Sequence[pb.Item]) -> tuple[Given, ...]:
    """Return what the items of a request say is to be stored.

    Raises:
        Refused: There are none or too many, or some cannot be read.
    """
    if not items:
        raise Refused.bad_request([("items", "there is nothing to store; give at least one item")], reason="NO_ITEMS")
    if len(items) > MOST_ITEMS:
        words = f"there are {len(items)} items, and a request takes {MOST_ITEMS}; send several"
        raise Refused.bad_request([("items", words)], reason="TOO_MANY_ITEMS")
    found: list[Given] = []
    wrong: list[tuple[str, str]] = []
    for index, item in enumerate(items):
        try:
            found.append(_given(item, f"items[{index}]"))
        except _Wrong as error:
            dot = "." if error.path and not error.path.startswith("[") else ""
            wrong.append((f"items[{index}]{dot}{error.path}", str(error)))
    if wrong:
        raise Refused.bad_request(wrong, reason="INVALID_ITEM")
    return tuple(found)


def _given(item: pb.Item, where: str) -> Given:
    match item.WhichOneof("content"):
        case "object":
            return Given(body=_struct(item.object, "object"), where=f"{where}.object")
        case "text":
            return Given(body=_text(item.text), where=f"{where}.text")
        case "resource":
            return _raw(item.resource, f"{where}.resource")
    raise _Wrong("", "it is empty; give an object, a text or a resource")


def _struct(struct: Any, name: str) -> dict[str, Any]:
    try:
        return structs.to_json(struct)
    except structs.Unsayable as error:
        raise _Wrong(f"{name}.{show_path(error.path)}", error.message) from None


def _text(text: str) -> Mapping[str, Any]:
    """Return the manifest that a text holds. JSON is tried first, for that takes a hundredth of the time."""
    loaded: Any = None
    # Escapes may say half of a character, which has no place in UTF-8.
    if text.lstrip().startswith("{") and "\\u" not in text:
        # Whatever it does not take is read as YAML, which says what is wrong, and where.
        with suppress(ValueError, RecursionError):
            loaded = json.loads(text, object_pairs_hook=_object, parse_float=_float, parse_constant=_float)
    if loaded is None:
        try:
            loaded = kubectl_yaml.load(text).value
        except kubectl_yaml.YamlFault as fault:
            mend = f" ({fault.mend})" if fault.mend else ""
            raise _Wrong("text", f"line {fault.line}, column {fault.column}: {fault.message}{mend}") from None
    if not isinstance(loaded, Mapping):
        raise _Wrong("text", 'this is not an object, which begins with "apiVersion:" and "kind:"')
    return loaded


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def _float(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError
    return found


def _raw(raw: pb.RawResource, where: str) -> Given:
    kind = raw.WhichOneof("content")
    match kind:
        case "message":
            resource = _message(raw.message)
        case "json":
            resource = _struct(raw.json, "resource.json")
        case _:
            raise _Wrong("resource", "it is empty; give a message or json")
    metadata: dict[str, Any] = {"name": raw.object_name or _object_name(resource)}
    if raw.namespace:
        metadata["namespace"] = raw.namespace
    spec: dict[str, Any] = {"resources": [resource]}
    if raw.workload_labels:
        spec["workloadSelector"] = {"labels": dict(raw.workload_labels)}
    return Given(
        body={"apiVersion": "legation.dev/v1alpha1", "kind": "EnvoyResources", "metadata": metadata, "spec": spec},
        where=where,
        names=(
            (_RESOURCE, str(kind)),
            ("metadata.name", "object_name"),
            ("metadata.namespace", "namespace"),
            ("spec.workloadSelector.labels", "workload_labels"),
        ),
    )


def _message(message: Any) -> dict[str, Any]:
    try:
        resource = codec.from_any(message.type_url, message.value)
        found: dict[str, Any] = json.loads(proto_json(resource))
    except InvalidResource as error:
        raise _Wrong("resource.message", "; ".join(error.findings)) from None
    return found


def _object_name(resource: Mapping[str, Any]) -> str:
    """Return what the object is called that holds a resource: its type and its name, as Kubernetes takes names.

    Where that has to leave out something, a hash of both stands at the end: other resources have other names.
    """
    row = BY_URL.get(str(resource.get("@type")))
    said = value_of(resource, row.name_field if row else "name")
    name = said if isinstance(said, str) else ""
    full = f"{row.name.lower() if row else 'resource'}-{name}"
    if is_subdomain(full):
        return full
    mark = hashlib.sha256(f"{resource.get('@type')} {name}".encode()).hexdigest()[:_HASH_LENGTH]
    plain = re.sub("[^a-z0-9]+", "-", full.lower())[: _LONGEST_NAME - _HASH_LENGTH - 1]
    return f"{plain.strip('-')}-{mark}"
