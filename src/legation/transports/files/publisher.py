"""Publisher: has steps written one after the other, and again when the disk does not take one.

It refuses to know what the steps are and why they come in this order; `Steps` says that. While the disk is busy only
the newest offer is kept. When there is nothing to do it sleeps until the next offer, or the deadline of its steps.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Generic, Protocol, TypeVar

from legation.clock import Clock, set_or
from legation.errors import FilesError
from legation.model.file_statistics import FileStatistics
from legation.model.problems import Problem
from legation.threads import in_daemon
from legation.transports.files.writer import Writer, Written

NOT_WRITTEN, NOT_ANSWERING = "files-not-written", "disk-not-answering"
"""Codes of problems."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds after which a step is tried again that the disk did not take; twice as long each time."""
LONG = 10.0
"""Seconds after which it is a problem that the disk has not answered."""
LAST_STEP = 1.0
"""Seconds that the step has to end that is being written when the program is stopped."""
_LEAST_WAIT = 0.01
"""Seconds: whatever the steps say, they are not asked in a loop."""

Target = TypeVar("Target")
Target_contra = TypeVar("Target_contra", contravariant=True)

_log = logging.getLogger(__name__)


class Step(Protocol):
    """What is to be written, and removed after that."""

    @property
    def puts(self) -> Mapping[str, bytes]:
        """Content by name, in the order in which it comes to stand."""
        ...

    @property
    def removes(self) -> Collection[str]:
        """Names."""
        ...


class Steps(Protocol[Target_contra]):
    """Which files come next. It does no I/O and knows no clock: time is an argument, in seconds."""

    @property
    def complete(self) -> bool:
        """Whether all that the newest target wants stands there; what is to be taken away may stand there besides."""
        ...

    @property
    def settled(self) -> bool:
        """Whether exactly that stands there, and nothing is awaited."""
        ...

    def retarget(self, target: Target_contra, now: float) -> None:
        """Take what is newest."""
        ...

    def next(self, now: float) -> Step | None:
        """Return what is to be done now; None if there is nothing. Then `written` or `failed` is called."""
        ...

    def written(self, now: float) -> None:
        """Note that the step is done."""
        ...

    def failed(self) -> None:
        """Note that the step is not done, or not all of it: `next` returns anew what is to be done by then."""
        ...

    def deadline(self) -> float | None:
        """Return the moment from which on there may be something to do although nothing came; None: never."""
        ...


