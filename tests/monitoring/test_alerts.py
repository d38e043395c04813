"""Each alert fires on the figures of a server for which it is meant, and not on those of one that is well.

Those about Pods, status and replicas are tested where there is a cluster.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc.aio
import pytest

from legation.cli.handshakes_side import CODE as HANDSHAKES
from legation.clock import MonotonicClock
from legation.control_plane import ControlPlane
from legation.errors import StoreUnavailable
from legation.model.problems import Level, Problem
from legation.model.resource_types import ADS_SERVICE, CLUSTER
from legation.ops.metrics import Metrics
from legation.sources.base import Source
from legation.sources.memory import MemorySource
from legation.sources.stored.disk import FolderDisk
from legation.sources.stored.store import StoredObjects
from legation.testing import FakeEnvoy
from legation.transports import conduct
from legation.transports.grpc_server import GrpcTransport
from tests.features.stage import SHOP, SOON, cluster
from tests.monitoring import promtool
from tests.monitoring.alerting import ALERTS, Series, fires, series
from tests.unit.transports.loopback import RawStream, until

JOB = {"job": "legation"}


class LeapingClock(MonotonicClock):
    """The clock of the machine, which can be put forward."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@dataclass
class World:
    """A server with its figures."""

    source: MemorySource = field(default_factory=MemorySource)
    clock: LeapingClock = field(default_factory=LeapingClock)
    more: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        self._more: tuple[Problem, ...] = ()
        self.transport = GrpcTransport(bind=("127.0.0.1",), port=0, policy=SOON, clock=self.clock)
        self.plane = ControlPlane([self.source, *self.more], transports=[self.transport], clock=self.clock)
        self._metrics = Metrics(
            statistics=self.plane.statistics,
            problems=lambda: (*self.plane.problems(), *self._more),
            transport=self.transport.statistics,
        )

    def read(self, *more: Problem) -> Series:
        self._more = more
        page, _ = self._metrics.render(accept="text/plain")
        return series(page.decode())

    def envoy(self, node: str = "edge") -> FakeEnvoy:
        return FakeEnvoy(f"127.0.0.1:{self.transport.port}", node=node)

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[RawStream]:
        """Open a stream of clusters by hand."""
        async with grpc.aio.insecure_channel(f"127.0.0.1:{self.transport.port}") as channel:
            yield RawStream(channel, f"/{ADS_SERVICE}/StreamAggregatedResources")


@asynccontextmanager
async def well() -> AsyncIterator[tuple[World, FakeEnvoy]]:
    """Run a server with an Envoy that has all that there is."""
    world = World()
    for body in SHOP:
        world.source.put(body)
    async with world.plane:
        await world.plane.wait_ready()
        async with world.envoy() as envoy:
            await envoy.has("routes", {"shop"})
            assert await world.plane.wait_accepted(timeout=10)
            yield world, envoy


