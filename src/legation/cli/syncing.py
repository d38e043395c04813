"""Files kept up to date as a process: what reads, what writes, and the health page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import structlog

from legation.clock import MonotonicClock
from legation.errors import LegationError
from legation.leaving import Leaving
from legation.model.file_statistics import FileStatistics
from legation.model.node import Node
from legation.model.problems import Level, Problem
from legation.settings import Sync
from legation.transports.files.symlink import SymlinkWriter
from legation.transports.files.writer import SECRET, RenamingWriter, Writer, readable

_LINK = "current"
_STAGING = "new"

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


class Work(Protocol):
    """What reads and writes, in either mode."""

    @property
    def missing(self) -> Sequence[str]:
        """Why the files do not stand there, a clause for each."""
        ...

    def problems(self) -> Sequence[Problem]:
        """Return all that is wrong now."""
        ...

    def statistics(self) -> FileStatistics:
        """Return what became of the files."""
        ...

    async def wait_published(self) -> None:
        """Return when all files stand there for the first time."""
        ...

    async def run(self) -> None:
        """Keep the files up to date until cancelled."""
        ...

    async def once(self) -> bool:
        """Write all files once, and return whether all that was asked for stands there."""
        ...


def run(found: Sync, leaving: Leaving) -> None:
    """Write files until a signal; with `once`, once.

    Args:
        found: The settings.
        leaving: What hears signals.

    Raises:
        LegationError: A source cannot be read at all, the files cannot be written, a port cannot be listened on.
    """
    work = _work(found)
    leaving.run(lambda: _once(found, work) if found.once else _run(found, work), stopping=_tell_stopping)


def _tell_stopping(by: str) -> None:
    _log.info("stopping; the files stay", signal=by)


async def _once(found: Sync, work: Work) -> int:
    """Write once, and return the exit status."""
    try:
        async with asyncio.timeout(found.timeout):
            why = "" if await work.once() else "the problems above keep them from it"
    except TimeoutError:
        why = f"after {found.timeout:g} s: " + ("; ".join(work.missing) or "it is busy")
    if why:
        _log.error("not all files are written", why=why)
        return 1
    _log.info("all files are written", folder=str(found.output))
    return 0


async def _run(found: Sync, work: Work) -> int:
    """Keep the files up to date until cancelled."""
    try:
        async with asyncio.TaskGroup() as tasks:
            listening = asyncio.Event()
            if found.health_port is not None:
                tasks.create_task(_serve_health(found, found.health_port, work, listening.set))
            else:
                listening.set()
            tasks.create_task(_say_ready(found, work, listening))
            # Not in a task beside them: what stops this stops the work, and the page when that has ended.
            await work.run()
    except BaseExceptionGroup as failed:
        for_users = failed.subgroup(LegationError)
        if for_users is None:
            raise
        raise for_users.exceptions[0] from failed
    return 0


async def _serve_health(found: Sync, port: int, work: Work, started: Callable[[], None]) -> None:
    from legation.ops.file_metrics import FileMetrics
    from legation.ops.plain_http import PlainHttpServer, health_pages

    metrics = FileMetrics(statistics=work.statistics, problems=work.problems)
    pages = health_pages(missing=lambda: work.missing, metrics=metrics.render)
    server = PlainHttpServer(pages, bind=found.health_bind, port=port, setting="--health")

    def tell() -> None:
        _log.info("health", url=server.url)
        started()

    await server.run(started=tell)


async def _say_ready(found: Sync, work: Work, listening: asyncio.Event) -> None:
    await listening.wait()
    await work.wait_published()
    _log.info("ready", folder=str(found.output))


def _work(found: Sync) -> Work:
    from legation.cli import file_sources

    output = found.output or Path()
    writer = _writer(found, output)
    if found.node is not None:
        # Each of the two ways loads what it needs alone.
        from legation.cli.matching import any_label
        from legation.runtime.object_files import ObjectFiles
        from legation.transports.files.by_type import ByType

        seen_as = (found.envoy_path or output).absolute()
        return ObjectFiles(
            file_sources.object_sources(found, found.node),
            node=Node(id=found.node, metadata={"labels": dict(found.labels)}),
            writer=writer,
            plans=ByType(
                folder=str(seen_as / _LINK), watched_directory=str(seen_as) if found.layout == "symlink" else ""
            ),
            clock=MonotonicClock(),
            settle=found.settle,
            drain_grace=found.drain_grace,
            keep_removed=found.keep_removed,
            once=found.once,
            any_label=any_label(found.l7mp_matching),
            unknown_fields=Level(found.unknown_fields),
        )
    from legation.runtime.config_map_sets import ConfigMapSets
    from legation.runtime.config_map_sync import ConfigMapSync

    places = file_sources.ConfigMapPlaces(found)
    return ConfigMapSync(
        [places.source],
        ConfigMapSets(places.names, labels=places.labels),
        writer=writer,
        clock=MonotonicClock(),
        settle=found.settle,
        drain_grace=found.drain_grace,
        keep_removed=found.keep_removed,
        once=found.once,
    )


def _writer(found: Sync, output: Path) -> Writer:
    # What ConfigMaps hold is no secret; what objects hold may be.
    mode_of = readable if found.node is None else _for_the_group
    if found.layout == "symlink":
        return SymlinkWriter(output, link=_LINK, mode_of=mode_of)
    return RenamingWriter(output / _LINK, staging=output / _STAGING, mode_of=mode_of)


def _for_the_group(name: str) -> int:
    del name
    return SECRET
