"""What the API server says in a LIST and in a WATCH, decoded as far as a watch must understand it.

The objects stay undecoded bytes; of each only its head is read, however deep the rest is nested. What is not as the API
promises raises `msgspec.DecodeError`: to take it for an empty state would delete everything.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

from http import HTTPStatus
from typing import NamedTuple

import msgspec

from legation.errors import KubeError
from legation.kube.nesting import decoded, restored, shortened
from legation.model.cluster import NamespacedName

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
"""The annotation of the bookmark that ends the first state of a streamed list."""


class _ObjectMeta(msgspec.Struct, rename="camel", frozen=True, gc=False):
    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""


class _Headed(msgspec.Struct, frozen=True, gc=False):
    metadata: _ObjectMeta


class Head(NamedTuple):
    """Which object it is, and which version of it."""

    key: NamespacedName
    uid: str
    version: str


class _ListMeta(msgspec.Struct, rename="camel", frozen=True):
    resource_version: str
    continue_: str | None = msgspec.field(name="continue", default=None)


class _List(msgspec.Struct, frozen=True):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None
    """Must be there, but Go writes null for an empty list."""


class Page(NamedTuple):
    """One page of a LIST."""

    version: str
    """That of the whole list."""
    rest: str
    """The token of the next page; empty for the last one."""
    items: list[msgspec.Raw]


class Event(msgspec.Struct, frozen=True):
    """One line of a WATCH."""

    type: str
    object: msgspec.Raw


class _BookmarkMeta(msgspec.Struct, rename="camel", frozen=True):
    resource_version: str
    annotations: dict[str, str] | None = None


class _Bookmark(msgspec.Struct, frozen=True):
    metadata: _BookmarkMeta


class _Details(msgspec.Struct, rename="camel", frozen=True):
    retry_after_seconds: float = 0.0


class _Status(msgspec.Struct, frozen=True):
    code: int = HTTPStatus.INTERNAL_SERVER_ERROR
    reason: str = ""
    message: str = ""
    details: _Details | None = None


_LIST = msgspec.json.Decoder(_List)
_EVENT = msgspec.json.Decoder(Event)
_HEADED = msgspec.json.Decoder(_Headed)
_BOOKMARK = msgspec.json.Decoder(_Bookmark)
_STATUS = msgspec.json.Decoder(_Status)


def read_page(body: bytes) -> Page:
    """Read one page of a LIST; its objects stay as they are."""
    try:
        found, whole = _LIST.decode(body), True
    except RecursionError:
        found, whole = _LIST.decode(shortened(body)), False
    if not found.metadata.resource_version:
        raise msgspec.ValidationError("the list has no resourceVersion")
    items = found.items or []
    return Page(
        version=found.metadata.resource_version,
        rest=found.metadata.continue_ or "",
        items=items if whole else [_whole(each, body) for each in items],
    )


def read_event(line: bytes) -> Event:
    """Read one line of a WATCH; its object stays as it is."""
    try:
        return _EVENT.decode(line)
    except RecursionError:
        found = _EVENT.decode(shortened(line))
        return Event(found.type, _whole(found.object, line))


def _whole(part: msgspec.Raw, text: bytes) -> msgspec.Raw:
    return msgspec.Raw(restored(bytes(part), text))


def read_head(raw: msgspec.Raw) -> Head:
    """Read which object it is."""
    found = decoded(_HEADED, raw).metadata
    if not found.resource_version:
        raise msgspec.ValidationError("the object has no resourceVersion")
    return Head(NamespacedName(found.namespace, found.name), found.uid, found.resource_version)


def read_bookmark(raw: msgspec.Raw) -> tuple[str, bool]:
    """Return the resource version of a bookmark, and whether it ends the first state of a streamed list."""
    found = decoded(_BOOKMARK, raw).metadata
    if not found.resource_version:
        raise msgspec.ValidationError("the bookmark has no resourceVersion")
    return found.resource_version, (found.annotations or {}).get(INITIAL_EVENTS_END) == "true"


def read_error(raw: msgspec.Raw) -> KubeError:
    """Return what an ERROR event says; its object is a Status."""
    found = decoded(_STATUS, raw)
    retry_after = found.details.retry_after_seconds if found.details else 0.0
    words = f"{found.code} {found.reason}: {found.message}" if found.reason else f"{found.code}: {found.message}"
    return KubeError.of(found.code, found.reason, words, retry_after=retry_after or None)
