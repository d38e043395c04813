"""FilesTransport: one Envoy that is given files instead of answers.

It takes a place in the feed for a node of its settings, and has files written of what that is to get. What Envoy makes
of them nobody hears: what stands there counts as accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from legation.clock import Clock, MonotonicClock
from legation.errors import TransportError
from legation.model.events import Event
from legation.model.file_statistics import FileStatistics
from legation.model.node import Node, Peer
from legation.model.problems import INTERNAL_ERROR, Problem
from legation.model.resource import Resource
from legation.model.resource_types import ResourceType
from legation.model.snapshot import Snapshot
from legation.model.statistics import TransportStatistics
from legation.threads import in_daemon
from legation.transports.base import Feed, Refusal, Seat
from legation.transports.files.books import Books
from legation.transports.files.by_type import ByType
from legation.transports.files.file_set import FileSet
from legation.transports.files.once import OnceSteps
from legation.transports.files.publisher import Publisher, Steps
from legation.transports.files.steps import FileSteps
from legation.transports.files.writer import Writer

ASK_AGAIN = 5.0
"""Seconds after which it is asked again for a place that was refused."""

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class FilesTransport:
    """Serves one Envoy by files. Fulfils `transports.base.Transport` and `transports.base.Client`."""

    name = "files"

    def __init__(
        self,
        *,
        node: Node,
        writer: Writer,
        plans: ByType,
        settle: float,
        drain_grace: float,
        keep_removed: bool = False,
        once: bool = False,
        peer: Peer | None = None,
        clock: Clock | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Make a transport; it reads and writes when it runs.

        Args:
            node: Who the Envoy is that the files are for: its id, and `labels` in its metadata.
            writer: Where the files go.
            plans: What makes files of a snapshot, and reads those that stand there.
            settle: Seconds after which Envoy has read what was written: it stands in place of an ACK.
            drain_grace: How long a replaced or removed Listener counts as using its routes, in seconds.
            keep_removed: A file stays there that is not needed any more.
            once: Write the last step only: nothing is read back, and nothing is tried again.
            peer: Whom the connection is said to come from.
            clock: Where the time of deadlines comes from.
            changed: Called in the event loop when `problems` or anything else here may be another.
        """
        self._node = node
        self._peer = peer or Peer(address=f"files:{writer.folder}", transport=self.name)
        self._writer = writer
        self._plans = plans
        self._clock = clock or MonotonicClock()
        self._changed = changed
        self._once = once
        self._file_steps = FileSteps(
            settle=settle, drain_grace=drain_grace, render=plans.render, keep_removed=keep_removed
        )
        steps: Steps[FileSet] = OnceSteps(render=plans.render) if once else self._file_steps
        self._publisher = Publisher(
            steps, writer, clock=self._clock, changed=changed, after_step=self._look, insist=not once
        )
        self._books = Books()
        self._seat: Seat | None = None
        self._woken = asyncio.Event()
        self._dismissed = asyncio.Event()
        self._planned_of: Snapshot | None = None
        self._refused: tuple[Problem, ...] = ()
        self._of_plan: tuple[Problem, ...] = ()
        self._tell_started: Callable[[], None] | None = None

    # What others may ask

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why files do not stand there as they are to: the node has no place, the disk does not take them, or more."""
        return (*self._refused, *self._of_plan, *self._publisher.problems)

    @property
    def published(self) -> bool:
        """Whether there was a moment at which all files stood there: from then on Envoy can start."""
        return self._publisher.published

    async def wait_published(self) -> None:
        """Return when `published` is true."""
        await self._publisher.wait_published()

    async def wait_settled(self) -> None:
        """Return when exactly what is newest stands there."""
        await self._publisher.wait_settled()

    def statistics(self) -> TransportStatistics:
        """Return who is served: nothing goes over a wire."""
        return TransportStatistics(clients=int(self._seat is not None), streams={}, traffic={}, misbehaving={})

    def file_statistics(self) -> FileStatistics:
        """Return what became of the files."""
        return self._publisher.statistics()

    def subscribes(self, row: ResourceType, name: str) -> bool:
        """Say whether there is a file that is to have that resource; see `transports.base.Client`."""
        return self._books.subscribes(row, name)

    def asked(self, row: ResourceType) -> frozenset[str]:
        """Return no names: all that there are files for is wanted; see `transports.base.Client`."""
        del row
        return frozenset()

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        """Return the resource of that name that stood there when all did; see `transports.base.Client`."""
        return self._books.accepted(row, name)

    def sent(self, row: ResourceType, name: str) -> Resource | None:
        """Return the resource of that name that is to stand there; see `transports.base.Client`."""
        return self._books.sent(row, name)

    def dismiss(self, status: str, words: str) -> None:
        """Give the place back, and ask for another one after a while; see `transports.base.Client`."""
        self._note_refusal(Refusal(status, words))
        self._dismissed.set()

    # What runs

    async def run(self, feed: Feed, *, started: Callable[[], None]) -> None:
        """Write until cancelled. Files that stand there then stay.

        Args:
            feed: Where snapshots come from.
            started: Called once, when all files stand there for the first time.

        Raises:
            FilesError: What stands there cannot be read.
            TransportError: The files cannot be written, or the node gets no place, and it is to be done once.
        """
        self._tell_started = started
        if not self._once:
            standing = await in_daemon(self._read_standing, name="legation-files")
            self._file_steps.begin(self._plans.read_back(standing))
        publishing = asyncio.ensure_future(self._publisher.run())
        sitting = asyncio.ensure_future(self._sit(feed))
        try:
            await asyncio.wait([publishing, sitting], return_when=asyncio.FIRST_COMPLETED)
            # Neither ends by itself but for a bug.
            for each in (publishing, sitting):
                if each.done():
                    each.result()
        finally:
            publishing.cancel()
            sitting.cancel()
            await asyncio.wait([publishing, sitting])

    def _read_standing(self) -> dict[str, bytes]:
        found = ((name, self._writer.read(name)) for name in sorted(self._writer.standing()))
        return {name: content for name, content in found if content is not None}

    async def _sit(self, feed: Feed) -> None:
        while True:
            self._dismissed.clear()
            try:
                seat = feed.admit(self._peer, self._node, client=self, wake=self._woken.set)
            except Refusal as refusal:
                self._note_refusal(refusal)
            else:
                await self._serve(seat)
            if self._once and self._refused:
                raise TransportError(self._refused[0].message)
            await self._clock.sleep_until(self._clock.now() + ASK_AGAIN)

    async def _serve(self, seat: Seat) -> None:
        """Have files made of each snapshot until the place has to be given back."""
        self._seat = seat
        dismissed = asyncio.ensure_future(self._dismissed.wait())
        following = asyncio.ensure_future(self._follow(seat))
        try:
            await asyncio.wait([dismissed, following], return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        finally:
            dismissed.cancel()
            following.cancel()
            self._seat = None
            seat.leave()

    async def _follow(self, seat: Seat) -> None:
        self._report(self._books.introduce())
        while True:
            self._woken.clear()
            snapshot = seat.snapshot
            if snapshot is not None:
                self._refused = ()
                if snapshot is not self._planned_of:
                    self._plan(snapshot)
                self._changed()
            await self._woken.wait()

    def _plan(self, snapshot: Snapshot) -> None:
        self._planned_of = snapshot
        try:
            planned = self._plans.plan(snapshot)
        except Exception:  # noqa: BLE001 - the files before stay: a bug of ours must not take them from Envoy
            _log.exception("no files can be made", node=self._node.id)
            words = "no files can be made of what has changed: legation itself fails at it; its log tells where"
            mend = "the files before stay; undo the last change, and report it"
            self._of_plan = (Problem(code=INTERNAL_ERROR, message=words, mend=mend, subject="files"),)
            return
        self._of_plan = planned.problems
        names = (name for file in planned.file_set.files.values() for name in file.members)
        self._report(self._books.offer(snapshot, names, waiting=planned.file_set.lacking))
        self._publisher.offer(planned.file_set)

    def _look(self) -> None:
        """Take note of what the publisher did."""
        if self._publisher.complete:
            self._report(self._books.complete())
        if self._publisher.settled:
            self._report(self._books.settle())
        if self._publisher.published and self._tell_started is not None:
            tell, self._tell_started = self._tell_started, None
            tell()

    def _report(self, events: Iterable[Event]) -> None:
        for event in events:
            if self._seat is not None:
                self._seat.report(event)

    def _note_refusal(self, refusal: Refusal) -> None:
        self._refused = (
            Problem(
                code="no-place",
                message=f"there are no files for the node {self._node.id}: {refusal}",
                mend="the files before stay, and it is asked again",
                subject=self._node.id,
            ),
        )
        self._changed()
