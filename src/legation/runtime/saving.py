"""Keeps a state folder up to date with what changes in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from legation.clock import Clock
from legation.model.problems import Level, Problem
from legation.runtime.problem_log import log_fault
from legation.runtime.state_folder import StateFolder

TRY_AGAIN = 5.0
"""Seconds between a save that failed and the next one."""


class Saving:
    """Saves changes in a thread, one batch at a time; what comes while the disk is busy goes with the next batch."""

    def __init__(
        self,
        folder: StateFolder,
        *,
        clock: Clock,
        take_changes: Callable[[], Mapping[str, Any]],
        problem_changed: Callable[[], None],
    ) -> None:
        """Take what to save where.

        Args:
            folder: Where to.
            clock: What the pause after a failure is measured by.
            take_changes: Returns what has changed since it was last asked.
            problem_changed: Called when `problem` has changed.
        """
        self._folder = folder
        self._clock = clock
        self._take_changes = take_changes
        self._problem_changed = problem_changed
        self._wanted = asyncio.Event()
        self.problem: Problem | None = None
        """Why the disk did not take the last batch."""

    def request(self) -> None:
        """Have what has changed saved soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Save until cancelled, and then what is left."""
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                await self._save()
                if self.problem is not None:
                    await self._clock.sleep_until(self._clock.now() + TRY_AGAIN)
                    self._wanted.set()
        finally:
            await self._save()

    async def _save(self) -> None:
        changes = self._take_changes()
        if not changes and self.problem is None:
            return
        thread = asyncio.ensure_future(asyncio.to_thread(self._try_to_save, changes))
        try:
            before, self.problem = self.problem, await asyncio.shield(thread)
        except asyncio.CancelledError:
            await thread  # one batch at a time: the last one comes after this
            raise
        if before != self.problem:
            self._problem_changed()

    def _try_to_save(self, changes: Mapping[str, Any]) -> Problem | None:
        try:
            self._folder.save(changes)
        except OSError as error:
            return self._not_saved(error.strerror or str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, Envoys must go on being served
            problem = self._not_saved("legation itself fails at it; its log tells where")
            if problem != self.problem:
                log_fault(error)
            return problem
        return None

    def _not_saved(self, why: str) -> Problem:
        return Problem(
            code="state-not-saved",
            level=Level.WARNING,
            message=f"the state folder {self._folder.folder} takes nothing: {why}",
            mend="until it does, a restart knows only what it took before",
        )
