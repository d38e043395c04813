"""Streams of what changes: objects, problems, and what Envoys have of the objects, merged for one who watches.

Nothing piles up for a slow reader. Changes of objects stay in the memory that the store has for all who watch, and who
falls out of it is told so; of problems and deliveries only what is newest is kept.

The order is: what there is now, `Synced`, then every change.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Hashable, Iterator
from contextlib import ExitStack

from legation.api.management import answers, failures
from legation.api.management.access import ALL, Sight
from legation.api.management.calls import Plane
from legation.api.management.refused import Refused
from legation.api.management.tokens import revision_of, token_of
from legation.management.v1 import management_pb2 as pb
from legation.model.delivery import NO_DELIVERY
from legation.model.objects import ObjectKey
from legation.model.problems import Problem
from legation.model.stored import Change, ObjectStore, StoredObject
from legation.runtime.problem_log import Told

MOST_PENDING = 10_000
"""Problems that may wait for a slow reader."""
_AHEAD = 64
"""Changes that are taken out of the store before they are told."""
_PAGE = 500
_EVERY = (pb.WatchRequest.OBJECTS, pb.WatchRequest.PROBLEMS, pb.WatchRequest.DELIVERY)


class Watch:
    """What one who watches is told."""

    def __init__(
        self, request: pb.WatchRequest, *, plane: Plane, store: ObjectStore, manifests: answers.Manifests
    ) -> None:
        """Take the request.

        Args:
            request: What is to be told.
            plane: Who knows of problems and deliveries.
            store: Who has the objects.
            manifests: Tells objects.

        Raises:
            Refused: The request cannot be read.
        """
        self._request = request
        self._plane = plane
        self._store = store
        self._manifests = manifests
        self._topics = frozenset(request.topics or _EVERY)
        self._since = revision_of(request.resume_token) if request.resume_token else None
        self._woken = asyncio.Event()
        self._end: Refused | None = None
        """Why it is to end."""
        self._seen_of, self._secrets_of = ALL, ALL
        self._changes: asyncio.Queue[Change] = asyncio.Queue(_AHEAD)
        self._token = ""
        """Goes on after all that was told; empty while not all is told that there is."""
        self._seen = 0
        """The revision up to which all is told or in the queue."""
        self._pending: dict[Hashable, Problem | None] = {}
        """Problems that are to be told."""
        self._problems: dict[Hashable, Problem] = {}
        """Those that were told and are not over: that one is over is told with its words."""
        self._counted = ("", 0)
        """Up to where deliveries were told."""

    async def events(self) -> AsyncGenerator[pb.WatchEvent, None]:
        """Yield what there is, and every change, until closed.

        Raises:
            LegationError: The store cannot tell (any more).
            Refused: What waits is too much.
        """
        with ExitStack() as undo:
            self._hear(undo)
            self._seen = self._store.revision if self._since is None else self._since
            self._token = self._request.resume_token
            if self._since is None and pb.WatchRequest.OBJECTS in self._topics:
                async for stored in self._all():
                    yield await self._object(pb.ObjectChange.PUT, stored)
            begun = self._seen
            pump = asyncio.create_task(self._pump(begun))
            undo.callback(pump.cancel)
            pump.add_done_callback(self._note_end)
            # A token that is too old is refused before anything is told.
            await asyncio.sleep(0)
            if pump.done():
                pump.result()
            for event in await self._first_news():
                yield event
            self._token = token_of(begun)
            yield pb.WatchEvent(resume_token=self._token, synced=pb.Synced())
            while True:
                await self._woken.wait()
                self._woken.clear()
                for change in self._taken():
                    yield await self._changed(change)
                if self._end is not None:
                    raise self._end
                if pump.done():
                    pump.result()
                    raise failures.ended()
                self._go_on(self._seen)
                for event in self._news():
                    yield event

    async def _first_news(self) -> Iterator[pb.WatchEvent]:
        if pb.WatchRequest.DELIVERY in self._topics:
            await self._plane.counted()
        return self._news()

    def show(self, seen: Sight, *, secrets: Sight) -> None:
        """Tell from now on only of what is seen, and show only secrets of what these are seen of."""
        self._seen_of, self._secrets_of = seen, secrets

    def leave(self) -> None:
        """End it soon: the server shuts down."""
        self.end(failures.leaving())

    def end(self, why: Refused) -> None:
        """End it soon, with a reason."""
        self._end = why
        self._woken.set()

    def _note_end(self, pump: asyncio.Task[None]) -> None:
        # Looked at here, for nobody else may: who watches can be gone.
        if not pump.cancelled():
            pump.exception()
        self._woken.set()

    def _hear(self, undo: ExitStack) -> None:
        """Hear of news from before what there is is told, so that nothing is missed."""
        if pb.WatchRequest.PROBLEMS in self._topics:
            undo.callback(self._plane.problem_feed.watch(self._take_problems))
            self._take_problems(self._plane.problem_feed.said)
        if pb.WatchRequest.DELIVERY in self._topics:
            undo.callback(self._plane.objects.watch(self._woken.set))

    def _go_on(self, revision: int) -> None:
        self._seen = revision
        self._token = token_of(revision)

    # Objects

    async def _all(self) -> AsyncGenerator[StoredObject, None]:
        """Yield what is stored. All pages show one moment, and the changes after that are told next."""
        request, token = self._request, ""
        while True:
            page = await self._store.list(
                group=request.group or None,
                kind=request.kind or None,
                namespace=request.namespace or None,
                limit=_PAGE,
                token=token,
            )
            self._seen = page.revision
            for stored in page.objects:
                if self._is_meant(stored.key):
                    yield stored
            token = page.next_token
            if not token:
                return

    async def _pump(self, since: int) -> None:
        if pb.WatchRequest.OBJECTS not in self._topics:
            await asyncio.get_running_loop().create_future()
        async for change in self._store.watch(since):
            if self._is_meant(change.key):
                await self._changes.put(change)
                self._woken.set()
            self._seen = change.revision

    def _taken(self) -> Iterator[Change]:
        while not self._changes.empty() and self._end is None:
            change = self._changes.get_nowait()
            # It may have waited for longer than they may see it.
            if self._is_meant(change.key):
                yield change

    async def _changed(self, change: Change) -> pb.WatchEvent:
        self._token = token_of(change.revision)
        if change.stored is not None:
            return await self._object(pb.ObjectChange.PUT, change.stored)
        if change.previous is not None:
            return await self._object(pb.ObjectChange.DELETED, change.previous)
        gone = pb.ObjectChange(
            change=pb.ObjectChange.DELETED, stored=pb.StoredObject(object=answers.reference(change.key))
        )
        return pb.WatchEvent(resume_token=self._token, object=gone)

    async def _object(self, change: pb.ObjectChange.Kind, stored: StoredObject) -> pb.WatchEvent:
        secrets = self._request.secrets and self._secrets_of(stored.key)
        told = await self._manifests.told(stored, form=self._request.form, secrets=secrets)
        return pb.WatchEvent(resume_token=self._token, object=pb.ObjectChange(change=change, stored=told))

    def _is_meant(self, key: ObjectKey | None) -> bool:
        asked = self._request
        if not self._seen_of(key):
            return False
        if key is None:
            return not (asked.group or asked.kind or asked.namespace or asked.name)
        return (
            asked.group in {"", key.group}
            and asked.kind in {"", key.kind}
            and asked.namespace in {"", key.namespace}
            and asked.name in {"", key.name}
        )

    # Problems and deliveries

    def _take_problems(self, told: Told) -> None:
        for key, problem in told.items():
            # That one came and went while nobody read is not told.
            self._pending.pop(key, None)
            if problem is None and key not in self._problems:
                continue
            if problem is None or self._is_meant(problem.object):
                self._pending[key] = problem
        self._woken.set()

    def _news(self) -> Iterator[pb.WatchEvent]:
        if len(self._pending) > MOST_PENDING:
            raise failures.busy("problems change faster than they are read here; watch fewer objects, or read faster")
        pending, self._pending = self._pending, {}
        for key, problem in pending.items():
            if problem is not None and not self._is_meant(problem.object):
                continue
            told = self._problems.pop(key) if problem is None else problem
            if problem is not None:
                self._problems[key] = problem
            change = pb.ProblemChange(is_there=problem is not None, problem=answers.problem(told))
            yield pb.WatchEvent(resume_token=self._token, problem=change)
        if pb.WatchRequest.DELIVERY in self._topics:
            epoch, number = self._counted
            news = self._plane.objects.deliveries(epoch=epoch, since=number)
            self._counted = (news.epoch, news.number)
            for key, count in news.objects.items():
                if self._is_meant(key):
                    delivery = answers.delivery(key, NO_DELIVERY if count is None else count[1])
                    yield pb.WatchEvent(resume_token=self._token, delivery=delivery)
