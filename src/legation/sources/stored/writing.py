"""Brings what is planned to the disk: all that wait are written together, with one wait for the disk.

While that is under way the next ones gather. If the disk refuses, they are refused with the others: they were planned
on top of what is not kept now. The next plan is tried again. What was asked for before the end is answered by what
became of it, never by the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from legation.errors import StoreUnavailable
from legation.sources.stored.book import Book, Plan
from legation.sources.stored.journal import Journal, PerhapsKept
from legation.sources.stored.thread import OwnThread
from legation.sources.stored.troubles import reason_of


class Writer:
    """Keeps the plans of one book. All but `run` is called from the event loop and returns at once."""

    def __init__(
        self,
        book: Book,
        journal: Journal,
        *,
        thread: OwnThread,
        kept: Callable[[Sequence[Plan]], None],
        trouble_changed: Callable[[], None],
    ) -> None:
        """Take the parts.

        Args:
            book: Where what was planned is kept once the disk has it.
            journal: The open journal.
            thread: Where the disk is waited for.
            kept: Called with the plans that are kept now, before anybody is told so.
            trouble_changed: Called when `trouble` or `growth` has changed.
        """
        self._book = book
        self._journal = journal
        self._thread = thread
        self._kept = kept
        self._trouble_changed = trouble_changed
        self._queue: list[tuple[Plan, asyncio.Future[None]]] = []
        self._flying: list[tuple[Plan, asyncio.Future[None]]] = []
        """Those that are being written."""
        self._wanted = asyncio.Event()
        self.trouble: OSError | None = journal.obstacle
        """Why the disk took nothing when it was last asked to."""
        self.in_trouble = asyncio.Event()
        """Set while there is such trouble."""
        if self.trouble is not None:
            self.in_trouble.set()
        self.growth = ""
        """Why the journal could not be written anew when that was last tried, a clause."""
        self.is_ended = False
        self.transactions = 0
        """How many were kept."""
        self.refused = 0
        """How many were not."""

    async def keep(self, plan: Plan) -> None:
        """Return when the disk has a plan and all before it.

        Raises:
            StoreUnavailable: It has not.
        """
        if self.is_ended:
            raise StoreUnavailable(ENDED)
        if not (plan.changes or self._queue or self._flying):
            return
        self._book.queue(plan)
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((plan, kept))
        self._wanted.set()
        await kept

    async def run(self) -> None:
        """Write until it is ended, and then what was asked for before.

        When it is cancelled nobody knows what became of that which is under way.
        """
        try:
            while not self.is_ended or self._queue:
                await self._wanted.wait()
                self._wanted.clear()
                if self._journal.is_suspect and not self._queue:
                    await self._mend()
                while self._queue or (self._journal.is_due and not self.is_ended):
                    if self._queue:
                        await self._write()
                    if self._journal.is_due and not self.is_ended:
                        await self._write_anew()
        finally:
            self.is_ended = True
            self._refuse(StoreUnavailable(ENDED, may_be_done=True), behind=StoreUnavailable(ENDED))

    def try_again(self) -> None:
        """Have it tried again whether the disk takes anything, if it did not and that can be told without a write."""
        if self._journal.is_suspect:
            self._wanted.set()

    def end(self) -> None:
        """Refuse whatever comes. `run` returns when all that was asked for is answered."""
        self.is_ended = True
        self._wanted.set()

    async def _write(self) -> None:
        self._flying, self._queue = self._queue, []
        transactions = [plan.changes for plan, _ in self._flying if plan.changes]
        sizes: Sequence[int] = ()
        if transactions:
            append = partial(self._journal.append, transactions, kept=self._book.kept, durable=self._book.revision)
            try:
                sizes = await self._thread.run(append)
            except OSError as error:
                reason = reason_of(error)
                refused = StoreUnavailable(reason, may_be_done=isinstance(error, PerhapsKept))
                self._refuse(refused, behind=StoreUnavailable(reason))
                self._note(error)
                return
            except Exception as error:  # noqa: BLE001 - a fault of ours with one object: whoever waits is told
                self._refuse(error, behind=error)
                return
        self.transactions += len(transactions)
        flying, self._flying = self._flying, []
        left = iter(sizes)
        for plan, _ in flying:
            self._book.keep(plan, size=next(left) if plan.changes else 0)
        self._kept([plan for plan, _ in flying])
        for _, kept in flying:
            if not kept.done():
                kept.set_result(None)
        if transactions:
            self._note(None)

    async def _mend(self) -> None:
        mend = partial(self._journal.mend, self._book.kept, revision=self._book.revision)
        try:
            await self._thread.run(mend)
        except OSError as error:
            self._note(error)
        else:
            self._note(None)

    async def _write_anew(self) -> None:
        try:
            await self._thread.run(partial(self._journal.step, self._book.kept, revision=self._book.revision))
        except OSError as error:
            growth = reason_of(error)
        else:
            growth = self.growth if self._journal.is_due else ""
        if growth != self.growth:
            self.growth = growth
            self._trouble_changed()

    def _refuse(self, error: Exception, *, behind: Exception) -> None:
        """Refuse those that are being written, and those that are queued behind them."""
        self._book.refuse()
        refused = [*((each, error) for each in self._flying), *((each, behind) for each in self._queue)]
        self._flying, self._queue = [], []
        for (plan, kept), why in refused:
            self.refused += bool(plan.changes)
            if not kept.done():
                kept.set_exception(why)

    def _note(self, trouble: OSError | None) -> None:
        before, self.trouble = self.trouble, trouble
        if trouble is None:
            self.in_trouble.clear()
        else:
            self.in_trouble.set()
        if _shown(before) != _shown(trouble):
            self._trouble_changed()


def _shown(trouble: OSError | None) -> str:
    return "" if trouble is None else reason_of(trouble)


ENDED = "the program ends"
