"""What one node would get: the same way from manifests to a snapshot that the server goes, once and without a port."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from legation.errors import SourceError
from legation.judging.verdict import Verdict
from legation.model.node import Node, Peer
from legation.model.problems import Problem
from legation.model.resource import Resource
from legation.model.snapshot import Snapshot
from legation.runtime.admission import Rules
from legation.runtime.intake import Heard, Intake
from legation.runtime.judged import Judged
from legation.runtime.served import Served
from legation.sources.base import Source
from legation.sources.directory import DirectorySource

Ask: TypeAlias = Callable[[Sequence[Resource]], Awaitable[Mapping[Resource, Verdict]]]

_NOBODY = Peer(address="", transport="render")


def snapshot_for(
    path: Path, *, node_id: str, labels: Mapping[str, str], rules: Rules | None = None
) -> tuple[Snapshot, tuple[Problem, ...]]:
    """Return what the node would get, and what is wrong with the manifests.

    Args:
        path: A directory of manifests, or one file.
        node_id: Who the node is.
        labels: What it would say of itself.
        rules: Who gets what.

    Raises:
        SourceError: There is no such path.
    """
    served = asyncio.run(serve_once(DirectorySource(path), rules=rules))
    return of_node(served, node_id=node_id, labels=labels), served.problems


def of_node(served: Served, *, node_id: str, labels: Mapping[str, str]) -> Snapshot:
    """Return what a node gets of what is served."""
    group = served.group_of(_NOBODY, Node(id=node_id, metadata={"labels": dict(labels)}))
    return served.snapshot_of(group) or Snapshot.of()


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was read once."""

    served: Served
    heard: Heard


async def serve_once(source: Source, *, rules: Rules | None = None) -> Served:
    """Return what is served of the first state of a source.

    Args:
        source: Is read until it has published, and no longer.
        rules: Who gets what.

    Raises:
        SourceError: It can never be read.
    """
    return (await served_of((source,), rules=rules)).served


async def served_of(
    sources: Sequence[Source], *, rules: Rules | None = None, patience: float | None = None, judge: Ask | None = None
) -> Loaded:
    """Return what is served of the first state of some sources.

    Args:
        sources: Each is read until it has published, and no longer.
        rules: Who gets what.
        patience: Seconds that reading may take; None for as long as it takes.
        judge: Says of resources what a real Envoy says, if it is to be asked.

    Raises:
        SourceError: One can never be read, or not soon enough.
    """
    changed = asyncio.Event()
    intake = Intake(sources, changed=changed.set, obstacles_changed=changed.set)
    judged = Judged(limit=math.inf) if judge is not None else None
    served = Served(owner=intake.owner, rules=rules, judged=judged)
    reading = [asyncio.create_task(each.run(intake.inputs(each))) for each in sources]
    for each in reading:
        each.add_done_callback(lambda _: changed.set())
    try:
        async with asyncio.timeout(patience):
            while intake.missing:
                await changed.wait()
                changed.clear()
                for each in reading:
                    if each.done():
                        each.result()
                if patience is not None and intake.obstacles:
                    # What lasts for as long as this is told of as a problem; nobody who waits wants to.
                    obstacle = intake.obstacles[0]
                    mend = f" ({obstacle.mend})" if obstacle.mend else ""
                    raise SourceError(intake.missing[0].name, obstacle.message + mend)
    except TimeoutError:
        why = "; ".join(intake.unread)
        raise SourceError(intake.missing[0].name, f"not read within {patience:g} s: {why}") from None
    finally:
        for each in reading:
            each.cancel()
        await asyncio.wait(reading)
    heard = intake.newest()
    served.update(heard)
    if judge is not None and judged is not None:
        judged.note(await judge(judged.open_questions(sys.maxsize)))
        served.reconsider()
        served.update(heard)
    return Loaded(served=served, heard=heard)
