"""The objects of a Kubernetes cluster as an `ObjectStore`: put in by server-side apply, and read back.

::

    store = ClusterObjects(connection, kinds=API_KINDS, namespaces=("shop",))
    await store.apply([manifest], manager="legation")

It knows how the API is asked. It refuses to know what an object means.

A cluster knows no transactions. So all is tried first by a dry run, which finds whatever the API server and its
webhooks refuse, and nothing is written if one is refused. What is refused only after that, because somebody else was
faster or the connection broke, is told by `PartlyStored` with the objects that were written before it; to apply the
same again is always right. Where the connection broke, or the API server itself fails, nobody knows whether the object
that is named was written.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from legation.clock import Clock, MonotonicClock
from legation.errors import (
    FieldConflicts,
    InvalidObjects,
    KubeError,
    KubeNotFound,
    KubeUnreachable,
    ObjectFault,
    ObjectNotFound,
    PartlyStored,
    StoreError,
)
from legation.kube import objects
from legation.kube.client import Client
from legation.kube.connection import Connection
from legation.model.api_kinds import ApiKind
from legation.model.objects import ObjectKey, show_path
from legation.model.stored import Applied, Change, Check, Outcome, Page, Precondition, StoredObject
from legation.sources.identity import Fault, identify
from legation.sources.stored.names import check_manager, name_faults
from legation.sources.stored_in_cluster.bodies import is_same, key_of, stored_object, wish
from legation.sources.stored_in_cluster.reading import ClusterReader, in_any_version
from legation.sources.stored_in_cluster.refusals import is_nowhere, of_read, of_write
from legation.sources.stored_in_cluster.scopes import Scopes
from legation.sources.stored_in_cluster.watching import changes

_AT_ONCE = 8
"""Objects that are looked at at a time; the API server has others to answer, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """One object that is to be applied."""

    index: int
    key: ObjectKey
    kind: ApiKind
    body: Mapping[str, Any]
    before: StoredObject | None = None


