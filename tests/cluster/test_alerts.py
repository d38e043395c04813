"""The alerts that need a cluster fire on figures of servers that run in one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.chart import apply_all, of_kind, rendered
from tests.cluster.conftest import needed
from tests.cluster.house import HOME, House
from tests.cluster.replica import Replica
from tests.cluster.stage import Stage
from tests.monitoring import promtool
from tests.monitoring.alerting import Series, fires, series

JOB = {"job": "legation"}
STATUS = ("--status", "on")
TOGETHER = ("--replica-service", "legation")


@pytest.fixture(scope="module", autouse=True)
def checker() -> None:
    """Have Prometheus' checker: it comes from outside of the network in which the tests run."""
    needed(promtool.found)


async def figures(**replicas: Replica) -> Series:
    """Return what all of them tell, each by its name."""
    found: dict[str, float] = {}
    for name, each in replicas.items():
        found |= series(await each.metrics(), instance=name)
    return found


async def read(replica: Replica, name: str, is_so: Callable[[float], bool]) -> None:
    """Wait until a figure of a replica is so."""

    async def look() -> bool:
        page = await figures(it=replica)
        return any(each.startswith(name + "{") and is_so(value) for each, value in page.items())

    await replica.until(look, f"{name} to be so")


async def test_envoys_that_wait_and_are_turned_away(stage: Stage, tmp_path: Path) -> None:
    """An Envoy in no known Pod is waited for, and then not served."""
    replica = await stage.serve("--pod-wait", "3s")
    before = await figures(it=replica)
    stage.launch("stranger", next(stage.addresses), node="nobody.nowhere")
    await read(replica, "legation_proxies_waiting", lambda value: value == 1)
    after = await figures(it=replica)
    fires(tmp_path, "LegationEnvoysWait", JOB, "1 Envoys are told nothing", before=before, after=after)
    await read(replica, "legation_turned_away_total", lambda value: value > 0)
    after = await figures(it=replica)
    fires(tmp_path, "LegationEnvoysTurnedAway", JOB, "Envoys are turned away", before=before, after=after)


async def test_status_that_nobody_writes(stage: Stage, tmp_path: Path) -> None:
    """The replica that has not the Lease is left alone."""
    one = await stage.serve(*STATUS)
    await read(one, "legation_leader", lambda value: value == 1)
    other = await stage.serve(*STATUS)
    before = await figures(one=one, other=other)
    after = await figures(other=other)
    fires(tmp_path, "LegationLeaderless", JOB, "No replica writes the status of objects", before=before, after=after)


async def test_a_replica_that_does_not_answer(stage: Stage, tmp_path: Path) -> None:
    one, other = await stage.serve(*STATUS, *TOGETHER), await stage.serve(*STATUS, *TOGETHER)
    stage.join(one, other)
    await read(one, "legation_leader", lambda value: value == 1)
    await read(one, "legation_replicas_answered", lambda value: value == 2)
    before = await figures(one=one, other=other)
    await other.kill()
    await read(one, "legation_replicas_answered", lambda value: value == 1)
    after = await figures(one=one)
    words = "1 replicas do not tell what their Envoys have"
    fires(tmp_path, "LegationReplicasSilent", JOB, words, before=before, after=after)


@contextmanager
def without_rights(house: House) -> Iterator[None]:
    """Let nobody write status until the block ends."""
    roles = of_kind(rendered(house.helm, HOME), "ClusterRole")
    rules = ([rule for rule in role["rules"] if rule["verbs"] != ["patch"]] for role in roles)
    apply_all(house.admin, [role | {"rules": kept} for role, kept in zip(roles, rules, strict=True)])
    try:
        yield
    finally:
        apply_all(house.admin, roles)


async def test_status_that_cannot_be_written(stage: Stage, tmp_path: Path) -> None:
    """A right is missing."""
    replica = await stage.serve(*STATUS)
    await stage.shop("web")
    edge = await stage.envoy()
    await edge.serves()
    await read(replica, "legation_status_writes_total", lambda value: value > 0)
    before = await figures(it=replica)
    with without_rights(stage.house):
        # What no Envoy has any more is to be told.
        await asyncio.to_thread(edge.envoy.stop)
        await read(replica, "legation_status_failures_total", lambda value: value > 0)
        after = await figures(it=replica)
    fires(tmp_path, "LegationStatusFails", JOB, "Status or Events cannot be written", before=before, after=after)
