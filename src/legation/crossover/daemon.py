"""The daemon: files follow what is heard, until somebody ends it. No bad object, no API server and no disk ends it.

It knows how the parts are joined. What files there are to be is the keeper's business, when and how each is written the
publisher's.
"""

from __future__ import annotations

import asyncio
import math
import traceback

from legation.clock import Clock, set_or
from legation.crossover import log
from legation.crossover.keeper import Heard, Keeper, Outcome
from legation.crossover.options import Options
from legation.crossover.pages import pages
from legation.crossover.publishing import Publishing
from legation.crossover.remembering import Remembering
from legation.crossover.reporting import report, report_over
from legation.crossover.troubles import Troubles, not_followed
from legation.crossover.watching import Watching
from legation.errors import FilesError
from legation.ops.plain_http import PlainHttpServer
from legation.threads import in_daemon
from legation.transports.files.plain_steps import PlainSteps
from legation.transports.files.publisher import Publisher
from legation.transports.files.writer import Writer

_NOTHING = Outcome(files={})
_PATIENCE = 5.0
"""Seconds for which all ConfigMaps and TrafficSplits are waited for before the files of the first are written: two may
have one key, and one may name the file of another in which weights are."""


class Daemon:
    """One program that keeps files."""

    def __init__(
        self,
        options: Options,
        *,
        watching: Watching,
        writer: Writer,
        remembering: Remembering,
        publishing: Publishing | None,
        clock: Clock,
        woken: asyncio.Event,
    ) -> None:
        """Take the parts; nothing is asked or written yet.

        Args:
            options: What is asked for.
            watching: All objects.
            writer: Where the files go.
            remembering: Who keeps the splits, for when this is started anew.
            publishing: Who shows them in the cluster, if that is asked for.
            clock: Where moments come from.
            woken: Is set when something was heard.
        """
        self._options = options
        self._watching = watching
        self._writer = writer
        self._remembering = remembering
        self._publishing = publishing
        self._clock = clock
        self._publisher = Publisher(PlainSteps(), writer, clock=clock, changed=woken.set)
        self._troubles = Troubles()
        self._standing: frozenset[str] = frozenset()
        self._outcome = _NOTHING
        self._ready = False
        self._woken = woken

    def missing(self) -> tuple[str, ...]:
        """Return why Envoy cannot have its files yet, a clause for each.

        When all stood there once, it can: a Pod that serves is not to be taken out because news do not come through.
        So it is with files that were written before this was started anew.
        """
        if self._ready:
            return ()
        if self._outcome is _NOTHING:
            return () if self._standing else ("the ConfigMaps were not heard of yet",)
        lacks = tuple(each.words for each in self._outcome.lacks if not each.stands)
        wanted = self._outcome.files.keys()
        if not wanted or self._publisher.complete:
            return lacks
        disk = tuple(str(each) for each in self._publisher.problems)
        if disk and wanted <= self._standing:
            return lacks
        return (*lacks, *(disk or ("the files are being written",)))

    async def run(self) -> None:
        """Keep the files until cancelled.

        Raises:
            TransportError: The port of the pages cannot be had.
        """
        async with asyncio.TaskGroup() as group:
            if self._options.health_port:
                server = self._pages()
                await _started(group, server)
                log.info("health pages", url=server.url)
            self._standing = await self._look()
            remembered = await self._remembering.recall()
            keeper = Keeper(self._options, standing=self._standing, remembered=remembered)
            group.create_task(self._publisher.run())
            if self._publishing is not None:
                group.create_task(self._publishing.run())
            group.create_task(self._watching.run())
            await self._keep(keeper)

    async def _look(self) -> frozenset[str]:
        try:
            return await in_daemon(self._writer.standing, name="files")
        except FilesError:
            # Who cannot read there hears the reason when he writes.
            return frozenset()

    def _pages(self) -> PlainHttpServer:
        shown = pages(missing=self.missing, statistics=self._publisher.statistics, problems=lambda: self._troubles.told)
        return PlainHttpServer(
            shown, bind=self._options.health_bind, port=self._options.health_port, setting="--health"
        )

    async def _keep(self, keeper: Keeper) -> None:
        patient_until = self._clock.now() + _PATIENCE
        while True:
            self._woken.clear()
            heard, now = self._watching.heard(), self._clock.now()
            if now >= patient_until or _all_answered(heard):
                patient_until = -math.inf
                await self._take(keeper, heard)
            self._watching.hurry()
            self._report(now)
            due = self._troubles.next_due(now)
            await set_or(self._woken, due if patient_until < now else min(due, patient_until), clock=self._clock)

    async def _take(self, keeper: Keeper, heard: Heard) -> None:
        try:
            if keeper.is_heavy(heard):
                # Meanwhile somebody may ask whether it is alive.
                self._outcome = await in_daemon(lambda: keeper.take(heard), name="texts")
            else:
                self._outcome = keeper.take(heard)
        except Exception as error:  # noqa: BLE001 - a fault of this program must not end it: files stay as they are
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("internal error", error=type(error).__name__, traceback=place)
            return
        log.debug("heard", files=len(self._outcome.files), lacking=len(self._outcome.lacks))
        self._watching.follow(self._outcome.groups)
        for notice in self._outcome.notices:
            log.info(notice)
        await self._remembering.keep(self._outcome.in_force)
        if self._outcome.files:
            self._publisher.offer(self._outcome.files)
        if self._publishing is not None:
            for each in self._outcome.generated:
                self._publishing.offer(each)

    def _report(self, now: float) -> None:
        lasting = not_followed(self._watching.missing())
        at_once = [*self._outcome.problems, *self._publisher.problems]
        is_wrong = bool(lasting)
        for each in self._outcome.lacks:
            if each.problem is not None and each.unheard and each.stands:
                at_once.append(each.problem)
            elif each.problem is not None and not (each.unheard and is_wrong):
                # Where something is wrong that is why nothing was heard.
                lasting["lacks", each.name] = each.problem
        news = self._troubles.look(now, at_once=at_once, lasting=lasting)
        report(news.begun)
        report_over(news.over)
        if not self._ready and self._outcome is not _NOTHING and not self.missing():
            self._ready = True
            log.info("ready", folder=self._writer.folder, files=len(self._outcome.files))


def _all_answered(heard: Heard) -> bool:
    return all(each.answered for each in (*heard.config_maps.values(), *heard.splits.values()))


async def _started(group: asyncio.TaskGroup, server: PlainHttpServer) -> None:
    started = asyncio.Event()
    group.create_task(server.run(started=started.set))
    await started.wait()