class ClusterObjects:
    """Fulfils `ObjectStore`."""

    def __init__(
        self,
        connection: Connection,
        *,
        kinds: Iterable[ApiKind],
        namespaces: tuple[str, ...] = (),
        selector: str = "",
        clock: Clock | None = None,
    ) -> None:
        """Take where the objects are; nothing is asked yet.

        Args:
            connection: How to reach the API server.
            kinds: The kinds of objects that somebody understands.
            namespaces: What is read; empty for all.
            selector: Labels that objects must have to be read, as the API writes them; empty for all objects.
            clock: What pauses are measured by.
        """
        self._client = Client(connection)
        self._reader = ClusterReader(self._client)
        self._scopes = Scopes(kinds, namespaces=namespaces, selector=selector)
        self._clock = clock or MonotonicClock()
        self._turn = asyncio.Semaphore(_AT_ONCE)

    @property
    def revision(self) -> int:
        """The newest version of anything that was seen; 0 before the first."""
        return self._reader.revision

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def apply(
        self,
        bodies: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        check: Check | None = None,
    ) -> tuple[Applied, ...]:
        """Apply objects: a dry run of all, then each in its order. See `ObjectStore.apply`.

        Raises:
            InvalidQuery: The manager has no name that can be kept.
            InvalidObjects: Some are no objects, or the API server refuses them.
            FieldConflicts: Others own fields with other values.
            VersionConflict: One says a resourceVersion or uid that its object does not have.
            StoreForbidden: The rules do not allow it.
            StoreUnavailable: The cluster does not answer; it says whether this may be done nevertheless.
            PartlyStored: One of these after some were stored.
        """
        check_manager(manager)
        wanted = self._read(bodies)
        tried = await _all_of([self._tried(each, manager=manager, force=force) for each in wanted])
        foreseen = tuple(applied for _, applied in tried)
        if check is not None:
            check(foreseen)
        if dry_run:
            return foreseen
        done: list[Applied] = []
        for each, _ in tried:
            try:
                done.append(await self._applied(each, manager=manager, force=force))
            except StoreError as error:
                raise _partly(error, [one.key for one in done], what="stored") from error
        return tuple(done)

    async def delete(
        self,
        keys: Sequence[tuple[ObjectKey, Precondition]],
        *,
        dry_run: bool = False,
        missing_ok: bool = False,
    ) -> tuple[StoredObject, ...]:
        """Delete objects: a dry run of all, then each in its order. See `ObjectStore.delete`.

        Raises:
            ObjectNotFound: One is not there.
            VersionConflict: A precondition does not hold.
            StoreForbidden: The rules do not allow it.
            StoreUnavailable: The cluster does not answer; it says whether this may be done nevertheless.
            PartlyStored: One of these after some were deleted.
        """
        found = await _all_of([self._looked_up(index, *each) for index, each in enumerate(keys)])
        there = {each.key: (index, each, keys[index][1]) for index, each in enumerate(found) if each is not None}
        if not missing_ok:
            for index, (key, _) in enumerate(keys):
                if found[index] is None:
                    raise ObjectNotFound(key, index=index)
        await _all_of([self._deleted(*each, dry_run=True) for each in there.values()])
        done: list[StoredObject] = []
        for index, stored, precondition in () if dry_run else there.values():
            try:
                await self._deleted(index, stored, precondition, dry_run=False)
            except ObjectNotFound:
                # Somebody else was faster.
                continue
            except StoreError as error:
                raise _partly(error, [one.key for one in done], what="deleted") from error
            done.append(stored)
        return tuple(stored for _, stored, _ in there.values()) if dry_run else tuple(done)

    async def get(self, key: ObjectKey) -> StoredObject:
        """Return an object.

        Raises:
            ObjectNotFound: It is not there, or none that is read.
            StoreForbidden: The rules do not allow it.
            StoreUnavailable: The cluster does not answer.
        """
        if (found := await self._find(key)) is None:
            raise ObjectNotFound(key)
        return found

    async def list(
        self,
        *,
        group: str | None = None,
        kind: str | None = None,
        namespace: str | None = None,
        labels: str = "",
        limit: int = 0,
        token: str = "",
    ) -> Page:
        """Return objects in the order of their keys, kind after kind. See `ObjectStore.list`.

        Raises:
            InvalidQuery: The selector or the token cannot be read.
            Compacted: The list that it continues is not remembered any more.
            StoreForbidden: The rules do not allow it.
            StoreUnavailable: The cluster does not answer.
        """
        scopes = tuple(self._scopes.scopes(group=group, kind=kind, namespace=namespace, labels=labels))
        return await self._reader.page(scopes, limit=limit, token=token)

    async def watch(self, since: int | None = None) -> AsyncGenerator[Change]:
        """Yield what changes after a revision, or from now on; a change may be told again after it was resumed.

        Raises:
            Compacted: Not all of it is remembered (any more).
            StoreForbidden: The rules do not allow it.
            StoreUnavailable: The cluster does not answer (any more).
        """
        scopes = tuple(self._scopes.scopes())
        following = changes(scopes, since, client=self._client, reader=self._reader, clock=self._clock)
        try:
            async for each in following:
                yield each
        finally:
            await following.aclose()

    # ------------------------------------------------------------------------------------------------------ apply

    def _read(self, bodies: Sequence[Mapping[str, Any]]) -> tuple[_Wanted, ...]:
        wanted: dict[ObjectKey, _Wanted] = {}
        faults: list[ObjectFault] = []
        for index, body in enumerate(bodies):
            found = identify(body)
            if isinstance(found, Fault):
                path = show_path(found.path)
                faults.append(ObjectFault(index=index, path=path, message=found.message, mend=found.mend))
                continue
            named = [
                ObjectFault(index=index, path=show_path(path), message=message, mend=mend)
                for path, message, mend in name_faults(body)
            ]
            if named:
                faults += named
                continue
            try:
                kind = self._scopes.kind_of_body(index, body)
            except InvalidObjects as error:
                faults += error.faults
                continue
            key = key_of(body["metadata"], kind=kind)
            if key in wanted:
                message = f"{key} is given twice, first as object {wanted[key].index}"
                faults.append(ObjectFault(index=index, path="", message=message, mend="leave one of them out"))
                continue
            wanted[key] = _Wanted(index=index, key=key, kind=kind, body=wish(body))
        if faults:
            raise InvalidObjects(tuple(faults))
        return tuple(wanted.values())

    async def _tried(self, wanted: _Wanted, *, manager: str, force: bool) -> tuple[_Wanted, Applied]:
        """Return what a dry run makes of an object, and the object with what was there before."""
        async with self._turn:
            before = await self._reader.find(wanted.key, kind=wanted.kind)
            _said(wanted.body["metadata"]).check(before, key=wanted.key, index=wanted.index)
            after = await self._written(wanted, manager=manager, force=force, dry_run=True)
        if not self._scopes.has(wanted.kind, after.body):
            message = f"nobody reads a {wanted.kind.kind} without the labels {self._scopes.selector(wanted.kind)}"
            fault = ObjectFault(index=wanted.index, path="metadata.labels", message=message, mend="add them")
            raise InvalidObjects((fault,))
        if before is None:
            outcome = Outcome.CREATED
        else:
            outcome = Outcome.UNCHANGED if is_same(before, after) else Outcome.CHANGED
        known = _Wanted(index=wanted.index, key=wanted.key, kind=wanted.kind, body=wanted.body, before=before)
        return known, Applied(key=wanted.key, outcome=outcome, stored=after)

    async def _applied(self, wanted: _Wanted, *, manager: str, force: bool) -> Applied:
        after = await self._written(wanted, manager=manager, force=force, dry_run=False)
        before, outcome = wanted.before, Outcome.CHANGED
        if before is None or before.uid != after.uid:
            outcome = Outcome.CREATED
        elif before.resource_version == after.resource_version:
            outcome = Outcome.UNCHANGED
        return Applied(key=wanted.key, outcome=outcome, stored=self._reader.seen(after))

    async def _written(self, wanted: _Wanted, *, manager: str, force: bool, dry_run: bool) -> StoredObject:
        try:
            found = await objects.apply(
                self._client,
                kind=wanted.kind,
                name=wanted.key.name,
                value=dict(wanted.body),
                field_manager=manager,
                namespace=wanted.key.namespace if wanted.kind.namespaced else "",
                force=force,
                dry_run=dry_run,
            )
        except ValueError:
            message = "it cannot be the name of an object"
            raise InvalidObjects((ObjectFault(index=wanted.index, path="metadata.name", message=message),)) from None
        except (KubeError, KubeUnreachable) as error:
            said = str(wanted.body["metadata"].get("resourceVersion") or "")
            raise of_write(
                error, index=wanted.index, key=wanted.key, kind=wanted.kind, wanted=said, dry_run=dry_run
            ) from error
        return stored_object(found, kind=wanted.kind)

    # ----------------------------------------------------------------------------------------------------- delete

    async def _looked_up(self, index: int, key: ObjectKey, precondition: Precondition) -> StoredObject | None:
        async with self._turn:
            found = await self._find(key)
        if found is not None:
            precondition.check(found, key=key, index=index)
        return found

    async def _deleted(self, index: int, stored: StoredObject, precondition: Precondition, *, dry_run: bool) -> None:
        key = stored.key
        kind = self._scopes.kind(key)
        if kind is None:
            raise ObjectNotFound(key, index=index)

        async def ask(version: ApiKind) -> None:
            await objects.delete(
                self._client,
                kind=version,
                name=key.name,
                namespace=key.namespace if version.namespaced else "",
                # The object that was looked at: one that came in its place meanwhile stays.
                uid=precondition.uid or stored.uid,
                resource_version=precondition.resource_version,
                dry_run=dry_run,
            )

        try:
            await in_any_version(kind, ask)
        except KubeNotFound as error:
            if not error.reason and not is_nowhere(error):
                raise of_read(error) from error
            raise ObjectNotFound(key, index=index) from None
        except (KubeError, KubeUnreachable) as error:
            wanted = precondition.resource_version or precondition.uid
            raise of_write(error, index=index, key=key, kind=kind, wanted=wanted, dry_run=dry_run) from error

    async def _find(self, key: ObjectKey) -> StoredObject | None:
        kind = self._scopes.kind(key)
        found = None if kind is None else await self._reader.find(key, kind=kind)
        return found if kind and found and self._scopes.has(kind, found.body) else None


def _said(metadata: Mapping[str, Any]) -> Precondition:
    """Return for which version a body was made: the API server would create an object that is not there."""
    uid, version = (str(metadata.get(each) or "") for each in ("uid", "resourceVersion"))
    return Precondition(uid=uid, resource_version=version)


async def _all_of(attempts: Sequence[Any]) -> list[Any]:
    """Return what came of all; if some were refused, all that can be told of it at once."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    errors = [each for each in results if isinstance(each, BaseException)]
    if not errors:
        return list(results)
    for each in errors:
        if not isinstance(each, StoreError):
            raise each
    if faults := [fault for each in errors if isinstance(each, InvalidObjects) for fault in each.faults]:
        raise InvalidObjects(tuple(faults))
    conflicts = [one for each in errors if isinstance(each, FieldConflicts) for one in each.conflicts]
    raise FieldConflicts(tuple(conflicts)) if conflicts else errors[0]


def _partly(error: StoreError, done: Sequence[ObjectKey], *, what: str) -> StoreError:
    return PartlyStored(tuple(done), error, what=what) if done else error
