"""From sources to files: when something has changed, the files are made anew and handed to who writes them."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from dataclasses import replace

from legation.clock import Clock
from legation.model.file_statistics import FileStatistics
from legation.model.objects import FieldPath, ObjectKey, Place
from legation.model.problems import Problem, own_fault
from legation.runtime.config_map_sets import ConfigMapSets, standing_set
from legation.runtime.debounce import Debounce
from legation.runtime.intake import Intake
from legation.runtime.problem_log import ProblemLog, log_fault, sameness
from legation.sources.base import Source
from legation.threads import in_daemon
from legation.translate.config_map_files import ConfigMapFile
from legation.transports.files.links import Links
from legation.transports.files.once import OnceSteps
from legation.transports.files.publisher import Publisher
from legation.transports.files.rendering import render
from legation.transports.files.steps import FileSteps
from legation.transports.files.writer import Writer

_STANDING = ObjectKey("", "ConfigMap", "", "")
"""Of which ConfigMap a file is that stood there before the program began is not known."""
_NOWHERE: FieldPath = ()


class ConfigMapSync:
    """ConfigMaps in, files out."""

    def __init__(
        self,
        sources: Sequence[Source],
        sets: ConfigMapSets,
        *,
        writer: Writer,
        clock: Clock,
        settle: float,
        drain_grace: float,
        keep_removed: bool = False,
        once: bool = False,
    ) -> None:
        """Take the parts; nothing is read or written yet.

        Args:
            sources: Where ConfigMaps and what is said of weights come from.
            sets: Makes files of that.
            writer: Brings them to the disk.
            clock: Where moments come from.
            settle: Seconds that Envoy has to take what was written.
            drain_grace: Seconds for which a draining listener may need what it used.
            keep_removed: A file whose key is gone stays.
            once: Write the last step only.
        """
        self._sets = sets
        self._steps = (
            None
            if once
            else FileSteps(settle=settle, drain_grace=drain_grace, render=render, keep_removed=keep_removed)
        )
        """What keeps the order; None where there is but one step."""
        self._links = Links()
        self._writer = writer
        self._clock = clock
        self._debounce = Debounce()
        self._changed = asyncio.Event()
        self._log: ProblemLog[Hashable] = ProblemLog(self._told)
        self._intake = Intake(sources, changed=self._note_change, obstacles_changed=self._log.look)
        self.publisher = Publisher(
            self._steps or OnceSteps(render=render),
            writer,
            clock=clock,
            changed=self._look_around,
            insist=not once,
        )
        self._fault: Problem | None = None
        self._ready = asyncio.Event()

    @property
    def missing(self) -> tuple[str, ...]:
        """Why the files do not stand there (yet), a clause for each."""
        unread = self._intake.unread
        if unread or self._ready.is_set():
            return unread
        return tuple(map(str, self.problems())) or ("the files are not written yet",)

    def problems(self) -> tuple[Problem, ...]:
        """Return all that is wrong now."""
        own = () if self._fault is None else (self._fault,)
        found = (*self._intake.obstacles, *map(self._placed, self._sets.problems), *own, *self.publisher.problems)
        return tuple(dict.fromkeys(found))

    def statistics(self) -> FileStatistics:
        """Return what became of the files."""
        return self.publisher.statistics()

    async def wait_published(self) -> None:
        """Return when all files stand there for the first time."""
        await self._ready.wait()

    async def run(self) -> None:
        """Keep the files up to date until cancelled.

        Raises:
            LegationError: A source cannot be read at all, the folder cannot be read; once, the files cannot be written.
        """
        standing = [self._sets.recall(each) for each in await in_daemon(self._look, name="legation-files")]
        if self._steps is not None:
            # An Envoy beside this program may have read it.
            held = self._links.link(standing_set(each for each in standing if not each.broken))
            # Whose they are is not known: somebody else may have put some there.
            self._steps.begin(held, ours=frozenset())
        async with asyncio.TaskGroup() as tasks:
            for source in self._intake.sources:
                tasks.create_task(source.run(self._intake.inputs(source)))
            tasks.create_task(self._follow())
            tasks.create_task(self._log.run())
            tasks.create_task(self.publisher.run())

    async def once(self) -> bool:
        """Write all files, once, when all sources have loaded.

        Returns:
            Whether each ConfigMap and each file that was asked for stands there.

        Raises:
            LegationError: A source cannot be read at all, the files cannot be written.
        """
        running = asyncio.create_task(self.run())
        published = asyncio.create_task(self.publisher.wait_published())
        try:
            await asyncio.wait([running, published], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                await running
        finally:
            self._log.say()
            for each in (running, published):
                each.cancel()
            await asyncio.wait([running, published])
        return self._sets.whole

    def _look(self) -> tuple[ConfigMapFile, ...]:
        """Return the files that stand there."""
        return tuple(
            ConfigMapFile(name=name, content=content, origin=_STANDING, path=_NOWHERE)
            for name in sorted(self._writer.standing())
            if (content := self._writer.read(name)) is not None
        )

    def _look_around(self) -> None:
        if self._sets.whole and self.publisher.complete:
            self._ready.set()
        self._log.look()

    def _note_change(self) -> None:
        self._debounce.changed(self._clock.now())
        self._changed.set()

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            while (due := self._debounce.due()) is not None and due > self._clock.now():
                await self._clock.sleep_until(due)
            self._debounce.fired(self._clock.now())
            self._changed.clear()
            if not self._intake.missing:
                self._update()

    def _update(self) -> None:
        try:
            self.publisher.offer(self._links.link(self._sets.update(self._intake.newest())))
            self._fault = None
        except Exception as error:  # noqa: BLE001 - whatever it is, what stands there must stay
            log_fault(error)
            mend = "the files stay as they are; undo the last change, and report it"
            self._fault = own_fault("on what has changed", mend=mend)
        self._look_around()

    def _placed(self, problem: Problem) -> Problem:
        source = self._intake.owner(problem.object) if problem.object is not None else None
        if source is None or problem.place is None:
            return problem
        place: Place | None = source.locate(problem.place, problem.path)
        return replace(problem, place=place)

    def _told(self) -> dict[Hashable, Problem]:
        return {sameness(each): each for each in self.problems()}
