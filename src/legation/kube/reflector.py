"""Reflector: keeps what the API server has of one kind, by a `legation.kube.watch.Watch` that it runs over a client.

::

    reflector = Reflector(client, kind, decode=decode, changed=changed, clock=clock, chance=random.random)
    await reflector.run()              # until cancelled
    reflector.objects                  # (namespace, name) -> what `decode` made of it
    reflector.synced, reflector.current, reflector.missing, reflector.installed, reflector.unreadable

`changed` is called with what a page (of a large one: a part) or a burst of lines changed, in order; with nothing where
only the standing did (`synced`, `current`, `missing`, `installed`). `objects` is never ahead of what it was told.

It knows how to perform what the machine asks. It refuses to know what an object means. The one invariant: whatever the
API server does, `run` goes on; only its own bugs and those of `changed` end it.

Whoever runs many at once hands all of them one `asyncio.Semaphore` as `turn`: so many lists are read at a time, the
others wait. Each watch holds a connection for as long as it stands (HTTP/1.1): the client must allow that many.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Generic

from legation.clock import Clock
from legation.errors import KubeError, KubeUnreachable
from legation.kube.hearing import Api, Hearing, hearing
from legation.kube.known import Object
from legation.kube.resting import Resting
from legation.kube.watch import Change, Discover, Follow, ListPage, Missing, Rest, Watch, WatchPolicy
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName

if TYPE_CHECKING:
    import msgspec

_CHUNK = 250
"""Objects that are read without a turn for others; some milliseconds."""
_LIST_LIMIT = 60.0
"""Seconds for one page: the API server itself gives up a list after a minute."""
_POLICY = WatchPolicy()


class Reflector(Generic[Object]):
    """One kind in one namespace or in all."""

    def __init__(
        self,
        client: Api,
        kind: ApiKind,
        *,
        decode: Callable[[msgspec.Raw], Object],
        changed: Callable[[Sequence[Change[Object]]], None],
        clock: Clock,
        chance: Callable[[], float],
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        turn: AbstractAsyncContextManager[Any] | None = None,
        policy: WatchPolicy = _POLICY,
    ) -> None:
        """Take what to keep; nothing is asked yet.

        Args:
            client: Who speaks to the API server.
            kind: What to keep.
            decode: Makes of an object's JSON what is kept of it, as `Watch` wants it.
            changed: Is told what changed.
            clock: What pauses are measured by.
            chance: Returns random numbers, 0 <= x < 1.
            namespace: Empty: all of them.
            label_selector: In the API's own spelling; empty: every object.
            field_selector: Likewise.
            turn: Is held while a page of a list is read, or a streamed state.
            policy: How patient it is.
        """
        self._client = client
        self._clock = clock
        self._chance = chance
        self._changed = changed
        self._turn = contextlib.nullcontext() if turn is None else turn
        self._watch = Watch(
            kind,
            decode=decode,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            policy=policy,
        )
        self._resting = Resting(clock, chance)
        self._told: tuple[object, ...] = ()
        self.kind = kind
        self.namespace = namespace

    @property
    def objects(self) -> Mapping[NamespacedName, Object]:
        """What is known: a view that changes."""
        return self._watch.objects

    @property
    def unreadable(self) -> Mapping[NamespacedName, str]:
        """The objects whose newest version `decode` refuses, and its words: a view that changes."""
        return self._watch.unreadable

    @property
    def synced(self) -> bool:
        """Whether a whole state was known once; it then stays true, whatever happens to the API server."""
        return self._watch.synced

    @property
    def current(self) -> bool:
        """Whether what is known is what the API server has: it is synced, and the watch stands at this moment."""
        return self._watch.current

    @property
    def missing(self) -> Missing | None:
        """Why it is not synced or not current; None if it is."""
        return self._watch.missing

    @property
    def installed(self) -> bool:
        """Whether the API server has the kind, as far as is known; if not, it is synced and empty."""
        return self._watch.installed

    def hurry(self, *, within: float) -> None:
        """End a pause within so many seconds, if there is one: the API server was heard of elsewhere."""
        self._resting.hurry(within=within)

    async def run(self) -> None:
        """Keep it until cancelled."""
        while True:
            match self._watch.next(self._clock.now(), self._chance()):
                case Rest(until):
                    await self._resting.until(until)
                case ListPage() as ask:
                    await self._list(ask)
                case Follow() as ask:
                    await self._follow(ask)
                case Discover() as ask:
                    await self._discover(ask)
            self._tell(())

    async def _discover(self, ask: Discover) -> None:
        async with self._turn:
            try:
                body = await self._client.request("GET", ask.path, timeout=_LIST_LIMIT)
            except (KubeError, KubeUnreachable) as error:
                self._watch.failed(error, now=self._clock.now())
                return
        self._tell(self._watch.discovered(body, now=self._clock.now()))

    async def _list(self, ask: ListPage) -> None:
        """Take a page, a part at a time."""
        async with self._turn:
            try:
                body = await self._client.request("GET", ask.path, params=ask.params, timeout=_LIST_LIMIT)
            except (KubeError, KubeUnreachable) as error:
                self._watch.failed(error, now=self._clock.now())
                return
            self._watch.page(body, now=self._clock.now())
            while self._watch.digesting:
                self._tell(self._watch.digest(_CHUNK, now=self._clock.now()))
                await asyncio.sleep(0)

    async def _follow(self, ask: Follow) -> None:
        """Take what is read, burst by burst, and look after the deadline."""
        async with contextlib.AsyncExitStack() as turn:
            if self._watch.streaming:
                await turn.enter_async_context(self._turn)
                self._watch.asked(now=self._clock.now())
            async with hearing(self._client, ask, burst=_CHUNK) as heard:
                while not self._take(heard):
                    if not self._watch.streaming:
                        await turn.aclose()
                    if self._clock.now() >= self._watch.deadline:
                        await heard.end()
                        self._watch.silent(now=self._clock.now())
                        return
                    await heard.wait(self._watch.deadline, clock=self._clock)

    def _take(self, heard: Hearing) -> bool:
        """Give the machine what was heard, and tell what that changed; return whether the stream is over."""
        changes, over = heard.feed(self._watch, self._clock.now)
        self._tell(changes)
        return over

    def _tell(self, changes: Sequence[Change[Object]]) -> None:
        watch = self._watch
        standing = (watch.synced, watch.missing, watch.installed)
        if changes or standing != self._told:
            self._told = standing
            self._changed(tuple(changes))
