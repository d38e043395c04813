"""Reads objects of a cluster: one, pages over several kinds, in whichever version the cluster has a kind.

It knows the API's paging. The one invariant: a page shows what is in the cluster in the order of keys, and its revision
is not newer than anything that it shows, so that a watch from there misses nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

import msgspec

from legation.errors import (
    Compacted,
    InvalidQuery,
    KubeError,
    KubeGone,
    KubeNotFound,
    KubeUnreachable,
    StoreUnavailable,
)
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.nesting import decoded
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey
from legation.model.stored import Page, StoredObject
from legation.sources.stored_in_cluster.bodies import stored_object
from legation.sources.stored_in_cluster.refusals import is_nowhere, of_read
from legation.sources.stored_in_cluster.scopes import Scope

PAGE = 500
"""Objects that are asked for at a time, where nobody says how many."""
_BEGIN = "-"
Answer = TypeVar("Answer")


class _Place(NamedTuple):
    """How far a list has come."""

    scope: int = 0
    revision: int = 0
    """The oldest of those that were listed; 0 before the first."""
    token: str = ""
    """Of the API, within the scope."""

    @property
    def text(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()

    @classmethod
    def of(cls, token: str) -> _Place:
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(token), type=_Place) if token else cls()
        except (ValueError, binascii.Error, msgspec.DecodeError):
            raise InvalidQuery("token", "it is none that a list returned") from None


class Listed(NamedTuple):
    """A page of one kind."""

    objects: tuple[StoredObject, ...]
    token: str
    revision: int


class ClusterReader:
    """Reads what a cluster has."""

    def __init__(self, client: Client) -> None:
        """Take who is asked."""
        self._client = client
        self.revision = 0
        """The newest version that was seen of anything."""

    async def find(self, key: ObjectKey, *, kind: ApiKind) -> StoredObject | None:
        """Return an object; None if it is not there.

        Raises:
            StoreForbidden: The rules do not allow it.
            StoreUnavailable: The cluster does not answer.
        """

        async def ask(version: ApiKind) -> Mapping[str, Any]:
            return await objects.get(
                self._client, kind=version, name=key.name, namespace=key.namespace if kind.namespaced else ""
            )

        try:
            version, found = await in_any_version(kind, ask)
        except KubeNotFound as error:
            if not error.reason and not is_nowhere(error):
                raise of_read(error) from error
            return None
        # A name that no object can have.
        except ValueError:
            return None
        except (KubeError, KubeUnreachable) as error:
            raise of_read(error) from error
        return self.seen(stored_object(found, kind=version))

    def seen(self, stored: StoredObject) -> StoredObject:
        """Note the version of an object, and return it."""
        self.note(stored.resource_version)
        return stored

    def note(self, version: str) -> int:
        """Note a version of the cluster, and return it as a number."""
        # Versions of one cluster's objects are numbers, and comparable where one store has them all:
        # https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
        revision = int(version) if version.isdecimal() else 0
        self.revision = max(self.revision, revision)
        return revision

    async def page(self, scopes: Sequence[Scope], *, limit: int, token: str) -> Page:
        """Return a page over several scopes.

        Raises:
            InvalidQuery: The token is none.
            Compacted: The list that it continues is not remembered any more.
            StoreForbidden: The rules do not allow it.
            StoreUnavailable: The cluster does not answer.
        """
        place = _Place.of(token)
        found: list[StoredObject] = []
        while place.scope < len(scopes) and (not limit or len(found) < limit):
            most = limit - len(found) if limit else PAGE
            listed = await self.listed(scopes[place.scope], limit=most, token=place.token)
            found += listed.objects
            oldest = min(filter(None, (place.revision, listed.revision)), default=0)
            place = _Place(scope=place.scope if listed.token else place.scope + 1, revision=oldest, token=listed.token)
        done = place.scope >= len(scopes)
        return Page(objects=tuple(found), next_token="" if done else place.text, revision=place.revision)

    async def listed(self, scope: Scope, *, limit: int, token: str) -> Listed:
        """Return a page of one scope; an empty one of revision 0 where the cluster does not have the kind."""
        params = {"limit": str(limit)} | ({"labelSelector": scope.selector} if scope.selector else {})
        params |= {"continue": token} if token else {}

        async def ask(version: ApiKind) -> bytes:
            return await self._client.request("GET", replace(scope, kind=version).path, params=params)

        try:
            version, body = await in_any_version(scope.kind, ask)
        except KubeNotFound as error:
            if not is_nowhere(error):
                raise of_read(error) from error
            return Listed((), "", 0)
        except KubeGone as error:
            raise Compacted(self.revision, self.revision) from error
        except (KubeError, KubeUnreachable) as error:
            if token and isinstance(error, KubeError) and error.status == 400:
                raise InvalidQuery("token", "it is none that a list returned") from None
            raise of_read(error) from error
        try:
            page = decoded(_LIST, body)
        except msgspec.DecodeError as error:
            raise StoreUnavailable(f"what answers at {self._client.server} is no API server: {error}") from None
        stored = tuple(stored_object(each, kind=version) for each in page.items)
        return Listed(stored, page.metadata.continue_, self.note(page.metadata.resource_version))


class _ListMeta(msgspec.Struct, rename={"continue_": "continue", "resource_version": "resourceVersion"}):
    continue_: str = ""
    resource_version: str = ""


class _List(msgspec.Struct):
    metadata: _ListMeta
    items: list[dict[str, Any]] = []


_LIST = msgspec.json.Decoder(_List)


async def in_any_version(kind: ApiKind, ask: Callable[[ApiKind], Awaitable[Answer]]) -> tuple[ApiKind, Answer]:
    """Ask for a kind in the newest version that the cluster has, and return that with the answer.

    Raises:
        KubeNotFound: It has none of them, or not that object.
    """
    absent: KubeNotFound | None = None
    for version in kind.every_version:
        try:
            return version, await ask(version)
        except KubeNotFound as error:
            if not is_nowhere(error):
                raise
            absent = error
    raise absent or ValueError(f"{kind} has no version")
