"""The management API itself: each method of the proto, over whoever keeps the objects and whoever serves them.

gRPC and HTTP call it, in the event loop. It refuses to know either, and how objects are kept. The one invariant: a call
returns its answer or raises `Refused`; an error of this program is logged, and told without its words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from google.rpc import code_pb2

from legation.api.management import answers, failures, requests, upstreams
from legation.api.management.access import ALL, Access, Deed, Principal, Sight, Verb
from legation.api.management.apart import Apart
from legation.api.management.audit import Audit
from legation.api.management.authorizing import Authorizing, Writing
from legation.api.management.calls import Caller, Plane
from legation.api.management.checking import check, manifests_in, refuse_marks
from legation.api.management.failures import as_said, refusing
from legation.api.management.kinds import Kinds
from legation.api.management.paging import seen_page
from legation.api.management.refused import Refused
from legation.api.management.requests import Given
from legation.api.management.telling import Telling
from legation.api.management.tokens import token_of
from legation.api.management.underway import underway
from legation.api.management.veiling import veiled
from legation.api.management.waiting import wait_accepted
from legation.api.management.watching import Watch
from legation.clock import Clock, MonotonicClock
from legation.errors import ObjectNotFound
from legation.management.v1 import management_pb2 as pb
from legation.model.objects import LARGE, ObjectKey
from legation.model.problems import Problem
from legation.model.stored import NO_PRECONDITION, Applied, ObjectStore, Outcome, Precondition, StoredObject
from legation.sources.base import Source

MANAGER = "legation"
"""Who owns fields where a request does not say it."""
MOST_WATCHES = 1000
"""Streams of changes at a time."""
MOST_WAITS = 1000
"""Calls at a time that wait for Envoys: each looks at all that these say."""
_LONGEST_MANAGER = 128
"""Characters that Kubernetes takes."""
_MOST_GONE = 10_000
_PAGE = 500
_LARGEST_PAGE = 1000
LOOK_AGAIN = 30.0
"""Seconds after which it is asked anew whether who watches may."""
MOST_BYTES = 3 * 1024 * 1024
"""Of a page: most clients of gRPC take 4 MiB in a message. A single object may have more."""


class Management:
    """The methods."""

    def __init__(
        self,
        plane: Plane,
        store: ObjectStore,
        *,
        own: Source | None,
        kinds: Kinds,
        access: Access | None = None,
        audit: Audit | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Take the parts.

        Args:
            plane: What serves the objects.
            store: Who keeps them.
            own: The source by which what is kept is served.
            kinds: The kinds of objects that are served.
            access: Who says what those may do who are checked; None: they may do nothing.
            audit: Where it is told who did what; None: in the log.
            clock: What the time is measured by after which it is asked anew who may watch.
        """
        self._may = Authorizing(access)
        self._audit = audit or Audit()
        self._clock = clock or MonotonicClock()
        self._plane = plane
        self._store = store
        self._own = own
        self._kinds = kinds
        self._apart = Apart()
        self._manifests = answers.Manifests(self._apart)
        self._gone: dict[ObjectKey, None] = {}
        """What was deleted lately: it can be waited for that Envoys give it back."""
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
        with self._telling("Apply", caller, request) as telling, refusing():
            return await self._apply(
                lambda: requests.given(request.items), request, telling, caller=caller, whole=request.return_objects
            )

    async def add_upstream(self, request: pb.AddUpstreamRequest, caller: Caller) -> pb.ApplyResponse:
        """Store an upstream."""
        with self._telling("AddUpstream", caller, request) as telling, refusing():
            return await self._apply(lambda: (upstreams.given(request),), request, telling, caller=caller)

    async def delete(self, request: pb.DeleteRequest, caller: Caller) -> pb.DeleteResponse:
        """Delete objects: all of them or none."""
        with Telling("Delete", caller, dry_run=request.dry_run, audit=self._audit) as telling, refusing():
            if not request.objects:
                raise Refused.bad_request([("objects", "there is nothing to delete; name at least one object")])
            if len(request.objects) > requests.MOST_ITEMS:
                words = f"there are {len(request.objects)}, and a request takes {requests.MOST_ITEMS}; send several"
                raise Refused.bad_request([("objects", words)], reason="TOO_MANY_ITEMS")
            keys = self._kinds.keys(request.objects)
            return await self._delete(keys, request, telling, who=caller.who, field=_numbered)

    async def remove_upstream(self, request: pb.RemoveUpstreamRequest, caller: Caller) -> pb.DeleteResponse:
        """Delete an upstream."""
        with Telling("RemoveUpstream", caller, dry_run=request.dry_run, audit=self._audit) as telling, refusing():
            if not request.name:
                raise Refused.bad_request([("name", "it is missing")])
            key = self._kinds.key(upstreams.GROUP, upstreams.KIND, request.namespace, request.name)
            return await self._delete([(key, NO_PRECONDITION)], request, telling, who=caller.who, field=as_said)

    # What tells something

    async def get(self, request: pb.GetRequest, caller: Caller) -> pb.StoredObject:
        """Return one object."""
        with self._quiet("Get", caller) as telling, refusing():
            _may_see(request.secrets, caller)
            key = self._kinds.key(request.group, request.kind, request.namespace, request.name)
            telling.objects([key])
            verbs = (Verb.GET, Verb.SECRETS) if request.secrets else (Verb.GET,)
            await self._may.require(caller.who, [Deed(verb=each, key=key) for each in verbs])
            try:
                return await self._told(await self._store.get(key), request, secrets=ALL)
            except ObjectNotFound:
                raise self._not_here(key) from None

    async def list(self, request: pb.ListRequest, caller: Caller) -> pb.ListResponse:
        """Return a page of objects: those that the caller sees."""
        with self._quiet("List", caller, asked=_asked(request)), refusing():
            _may_see(request.secrets, caller)
            if not 0 <= request.page_size <= _LARGEST_PAGE:
                words = f"write a number from 1 to {_LARGEST_PAGE:,}, or leave it out for {_PAGE}"
                raise Refused.bad_request([("page_size", words)])
            seen, secrets = await self._may.sights(caller.who, Verb.LIST, request)
            return await self._page(request, limit=request.page_size or _PAGE, seen=seen, secrets=secrets)

    async def watch(self, request: pb.WatchRequest, caller: Caller) -> AsyncGenerator[pb.WatchEvent, None]:
        """Yield what changes of what the caller sees, until closed, or until they may not watch any more."""
        with self._quiet("Watch", caller, asked=_asked(request)), refusing():
            _may_see(request.secrets, caller)
            seen, secrets = await self._may.sights(caller.who, Verb.WATCH, request)
            if self._leaving.is_set():
                raise failures.leaving()
            if len(self._watches) >= MOST_WATCHES:
                raise failures.busy(f"{MOST_WATCHES:,} watch already; end one of these streams first")
            watch = Watch(request, plane=self._plane, store=self._store, manifests=self._manifests)
            watch.show(seen, secrets=secrets)
            self._watches.add(watch)
            looking = None if caller.who.unchecked else asyncio.create_task(self._look_again(watch, request, caller))
            try:
                async with aclosing(watch.events()) as events:
                    async for event in events:
                        yield event
            finally:
                self._watches.discard(watch)
                if looking is not None:
                    looking.cancel()

    async def _look_again(self, watch: Watch, request: pb.WatchRequest, caller: Caller) -> None:
        """See to it that who watches is told nothing that they may not see (any more)."""
        while True:
            await self._clock.sleep_until(self._clock.now() + LOOK_AGAIN)
            try:
                with refusing():
                    who = caller.who if caller.again is None else await caller.again()
                    seen, secrets = await self._may.sights(who, Verb.WATCH, request)
            except Refused as refused:
                ended = refused.status.code == code_pb2.UNAUTHENTICATED
                watch.end(failures.proof_ended() if ended else refused)
                return
            watch.show(seen, secrets=secrets)

    async def wait_accepted(self, request: pb.WaitAcceptedRequest, caller: Caller) -> pb.WaitAcceptedResponse:
        """Return when Envoys have what the objects make, or refuse it, or the time is over."""
        with self._quiet("WaitAccepted", caller) as telling, refusing(_numbered):
            seen = await self._may.to_wait(caller.who, request, kinds=self._kinds, telling=telling)
            if self._waits >= MOST_WAITS:
                raise failures.busy(f"{MOST_WAITS:,} wait already; end one of these calls first")
            self._waits += 1
            waiting = asyncio.ensure_future(
                wait_accepted(self._plane, self._store, self._kinds, request, own=self._own, gone=self._gone)
            )
            leaving = asyncio.ensure_future(self._leaving.wait())
            try:
                await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    raise failures.leaving()
                return answers.acceptance(veiled(waiting.result(), seen), at_least=request.at_least)
            finally:
                self._waits -= 1
                waiting.cancel()
                leaving.cancel()

    def _telling(self, call: str, caller: Caller, request: pb.ApplyRequest | pb.AddUpstreamRequest) -> Telling:
        manager = _manager(request, caller)
        return Telling(call, caller, manager=manager, dry_run=request.dry_run, force=request.force, audit=self._audit)

    def _quiet(self, call: str, caller: Caller, *, asked: str = "") -> Telling:
        return Telling(call, caller, changes=False, asked=asked, audit=self._audit)

    def _not_here(self, key: ObjectKey) -> Refused:
        found = self._plane.foresight.held(key)
        return failures.not_found(key, *(() if found is None else (found[0].name, found[1].place)))

    async def _page(self, request: pb.ListRequest, *, limit: int, seen: Sight, secrets: Sight) -> pb.ListResponse:
        page = await seen_page(self._store, request, limit=limit, seen=seen)
        told: list[pb.StoredObject] = []
        size = rested = 0
        for each in page.objects:
            told.append(await self._told(each, request, secrets=secrets))
            size += told[-1].ByteSize()
            if size > MOST_BYTES and len(told) > 1:
                # Only the store can say how it goes on behind the others.
                return await self._page(request, limit=len(told) - 1, seen=seen, secrets=secrets)
            if size - rested > LARGE:
                # The Envoys have a turn.
                rested = size
                await asyncio.sleep(0)
        return pb.ListResponse(objects=told, next_page_token=page.next_token, resume_token=token_of(page.revision))

    async def _told(
        self, stored: StoredObject, request: pb.GetRequest | pb.ListRequest, *, secrets: Sight
    ) -> pb.StoredObject:
        return await self._manifests.told(
            stored,
            form=request.form,
            managed_fields=request.managed_fields,
            secrets=request.secrets and secrets(stored.key),
            problems=self._plane.problem_feed.of(stored.key),
        )

    # How

    async def _apply(
        self,
        read: Callable[[], tuple[Given, ...]],
        request: pb.ApplyRequest | pb.AddUpstreamRequest,
        telling: Telling,
        *,
        caller: Caller,
        whole: bool = False,
    ) -> pb.ApplyResponse:
        size = request.ByteSize()
        given = await self._apart.run(lambda: _fit(read()), size=size)
        bodies = [each.body for each in given]
        may = await self._may_apply(bodies, caller.who, telling, force=request.force, returned=whole)
        if size >= LARGE:
            await self._apart.run(self._plane.foresight.reading_ahead(manifests_in(bodies)), size=size)
        manager = _manager(request, caller)

        def field(index: int, path: str) -> str:
            return given[index].field(path)

        warnings: tuple[tuple[Problem, ...], ...] = ()

        def checked(foreseen: Sequence[Applied]) -> None:
            # What others own of an object belongs to what is checked.
            nonlocal warnings
            telling.objects(each.key for each in foreseen)
            may.check(foreseen)
            expect = None if request.dry_run else mine.expect
            warnings = check(self._plane, self._own, given, foreseen, expect=expect)

        changed: set[ObjectKey] = set()
        try:
            with refusing(field), underway(self._plane.foresight.upcoming) as mine:
                done = await self._store.apply(
                    bodies, manager=manager, force=request.force, dry_run=request.dry_run, check=checked
                )
                mine.keep(done)
            if not request.dry_run:
                changed = {each.key for each in done if each.outcome is not Outcome.UNCHANGED}
        finally:
            # What is not to be served is not read again.
            self._plane.foresight.forget(each.key for each in manifests_in(bodies) if each.key not in changed)
        telling.outcomes(each.outcome for each in done)
        return pb.ApplyResponse(
            applied=[
                answers.applied(each, warnings=doubts, whole=await self._manifests.told(each.stored) if whole else None)
                for each, doubts in zip(done, warnings, strict=True)
            ]
        )

    async def _may_apply(
        self, bodies: Sequence[Mapping[str, Any]], who: Principal, telling: Telling, *, force: bool, returned: bool
    ) -> Writing:
        """Return what they may do of that; what is no object the store refuses.

        Raises:
            Refused: They may not.
        """
        keys = [] if who.unchecked else list(dict.fromkeys(each.key for each in manifests_in(bodies)))
        if keys:
            telling.objects(keys)
        return await self._may.to_apply(who, keys, force=force, returned=returned)

    async def _delete(
        self,
        keys: Sequence[tuple[ObjectKey, Precondition]],
        request: pb.DeleteRequest | pb.RemoveUpstreamRequest,
        telling: Telling,
        *,
        who: Principal,
        field: failures.FieldOf,
    ) -> pb.DeleteResponse:
        telling.objects(key for key, _ in keys)
        await self._may.require(who, [Deed(verb=Verb.DELETE, key=key) for key, _ in keys])
        with refusing(field):
            try:
                gone = await self._store.delete(keys, dry_run=request.dry_run, missing_ok=request.missing_ok)
            except ObjectNotFound as error:
                raise self._not_here(ObjectKey(*error.key)) from None
        if not request.dry_run:
            self._plane.foresight.upcoming.lose(gone)
            self._gone |= dict.fromkeys(key for key, _ in keys)
            while len(self._gone) > _MOST_GONE:
                del self._gone[next(iter(self._gone))]
        telling.outcomes("deleted" for _ in gone)
        return pb.DeleteResponse(deleted=(answers.reference(it.key, version=it.resource_version) for it in gone))


def _fit(given: tuple[Given, ...]) -> tuple[Given, ...]:
    """Return what is to be stored, if nothing in itself is against that."""
    refuse_marks(given)
    return given


def _may_see(secrets: bool, caller: Caller) -> None:  # noqa: FBT001 - what the request says
    # Of who has proven who they are it is asked whether they may.
    if secrets and not caller.private and not (caller.secured and not caller.who.unchecked):
        raise failures.hidden_here()


def _asked(request: pb.ListRequest | pb.WatchRequest) -> str:
    return f"{request.kind or 'all kinds'} in {request.namespace or 'all namespaces'}"


def _manager(request: pb.ApplyRequest | pb.AddUpstreamRequest, caller: Caller) -> str:
    """Return who owns the fields: whom the request names, or else the caller, by the name that they have proven."""
    if request.field_manager or caller.who.unchecked:
        return request.field_manager or MANAGER
    return "".join(each if each.isprintable() else "?" for each in caller.who.name)[:_LONGEST_MANAGER]


def _numbered(index: int, path: str) -> str:
    # What the request says of a version it calls otherwise than manifests do.
    return f"objects[{index}].{'resource_version' if path == 'metadata.resourceVersion' else path}"