def test_prometheus_takes_the_rules() -> None:
    done = subprocess.run(
        [promtool.found(), "check", "rules", str(ALERTS)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def test_absent(tmp_path: Path) -> None:
    async with well() as (world, _):
        fires(tmp_path, "LegationAbsent", {}, "No replica of legation tells anything", before=world.read(), after={})


async def test_objects_broken(tmp_path: Path) -> None:
    async with well() as (world, _):
        before = world.read()
        world.source.put(cluster("next") | {"spec": {"config": {"name": "next", "conect_timeout": "1s"}}})
        await world.plane.wait_accepted(timeout=10)
        fires(
            tmp_path,
            "LegationObjectsBroken",
            {**JOB, "code": "unknown-field", "kind": "Cluster"},
            "1 problems of code unknown-field",
            before=before,
            after=world.read(),
        )


async def test_envoys_refuse(tmp_path: Path) -> None:
    async with well() as (world, envoy):
        before = world.read()
        envoy.refuse("clusters", "next")
        world.source.put(cluster("next"))
        await envoy.nacked("clusters")
        await world.plane.wait_accepted(timeout=10)
        fires(
            tmp_path,
            "LegationEnvoysRefuse",
            {**JOB, "type": "Cluster"},
            "1 Envoys refuse a Cluster",
            before=before,
            after=world.read(),
        )


async def test_envoys_silent(tmp_path: Path) -> None:
    async with well() as (world, _), world.stream() as stream:
        before = world.read()
        await stream.send(type_url=CLUSTER.url, node="mute")
        await stream.receive()
        world.clock.ahead = 70.0
        fires(
            tmp_path,
            "LegationEnvoysSilent",
            {**JOB, "type": "Cluster"},
            "1 Envoys have not answered a Cluster for minutes",
            before=before,
            after=world.read(),
        )


async def test_slow(tmp_path: Path) -> None:
    async with well() as (world, _), world.stream() as stream:
        await stream.send(type_url=CLUSTER.url, node="slow")
        await stream.acknowledge(await stream.receive())
        before = world.read()
        world.source.put(cluster("next"))
        response = await stream.receive()
        world.clock.ahead = 40.0
        await stream.acknowledge(response)
        await until(lambda: any("convergence" in name and value for name, value in world.read().items()))
        await world.plane.wait_accepted(timeout=10)
        fires(
            tmp_path,
            "LegationSlow",
            {**JOB, "type": "Cluster"},
            "Changes of a Cluster take longer than 10 s to some Envoys",
            before=before,
            after=world.read(),
        )


async def test_clients_misbehave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conduct, "BURST", 30)
    async with well() as (world, _), world.stream() as stream:
        before = world.read()
        for number in range(40):
            await stream.send(type_url=CLUSTER.url, node="greedy", resource_names=[f"c{number}"])
        await until(lambda: bool(world.transport.statistics().misbehaving))
        [(what, _)] = world.transport.statistics().misbehaving.items()
        fires(
            tmp_path,
            "LegationClientsMisbehave",
            {**JOB, "what": what},
            f"A client asks for too much ({what})",
            before=before,
            after=world.read(),
        )


class FullDisk(FolderDisk):
    """A disk that takes nothing once it is full."""

    is_full = False

    def write(self, data: bytes) -> None:
        if self.is_full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().write(data)


async def test_store_unwritable(tmp_path: Path) -> None:
    disk = FullDisk(tmp_path / "state")
    store = StoredObjects(tmp_path / "state", disk=disk)
    world = World(more=(store,))
    async with world.plane:
        await store.apply([cluster("first")], manager="test")
        await world.plane.wait_ready()
        before = world.read()
        disk.is_full = True
        with pytest.raises(StoreUnavailable):
            await store.apply([cluster("next")], manager="test")
        await until(lambda: any("store-unwritable" in name for name in world.read()))
        fires(
            tmp_path,
            "LegationStoreUnwritable",
            JOB,
            "Objects that come through the management API cannot be kept",
            before=before,
            after=world.read(),
        )


async def test_certificates(tmp_path: Path) -> None:
    async with well() as (world, _):
        ends = Problem(code="tls", level=Level.WARNING, message="the certificate that is shown expires soon")
        fires(
            tmp_path,
            "LegationCertificates",
            JOB,
            "A certificate of the ports cannot be used, or ends soon",
            before=world.read(),
            after=world.read(ends),
        )


async def test_envoys_denied(tmp_path: Path) -> None:
    async with well() as (world, _):
        # Its first reading has a refusal already: what is not there yet has no growth.
        before = {**world.read(), **denied(world, 1)}
        fires(
            tmp_path,
            "LegationEnvoysDenied",
            {**JOB, "cause": "other-node"},
            "Envoys are refused for their identity (other-node)",
            before=before,
            after={**world.read(), **denied(world, 50)},
        )


def denied(world: World, times: int) -> Series:
    """Return the figures of refusals, as a server tells them that has refused so often."""
    counted = replace(world.plane.statistics(), denied={"other-node": times})
    metrics = Metrics(statistics=lambda: counted, problems=tuple, transport=world.transport.statistics)
    page, _ = metrics.render(accept="text/plain")
    return {name: value for name, value in series(page.decode()).items() if name.startswith("legation_denied_total")}


@pytest.mark.parametrize("code", ["identity-rules", "management-policy", "unchecked-tokens"])
async def test_identity_unclear(tmp_path: Path, code: str) -> None:
    async with well() as (world, _):
        before = world.read()
        after = world.read(Problem(code=code, level=Level.ERROR, message="it cannot be used"))
        summary = f"What says who is who cannot be used ({code})"
        fires(tmp_path, "LegationIdentityUnclear", {**JOB, "code": code}, summary, before=before, after=after)
        # It is no object, so nobody is told of last good versions.
        with pytest.raises(AssertionError):
            fires(tmp_path, "LegationObjectsBroken", {**JOB, "code": code}, "", before=before, after=after)


async def test_handshakes(tmp_path: Path) -> None:
    async with well() as (world, _):
        fail = Problem(code=HANDSHAKES, level=Level.WARNING, message="--xds-port: 40 connections came to nothing")
        fires(
            tmp_path,
            "LegationHandshakesFail",
            JOB,
            "TLS handshakes fail",
            before=world.read(),
            after=world.read(fail),
        )
