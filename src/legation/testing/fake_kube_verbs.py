"""What FakeKube does for each verb but `watch`.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass

import msgspec
import yaml

from legation.model.cluster import NamespacedName
from legation.testing.fake_kube_answers import Json, expired, not_found, plain
from legation.testing.fake_kube_fields import merged
from legation.testing.fake_kube_paths import Target
from legation.testing.fake_kube_selectors import selector
from legation.testing.fake_kube_store import Store, check_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request about objects."""

    target: Target
    params: Mapping[str, str]
    body: bytes
    content_type: str
    user: str

    @property
    def key(self) -> NamespacedName:
        """The object that it is about."""
        return NamespacedName(self.target.namespace, self.target.name)

    @property
    def manager(self) -> str:
        """Who owns the fields that it changes."""
        return self.params.get("fieldManager") or self.user


def perform(store: Store, call: Call) -> tuple[int, Json]:
    """Do what is asked, and return the status of HTTP and the answer."""
    target = call.target
    do = _VERBS.get(target.verb)
    if do is None or bool(target.name) == (target.verb in _OF_MANY):
        raise plain(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")
    return do(store, call)


def _get(store: Store, call: Call) -> tuple[int, Json]:
    return 200, store.get(call.target.kind, call.key)


def _create(store: Store, call: Call) -> tuple[int, Json]:
    return 201, store.create(call.target.kind, _named(call.target, _read(call.body)), manager=call.manager)


def _update(store: Store, call: Call) -> tuple[int, Json]:
    target, value = call.target, _named(call.target, _read(call.body))
    return 200, store.replace(target.kind, value, part=target.subresource, manager=call.manager)


def _patch(store: Store, call: Call) -> tuple[int, Json]:
    target = call.target
    match call.content_type.partition(";")[0]:
        case "application/merge-patch+json":
            value = _named(target, merged(store.get(target.kind, call.key), _read(call.body)))
            part = target.subresource
            return 200, store.replace(target.kind, value, part=part, manager=call.manager, based=False)
        case "application/apply-patch+yaml":
            return _apply(store, call, _named(target, _read(call.body)))
    raise plain(415, "UnsupportedMediaType", "the body of the request was in an unknown format")


def _delete(store: Store, call: Call) -> tuple[int, Json]:
    kind = call.target.kind
    # Beside a body what is behind the question mark counts for nothing.
    options: Json = _read(call.body) if call.body else {"dryRun": [call.params.get("dryRun")]}
    check_version(kind, store.get(kind, call.key), options.get("preconditions") or {})
    is_dry = "All" in (options.get("dryRun") or ())
    gone = store.get(kind, call.key) if is_dry else store.delete(kind, call.key)
    details = {"name": call.target.name, "kind": kind.plural, "uid": gone["metadata"]["uid"]}
    return 200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _read(body: bytes) -> Json:
    try:
        # JSON is YAML too, and much faster read as such.
        value = msgspec.json.decode(body) if body.lstrip()[:1] == b"{" else yaml.safe_load(body)
    except (msgspec.DecodeError, yaml.YAMLError) as error:
        raise plain(400, "BadRequest", f"the object provided is unrecognized: {error}") from None
    if not isinstance(value, dict):
        raise plain(400, "BadRequest", "the object provided is unrecognized: it is no object")
    return value


def _named(target: Target, value: Json) -> Json:
    """Return an object as the path names it, which must not say anything else."""
    metadata = dict(value.get("metadata") or {})
    for field, wanted in (("namespace", target.namespace), ("name", target.name)):
        if wanted and metadata.setdefault(field, wanted) != wanted:
            message = f"the {field} of the provided object does not match the {field} sent on the request"
            raise plain(400, "BadRequest", message)
    for field, wanted in (("apiVersion", target.kind.api_version), ("kind", target.kind.kind)):
        if value.get(field, wanted) != wanted:
            message = f"the API version or kind in the data ({value[field]}) does not match the expected ({wanted})"
            raise plain(400, "BadRequest", message)
    if target.kind.namespaced and not metadata.get("namespace"):
        raise plain(400, "BadRequest", "an empty namespace may not be set during creation")
    return {**value, "metadata": metadata}


def _apply(store: Store, call: Call, wanted: Json) -> tuple[int, Json]:
    kind, key, part = call.target.kind, call.key, call.target.subresource
    if not call.params.get("fieldManager"):
        raise plain(
            422, "Invalid", "PatchOptions is invalid: fieldManager: Required value: is required for apply patch"
        )
    before = store.find(kind, key)
    if before is None and part:
        raise not_found(kind, key.name)
    if before is not None:
        check_version(kind, before, wanted["metadata"])
    has_status, dry = store.kinds[kind], call.params.get("dryRun") == "All"
    owners = deepcopy(store.owners(kind, key)) if dry else store.owners(kind, key)
    result = owners.apply(
        before or {"metadata": wanted["metadata"]},
        wanted,
        manager=call.manager,
        force=call.params.get("force") == "true",
        concerns=lambda field: not has_status or (field == "status") == (part == "status"),
    )
    if dry:
        return (201 if before is None else 200), {"apiVersion": kind.api_version, "kind": kind.kind, **result}
    if before is None:
        return 201, store.create(kind, result, manager=call.manager)
    return 200, store.replace(kind, result, part=part, manager=call.manager, based=False)


def _list(store: Store, call: Call) -> tuple[int, Json]:
    kind, namespace = call.target.kind, call.target.namespace
    selected = selector(kind, call.params)
    version, start = _position(call.params.get("continue", ""), store.version)
    every = store.all(kind, version=version)
    found = [value for key, value in every.items() if namespace in {"", key.namespace} and selected(value)]
    end = start + int(call.params.get("limit") or len(found))
    metadata: Json = {"resourceVersion": str(version)}
    if end < len(found):
        if version == store.version:
            store.remember(kind)
        metadata["continue"] = base64.urlsafe_b64encode(f"{version}:{end}".encode()).decode()
        metadata["remainingItemCount"] = len(found) - end
    items = found[start:end]
    if kind.built_in:
        # The real one says these once, for the whole list; for custom resources it says them each time.
        items = [{field: each for field, each in value.items() if field not in _SAID_ONCE} for value in items]
    return 200, {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}


def _position(token: str, version: int) -> tuple[int, int]:
    if not token:
        return version, 0
    try:
        at, _, start = base64.urlsafe_b64decode(token).decode().partition(":")
        return int(at), int(start)
    except (ValueError, binascii.Error):
        raise expired("continue key is not valid") from None


_SAID_ONCE = frozenset({"kind", "apiVersion"})
_OF_MANY = frozenset({"list", "create"})
_VERBS: Mapping[str, Callable[[Store, Call], tuple[int, Json]]] = {
    "list": _list,
    "get": _get,
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
}
