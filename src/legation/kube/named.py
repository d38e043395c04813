"""Named: get and watch of one object whose name is known, as a machine without I/O, clock or chance.

It takes the verbs `get` and `watch` alone, also where a role grants them for that name only (`resourceNames`): never is
anything listed. The caller performs what `next` asks for and tells what came of it::

    ask = named.next(now, chance)      # chance: a random number, 0 <= chance < 1
    Get(path)              GET it      -> found(body); or failed(error)
    Follow(path, params)   stream it   -> opened(), line(line) for each line while `following`, then ended();
                                          failed(error) if it is refused or breaks; silent() at `deadline`
    Rest(until)            wait        -> nothing

To ask at any time: `object` (as `decode` made it, or None), `asked` (the API server has said once whether it is there),
`current`, `missing` (why not, in words), `not_watched` (why it is asked for again and again instead), `unreadable`.

The one invariant: whatever the API server and the network do, as soon as it is `current` it is what the API server has
or had moments ago, but for versions that `decode` refuses: then the last one that it took stays. Only the API server's
own word removes it: a DELETED event, or a 404. A 404 that does not name the object may be anybody's on the way: of a
kind that every API server has it is a failure, of others it is believed of a known object when it lasts.

How it is done, by the rules of https://kubernetes.io/docs/reference/using-api/api-concepts/:

- A watch begins at the version that GET has told: no delete is missed that happens in between. An object that nobody
  has changed for long has a version that is too old for that (410). Then the watch names no version, and has to begin
  with the object (ADDED); if it does not at once, the object may be gone, and GET is asked again.
- Of what is not there a watch without a version tells as soon as it is.
- A version that came with an event is as new as the stream; if it has become too old, GET tells what was missed.
- A watch that fails is tried once more; if it fails again, whatever it is, GET is asked before each further one.
- Where a watch is not allowed, or not let through, GET is asked at an interval, and the watch is tried again later.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Generic, TypeAlias

import msgspec

from legation.errors import KubeError, KubeGone, KubeNotFound, KubeUnreachable
from legation.kube.known import Change, Known, Object
from legation.kube.named_words import NamedScope
from legation.kube.pauses import Pause, Rest
from legation.kube.urls import segment
from legation.kube.watch_asks import Asking, Follow
from legation.kube.watch_attempts import Attempts
from legation.kube.watch_policy import WatchPolicy
from legation.kube.watch_wire import read_bookmark, read_error, read_event, read_head
from legation.kube.watch_words import Missing
from legation.model.api_kinds import ApiKind
from legation.model.cluster import NamespacedName

__all__ = ["Ask", "Follow", "Get", "Missing", "Named", "Rest"]

_POLICY = WatchPolicy()
_NO_WATCH = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""What says that there will be no watch, however often it is asked for."""
_WATCH_AGAIN = 300.0
"""Seconds until a watch that was not allowed is tried again."""
_FIRST_LINE = 5.0
"""Seconds in which a watch without a version has to begin with an object that is there; it takes a moment."""
_BELIEVED = 60.0
"""Seconds for which somebody has to say that there is nothing of the kind, if an object of it is known."""
_LEAST_INTERVAL = 0.1


@dataclass(frozen=True, slots=True)
class Get:
    """GET this; its whole body is the answer."""

    path: str


Ask: TypeAlias = Get | Follow | Rest


