"""Whenever an Envoy connects, its first answer holds all: while a cluster is still being read, and while it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from legation.control_plane import ControlPlane
from legation.model.resource_types import CLUSTER, LISTENER, ResourceType
from legation.sources.kubernetes.source import KubernetesSource
from legation.testing import FakeEnvoy, FakeKube
from legation.translate.pipeline import API_KINDS

DURING_THE_START = 125
"""Envoys for each kind that is read last."""
DURING_CHANGES = 500
AT_A_TIME = 25
PATIENCE = 30.0
KINDS = {each.kind: each for each in API_KINDS}
CLUSTERS = {f"c-{number}" for number in range(20)}
LISTENERS = {f"l-{number}" for number in range(5)}


def pod(name: str) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": name, "labels": {"app": "edge"}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"podIP": "127.0.0.1"}}


def bootes(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {
        "apiVersion": "bootes.io/v1",
        "kind": kind,
        "metadata": {"namespace": "shop", "name": name},
        "spec": {"config": {"name": name, **config}, "workloadSelector": {"labels": {"app": "edge"}}},
    }


def cluster(name: str, seconds: int = 1) -> dict[str, Any]:
    return bootes("Cluster", name, connect_timeout=f"{seconds}s")


def listener(name: str, port: int, *, to: str) -> dict[str, Any]:
    kind = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
    proxy = {"name": "tcp", "typed_config": {"@type": kind, "stat_prefix": name, "cluster": to}}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return bootes("Listener", name, address=address, filter_chains=[{"filters": [proxy]}])


@pytest.fixture
async def kube() -> AsyncIterator[FakeKube]:
    """A cluster with Pods, all of them at this machine's address, and all objects."""
    async with FakeKube() as kube:
        for kind in API_KINDS:
            kube.install(kind)
        for number in range(DURING_CHANGES):
            kube.put(pod(f"edge-{number}"))
        for name in CLUSTERS:
            kube.put(cluster(name))
        for port, name in enumerate(LISTENERS, 10000):
            kube.put(listener(name, port, to="c-0"))
        yield kube


def serving(kube: FakeKube) -> ControlPlane:
    return ControlPlane([KubernetesSource(kube.connection, kinds=API_KINDS)], xds_bind="127.0.0.1", xds_port=0)


def envoy(plane: ControlPlane, number: int) -> FakeEnvoy:
    return FakeEnvoy(f"127.0.0.1:{plane.xds_port}", node=f"edge-{number}.shop", delta=number % 2 == 0)


@asynccontextmanager
async def connected(plane: ControlPlane, count: int) -> AsyncIterator[list[FakeEnvoy]]:
    envoys = [envoy(plane, number) for number in range(count)]
    for each in envoys:
        each.connect()
    try:
        yield envoys
    finally:
        await asyncio.gather(*(each.disconnect() for each in envoys))


def has_heard(envoy: FakeEnvoy, row: ResourceType) -> bool:
    return any(each.type is row for each in envoy.responses)


async def got_all_at_once(envoy: FakeEnvoy) -> None:
    for row, wanted in ((CLUSTER, CLUSTERS), (LISTENER, LISTENERS)):
        await envoy.until(partial(has_heard, envoy, row), f"the first {row.name}", within=PATIENCE)
        first = next(each for each in envoy.responses if each.type is row)
        assert wanted <= set(first.names)
    assert not envoy.refusals
    assert not envoy.violations


@pytest.mark.parametrize("late", ["clusters", "listeners", "pods", "services"])
async def test_who_connects_while_a_kind_is_still_being_read(kube: FakeKube, late: str) -> None:
    kube.hang_next(times=1000, plural=late)
    async with serving(kube) as plane, connected(plane, DURING_THE_START) as envoys:
        await kube.wait(lambda: kube.hanging == 1 and kube.watches > 4)
        assert not any(each.responses for each in envoys)
        kube.heal()
        await asyncio.gather(*map(got_all_at_once, envoys))


async def test_who_connects_while_objects_change(kube: FakeKube) -> None:
    """One is changed, one comes and one goes, over and over."""
    connects = iter(range(DURING_CHANGES))

    async def change() -> None:
        # An Envoy that looks on tells what was heard of. Of two kinds either may be heard of first: a cluster is there
        # before a listener that needs it comes, and until it is gone.
        for number in range(10**9):
            new, old = f"extra-{number}", f"extra-{number - 3}"
            kube.put(cluster(f"c-{number % len(CLUSTERS)}", seconds=number % 50 + 2))
            kube.put(cluster(new))
            await observer.until(partial(is_there, number), f"the clusters of change {number}", within=PATIENCE)
            kube.put(listener(new, 20000 + number % 10, to=new))
            if number >= 3:
                kube.delete(KINDS["Listener"], "shop", old)
            await observer.until(partial(listens, new, old), f"the listeners of change {number}", within=PATIENCE)
            if number >= 3:
                kube.delete(KINDS["Cluster"], "shop", old)

    def is_there(number: int) -> bool:
        held = observer.json("clusters", f"c-{number % len(CLUSTERS)}")
        return f"extra-{number}" in observer.holds("clusters") and held["connect_timeout"] == f"{number % 50 + 2}s"

    def listens(new: str, old: str) -> bool:
        return new in observer.holds("listeners") and old not in observer.holds("listeners")

    async def connect_some(plane: ControlPlane) -> None:
        for number in connects:
            async with envoy(plane, number) as each:
                await got_all_at_once(each)

    async with serving(kube) as plane:
        await plane.wait_ready()
        async with envoy(plane, 0) as observer:
            await observer.has("clusters", CLUSTERS)
            changing = asyncio.create_task(change())
            async with asyncio.TaskGroup() as tasks:
                for _ in range(AT_A_TIME):
                    tasks.create_task(connect_some(plane))
            assert not changing.done()
            changing.cancel()
            await asyncio.wait([changing])
