"""Objects that an API puts in and that outlive the program: a source, and an `ObjectStore`.

The journal in the folder is the truth; the book holds it in memory, the writer brings the two together. What anybody
reads here is on the disk. What an object means is not asked here: who lets people put in objects asks that before.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

from legation.clock import Clock, MonotonicClock
from legation.errors import (
    FieldConflicts,
    ObjectNotFound,
    SettingsError,
    StoreUnavailable,
    VersionConflict,
)
from legation.model.objects import LARGE, FieldPath, ManifestObject, ObjectKey, Place, size_of
from legation.model.problems import Problem
from legation.model.statistics import StoreStatistics
from legation.model.stored import Applied, Change, Check, Page, Precondition, StoredObject
from legation.sources.base import Inputs, SourceState
from legation.sources.stored.applying import Hand
from legation.sources.stored.book import Book, Plan
from legation.sources.stored.copies import Copies
from legation.sources.stored.disk import JOURNAL, Disk, FolderDisk, FolderInUse
from legation.sources.stored.given import read_all
from legation.sources.stored.journal import SLACK, Journal, aside_name
from legation.sources.stored.names import check_manager
from legation.sources.stored.pages import Question, page
from legation.sources.stored.recovering import Recovered, UnknownFormat
from legation.sources.stored.thread import OwnThread
from legation.sources.stored.troubles import damages, growing, reason_of, taken, unwritable
from legation.sources.stored.writing import ENDED, Writer

_TRY_AGAIN = 5.0
"""Seconds until it is tried again whether the disk takes anything."""


class StoredObjects:
    """Fulfils `sources.base.Source` and `model.stored.ObjectStore`.

    Until `run` has read the journal whoever calls waits. Changes that reach the disk together are published together,
    before anybody is told that they are kept.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock | None = None,
        unix_time: Callable[[], float] = time.time,
        make_uid: Callable[[], str] = lambda: str(uuid4()),
        disk: Disk | None = None,
        slack: int = SLACK,
        first_revision: int = 1,
    ) -> None:
        """Take the parts; nothing is read or opened yet.

        Args:
            folder: Where the journal and the readable files are.
            clock: Paces the readable files.
            unix_time: Tells when objects are created.
            make_uid: Makes what tells an object from those of its name that were there before.
            disk: What keeps the journal, if it is not that folder.
            slack: Bytes out of date that the journal may always have.
            first_revision: The number of the first change where nothing was kept before. One that no store had which
                was there earlier tells who watched that one that this is another.
        """
        self._folder = folder
        self._place = str(folder / JOURNAL)
        self._clock = clock or MonotonicClock()
        self._unix_time = unix_time
        self._make_uid = make_uid
        self._disk = disk or FolderDisk(folder)
        self._slack = slack
        self._first_revision = first_revision
        self._book = Book()
        self._journal: Journal | None = None
        self._writer: Writer | None = None
        self._copies: Copies | None = None
        self._begun = asyncio.Event()
        """Whether it is known what there is, or that nobody will know."""
        self._manifests: dict[ObjectKey, ManifestObject] = {}
        self._latest = datetime.min.replace(tzinfo=UTC)
        """The last moment that was written to an object."""
        self._damages: tuple[Problem, ...] = ()
        self._inputs: Inputs | None = None
        self._moved = asyncio.Event()
        """Set when the next change is kept; then there is a new one."""

    # As a source

    @property
    def name(self) -> str:
        """A short name for logs and problems."""
        return f"objects kept in {self._folder}"

    @property
    def missing(self) -> tuple[str, ...]:
        """Nothing more than that it has not loaded."""
        return ()

    async def run(self, inputs: Inputs) -> None:
        """Read the journal, publish what it holds and every change of it, until cancelled.

        Raises:
            SettingsError: The folder cannot be used.
        """
        thread = OwnThread("stored-objects")
        self._journal = journal = Journal(self._disk, slack=self._slack, first_revision=self._first_revision)
        try:
            found = await thread.run(lambda: _open(journal, self._folder))
            self._begin(found)
            self._writer = writer = Writer(
                self._book,
                journal,
                thread=thread,
                kept=self._note_kept,
                trouble_changed=self._publish,
            )
            self._copies = copies = Copies(
                self._folder,
                kept=self._book.kept,
                clock=self._clock,
                spared=lambda: journal.size,
                trouble_changed=self._publish,
            )
            self._inputs = inputs
            self._publish()
            self._begun.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(copies.run())
                tasks.create_task(self._try_again(writer))
                await _until_ended(writer)
        finally:
            # What is being written is waited for: the folder may be somebody else's right after.
            thread.end()
            journal.close()
            self._writer = self._inputs = None
            self._begun.set()
            self._move()

    def locate(self, place: Place | None, path: FieldPath) -> Place | None:  # noqa: ARG002 - as every source has it
        """Return the place: there are no lines here."""
        return place

    def statistics(self) -> StoreStatistics:
        """Return sizes and counts."""
        journal, writer = self._journal, self._writer
        if journal is None or writer is None:
            return StoreStatistics()
        return StoreStatistics(
            objects=len(self._book.kept),
            journal=journal.size,
            transactions=writer.transactions,
            syncs=journal.syncs,
            written=journal.written,
            refused=writer.refused,
        )

    # As a store

    @property
    def is_running(self) -> bool:
        """Whether it has read the journal, and takes objects."""
        return self._writer is not None

    @property
    def revision(self) -> int:
        """The number of the last change that is kept."""
        return self._book.revision

    async def apply(
        self,
        bodies: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        force: bool = False,
        dry_run: bool = False,
        check: Check | None = None,
    ) -> tuple[Applied, ...]:
        """Apply objects: all of them or none. They are on the disk when it returns."""
        check_manager(manager)
        # What is large is read in a thread: Envoys are served meanwhile.
        is_large = size_of(bodies) >= LARGE
        given = await asyncio.to_thread(read_all, bodies) if is_large else read_all(bodies)

        def planned() -> Plan:
            hand = Hand(manager=manager, force=force, moment=self._moment())
            plan = self._book.plan_apply(given, hand=hand, make_uid=self._make_uid, dry_run=dry_run)
            if check is not None:
                check(plan.applied)
            return plan

        return (await self._kept(planned, dry_run=dry_run)).applied

    async def delete(
        self,
        keys: Sequence[tuple[ObjectKey, Precondition]],
        *,
        dry_run: bool = False,
        missing_ok: bool = False,
    ) -> tuple[StoredObject, ...]:
        """Delete objects: all of them or none. They are gone from the disk when it returns."""
        plan = await self._kept(lambda: self._book.plan_delete(keys, missing_ok=missing_ok), dry_run=dry_run)
        return plan.deleted

    async def get(self, key: ObjectKey) -> StoredObject:
        """Return an object."""
        await self._running()
        return self._book.get(key)

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
        """Return objects in the order of their keys."""
        await self._running()
        question = Question(group=group, kind=kind, namespace=namespace, labels=labels)
        return page(self._book, question, limit=limit, token=token)

    async def watch(self, since: int | None = None) -> AsyncIterator[Change]:
        """Yield every change after a revision, without an end."""
        await self._running()
        seen = self.revision if since is None else since
        while True:
            moved = self._moved
            for change in self._book.history.after(seen):
                yield change
                seen = change.revision
            if seen == self.revision:
                await moved.wait()
                await self._running()

    # What both need

    async def _try_again(self, writer: Writer) -> None:
        while True:
            await writer.in_trouble.wait()
            await self._clock.sleep_until(self._clock.now() + _TRY_AGAIN)
            writer.try_again()

    async def _running(self) -> Writer:
        await self._begun.wait()
        if self._writer is None:
            raise StoreUnavailable(ENDED)
        return self._writer

    async def _kept(self, make_plan: Callable[[], Plan], *, dry_run: bool) -> Plan:
        writer = await self._running()
        try:
            plan = make_plan()
        except (FieldConflicts, VersionConflict, ObjectNotFound):
            # It may be about something that nobody can read yet: who looks at it now must see it.
            await writer.keep(Plan(changes=()))
            raise
        if not dry_run:
            await writer.keep(plan)
        return plan

    def _begin(self, found: Recovered) -> None:
        self._book = Book(found.objects, history=found.history)
        created = (each.body["metadata"]["creationTimestamp"] for each in found.objects.values())
        self._latest = max(map(datetime.fromisoformat, created), default=self._latest)
        self._damages = damages(self._place, found, aside=aside_name(found.revision))
        self._manifests = {key: each.manifest() for key, each in found.objects.items()}

    def _note_kept(self, plans: Sequence[Plan]) -> None:
        changes = [change for plan in plans for change in plan.changes]
        for change in changes:
            if change.stored is None:
                del self._manifests[change.key]
            else:
                self._manifests[change.key] = change.stored.manifest()
            if self._copies is not None:
                self._copies.note(change.key)
        if changes:
            self._publish()
            self._move()

    def _move(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    def _publish(self) -> None:
        if self._inputs is not None:
            objects = MappingProxyType(dict(self._manifests))
            self._inputs.publish(SourceState(objects=objects, problems=self._problems()))

    def _problems(self) -> tuple[Problem, ...]:
        problems = [*self._damages]
        if self._writer is not None and self._writer.trouble is not None:
            problems.append(self._unkept(self._writer.trouble))
        if self._writer is not None and self._writer.growth:
            problems.append(growing(self._place, self._writer.growth))
        if self._copies is not None and self._copies.problem is not None:
            problems.append(self._copies.problem)
        return tuple(problems)

    def _unkept(self, trouble: OSError) -> Problem:
        tell = taken if isinstance(trouble, FolderInUse) else unwritable
        return tell(self._place, reason_of(trouble))

    def _moment(self) -> str:
        """Return the present moment, later than all before: which of two objects was there first is told by it."""
        now = datetime.fromtimestamp(self._unix_time(), UTC)
        self._latest = max(now, self._latest + timedelta(microseconds=1))
        return self._latest.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def _until_ended(writer: Writer) -> None:
    """Let it write. When this is cancelled it ends, and all that was asked for is answered first."""
    writing = asyncio.create_task(writer.run())
    try:
        await asyncio.shield(writing)
    finally:
        writer.end()
        try:
            await asyncio.wait((writing,))
        finally:
            writing.cancel()


def _open(journal: Journal, folder: Path) -> Recovered:
    # What is read stays: to look through all of it for garbage again and again takes longer than to read it.
    collects = gc.isenabled()
    gc.disable()
    try:
        return journal.open()
    except FolderInUse:
        message = f"{folder} is used by another process; end that one, or give a folder of its own to each"
        raise SettingsError("state_dir", message) from None
    except UnknownFormat:
        message = f"{folder / JOURNAL} was written by a newer version of legation; run that one, or give another folder"
        raise SettingsError("state_dir", message) from None
    except OSError as error:
        message = f"{folder}: {reason_of(error)}; give a folder that this program may write"
        raise SettingsError("state_dir", message) from error
    finally:
        if collects:
            gc.enable()
