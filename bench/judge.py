"""How long a real Envoy takes as judge: one change beside a thousand clusters, all of these at once, and its start."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from bench.saved import Row
from legation.envoy import types
from legation.envoy.codec import from_message
from legation.judging.judge import Judge
from legation.judging.verdict import Kind
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER

CLUSTERS = 1000
ROUNDS = 50


async def measure(_: Path) -> None:
    """Print a row for each question."""
    for row in await rows(CLUSTERS):
        print(f"{row.what:<75}{row.measured:>22}{row.target:>12}", flush=True)


async def rows(count: int) -> list[Row]:
    """Return how long one question takes each."""
    async with Judge(timeout=60) as judge:
        started = await _ask(judge, [_cluster("first")])
        several = await _ask(judge, [_cluster(f"cluster-{number}") for number in range(count)])
        changes = [await _ask(judge, [_cluster("cluster-1", after=number)]) for number in range(1, ROUNDS + 1)]
    return [
        Row(what="the first question to a judge, with its start", measured=_shown(started)),
        Row(what=f"{count:,} clusters judged at once", measured=_shown(several)),
        Row(what=f"one that changes, judged after {count:,}: median", measured=_shown(statistics.median(changes))),
        Row(what=f"one that changes, judged after {count:,}: longest", measured=_shown(max(changes))),
    ]


async def _ask(judge: Judge, resources: Sequence[Resource]) -> float:
    begun = time.perf_counter()
    verdicts = await judge.judge(resources)
    took = time.perf_counter() - begun
    if wrong := next((each for each in verdicts.values() if each.kind is not Kind.ACCEPTED), None):
        raise RuntimeError(f"the judge says: {wrong.kind} {wrong.words}")
    return took


def _cluster(name: str, *, after: int = 1) -> Resource:
    cluster = types.message_class(CLUSTER.message)(name=name)
    cluster.connect_timeout.FromMilliseconds(after)  # type: ignore[attr-defined] # it has one
    return from_message(cluster, check=False)


def _shown(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
