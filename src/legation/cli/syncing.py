"""Files kept up to date as a process: what reads, what writes, and the health page."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from legation.clock import MonotonicClock
from legation.errors import LegationError, SettingsError
from legation.leaving import Leaving
from legation.model.cluster import NamespacedName
from legation.model.file_statistics import FileStatistics
from legation.model.node import DEFAULT_NAMESPACE
from legation.model.problems import Problem
from legation.settings import Sync
from legation.sources.base import Source
from legation.sources.directory import DirectorySource
from legation.transports.files.file_names import SECRETS_BELOW
from legation.transports.files.symlink import SymlinkWriter
from legation.transports.files.writer import READABLE, SECRET, RenamingWriter, Writer, readable

if TYPE_CHECKING:
    from legation.kube.connection import Connection

_STOPPED_BEFORE = 1
"""The exit status of who is ended before the files are written: an Envoy must not start then."""
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


def run(found: Sync) -> None:
    """Write files until a signal; with `once`, once.

    Raises:
        LegationError: A source cannot be read at all, the files cannot be written, a port cannot be listened on.
    """
    leaving = Leaving(code=_STOPPED_BEFORE if found.once else 0)
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
    for problem in work.problems():
        _log.warning("problem", code=problem.code, problem=str(problem))
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
    output = found.output
    if output is None:
        raise SettingsError("OUT", "where does Envoy read its files?")
    writer = _writer(found, output)
    connection = None if found.directory is not None else _connection(found)
    if found.node is None:
        return _of_config_maps(found, writer, connection)
    return _of_objects(found, output, writer, connection)


def _writer(found: Sync, output: Path) -> Writer:
    # What ConfigMaps hold is no secret.
    mode_of = readable if found.node is None else _mode_of
    if found.layout == "symlink":
        return SymlinkWriter(output, link=_LINK, mode_of=mode_of)
    return RenamingWriter(output / _LINK, staging=output / _STAGING, mode_of=mode_of)


def _mode_of(name: str) -> int:
    return SECRET if name.startswith(SECRETS_BELOW) else READABLE


def _connection(found: Sync) -> Connection:
    from legation.cli.connecting import connection_of

    return connection_of(kubeconfig=found.kubeconfig, context=found.context)


def _of_config_maps(found: Sync, writer: Writer, connection: Connection | None) -> Work:
    from legation.runtime.config_map_sets import ConfigMapSets
    from legation.runtime.config_map_sync import ConfigMapSync

    own = _own_namespace(found, connection)
    names = tuple(_named(each, own) for each in found.config_maps)
    return ConfigMapSync(
        [_source_of_config_maps(found, connection, names, own)],
        ConfigMapSets(names, labels=_labels(found) if found.directory is not None else frozenset()),
        writer=writer,
        clock=MonotonicClock(),
        settle=found.settle,
        drain_grace=found.drain_grace,
        keep_removed=found.keep_removed,
    )


def _source_of_config_maps(
    found: Sync, connection: Connection | None, names: Sequence[NamespacedName], own: str
) -> Source:
    if found.directory is not None or connection is None:
        return DirectorySource(found.directory or Path())
    from legation.sources.kubernetes.source import KubernetesSource
    from legation.translate import config_maps, traffic_split

    (config_map,) = (replace(each, selector=found.selector or "") for each in config_maps.STEP.api_kinds)
    return KubernetesSource(
        connection,
        kinds=(config_map, *(traffic_split.STEP.api_kinds if found.splits else ())),
        namespaces=found.namespaces or tuple(dict.fromkeys(each.namespace for each in names)) or (own,),
        named={config_map: names} if names else {},
        parts=False,
    )


def _of_objects(found: Sync, output: Path, writer: Writer, connection: Connection | None) -> Work:
    from legation.cli.object_files import ObjectFiles

    return ObjectFiles(found, output, writer, connection, namespace=_own_namespace(found, connection))


def _labels(found: Sync) -> frozenset[tuple[str, str]]:
    """Return the labels that the selector asks for; a cluster looks for them itself, and understands more."""
    pairs = [each.partition("=") for each in (found.selector or "").split(",") if each]
    if not all(key and equals for key, equals, _ in pairs):
        raise SettingsError("--selector", "of a directory it is a list of labels, such as team=edge,tier=front")
    return frozenset((key.strip(), value.strip().removeprefix("=")) for key, _, value in pairs)


def _own_namespace(found: Sync, connection: Connection | None) -> str:
    if connection is None:
        return found.namespaces[0] if found.namespaces else DEFAULT_NAMESPACE
    return os.environ.get("POD_NAMESPACE") or connection.namespace


def _named(given: str, namespace: str) -> NamespacedName:
    before, slash, name = given.rpartition("/")
    return NamespacedName(before if slash else namespace, name)
