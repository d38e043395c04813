"""The management API itself: each method of the proto, over whoever keeps the objects and whoever serves them.

gRPC and HTTP call it, in the event loop. It refuses to know either, and how objects are kept. The one invariant: a call
returns its answer or raises `Refused`; an error of this program is logged, and told without its words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from legation.api.management import answers, failures, requests, upstreams
from legation.api.management.calls import Caller, Plane
from legation.api.management.checking import check
from legation.api.management.kinds import Kinds
from legation.api.management.refused import Refused
from legation.api.management.requests import Given
from legation.api.management.telling import Telling, as_said, refusing
from legation.api.management.tokens import token_of
from legation.api.management.waiting import wait_accepted
from legation.api.management.watching import Watch
from legation.errors import ObjectNotFound
from legation.management.v1 import management_pb2 as pb
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.stored import NO_PRECONDITION, Applied, ObjectStore, Precondition, StoredObject
from legation.sources.base import Source

MANAGER = "legation"
"""Who owns fields where a request does not say it."""
MOST_WATCHES = 1000
"""Streams of changes at a time."""
MOST_WAITS = 1000
"""Calls at a time that wait for Envoys: each looks at all that these say."""
_PAGE = 500
_LARGEST_PAGE = 1000


class Management:
    """The methods."""

    def __init__(self, plane: Plane, store: ObjectStore, *, own: Source | None, kinds: Kinds) -> None:
        """Take the parts.

        Args:
            plane: What serves the objects.
            store: Who keeps them.
            own: The source by which what is kept is served.
            kinds: The kinds of objects that are served.
        """
        self._plane = plane
        self._store = store
        self._own = own
        self._kinds = kinds
        self._manifests = answers.Manifests()
        self._watches: set[Watch] = set()
        self._waits = 0
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """End the calls that wait for something, with a reason: the server shuts down."""
        self._leaving.set()
        for each in self._watches:
            each.leave()

    # What changes something

    async def apply(self, request: pb.ApplyRequest, caller: Caller) -> pb.ApplyResponse:
        """Store objects: all of them or none."""
        manager = request.field_manager or MANAGER
        with Telling("Apply", caller, manager=manager, dry_run=request.dry_run) as telling, refusing():
            return await self._apply(requests.given(request.items), request, telling, whole=request.return_objects)

    async def add_upstream(self, request: pb.AddUpstreamRequest, caller: Caller) -> pb.ApplyResponse:
        """Store an upstream."""
        manager = request.field_manager or MANAGER
        with Telling("AddUpstream", caller, manager=manager, dry_run=request.dry_run) as telling, refusing():
            return await self._apply((upstreams.given(request),), request, telling)

    async def delete(self, request: pb.DeleteRequest, caller: Caller) -> pb.DeleteResponse:
        """Delete objects: all of them or none."""
        with Telling("Delete", caller, dry_run=request.dry_run) as telling, refusing():
            if not request.objects:
                raise Refused.bad_request([("objects", "there is nothing to delete; name at least one object")])
            if len(request.objects) > requests.MOST_ITEMS:
                words = f"there are {len(request.objects)}, and a request takes {requests.MOST_ITEMS}; send several"
                raise Refused.bad_request([("objects", words)], reason="TOO_MANY_ITEMS")
            return await self._delete(self._kinds.keys(request.objects), request, telling, field=_numbered)

    async def remove_upstream(self, request: pb.RemoveUpstreamRequest, caller: Caller) -> pb.DeleteResponse:
        """Delete an upstream."""
        with Telling("RemoveUpstream", caller, dry_run=request.dry_run) as telling, refusing():
            if not request.name:
                raise Refused.bad_request([("name", "it is missing")])
            key = self._kinds.key(upstreams.GROUP, upstreams.KIND, request.namespace, request.name)
            return await self._delete([(key, NO_PRECONDITION)], request, telling, field=as_said)

    # What tells something

    async def get(self, request: pb.GetRequest, caller: Caller) -> pb.StoredObject:
        """Return one object."""
        with refusing():
            _may_see(request.secrets, caller)
            key = self._kinds.key(request.group, request.kind, request.namespace, request.name)
            try:
                return self._told(await self._store.get(key), request)
            except ObjectNotFound:
                raise self._not_here(key) from None

    async def list(self, request: pb.ListRequest, caller: Caller) -> pb.ListResponse:
        """Return a page of objects."""
        with refusing():
            _may_see(request.secrets, caller)
            if not 0 <= request.page_size <= _LARGEST_PAGE:
                words = f"write a number from 1 to {_LARGEST_PAGE:,}, or leave it out for {_PAGE}"
                raise Refused.bad_request([("page_size", words)])
            page = await self._store.list(
                group=request.group or None,
                kind=request.kind or None,
                namespace=request.namespace or None,
                labels=request.label_selector,
                limit=request.page_size or _PAGE,
                token=request.page_token,
            )
            return pb.ListResponse(
                objects=(self._told(each, request) for each in page.objects),
                next_page_token=page.next_token,
                resume_token=token_of(page.revision),
            )

    async def watch(self, request: pb.WatchRequest, caller: Caller) -> AsyncGenerator[pb.WatchEvent, None]:
        """Yield what changes, until closed."""
        with refusing():
            _may_see(request.secrets, caller)
            if self._leaving.is_set():
                raise failures.leaving()
            if len(self._watches) >= MOST_WATCHES:
                raise failures.busy(f"{MOST_WATCHES:,} watch already; end one of these streams first")
            watch = Watch(request, plane=self._plane, store=self._store, manifests=self._manifests)
            self._watches.add(watch)
            try:
                async with aclosing(watch.events()) as events:
                    async for event in events:
                        yield event
            finally:
                self._watches.discard(watch)

    async def wait_accepted(self, request: pb.WaitAcceptedRequest, caller: Caller) -> pb.WaitAcceptedResponse:  # noqa: ARG002 - as all methods have it
        """Return when Envoys have what the objects make, or refuse it, or the time is over."""
        with refusing(_numbered):
            if self._waits >= MOST_WAITS:
                raise failures.busy(f"{MOST_WAITS:,} wait already; end one of these calls first")
            self._waits += 1
            waiting = asyncio.ensure_future(wait_accepted(self._plane, self._store, self._kinds, request))
            leaving = asyncio.ensure_future(self._leaving.wait())
            try:
                await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    raise failures.leaving()
                return answers.acceptance(waiting.result(), at_least=request.at_least)
            finally:
                self._waits -= 1
                waiting.cancel()
                leaving.cancel()

    def _not_here(self, key: ObjectKey) -> Refused:
        found = self._plane.held(key)
        return failures.not_found(key, *(() if found is None else (found[0].name, found[1].place)))

    def _told(self, stored: StoredObject, request: pb.GetRequest | pb.ListRequest) -> pb.StoredObject:
        return self._manifests.told(
            stored,
            form=request.form,
            managed_fields=request.managed_fields,
            secrets=request.secrets,
            problems=self._plane.problem_feed.of(stored.key),
        )

    # How

    async def _apply(
        self,
        given: Sequence[Given],
        request: pb.ApplyRequest | pb.AddUpstreamRequest,
        telling: Telling,
        *,
        whole: bool = False,
    ) -> pb.ApplyResponse:
        bodies = [each.body for each in given]
        manager = request.field_manager or MANAGER

        def field(index: int, path: str) -> str:
            return given[index].field(path)

        warnings: tuple[tuple[Problem, ...], ...] = ()

        def checked(foreseen: Sequence[Applied]) -> None:
            # What others own of an object belongs to what is checked.
            nonlocal warnings
            telling.objects(each.key for each in foreseen)
            warnings = check(self._plane, self._own, given, foreseen)

        with refusing(field):
            done = await self._store.apply(
                bodies, manager=manager, force=request.force, dry_run=request.dry_run, check=checked
            )
        telling.outcomes(each.outcome for each in done)
        return pb.ApplyResponse(
            applied=(
                answers.applied(each, warnings=doubts, whole=self._manifests.told(each.stored) if whole else None)
                for each, doubts in zip(done, warnings, strict=True)
            )
        )

    async def _delete(
        self,
        keys: Sequence[tuple[ObjectKey, Precondition]],
        request: pb.DeleteRequest | pb.RemoveUpstreamRequest,
        telling: Telling,
        *,
        field: failures.FieldOf,
    ) -> pb.DeleteResponse:
        telling.objects(key for key, _ in keys)
        with refusing(field):
            try:
                gone = await self._store.delete(keys, dry_run=request.dry_run, missing_ok=request.missing_ok)
            except ObjectNotFound as error:
                raise self._not_here(ObjectKey(*error.key)) from None
        telling.outcomes("deleted" for _ in gone)
        return pb.DeleteResponse(deleted=(answers.reference(it.key, version=it.resource_version) for it in gone))


def _may_see(secrets: bool, caller: Caller) -> None:  # noqa: FBT001 - what the request says
    if secrets and not caller.private:
        raise failures.hidden_here()


def _numbered(index: int, path: str) -> str:
    # What the request says of a version it calls otherwise than manifests do.
    return f"objects[{index}].{'resource_version' if path == 'metadata.resourceVersion' else path}"
