"""What the Envoy of one node would get of all objects, as files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from legation.clock import MonotonicClock
from legation.kube.connection import Connection
from legation.model.file_statistics import FileStatistics
from legation.model.node import Node, split_node_id
from legation.model.problems import Level, Problem
from legation.runtime.admission import Rules
from legation.runtime.engine import Engine
from legation.settings import Sync
from legation.sources.base import Source
from legation.sources.directory import DirectorySource
from legation.sources.memory import MemorySource
from legation.transports.files.by_type import ByType
from legation.transports.files.transport import FilesTransport
from legation.transports.files.writer import Writer


class ObjectFiles:
    """The parts of the server that it takes, with files in place of ports."""

    def __init__(
        self, found: Sync, output: Path, writer: Writer, connection: Connection | None, *, namespace: str
    ) -> None:
        """Take the settings and the parts; nothing is read or written yet.

        Args:
            found: The settings.
            output: Where files go.
            writer: What brings them there.
            connection: How to reach the cluster; None: a directory is read.
            namespace: What is read of the cluster, if the settings do not tell.
        """
        node_id = found.node or ""
        seen_as = (found.envoy_path or output).absolute()
        plans = ByType(
            folder=str(seen_as / writer.folder.name),
            watched_directory=str(seen_as) if found.layout == "symlink" else "",
        )
        clock = MonotonicClock()
        self._transport = FilesTransport(
            node=Node(id=node_id, metadata={"labels": dict(found.labels)}),
            writer=writer,
            plans=plans,
            settle=found.settle,
            drain_grace=found.drain_grace,
            keep_removed=found.keep_removed,
            once=found.once,
            read_back=plans.read_back,
            clock=clock,
        )
        self._engine = Engine(
            sources=[*_described(node_id, found.labels), _source(found, connection, namespace)],
            transports=[self._transport],
            clock=clock,
            rules=Rules(check_peer=False),
        )

    @property
    def missing(self) -> Sequence[str]:
        """Why the files do not stand there, a clause for each."""
        if self._transport.published:
            return ()
        return (*self._engine.missing, *map(str, self._transport.problems))

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
        await self._engine.run()

    async def once(self) -> bool:
        """Write all files once, and return whether no object of them is broken."""
        running = asyncio.create_task(self._engine.run())
        published = asyncio.create_task(self._transport.wait_published())
        try:
            await asyncio.wait([running, published], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            for each in (running, published):
                each.cancel()
            await asyncio.wait([running, published])
        return not any(each.level is Level.ERROR for each in self.problems())


def _described(node_id: str, labels: Sequence[tuple[str, str]]) -> Sequence[Source]:
    """Return what says which labels the node has, where they are told by the settings: then no Pod has to."""
    if not labels:
        return ()
    name, namespace = split_node_id(node_id)
    source = MemorySource()
    metadata = {"name": name, "labels": dict(labels)} | ({"namespace": namespace} if namespace else {})
    source.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
    return (source,)


def _source(found: Sync, connection: Connection | None, namespace: str) -> Source:
    if found.directory is not None or connection is None:
        return DirectorySource(found.directory or Path())
    from legation.sources.kubernetes.source import KubernetesSource
    from legation.translate.pipeline import API_KINDS
    from legation.translate.traffic_split import STEP

    return KubernetesSource(
        connection,
        kinds=[each for each in API_KINDS if found.splits or each not in STEP.api_kinds],
        namespaces=found.namespaces or (namespace,),
        selector=found.selector or "",
        secrets=found.secrets,
    )
