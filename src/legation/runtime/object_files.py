"""What the Envoy of one node would get of all objects, as files: the engine, with a folder in place of ports."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence

from legation.clock import Clock
from legation.model.file_statistics import FileStatistics
from legation.model.node import Node
from legation.model.problems import Level, Problem
from legation.runtime.admission import Rules
from legation.runtime.engine import Engine
from legation.runtime.item import NO_KINDS, Kinds
from legation.runtime.problem_log import ProblemLog, sameness
from legation.sources.base import Source
from legation.transports.files.by_type import ByType
from legation.transports.files.transport import FilesTransport
from legation.transports.files.writer import Writer


class ObjectFiles:
    """Objects in, files out."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        node: Node,
        writer: Writer,
        plans: ByType,
        clock: Clock,
        settle: float,
        drain_grace: float,
        keep_removed: bool = False,
        once: bool = False,
        any_label: Kinds = NO_KINDS,
        unknown_fields: Level = Level.ERROR,
    ) -> None:
        """Take the parts; nothing is read or written yet.

        Args:
            sources: Where objects come from.
            node: Who the Envoy is.
            writer: Brings the files to the disk.
            plans: Makes files of a snapshot.
            clock: Where moments come from.
            settle: Seconds that Envoy has to take what was written.
            drain_grace: Seconds for which a draining listener may need what it used.
            keep_removed: A file that is not needed any more stays.
            once: Write the last step only.
            any_label: See `Rules`.
            unknown_fields: See `Rules`.
        """
        self._node = node
        self._log: ProblemLog[Hashable] = ProblemLog(self._of_transport)
        self._transport = FilesTransport(
            node=node,
            writer=writer,
            plans=plans,
            settle=settle,
            drain_grace=drain_grace,
            keep_removed=keep_removed,
            once=once,
            clock=clock,
            changed=self._log.look,
        )
        rules = Rules(check_peer=False, any_label=any_label, unknown_fields=unknown_fields)
        self._engine = Engine(sources=sources, transports=[self._transport], clock=clock, rules=rules)

    @property
    def missing(self) -> Sequence[str]:
        """Why the files do not stand there, a clause for each."""
        if self._transport.published:
            return ()
        found = (*self._engine.unread, *map(str, self._transport.problems))
        return found or (f"nothing is known yet of the Envoy {self._node.id}: its Pod is not there",)

    def problems(self) -> Sequence[Problem]:
        """Return all that is wrong now."""
        return (*self._engine.problems(), *self._transport.problems)

    def statistics(self) -> FileStatistics:
        """Return what became of the files."""
        return self._transport.file_statistics()

    async def wait_published(self) -> None:
        """Return when all files stand there for the first time."""
        await self._transport.wait_published()

    async def run(self) -> None:
        """Keep the files up to date until cancelled.

        Raises:
            LegationError: A source cannot be read at all, the folder cannot be read.
        """
        logging = asyncio.create_task(self._log.run())
        try:
            await self._engine.run()
        finally:
            logging.cancel()
            await asyncio.wait([logging])

    async def once(self) -> bool:
        """Write all files once. A broken object keeps nobody from it: the Envoy gets the others, as from a server.

        Returns:
            True; what keeps them from being written is an error.

        Raises:
            LegationError: A source cannot be read at all, there is no such Envoy, the files cannot be written.
        """
        running = asyncio.create_task(self._engine.run())
        published = asyncio.create_task(self._transport.wait_published())
        try:
            await asyncio.wait([running, published], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            self._engine.tell_problems()
            self._log.say()
            for each in (running, published):
                each.cancel()
            await asyncio.wait([running, published])
        return True

    def _of_transport(self) -> dict[Hashable, Problem]:
        return {sameness(each): each for each in self._transport.problems}
