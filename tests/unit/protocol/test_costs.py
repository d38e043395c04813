"""What must not grow: the cost of an ACK with what the client holds, and memory with the number of changes."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT
from legation.model.snapshot import Snapshot, collect
from legation.protocol.machine import Machine
from legation.protocol.messages import DeltaRequest, Request, SotwRequest
from legation.protocol.sequence import Policy, Sequence, Variant
from tests.small_world import cluster
from tests.turn import next_response

pytestmark = pytest.mark.parametrize("variant", Variant)

STREAM = object()


class Counting(Mapping[str, Resource]):
    """Resources that count how often one of them is looked at."""

    def __init__(self, content: Mapping[str, Resource]) -> None:
        self._content = content
        self.touched = 0

    def __getitem__(self, name: str) -> Resource:
        self.touched += 1
        return self._content[name]

    def __iter__(self) -> Iterator[str]:
        for name in self._content:
            self.touched += 1
            yield name

    def __len__(self) -> int:
        return len(self._content)


def _say(
    sequence: Sequence, machine: Machine, nonce: str = "", *, error: str | None = None, names: tuple[str, ...] = ()
) -> None:
    request: Request
    if machine.variant is Variant.SOTW:
        request = SotwRequest(type=machine.row, names=names, nonce=nonce, error=error)
    else:
        request = DeltaRequest(type=machine.row, subscribe=() if nonce else names, nonce=nonce, error=error)
    sequence.receive(machine, request, 0.0)


def _hear(sequence: Sequence) -> str | None:
    found = next_response(sequence, 0.0, STREAM)
    return found and found[0].nonce


def _touched_by_an_ack(variant: Variant, count: int, *, refused: bool) -> int:
    sequence = Sequence(Policy())
    machine = sequence.open(CLUSTER, variant=variant, owner=STREAM)
    _say(sequence, machine)
    clusters = {str(number): cluster(str(number)) for number in range(count)}
    nonce, resources = "", Counting({})
    for version in (1, 2, 3):
        clusters["1"] = cluster("1", version)
        made = collect(CLUSTER, clusters.values())
        resources = Counting(made.resources)
        sequence.retarget(Snapshot.of([replace(made, resources=resources)]))
        nonce = _hear(sequence) or ""
        if version < 3:
            _say(sequence, machine, nonce, error="1: bad" if refused and version == 2 else None)
            while refused and (nonce := _hear(sequence) or ""):
                _say(sequence, machine, nonce)
    assert nonce
    resources.touched = 0
    _say(sequence, machine, nonce)
    assert _hear(sequence) is None
    return resources.touched


@pytest.mark.parametrize("refused", [False, True])
def test_an_ack_looks_at_as_much_among_10_as_among_1000(variant: Variant, *, refused: bool) -> None:
    few, many = (_touched_by_an_ack(variant, count, refused=refused) for count in (10, 1000))
    assert many == few


def test_endless_changes_of_endpoints_leave_memory_as_it_was(variant: Variant) -> None:
    count = 20
    sequence = Sequence(Policy(removal_grace=0.0))
    names = [str(number) for number in range(count)]
    clusters = collect(CLUSTER, map(cluster, names))
    first, second = (sequence.open(row, variant=variant, owner=STREAM) for row in (CLUSTER, CLUSTER_LOAD_ASSIGNMENT))
    machines = {CLUSTER: first, CLUSTER_LOAD_ASSIGNMENT: second}

    def change(number: int) -> None:
        assignments = [
            Resource(type=CLUSTER_LOAD_ASSIGNMENT, name=name, body=b"", version=f"{name} {number}") for name in names
        ]
        sequence.retarget(Snapshot.of([clusters, collect(CLUSTER_LOAD_ASSIGNMENT, assignments)]))
        while found := next_response(sequence, 0.0, STREAM):
            wanted = tuple(names) if found[0].type is CLUSTER_LOAD_ASSIGNMENT else ()
            _say(sequence, machines[found[0].type], found[0].nonce, names=wanted)

    _say(sequence, first)
    _say(sequence, second, names=tuple(names))
    for number in range(50):
        change(number)
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(50, 350):
            change(number)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # One change kept of each ten would be thirty times twenty resources.
    assert after - before < 40_000
