"""Watch: list and watch of one kind, as a machine without I/O, clock or chance.

The caller performs what `next` asks for and tells what came of it::

    ask = watch.next(now, chance)      # chance: a random number, 0 <= chance < 1
    ListPage(path, params)   GET it    -> page(body), then digest(limit) while `digesting`; or failed(error)
    Follow(path, params)     stream it -> opened(), line(line) for each line while `following`, then ended();
                                          failed(error) if it is refused or breaks; silent() at `deadline`
    Discover(path)           GET it    -> discovered(body); or failed(error)
    Rest(until)              wait      -> nothing

What changed comes back as `Put`, `Gone` and `Unreadable` values; `objects` holds what is known. To ask at any time:
`synced` (a whole state was known once), `current` (and the watch stands now), `missing` (why not, in words),
`installed` (whether the API server has the kind), `unreadable`, `resource_version`.

The one invariant: whatever the API server and the network do, the replayed changes give `objects`, and as soon as the
watch stands `objects` becomes what the API server has. Only the API server's own word removes an object: a DELETED
event, a whole list without it, or its documents of discovery without the kind.

How it is done, by the rules of https://kubernetes.io/docs/reference/using-api/api-concepts/:

- Lists name no resourceVersion, so they are the newest state. `0` would be cheaper for old servers, but may be answered
  with a state older than one that was seen: objects would come back from the dead.
- Every list is compared with what is known, so that no delete is missed that happened while nobody watched.
- Resource versions are compared for equality alone.
- A list that becomes too old while its pages are read (410) begins again, without pages: that one ends for sure.
- A streamed first state (WatchList) gives way to pages for good at its first trouble that is not the network's.
- A 404 may be anybody's on the way: a kind does not exist if discovery says so. Of what every API server has it is a
  failure like any other.
- Of the versions of a kind that will do, the newest is read that discovery tells of. Whether there is a newer one by
  now is asked whenever a watch has ended.
- A half-open connection says nothing for ever: no line for some minutes after bookmarks were seen, or none beyond
  the end that was asked for, and the watch is begun anew; a second time in a row, the list is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum, auto
from typing import Generic

import msgspec

from legation.errors import KubeError, KubeGone, KubeNotFound, KubeUnreachable
from legation.kube.discovery import Doubt
from legation.kube.known import Change, Gone, Known, Object, Put, Unreadable
from legation.kube.pauses import Rest
from legation.kube.watch_asks import Ask, Asking, Discover, Follow, ListPage
from legation.kube.watch_attempts import Attempts
from legation.kube.watch_paging import Paging
from legation.kube.watch_policy import WatchPolicy
from legation.kube.watch_refusals import is_of_streaming, is_of_version, retry_after
from legation.kube.watch_wire import read_bookmark, read_error, read_event, read_page
from legation.kube.watch_words import Missing, Scope
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName

__all__ = [
    "Ask",
    "Change",
    "Discover",
    "Follow",
    "Gone",
    "ListPage",
    "Missing",
    "Put",
    "Rest",
    "Unreadable",
    "Watch",
    "WatchPolicy",
]

_POLICY = WatchPolicy()


class _Phase(Enum):
    LIST = auto()
    """The state is read page by page."""
    STREAM = auto()
    """The state is read as a stream."""
    FOLLOW = auto()
    """The state is known, and changes are followed."""


class Watch(Generic[Object]):
    """One kind in one namespace or in all, with selectors or without."""

    def __init__(
        self,
        kind: ApiKind,
        *,
        decode: Callable[[msgspec.Raw], Object],
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        policy: WatchPolicy = _POLICY,
    ) -> None:
        """Know nothing yet.

        Args:
            kind: What to watch; where the API server has it only in an older version, that one.
            decode: Makes of an object's JSON what is to be kept of it; `msgspec.ValidationError` makes it `Unreadable`.
                It must not keep the bytes: they are part of a whole page. The objects in a list of a built-in kind
                say neither apiVersion nor kind.
            namespace: Empty: all of them.
            label_selector: In the API's own spelling; empty: every object.
            field_selector: Likewise.
            policy: How patient it is.
        """
        self._newest = kind
        self._scope = Scope(kind=kind, namespace=namespace)
        self._asking = Asking(scope=self._scope, label_selector=label_selector, field_selector=field_selector)
        self._policy = policy
        self._known = Known(decode)
        self.objects: Mapping[NamespacedName, Object] = self._known.objects
        """What is known: a view that changes."""
        self.unreadable: Mapping[NamespacedName, str] = self._known.unreadable
        """The objects whose newest version `decode` refuses, and its words: a view that changes."""
        self.synced = False
        """Whether a whole state was known once; it then stays true, whatever happens to the API server."""
        self.missing: Missing | None = self._scope.not_listed()
        """Why it is not synced or not current; None if it is both."""
        self.installed = True
        """Whether the API server has the kind, as far as is known; if not, it is synced and empty."""
        self.resource_version = ""
        """The version of the whole that is known; empty before the first."""
        self._phase, self._paging, self._attempts = _Phase.LIST, Paging(), Attempts(policy)
        self._streams = policy.stream_first
        self._bookmarked = False
        # Somebody says that there is no such kind, and discovery has not told yet.
        self._doubt: Doubt | None = None
        self._relist()

    @property
    def current(self) -> bool:
        """Whether what is known is what the API server has: it is synced, and the watch stands at this moment."""
        return self.missing is None

    def next(self, now: float, chance: float) -> Ask:
        """Return what to do next."""
        pause = self._attempts.take_pause()
        if pause is not None:
            return Rest(now + pause.seconds(chance))
        if self._doubt is not None:
            return Discover(self._doubt.path)
        if self._phase is _Phase.LIST:
            return self._asking.page(limit=0 if self._paging.whole else self._policy.page, token=self._paging.token)
        seconds = self._policy.watch_seconds(chance)
        self._attempts.begin(now=now, seconds=seconds)
        if self._phase is _Phase.FOLLOW:
            return self._asking.changes(after=self.resource_version, seconds=seconds)
        self._known.begin()
        return self._asking.state(seconds=seconds)

    # -------------------------------------------------------------------------------------------------------- a list

    def page(self, body: bytes, *, now: float) -> None:
        """Take a page of a list; its objects are read by `digest`."""
        try:
            found = read_page(body)
        except msgspec.DecodeError as error:
            self._garbled(error, now)
            return
        if self._paging.begin(found):
            self._known.begin()

    @property
    def digesting(self) -> bool:
        """Whether objects of a page still have to be read."""
        return self._paging.open

    def digest(self, limit: int, *, now: float) -> list[Change[Object]]:
        """Read so many objects of a page, and return what changed; the last ones of the last page end the list."""
        changes = list[Change[Object]]()
        if not self._paging.open:
            return changes
        try:
            for raw in self._paging.take(limit):
                changes += self._known.take(raw)[1]
        except msgspec.DecodeError as error:
            self._garbled(error, now)
            return changes
        if self._paging.over:
            changes += self._complete(self._paging.version)
            self.missing = self._scope.not_followed()
        return changes

    # ------------------------------------------------------------------------------------------------------ a stream

    @property
    def following(self) -> bool:
        """Whether lines of the stream are still wanted."""
        return self._attempts.stream.open

    @property
    def deadline(self) -> float:
        """The moment at which a stream counts as dead, unless it is heard of before."""
        stream, policy = self._attempts.stream, self._policy
        if not stream.open or self._phase is _Phase.STREAM:
            return stream.heard_at + policy.answer
        end = stream.ends_at + policy.answer
        return min(end, stream.heard_at + policy.silence) if self._bookmarked else end

    @property
    def streaming(self) -> bool:
        """Whether a stream is asked for that begins with a whole state, which was not told to its end."""
        return self._phase is _Phase.STREAM

    def asked(self, *, now: float) -> None:
        """Note that a stream is asked for only now, some time after `next` said so."""
        stream = self._attempts.stream
        stream.ends_at += now - stream.asked_at
        stream.asked_at = stream.heard_at = now

    def opened(self, *, now: float) -> None:
        """Note that the API server has begun to answer a watch."""
        stream = self._attempts.stream
        stream.open, stream.heard_at = True, now
        if self._phase is _Phase.FOLLOW:
            self.missing = None

    def line(self, line: bytes, *, now: float) -> list[Change[Object]]:
        """Take one line of a watch, and return what changed; ask `following` whether to go on."""
        self._attempts.heard(now=now)
        try:
            event = read_event(line)
            match event.type:
                case "ADDED" | "MODIFIED":
                    head, changes = self._known.take(event.object)
                case "DELETED":
                    head, changes = self._known.drop(event.object)
                case "BOOKMARK":
                    version, ends_state = read_bookmark(event.object)
                    return self._state_streamed(version, now) if ends_state else self._bookmark(version, now)
                case "ERROR":
                    self._event_of_error(read_error(event.object), now)
                    return []
                case _:
                    raise msgspec.ValidationError("there is an event of an unknown type")
        except msgspec.DecodeError as error:
            self._garbled(error, now)
            return []
        if self._phase is _Phase.FOLLOW:
            # In a streamed state the objects come in any order: their versions say nothing about the whole.
            self.resource_version = head.version
        return changes

    def ended(self, *, now: float) -> None:
        """Note that the API server has ended a watch in order."""
        if self._phase is _Phase.STREAM:
            self._streaming_fails(self._scope.short(), now)
        elif not self._attempts.ended(now=now):
            self._fail(self._scope.short(), now, at_once=True)
        elif self._scope.kind != self._newest:
            self._doubt = Doubt(self._newest)
        # Else it is current still: the watch goes on at once. If it does not, that is a failure.

    def silent(self, *, now: float) -> None:
        """Note that the deadline has passed; the stream is to be closed."""
        if self._attempts.stream.open and self._phase is _Phase.STREAM:
            self._streaming_fails(self._scope.silent(), now)
            return
        again = self._attempts.silent(now=now)
        self.missing = self._scope.silent()
        if again:
            # Somebody who has gone back in time does not know the version that we wait after.
            self._relist()

    def _state_streamed(self, version: str, now: float) -> list[Change[Object]]:
        if self._phase is _Phase.FOLLOW:
            return self._bookmark(version, now)
        self._bookmarked = True
        gone = self._complete(version)
        self.missing = None
        return gone

    def _bookmark(self, version: str, now: float) -> list[Change[Object]]:
        self._bookmarked = True
        if self._phase is _Phase.FOLLOW:
            self.resource_version = version
        else:
            # The server ignores the wish for a streamed list, and will never say where its first state ends.
            self._streaming_fails(self._scope.not_listed(), now)
        return []

    def _event_of_error(self, error: KubeError, now: float) -> None:
        """Whatever it is, the watch cannot be trusted to go on from where it was."""
        self._streams = self._streams and self._phase is not _Phase.STREAM
        gone = isinstance(error, KubeGone)
        self._fail(self._scope.failed(error, verb="watch"), now, gone=gone, retry_after=error.retry_after)
        self._relist()

    # ------------------------------------------------------------------------------------------- whether it is there

    def discovered(self, body: bytes, *, now: float) -> list[Change[Object]]:
        """Take what the API server tells of its kinds, and return what changed."""
        doubt = self._doubt
        if doubt is None:
            return []
        try:
            there = doubt.told(body)
        except msgspec.DecodeError as error:
            self._undecided(doubt, error, now)
            return []
        if there is None:
            return []
        self._doubt = None
        if doubt.found is not None and doubt.found != self._scope.kind:
            self._read_as(doubt.found)
        elif there and doubt.refusal is not None:
            self._fail(self._scope.contradicted(doubt.refusal), now)
        elif not there:
            self._attempts.rest(self._policy.absence())
            self._read_as(self._newest)
            self.synced, self.installed, self.resource_version = True, False, ""
            self.missing = None
            return self._known.clear()
        return []

    def _read_as(self, kind: ApiKind) -> None:
        """List and watch it in another version from now on."""
        self._scope = replace(self._scope, kind=kind)
        self._asking = replace(self._asking, scope=self._scope)
        self.missing = self.missing or self._scope.not_followed()
        self._known.reread()
        self._relist()

    def _undecided(self, doubt: Doubt, error: KubeError | KubeUnreachable | msgspec.DecodeError, now: float) -> None:
        """Take it for a failure: whoever says that there is no such kind may be anybody."""
        self._doubt = None
        if doubt.refusal is None:
            return
        if isinstance(error, KubeUnreachable) or (isinstance(error, KubeError) and error.is_of_server):
            missing = self._scope.failed(error, verb="list")
        else:
            missing = self._scope.not_told(doubt.refusal, error)
        self._fail(missing, now, retry_after=retry_after(error))

    # ---------------------------------------------------------------------------------------------- what goes wrong

    def failed(self, error: KubeError | KubeUnreachable, *, now: float) -> None:
        """Note that what was asked for was refused, or that the network failed."""
        if self._doubt is not None:
            self._undecided(self._doubt, error, now)
            return
        missing = self._scope.failed(error, verb="list" if self._phase is _Phase.LIST else "watch")
        if isinstance(error, KubeNotFound) and not self._scope.kind.built_in:
            self._doubt = Doubt(self._newest, error)
            if self._phase is _Phase.FOLLOW:
                self.missing = missing
            self._relist()
            return
        if self._phase is _Phase.STREAM and is_of_streaming(error, begun=self._attempts.stream.open):
            self._streaming_fails(missing, now)
            return
        gone = isinstance(error, KubeGone)
        self._fail(missing, now, gone=gone, retry_after=retry_after(error))
        if self._phase is _Phase.LIST and gone:
            self._paging = Paging(whole=True)
        if self._phase is _Phase.FOLLOW and is_of_version(error):
            self._relist()

    def _garbled(self, error: msgspec.DecodeError, now: float) -> None:
        self._streams = self._streams and self._phase is not _Phase.STREAM
        self._fail(self._scope.garbled(error), now)
        self._relist()

    def _streaming_fails(self, missing: Missing, now: float) -> None:
        self._streams = False
        self._fail(missing, now, at_once=True)
        self._relist()

    def _fail(
        self,
        missing: Missing,
        now: float,
        *,
        at_once: bool = False,
        gone: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Stop what is going on, and pause, as `Attempts.failed` says."""
        self._attempts.failed(now=now, at_once=at_once, gone=gone, retry_after=retry_after)
        self.missing = missing

    # ------------------------------------------------------------------------------------------- where it stands

    def _complete(self, version: str) -> list[Change[Object]]:
        """Note that a whole state was told, and return what is gone."""
        self.resource_version, self._phase = version, _Phase.FOLLOW
        self.synced = self.installed = True
        return self._known.end()

    def _relist(self) -> None:
        self._phase = _Phase.STREAM if self._streams else _Phase.LIST
        self._paging = Paging()
