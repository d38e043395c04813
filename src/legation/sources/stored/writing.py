"""Brings what is planned to the disk: all that wait are written together, with one wait for the disk.

While that is under way the next ones gather. If the disk refuses, they are refused with the others: they were planned
on top of what is not kept now. The next plan is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain

from legation.errors import StoreUnavailable
from legation.sources.stored.book import Book, Plan
from legation.sources.stored.journal import Journal
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
        self.trouble = ""
        """Why the disk took nothing when it was last asked to, a clause."""
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
        """Write until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._queue or self._journal.is_due:
                if self._queue:
                    await self._write()
                if self._journal.is_due:
                    await self._write_anew()

    def end(self) -> None:
        """Refuse all that is not kept yet, and whatever comes."""
        self.is_ended = True
        self._refuse(StoreUnavailable(ENDED))

    async def _write(self) -> None:
        self._flying, self._queue = self._queue, []
        transactions = [plan.changes for plan, _ in self._flying if plan.changes]
        if transactions:
            append = partial(self._journal.append, transactions, kept=self._book.kept, durable=self._book.revision)
            try:
                await self._thread.run(append)
            except OSError as error:
                self._refuse(StoreUnavailable(reason_of(error)))
                self._note(reason_of(error))
                return
            except Exception as error:  # noqa: BLE001 - a fault of ours with one object: whoever waits is told
                self._refuse(error)
                return
        self.transactions += len(transactions)
        flying, self._flying = self._flying, []
        for plan, _ in flying:
            self._book.keep(plan)
        self._kept([plan for plan, _ in flying])
        for _, kept in flying:
            if not kept.done():
                kept.set_result(None)
        if transactions:
            self._note("")

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

    def _refuse(self, error: Exception) -> None:
        self._book.refuse()
        refused = [*chain(self._flying, self._queue)]
        self._flying, self._queue = [], []
        self.refused += sum(bool(plan.changes) for plan, _ in refused)
        for _, kept in refused:
            if not kept.done():
                kept.set_exception(error)

    def _note(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            self._trouble_changed()


ENDED = "the program ends"
