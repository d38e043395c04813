"""Crowd: how many streams a host may have open, and how long one may bring no request. The one place that knows it.

A stream is strange until it has proven who it is or its client is admitted. Strange streams are few for a host; when
there are more, the one that has asked nothing for longest makes room. While its proof is looked at a stream is not
silent, for it is we who take our time. Who is refused again and again is hung up on, which costs it a handshake. The
one invariant: a stream whose client is admitted is never ended here.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable
from enum import IntEnum
from typing import TypeAlias

from legation.clock import Clock, set_or
from legation.errors import RemoteProtocolError
from legation.model.limits import Limits
from legation.model.node import Peer, address_block
from legation.transports.conduct import Conduct, Wrong, host_of

_MOST_REMEMBERED = 10_000
"""Connections of which it is remembered how often they were refused; then that begins anew."""
REFUSED = 100
"""So many streams of one connection may be turned away; then the connection is closed."""
_FULL = "too many streams of one address are open; close some, or raise --max-streams"
_STRANGE = (
    "too many streams of one address are open whose clients are not known yet; wait, or raise --max-unproven-streams"
)
_SILENT = "the stream brought no request in time; ask something when you open it"
_DISPLACED = "others needed its place; ask something when you open a stream"
_LOOKING = 30.0
"""Seconds that a stream waits until its proof was looked at. The question goes on, for the client comes again."""
_MANY_LOOKED_AT = 4
"""So many times the strange streams of a host may be looked at: an Envoy has several, and all wait for one answer."""
_UNSEEN = "what it shows to prove who it is could not be looked at in time; try again"
_LOOKED_AT = "too much of what streams of one address show is being looked at; wait, or show it on fewer streams"


class Standing(IntEnum):
    """How well a connection is known."""

    SILENT = 0
    """Nothing was asked on it that goes on."""
    ASKING = 1
    """Something was asked, and nobody knows by whom."""
    KNOWN = 2
    """It has proven who it is, or its client is admitted."""


End: TypeAlias = Callable[[str, str], None]
"""Closes a stream with a gRPC status and words."""


class Place:
    """The place of one stream among the others."""

    __slots__ = ("_crowd", "end", "gone", "looking", "origin", "peer", "silent", "since", "strange", "unread_since")

    def __init__(self, crowd: Crowd, peer: Peer, *, end: End, origin: str, since: float, strange: bool) -> None:
        self._crowd = crowd
        self.peer = peer
        self.end = end
        self.origin = origin
        self.since = since
        """When it was opened, or when that was looked at which it shows: from then on it is its turn."""
        self.strange = strange
        """Whether nobody knows yet whose it is."""
        self.silent = True
        """Whether it has asked nothing yet."""
        self.looking = False
        """Whether that is being looked at which it shows."""
        self.gone = False
        self.unread_since: float | None = None
        """When that was given to gRPC which it has not read yet; None: it has read all."""

    def seen(self, *, proven: bool) -> None:
        """Take note that it was looked at what it shows, and whether that proves anything.

        Raises:
            RemoteProtocolError: It is one stranger too many.
        """
        self._crowd.see(self, proven=proven)

    def asked(self) -> None:
        """Take note that its first request has come."""
        self._crowd.hear(self)

    def known(self) -> None:
        """Take note that its client is admitted."""
        self._crowd.know(self)

    def leave(self) -> None:
        """Take note that it has ended."""
        self._crowd.forget(self)

    @contextlib.asynccontextmanager
    async def room(self) -> AsyncIterator[Callable[[int], None]]:
        """Wait until its host has room for one more response, and count what is written there until it is read.

        What it gives is told how many bytes the response has, when that is known.
        """
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            taken += size
            self.unread_since = self._crowd.take(self.origin, size)

        await self._crowd.room_for(self.origin)
        try:
            yield take
        finally:
            self.unread_since = None
            self._crowd.give_back(self.origin, taken)


class Uncounted:
    """The place of a stream that nobody counts."""

    unread_since: float | None = None

    def asked(self) -> None:
        """See `Place`."""

    def known(self) -> None:
        """See `Place`."""

    @contextlib.asynccontextmanager
    async def room(self) -> AsyncIterator[Callable[[int], None]]:
        """See `Place`: there is always room."""
        yield lambda _: None


UNCOUNTED = Uncounted()


class Crowd:
    """All streams of one transport."""

    def __init__(self, clock: Clock, conduct: Conduct, *, limits: Limits, hang_up: Callable[[Peer], None]) -> None:
        """Begin with nobody.

        Args:
            clock: Where the time comes from.
            conduct: Who is told of those that are too many.
            limits: How many may be there.
            hang_up: Closes the connection of a peer.
        """
        self._clock = clock
        self._conduct = conduct
        self._limits = limits
        self._hang_up = hang_up
        self._all: Counter[str] = Counter()
        self._strange: Counter[str] = Counter()
        self._silent: dict[str, dict[Place, None]] = {}
        """By origin, those that have asked nothing yet and proven nothing; the first has been there longest."""
        self._by_age: dict[Place, None] = {}
        """Those that have asked nothing yet, of all origins."""
        self._looking: dict[Place, None] = {}
        """Those that are being looked at, of all origins; who waited longest first. How many of them are strange:"""
        self._looking_of: dict[str, Counter[str]] = {}  # By origin and connection.
        self._by_connection: dict[str, set[Place]] = {}
        self._refused: Counter[str] = Counter()
        """By connection."""
        self._unread: Counter[str] = Counter()
        self._rooms: dict[str, deque[asyncio.Future[None]]] = {}
        self._came = asyncio.Event()

    @property
    def strange(self) -> int:
        """How many streams nobody knows yet."""
        return self._strange.total()

    @property
    def connections(self) -> Iterable[str]:
        """The addresses of connections on which there are streams."""
        return self._by_connection.keys()

    def standing(self, address: str) -> Standing:
        """Return how well a connection is known."""
        places = self._by_connection.get(address, set())
        if any(not each.strange for each in places):
            return Standing.KNOWN
        return Standing.ASKING if any(each.looking or not each.silent for each in places) else Standing.SILENT

    def enter(self, peer: Peer, *, end: End, looking: bool = False) -> Place:
        """Give a stream its place, that of another where need be.

        Args:
            peer: Whom it comes from, and what that has proven by now.
            end: Ends it.
            looking: Whether there is more to look at, until `Place.seen`.

        Raises:
            RemoteProtocolError: There is none.
        """
        origin, strange = origin_of(peer), not peer.proof
        if self._all[origin] >= self._limits.streams:
            raise self._refusal(peer, _FULL)
        if strange and looking:
            if not self._may_be_looked_at(origin, peer.address):
                raise self._refusal(peer, _LOOKED_AT)
            self._looking_of.setdefault(origin, Counter())[peer.address] += 1
        elif strange:
            self._add_stranger(peer, origin)
        place = Place(self, peer, end=end, origin=origin, since=self._clock.now(), strange=strange)
        self._all[origin] += 1
        self._by_connection.setdefault(peer.address, set()).add(place)
        if looking:
            place.looking, self._looking[place] = True, None
            self._came.set()
        else:
            self._wait_for_request(place)
        return place

    def _add_stranger(self, peer: Peer, origin: str) -> None:
        if self._strange[origin] >= self._limits.strange_streams and not self._displace(origin):
            raise self._refusal(peer, _STRANGE)
        self._strange[origin] += 1

    def _wait_for_request(self, place: Place) -> None:
        self._by_age[place] = None
        self._came.set()
        if place.strange:
            self._silent.setdefault(place.origin, {})[place] = None

    def _may_be_looked_at(self, origin: str, address: str) -> bool:
        """Say whether one more may be; whoever shows most on one connection makes room for one that shows less."""
        counts = self._looking_of.get(origin)
        if counts is None or counts.total() < _MANY_LOOKED_AT * self._limits.strange_streams:
            return True
        greedy = max(counts, key=counts.__getitem__)
        if counts[greedy] <= counts[address] + 1:
            return False
        place = next(each for each in self._by_connection[greedy] if each.looking and each.strange)
        self._conduct.note(Wrong.CROWD, place.peer, "", _LOOKED_AT)
        self._dismiss(place, "RESOURCE_EXHAUSTED", _LOOKED_AT)
        return True

    def _displace(self, origin: str) -> bool:
        oldest = next(iter(self._silent.get(origin, ())), None)
        if oldest is None:
            return False
        self._conduct.note(Wrong.CROWD, oldest.peer, "", _STRANGE)
        self._dismiss(oldest, "RESOURCE_EXHAUSTED", _DISPLACED)
        return True

    def _refusal(self, peer: Peer, words: str) -> RemoteProtocolError:
        self._count_refusal(peer)
        return self._conduct.too_much(Wrong.CROWD, peer, "", words)

    def _count_refusal(self, peer: Peer) -> None:
        if len(self._refused) >= _MOST_REMEMBERED:
            self._refused.clear()
        self._refused[peer.address] += 1
        if self._refused[peer.address] > REFUSED:
            del self._refused[peer.address]
            self._hang_up(peer)

    def _dismiss(self, place: Place, status: str, words: str) -> None:
        self.forget(place)  # Its end takes its time: its place is free now.
        self._count_refusal(place.peer)
        place.end(status, words)

    # What places tell

    def see(self, place: Place, *, proven: bool) -> None:
        """Take note that it was looked at what a stream shows, as `Place.seen` says."""
        if not place.looking:
            return
        was_strange = place.strange
        self._look_no_more(place)
        if was_strange and not proven:
            self._add_stranger(place.peer, place.origin)
            place.strange = True
        place.since = self._clock.now()
        self._wait_for_request(place)

    def _look_no_more(self, place: Place) -> None:
        del self._looking[place]
        place.looking = False
        if place.strange:
            place.strange = False
            counts = self._looking_of[place.origin]
            _less(counts, place.peer.address)
            if not counts:
                del self._looking_of[place.origin]

    def hear(self, place: Place) -> None:
        """Take note that the first request of a stream has come."""
        place.silent = False
        self._by_age.pop(place, None)
        if (silent := self._silent.get(place.origin)) is not None:
            silent.pop(place, None)
            if not silent:
                del self._silent[place.origin]

    def hang_up(self, peer: Peer) -> None:
        """Close the connection of a peer, with all that is on it."""
        self._hang_up(peer)

    def know(self, place: Place) -> None:
        """Take note that the client of a stream is admitted."""
        if place.strange and not place.gone and not place.looking:
            place.strange = False
            _less(self._strange, place.origin)

    def forget(self, place: Place) -> None:
        """Take note that a stream has ended."""
        if place.gone:
            return
        if place.looking:
            self._look_no_more(place)
        self.hear(place)
        self.know(place)
        place.gone = True
        _less(self._all, place.origin)
        address = place.peer.address
        if (places := self._by_connection.get(address)) is not None:
            places.discard(place)
            if not places:
                del self._by_connection[address]

    # Those that ask nothing

    async def run(self) -> None:
        """End streams that bring no request in time, or wait in vain, until cancelled."""
        while True:
            silent, looking = next(iter(self._by_age), None), next(iter(self._looking), None)
            self._came.clear()
            if silent is None and looking is None:
                await set_or(self._came, math.inf, clock=self._clock)
                continue
            # Of a kind of which there is none the first may come now.
            silent_since, looking_since = (
                self._clock.now() if each is None else each.since for each in (silent, looking)
            )
            await self._clock.sleep_until(min(silent_since + self._limits.first_request, looking_since + _LOOKING))
            self.look()

    def look(self) -> None:
        """End those whose time is over."""
        now = self._clock.now()
        while (looked_at := next(iter(self._looking), None)) is not None and looked_at.since + _LOOKING <= now:
            self.forget(looked_at)  # It has done nothing wrong.
            looked_at.end("UNAVAILABLE", _UNSEEN)
        limit = now - self._limits.first_request
        while (oldest := next(iter(self._by_age), None)) is not None and oldest.since <= limit:
            self._conduct.note(Wrong.SILENT, oldest.peer, "", _SILENT)
            self._dismiss(oldest, "DEADLINE_EXCEEDED", _SILENT)

    # What is on its way

    async def room_for(self, origin: str) -> None:
        """Wait until less is on its way there than may be: in the order in which they came."""
        while self._unread[origin] >= self._limits.unread_bytes:
            room = asyncio.get_running_loop().create_future()
            self._rooms.setdefault(origin, deque()).append(room)
            try:
                await room
            except asyncio.CancelledError:
                self._call_next(origin)
                raise

    def take(self, origin: str, size: int) -> float:
        """Count what is written, and return when that was."""
        self._unread[origin] += size
        self._call_next(origin)
        return self._clock.now()

    def give_back(self, origin: str, size: int) -> None:
        """Count what was read, or will not be."""
        _less(self._unread, origin, size)
        self._call_next(origin)

    def _call_next(self, origin: str) -> None:
        waiting = self._rooms.get(origin)
        if waiting is None or self._unread[origin] >= self._limits.unread_bytes:
            return
        while waiting:
            room = waiting.popleft()
            if not room.done():
                room.set_result(None)
                return
        del self._rooms[origin]


def origin_of(peer: Peer) -> str:
    """Return what stands for those behind the address of a peer."""
    return address_block(peer.ip) if peer.ip else host_of(peer)


def _less(counter: Counter[str], key: str, by: int = 1) -> None:
    counter[key] -= by
    if counter[key] <= 0:
        del counter[key]
