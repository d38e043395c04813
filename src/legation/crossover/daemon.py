"""The daemon: files follow what is heard, until somebody ends it. No bad object, no API server and no disk ends it.

It knows how the parts are joined. What files there are to be is the keeper's business, when and how each is written the
publisher's.
"""

from __future__ import annotations

import asyncio
import traceback

from legation.clock import Clock, set_or
from legation.crossover import log
from legation.crossover.keeper import UNHEARD_OF, Heard, Keeper, Outcome
from legation.crossover.options import Options
from legation.crossover.pages import pages
from legation.crossover.publishing import Publishing
from legation.crossover.reporting import report, report_over
from legation.crossover.troubles import Troubles, not_followed
from legation.crossover.watching import Watching
from legation.errors import FilesError
from legation.ops.plain_http import PlainHttpServer
from legation.transports.files.daemon import in_daemon
from legation.transports.files.plain_steps import PlainSteps
from legation.transports.files.publisher import Publisher
from legation.transports.files.writer import Writer

_PATIENCE = 5.0
"""Seconds for which all ConfigMaps are waited for before the files of the first are written: two may have one key."""


class Daemon:
    """One program that keeps files."""

    def __init__(
        self,
        options: Options,
        *,
        watching: Watching,
        writer: Writer,
        publishing: Publishing | None,
        clock: Clock,
        woken: asyncio.Event,
    ) -> None:
        """Take the parts; nothing is asked or written yet.

        Args:
            options: What is asked for.
            watching: All objects.
            writer: Where the files go.
            publishing: Who shows them in the cluster, if that is asked for.
            clock: Where moments come from.
            woken: Is set when something was heard.
        """
        self._options = options
        self._watching = watching
        self._writer = writer
        self._publishing = publishing
        self._clock = clock
        self._publisher = Publisher(PlainSteps(), writer, clock=clock, changed=woken.set)
        self._troubles = Troubles()
        self._outcome = Outcome(files={})
        self._begun = False
        self._ready = False
        self._woken = woken

    def missing(self) -> tuple[str, ...]:
        """Return why Envoy cannot have its files yet, a clause for each.

        When all stood there once, it can: a Pod that serves is not to be taken out because news do not come through.
        """
        if self._ready:
            return ()
        if not self._begun:
            return ("the ConfigMaps were not heard of yet",)
        waiting = {key[-1]: str(problem) for key, problem in self._outcome.waiting.items()}
        lacking = [f"there are no files of ConfigMap {name}" for name in self._outcome.lacking if name not in waiting]
        disk = [str(each) for each in self._publisher.problems]
        found = (*waiting.values(), *lacking, *disk)
        return found or (() if self._publisher.published else ("the files are being written",))

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
            keeper = Keeper(self._options, standing=await self._standing())
            group.create_task(self._publisher.run())
            if self._publishing is not None:
                group.create_task(self._publishing.run())
            group.create_task(self._watching.run())
            await self._keep(keeper)

    async def _standing(self) -> frozenset[str]:
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
        started = self._clock.now()
        while True:
            self._woken.clear()
            heard, now = self._watching.heard(), self._clock.now()
            self._begun = self._begun or _all_heard(heard) or now >= started + _PATIENCE
            if self._begun:
                self._take(keeper, heard)
            self._watching.hurry()
            self._report(now)
            due = self._troubles.next_due(now)
            await set_or(self._woken, due if self._begun else min(due, started + _PATIENCE), clock=self._clock)

    def _take(self, keeper: Keeper, heard: Heard) -> None:
        try:
            self._outcome = keeper.take(heard)
        except Exception as error:  # noqa: BLE001 - a fault of this program must not end it: files stay as they are
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("internal error", error=type(error).__name__, traceback=place)
            return
        log.debug("heard", files=len(self._outcome.files), lacking=len(self._outcome.lacking))
        self._watching.follow(self._outcome.groups)
        for notice in self._outcome.notices:
            log.info(notice)
        if self._outcome.files:
            self._publisher.offer(self._outcome.files)
        if self._publishing is not None:
            for each in self._outcome.generated:
                self._publishing.offer(each)

    def _report(self, now: float) -> None:
        lasting = not_followed(self._watching.missing())
        # Where something is wrong that is why nothing was heard.
        lasting |= {key: each for key, each in self._outcome.waiting.items() if key[0] != UNHEARD_OF or not lasting}
        at_once = (*self._outcome.problems, *self._publisher.problems)
        news = self._troubles.look(now, at_once=at_once, lasting=lasting)
        report(news.begun)
        report_over(news.over)
        if not self._ready and not self.missing():
            self._ready = True
            log.info("ready", folder=self._writer.folder, files=len(self._outcome.files))


def _all_heard(heard: Heard) -> bool:
    return all(each.asked or each.failed for each in heard.config_maps.values())


async def _started(group: asyncio.TaskGroup, server: PlainHttpServer) -> None:
    started = asyncio.Event()
    group.create_task(server.run(started=started.set))
    await started.wait()