class Publisher(Generic[Target]):
    """One folder of files, kept as it is offered."""

    def __init__(
        self,
        steps: Steps[Target],
        writer: Writer,
        *,
        clock: Clock,
        changed: Callable[[], None] = lambda: None,
        after_step: Callable[[], None] = lambda: None,
        insist: bool = True,
    ) -> None:
        """Take the parts; nothing is written yet.

        Args:
            steps: Which files come next; nobody else moves it.
            writer: What brings them to the disk.
            clock: Where moments come from.
            changed: Called in the event loop when a property here is another than when it was last called, as after
                each step. It must not block.
            after_step: Called likewise after each step, and after each offer that needed none, before `changed`.
            insist: Try again what the disk did not take; else `run` ends with the error.
        """
        self._steps = steps
        self._writer = writer
        self._clock = clock
        self._changed = changed
        self._after_step = after_step
        self._insist = insist
        self._told: object = None
        """How it stood when `changed` was last called."""
        self._newest: Target | None = None
        self._is_new = False
        """Whether the steps do not know the newest yet."""
        self._open_since: float | None = None
        """The moment of the oldest offer since all stood there completely."""
        self._woken = asyncio.Event()
        self._moved = asyncio.Event()
        self._pause = 0.0
        self._retry_at: float | None = None
        self._problem: Problem | None = None
        self._counts = FileStatistics()
        self._written_at: float | None = None
        self.published = False
        """Whether there was a moment at which all that was wanted stood there: from then on Envoy can start."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why what is newest does not stand there, if it is for the disk."""
        return () if self._problem is None else (self._problem,)

    @property
    def complete(self) -> bool:
        """Whether all that is newest stands there. Never before something was offered."""
        return self._newest is not None and not self._is_new and self._steps.complete

    @property
    def settled(self) -> bool:
        """Whether exactly what is newest stands there, and nothing is awaited."""
        return self.complete and self._steps.settled

    def statistics(self) -> FileStatistics:
        """Return counts."""
        return replace(
            self._counts,
            since_success=None if self._written_at is None else self._clock.now() - self._written_at,
            failing=self._problem is not None,
        )

    def offer(self, target: Target) -> None:
        """Take what is newest; what is equal to the newest is no news."""
        if target == self._newest:
            return
        self._newest, self._is_new = target, True
        if self._open_since is None:
            self._open_since = self._clock.now()
        self._woken.set()

    async def wait_published(self) -> None:
        """Return when `published` is true."""
        while not self.published:
            await self._moved.wait()

    async def wait_settled(self) -> None:
        """Return when `settled` is true."""
        while not self.settled:
            await self._moved.wait()

    async def run(self) -> None:
        """Write until cancelled. A step that is being written then has a second to end; longer it is not waited for.

        Raises:
            FilesError: The disk did not take a step, and it is not to be tried again.
        """
        while True:
            self._woken.clear()
            now = self._clock.now()
            if self._is_new and self._newest is not None:
                self._is_new = False
                self._steps.retarget(self._newest, now)
                # It may have more luck: it is smaller, or who has mended the disk has asked for it.
                self._retry_at = None
            if self._retry_at is not None and now >= self._retry_at:
                self._retry_at = None
            step = self._steps.next(now) if self._retry_at is None else None
            if step is not None:
                await self._perform(step)
            else:
                self._look_around()
                await set_or(self._woken, self._next_moment(now), clock=self._clock)

    def _next_moment(self, now: float) -> float:
        moment = self._steps.deadline() if self._retry_at is None else self._retry_at
        return math.inf if moment is None else max(moment, now + _LEAST_WAIT)

    async def _perform(self, step: Step) -> None:
        writing = in_daemon(partial(self._writer.write, step.puts, step.removes), name="legation-files")
        try:
            await self._watch(writing)
            done = await writing
        except asyncio.CancelledError:
            await asyncio.wait([writing], timeout=LAST_STEP)
            raise
        except FilesError as error:
            if not self._insist:
                raise
            self._note_failure(_problem(error.path, f"{error.path} is not written: {error.reason}", mend=error.mend))
        except Exception:  # noqa: BLE001 - Envoy has what stood there before; a bug of ours must not take that from it
            _log.exception("files cannot be written")
            folder = str(self._writer.folder)
            self._note_failure(
                _problem(
                    folder,
                    f"{folder} is not written: legation itself fails at it; its log tells where",
                    mend="what stood there before stands there still; undo the last change, and report it",
                )
            )
        else:
            self._note_success(done)
        self._look_around()

    async def _watch(self, writing: asyncio.Future[Written]) -> None:
        """Return when it is written or failed; tell if that takes long."""
        ended = asyncio.Event()
        writing.add_done_callback(lambda _: ended.set())
        await set_or(ended, self._clock.now() + LONG, clock=self._clock)
        if not ended.is_set():
            folder = str(self._writer.folder)
            self._problem = Problem(
                code=NOT_ANSWERING,
                message=f"{folder} is not written: the disk has not answered for {LONG:g} s",
                mend="look at the machine and at its storage",
                subject=folder,
            )
            self._tell()
            await ended.wait()

    def _note_failure(self, problem: Problem) -> None:
        self._steps.failed()
        self._pause = min(LONGEST_PAUSE, 2 * self._pause) or FIRST_PAUSE
        self._retry_at = self._clock.now() + self._pause
        self._problem = problem
        self._counts = replace(self._counts, failures=self._counts.failures + 1)

    def _note_success(self, done: Written) -> None:
        now = self._clock.now()
        self._steps.written(now)
        self._pause, self._problem, self._written_at = 0.0, None, now
        self._counts = replace(
            self._counts,
            steps=self._counts.steps + 1,
            written=self._counts.written + done.written,
            removed=self._counts.removed + done.removed,
            written_bytes=self._counts.written_bytes + done.written_bytes,
        )
        if self._open_since is not None and self.complete:
            seconds = now - self._open_since
            self._counts = replace(
                self._counts,
                updates=self._counts.updates + 1,
                update_seconds=self._counts.update_seconds + seconds,
                last_update_seconds=seconds,
            )

    def _look_around(self) -> None:
        """See how it stands, and tell."""
        if self.complete:
            self.published, self._open_since = True, None
        self._tell()

    def _tell(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        self._after_step()
        now = (self._problem, self._counts, self.complete, self.settled, self.published)
        if now != self._told:
            self._told = now
            self._changed()


def _problem(path: str, message: str, *, mend: str) -> Problem:
    return Problem(code=NOT_WRITTEN, message=message, mend=mend, subject=path)
