"""The costs that could grow: with the streams of a client, with what it holds, and with the number of clients."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path

from bench import manifests, side_by_side
from bench.programs import Load, finished, memory, processor_seconds, python
from bench.saved import Row
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, ResourceType
from legation.model.snapshot import Snapshot, collect
from legation.protocol.machine import Machine
from legation.protocol.messages import DeltaRequest
from legation.protocol.sequence import Sequence, Variant

STREAMS = 8_000
ENVOYS = 4
CLIENTS = 10_000
CLUSTERS = 20
ROUNDS = 200
AT_A_TIME = 64
"""Streams that are opened between two turns."""


class Envoy:
    """A client with a stream for its clusters and one for the endpoints of each, without a network."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._sequence = Sequence()
        self._machines: dict[str, Machine] = {}
        self.messages = 0
        self.retarget(snapshot)

    def retarget(self, snapshot: Snapshot) -> None:
        """Have it get another snapshot."""
        self._sequence.retarget(snapshot)

    def ask(self, row: ResourceType, *names: str) -> None:
        """Open a stream."""
        stream = f"{row.name} {' '.join(names)}"
        machine = self._machines[stream] = self._sequence.open(row, variant=Variant.DELTA, owner=stream)
        self._sequence.receive(machine, DeltaRequest(type=row, subscribe=names), 0.0)

    def accept_all(self) -> None:
        """Let it hear and accept all that there is."""
        while told := [(owner, response) for owner, response, _ in self._sequence.turns(0.0, lambda _: True)]:
            self.messages += len(told)
            for owner, response in told:
                request = DeltaRequest(type=response.type, nonce=response.nonce)
                self._sequence.receive(self._machines[str(owner)], request, 0.0)


def streams() -> Iterator[Row]:
    """An Envoy without ADS has a stream for the endpoints of each of its clusters."""
    names = [f"cluster-{number:05}" for number in range(STREAMS)]
    envoys = [Envoy(_snapshot(names, 0)) for _ in range(ENVOYS)]
    took = []
    for envoy in envoys:
        begun = time.perf_counter()
        envoy.ask(CLUSTER)
        envoy.accept_all()
        for at in range(0, STREAMS, AT_A_TIME):
            for name in names[at : at + AT_A_TIME]:
                envoy.ask(CLUSTER_LOAD_ASSIGNMENT, name)
            envoy.accept_all()
        took.append(time.perf_counter() - begun)
    yield Row(what=f"an Envoy with {STREAMS:,} streams connects", measured=f"{statistics.median(took):.2f} s")
    changed, took = _snapshot(names, 1), []
    sent = sum(envoy.messages for envoy in envoys)
    for envoy in envoys:
        begun = time.perf_counter()
        envoy.retarget(changed)
        envoy.accept_all()
        took.append(time.perf_counter() - begun)
    sent = sum(envoy.messages for envoy in envoys) - sent
    what = f"one endpoint changes for {ENVOYS} of them"
    yield Row(what=f"{what}: messages", measured=str(sent), target=str(ENVOYS))
    yield Row(what=f"{what}: own work for each, the first looks for the change", measured=_ms(took))


def acknowledgements() -> Iterator[Row]:
    """The answer of an ADS client to a response with one change."""
    for count in (10, 10_000):
        names = [f"cluster-{number:05}" for number in range(count)]
        envoys, took, snapshots = [Sequence() for _ in range(ENVOYS)], [], []
        machines = {each: each.open(CLUSTER, variant=Variant.DELTA, owner=None) for each in envoys}
        for envoy, machine in machines.items():
            envoy.receive(machine, DeltaRequest(type=CLUSTER), 0.0)
        for version in range(ROUNDS):
            # Kept: what is not needed any more is freed in the answer of the last client that held it.
            snapshots.append(_snapshot(names, version, row=CLUSTER))
            for envoy in envoys:
                envoy.retarget(snapshots[-1])
            told = {envoy: next(envoy.turns(0.0, lambda _: True), None) for envoy in envoys}
            for envoy, answer in told.items():
                begun = time.perf_counter()
                envoy.receive(machines[envoy], DeltaRequest(type=CLUSTER, nonce=answer[1].nonce if answer else ""), 0.0)
                took.append(time.perf_counter() - begun)
        yield Row(what=f"an ACK among {count:,} clusters", measured=f"{statistics.median(took) * 1e6:.1f} us")


async def clients(folder: Path) -> AsyncIterator[Row]:
    """Delta clients that connect to the library at the same moment, over gRPC."""
    written = folder / "manifests"
    manifests.write(written, clusters=CLUSTERS, listeners=0, endpoints=False)
    side_by_side.build(folder)
    async with python("library", written, folder) as server:
        before, used = memory(server.pid), processor_seconds(server.pid)
        wants = (f"-clients={CLIENTS}", f"-clusters={CLUSTERS}")
        async with Load.started(folder / "load", f"-address={server.address}", *wants, log=folder / "load.log") as load:
            seen = await load.seen()
            used = await finished(server.pid) - used
            held = (memory(server.pid) - before) / CLIENTS
    what = f"{CLIENTS:,} clients of {CLUSTERS} clusters connect at once"
    yield Row(what=f"{what}: until the last has all", measured=f"{seen.last - seen.began:.1f} s")
    yield Row(what=f"{what}: processor", measured=f"{used:.1f} s")
    yield Row(what=f"{what}: memory of each", measured=f"{held:.1f} KiB", target="64 KiB")


def _snapshot(names: list[str], version: int, row: ResourceType = CLUSTER_LOAD_ASSIGNMENT) -> Snapshot:
    """Return a snapshot in which the first resource of a type has that version."""
    return Snapshot.of([collect(row, (_resource(row, name, 0 if at else version) for at, name in enumerate(names)))])


@cache
def _resource(row: ResourceType, name: str, version: int) -> Resource:
    return Resource(type=row, name=name, body=b"", version=str(version))


def _ms(took: list[float]) -> str:
    return ", ".join(f"{seconds * 1000:.2f}" for seconds in took) + " ms"


async def measure(folder: Path) -> None:
    """Measure all and print a row as soon as it is known."""
    for row in (*streams(), *acknowledgements()):
        _show(row)
    async for row in clients(folder):
        _show(row)


def _show(row: Row) -> None:
    print(f"{row.what:<85}{row.measured:>30}{row.target:>10}", flush=True)