class Named(Generic[Object]):
    """One object."""

    def __init__(
        self,
        kind: ApiKind,
        *,
        namespace: str,
        name: str,
        decode: Callable[[msgspec.Raw], Object],
        watch: bool = True,
        interval: float = 60.0,
        policy: WatchPolicy = _POLICY,
    ) -> None:
        """Know nothing yet.

        Args:
            kind: The object's kind.
            namespace: Where it is; empty for a kind without namespaces.
            name: Its name.
            decode: Makes of its JSON what is to be kept of it; `msgspec.ValidationError` makes it `unreadable`.
            watch: Whether to watch it; if not, GET is asked at the interval.
            interval: Seconds between two GETs where there is no watch; a tenth of one at least.
            policy: How patient it is.

        Raises:
            ValueError: No object of the kind can have that name, or be there.
        """
        if kind.namespaced != bool(namespace):
            raise ValueError(f"{kind} {'needs a' if kind.namespaced else 'has no'} namespace")
        self._path = kind.path(namespace=segment(namespace) if namespace else "", name=segment(name))
        self._key = NamespacedName(namespace, name)
        self._scope = NamedScope(kind=kind, namespace=namespace, name=name)
        self._asking = Asking(scope=self._scope, field_selector=f"metadata.name={name}")
        self._policy = policy
        self._interval = max(interval, _LEAST_INTERVAL)
        self._known = Known(decode)
        self._attempts = Attempts(policy)
        self.asked = False
        """Whether the API server has said once that it is there, or that it is not; it then stays true."""
        self.missing: Missing | None = self._scope.not_asked()
        """Why it is not current; None if it is."""
        self.not_watched: Missing | None = None
        """Why it is asked for at an interval, although it is to be watched; None if it is watched."""
        self.version = ""
        """What the watch goes on after; empty: from whatever there is."""
        self._follows = False
        # Whether the version is the object's own, told by GET or as the beginning of a watch: it may be of any age.
        self._may_be_old = False
        self._expected = False
        self._bookmarked = False
        self._no_watch_until = -math.inf if watch else math.inf
        # Since when somebody says that there is nothing of the kind.
        self._denied_at: float | None = None

    @property
    def object(self) -> Object | None:
        """What is known of it; None: it is not there, or nothing readable was ever heard of it."""
        return self._known.objects.get(self._key)

    @property
    def unreadable(self) -> str:
        """Why `decode` refuses the newest version; empty if it does not."""
        return self._known.unreadable.get(self._key, "")

    @property
    def current(self) -> bool:
        """Whether it is what the API server has: the watch stands, or the last GET was answered."""
        return self.missing is None

    def next(self, now: float, chance: float) -> Ask:
        """Return what to do next."""
        pause = self._attempts.take_pause()
        if pause is not None:
            return Rest(now + pause.seconds(chance))
        if not self._follows:
            return Get(self._path)
        seconds = self._policy.watch_seconds(chance)
        self._attempts.begin(now=now, seconds=seconds)
        self._expected = bool(self._known) and not self.version
        return self._asking.changes(after=self.version, seconds=seconds)

    # --------------------------------------------------------------------------------------------------------- a GET

    def look(self) -> Get:
        """Let GET be what is done next, without a pause, and return it."""
        self._attempts.take_pause()
        self._follows = False
        return Get(self._path)

    def found(self, body: bytes, *, now: float) -> None:
        """Take the object that GET has shown."""
        raw = msgspec.Raw(body)
        try:
            head = read_head(raw)
            if head.key != self._key:
                raise msgspec.ValidationError("it is another object")
            self._known.put(head, raw)
        except msgspec.DecodeError as error:
            self._fail(self._scope.garbled(error), now)
            return
        self._tell(head.version, now)

    def _absent(self, now: float) -> None:
        self._known.clear()
        self._tell("", now)

    def _tell(self, version: str, now: float) -> None:
        """Note that GET has told what there is."""
        self.version, self._may_be_old = version, True
        self.asked, self._denied_at = True, None
        self._follows = now >= self._no_watch_until
        if self._follows:
            self.missing = self._scope.not_followed()
        else:
            self._attempts.rest(Pause(least=self._interval * 0.9, chance=self._interval * 0.2))
            self.missing = None

    # ------------------------------------------------------------------------------------------------------ a stream

    @property
    def following(self) -> bool:
        """Whether lines of the stream are still wanted."""
        return self._attempts.stream.open

    @property
    def deadline(self) -> float:
        """The moment at which a stream counts as dead, unless it is heard of before."""
        stream, policy = self._attempts.stream, self._policy
        if not stream.open:
            return stream.heard_at + policy.answer
        if self._expected:
            return stream.heard_at + _FIRST_LINE
        end = stream.ends_at + policy.answer
        return min(end, stream.heard_at + policy.silence) if self._bookmarked else end

    def opened(self, *, now: float) -> None:
        """Note that the API server has begun to answer a watch."""
        stream = self._attempts.stream
        stream.open, stream.heard_at = True, now
        self.not_watched = None
        if not self._expected:
            self.missing = None

    def line(self, line: bytes, *, now: float) -> list[Change[Object]]:
        """Take one line of a watch, and return what changed; ask `following` whether to go on."""
        try:
            event = read_event(line)
            match event.type:
                case "ADDED" | "MODIFIED" | "DELETED":
                    return self._change(event.object, now, gone=event.type == "DELETED")
                case "BOOKMARK":
                    version, _ = read_bookmark(event.object)
                    self._bookmark(version, now)
                case "ERROR":
                    self._event_of_error(read_error(event.object), now)
                case _:
                    raise msgspec.ValidationError("there is an event of an unknown type")
        except msgspec.DecodeError as error:
            self._fail(self._scope.garbled(error), now)
        return []

    def ended(self, *, now: float) -> None:
        """Note that the API server has ended a watch in order."""
        if not self._attempts.ended(now=now):
            self._fail_watch(self._scope.short(), now, at_once=True)
        # Else it is current still: the watch goes on at once. If it does not, that is a failure.

    def silent(self, *, now: float) -> None:
        """Note that the deadline has passed; the stream is to be closed."""
        if self.following and self._expected:
            self._unexpected(now)
            return
        again = self._attempts.silent(now=now)
        self.missing = self._scope.silent()
        # Somebody who has gone back in time does not know the version that we wait after.
        self._follows = not again and self._attempts.failures == 1

    def _change(self, raw: msgspec.Raw, now: float, *, gone: bool) -> list[Change[Object]]:
        head = read_head(raw)
        self._attempts.heard(now=now)
        if head.key != self._key:
            # Somebody on the way knows no selectors. The versions of a first state are in no order.
            return []
        changes = self._known.clear() if gone else self._known.put(head, raw)
        # It began with what there was; or else this has happened just now.
        self._may_be_old = not self.version
        self.version = head.version
        if self._expected:
            self._expected, self.missing = False, None
        return changes

    def _bookmark(self, version: str, now: float) -> None:
        self._attempts.heard(now=now)
        self._bookmarked = True
        if self._expected:
            self._unexpected(now)
        else:
            self.version, self._may_be_old = version, False

    def _unexpected(self, now: float) -> None:
        """Ask GET: the watch has begun without the object, so it may be gone."""
        self._fail(self._scope.not_followed(), now, at_once=True)

    def _event_of_error(self, error: KubeError, now: float) -> None:
        missing = self._scope.failed(error, verb="watch")
        if isinstance(error, KubeGone):
            self._too_old(missing, now, retry_after=error.retry_after)
        else:
            self._fail(missing, now, retry_after=error.retry_after)

    def _too_old(self, missing: Missing, now: float, *, retry_after: float | None) -> None:
        self._fail(missing, now, gone=True, retry_after=retry_after)
        if self._may_be_old and self.version:
            # No news: so it is with all that nobody has changed since the API server was started. What has happened
            # since is not lost, as the watch may begin with the object.
            self._follows, self.missing = True, self._scope.not_followed()
        self.version = ""

    # ---------------------------------------------------------------------------------------------- what goes wrong

    def failed(self, error: KubeError | KubeUnreachable, *, now: float) -> None:
        """Note that what was asked for was refused, or that the network failed."""
        by_watch = self._follows
        missing = self._scope.failed(error, verb="watch" if by_watch else "get")
        retry_after = error.retry_after if isinstance(error, KubeError) else None
        if isinstance(error, KubeNotFound):
            self._denied(error, missing, now)
        elif by_watch and isinstance(error, KubeGone):
            self._too_old(missing, now, retry_after=retry_after)
        elif by_watch and isinstance(error, KubeError) and error.status in _NO_WATCH:
            self._do_without(error, now)
        elif by_watch and (isinstance(error, KubeUnreachable) or error.is_of_server):
            self._fail_watch(missing, now, retry_after=retry_after)
        else:
            self._fail(missing, now, retry_after=retry_after)

    def _denied(self, error: KubeNotFound, missing: Missing, now: float) -> None:
        """Take a 404: the object is not there, or there is no such kind, or somebody on the way says so."""
        if error.reason and not self._follows:
            self._absent(now)
        elif self._scope.kind.built_in:
            self._fail(missing, now)
        elif self._known and not self._is_believed(now):
            self._fail(self._scope.denied(error), now)
        else:
            self._absent(now)
            if self._follows:
                # There is no such kind to watch: look from time to time whether it has come.
                self._follows, self.missing = False, None
                self._attempts.rest(self._policy.absence())

    def _is_believed(self, now: float) -> bool:
        if self._denied_at is None:
            self._denied_at = now
        return now - self._denied_at >= _BELIEVED

    def _do_without(self, error: KubeError, now: float) -> None:
        """Ask GET at the interval; at once, for who knows since when the watch did not stand."""
        self._follows, self._attempts.stream.open = False, False
        self._no_watch_until = now + max(_WATCH_AGAIN, self._interval)
        self.not_watched = self._scope.asked_instead(error, seconds=self._interval)

    def _fail(
        self,
        missing: Missing,
        now: float,
        *,
        at_once: bool = False,
        gone: bool = False,
        retry_after: float | None = None,
    ) -> None:
        """Stop what is going on, pause as `Attempts.failed` says, and ask GET then."""
        self._attempts.failed(now=now, at_once=at_once, gone=gone, retry_after=retry_after)
        self.missing, self._follows = missing, False

    def _fail_watch(
        self, missing: Missing, now: float, *, at_once: bool = False, retry_after: float | None = None
    ) -> None:
        """The same; but at its first failure a watch goes on where it was."""
        self._fail(missing, now, at_once=at_once, retry_after=retry_after)
        # One that was to begin with the object has failed before: it was too old to be watched after.
        self._follows = self._attempts.failures == 1
