"""What one node would get: the same way from manifests to a snapshot that the server goes, once and without a port."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from legation.model.node import Node, Peer
from legation.model.problems import Problem
from legation.model.snapshot import Snapshot
from legation.runtime.admission import Rules
from legation.runtime.intake import Intake
from legation.runtime.served import Served
from legation.sources.base import Source
from legation.sources.directory import DirectorySource

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
    group = served.group_of(_NOBODY, Node(id=node_id, metadata={"labels": dict(labels)}))
    return served.snapshot_of(group) or Snapshot.of(), served.problems


async def serve_once(source: Source, *, rules: Rules | None = None) -> Served:
    """Return what is served of the first state of a source.

    Args:
        source: Is read until it has published, and no longer.
        rules: Who gets what.

    Raises:
        SourceError: It can never be read.
    """
    loaded = asyncio.Event()
    intake = Intake((source,), changed=loaded.set)
    served = Served(owner=intake.owner, rules=rules)

    reading = asyncio.create_task(source.run(intake.inputs(source)))
    reading.add_done_callback(lambda _: loaded.set())
    await loaded.wait()
    if intake.missing:
        await reading
    served.update(intake.newest())
    reading.cancel()
    await asyncio.wait([reading])
    return served
