"""One object at a time: get, create, patch, apply, delete.

It knows paths, content types and parameters of the API. It refuses to know what is in an object. Invariant: each call
names one object; there is none that could reach a whole collection by a name that is empty. What does not answer with
an object of the kind is no API server. Of an object that is nested too deep to be read, what lies below
`legation.kube.nesting.DEEPEST` levels is left out.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from legation.errors import KubeUnreachable
from legation.kube.client import TIMEOUT, Client
from legation.kube.nesting import shortened
from legation.kube.urls import segment
from legation.model.api_kinds import ApiKind

Json: TypeAlias = dict[str, Any]
"""An object as decoded JSON."""

_MERGE_PATCH = "application/merge-patch+json"
# JSON is YAML: https://kubernetes.io/docs/reference/using-api/server-side-apply/
_APPLY_PATCH = "application/apply-patch+yaml"


async def get(
    client: Client,
    *,
    kind: ApiKind,
    name: str,
    namespace: str = "",
    subresource: str = "",
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - the client's own
) -> Json:
    """Return an object.

    Args:
        client: Whom to ask.
        kind: Its kind.
        name: Its name.
        namespace: Its namespace; empty for a kind without namespaces.
        subresource: `status`, for instance.
        timeout: Seconds for the answer.

    Raises:
        KubeNotFound: There is no such object, or no such kind.
        KubeError: The server refuses it for another reason.
        KubeUnreachable: There is no answer.
    """
    path = _path(kind, name=name, namespace=namespace, subresource=subresource)
    return _decoded(await client.request("GET", path, timeout=timeout), client=client, kind=kind)


async def create(
    client: Client,
    *,
    kind: ApiKind,
    value: Json,
    namespace: str = "",
    field_manager: str = "",
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - the client's own
) -> Json:
    """Create an object, and return it as the server keeps it; `metadata.generateName` will do for a name.

    Args:
        client: Whom to ask.
        kind: Its kind.
        value: The object.
        namespace: Where; empty for a kind without namespaces.
        field_manager: Whose fields these are.
        timeout: Seconds for the answer.

    Raises:
        KubeConflict: There is one of that name.
        KubeError: The server refuses it for another reason.
        KubeUnreachable: There is no answer; it may have been created all the same.
    """
    _check_namespace(kind, namespace)
    path = kind.path(namespace=segment(namespace) if namespace else "")
    params = {"fieldManager": field_manager} if field_manager else {}
    answer = await client.request("POST", path, params=params, body=_encoded(value), timeout=timeout)
    return _decoded(answer, client=client, kind=kind)


async def merge_patch(
    client: Client,
    *,
    kind: ApiKind,
    name: str,
    value: Json,
    namespace: str = "",
    subresource: str = "",
    field_manager: str = "",
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - the client's own
) -> Json:
    """Change what the value says, and return the whole: None removes a field, a list replaces the one before.

    Args:
        client: Whom to ask.
        kind: The object's kind.
        name: Its name.
        value: What to change; with `metadata.resourceVersion` only if it is that version still.
        namespace: Its namespace; empty for a kind without namespaces.
        subresource: `status`, for instance.
        field_manager: Whose fields these are.
        timeout: Seconds for the answer.

    Raises:
        KubeNotFound: There is no such object.
        KubeConflict: It is another version by now.
        KubeError: The server refuses it for another reason.
        KubeUnreachable: There is no answer; it may have been changed all the same.
    """
    path = _path(kind, name=name, namespace=namespace, subresource=subresource)
    params = {"fieldManager": field_manager} if field_manager else {}
    body = _encoded(value)
    answer = await client.request("PATCH", path, params=params, body=body, content_type=_MERGE_PATCH, timeout=timeout)
    return _decoded(answer, client=client, kind=kind)


async def apply(
    client: Client,
    *,
    kind: ApiKind,
    name: str,
    value: Json,
    field_manager: str,
    namespace: str = "",
    subresource: str = "",
    force: bool = False,
    dry_run: bool = False,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - the client's own
) -> Json:
    """Apply the fields of the value on the server's side, and return the whole: an object that is not there is made.

    Args:
        client: Whom to ask.
        kind: The object's kind.
        name: Its name.
        value: All fields that the manager wants to have, and no others; apiVersion, kind and name may be left out.
        field_manager: Whose fields these are.
        namespace: Its namespace; empty for a kind without namespaces.
        subresource: `status`, for instance.
        force: Take fields that others have.
        dry_run: Only say what would become of it.
        timeout: Seconds for the answer.

    Raises:
        KubeConflict: Another manager has one of the fields.
        KubeNotFound: There is no such kind, or no such object to set the subresource of.
        KubeError: The server refuses it for another reason.
        KubeUnreachable: There is no answer; it may have been applied all the same.
    """
    path = _path(kind, name=name, namespace=namespace, subresource=subresource)
    params = {"fieldManager": field_manager, "force": "true" if force else "false"}
    if dry_run:
        params["dryRun"] = "All"
    whole = {"apiVersion": kind.api_version, "kind": kind.kind, **value}
    whole["metadata"] = {"name": name, **whole.get("metadata", {})}
    body = _encoded(whole)
    answer = await client.request("PATCH", path, params=params, body=body, content_type=_APPLY_PATCH, timeout=timeout)
    return _decoded(answer, client=client, kind=kind)


async def delete(
    client: Client,
    *,
    kind: ApiKind,
    name: str,
    namespace: str = "",
    uid: str = "",
    resource_version: str = "",
    dry_run: bool = False,
    timeout: float = TIMEOUT,  # noqa: ASYNC109 - the client's own
) -> None:
    """Delete an object; one with finalizers goes when these have gone.

    Args:
        client: Whom to ask.
        kind: Its kind.
        name: Its name.
        namespace: Its namespace; empty for a kind without namespaces.
        uid: Only if it is this very object; empty for any of that name.
        resource_version: Only if it is that version still; empty for any.
        dry_run: Only say whether it could be.
        timeout: Seconds for the answer.

    Raises:
        KubeNotFound: There is no such object, or no such kind.
        KubeConflict: It is another object or another version.
        KubeError: The server refuses it for another reason.
        KubeUnreachable: There is no answer; it may have been deleted all the same.
    """
    path = _path(kind, name=name, namespace=namespace)
    wanted = {field: each for field, each in (("uid", uid), ("resourceVersion", resource_version)) if each}
    options: Json = {"apiVersion": "v1", "kind": "DeleteOptions"}
    if wanted:
        options["preconditions"] = wanted
    if dry_run:
        # Beside a body what is behind the question mark counts for nothing: it would be deleted.
        options["dryRun"] = ["All"]
    await client.request("DELETE", path, body=_encoded(options), timeout=timeout)


def _path(kind: ApiKind, *, name: str, namespace: str, subresource: str = "") -> str:
    _check_namespace(kind, namespace)
    return kind.path(namespace=segment(namespace) if namespace else "", name=segment(name), subresource=subresource)


def _check_namespace(kind: ApiKind, namespace: str) -> None:
    if kind.namespaced != bool(namespace):
        raise ValueError(f"{kind} {'needs a' if kind.namespaced else 'has no'} namespace")


def _encoded(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _decoded(body: bytes, *, client: Client, kind: ApiKind) -> Json:
    try:
        found = _loaded(body)
    except ValueError:
        found = None
    if not isinstance(found, dict) or found.get("kind") != kind.kind:
        message = f"what answers at {client.server} is no API server: it does not show a {kind.kind}"
        raise KubeUnreachable(message, was_asked=True)
    return found


def _loaded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except RecursionError:
        return json.loads(shortened(body))
