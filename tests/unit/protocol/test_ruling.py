"""What a client of several streams may be told."""

from __future__ import annotations

from math import inf

import pytest

from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER, ROUTE_CONFIGURATION
from legation.model.snapshot import EMPTY, collect
from legation.protocol.draining import Predecessors
from legation.protocol.holding import over
from legation.protocol.messages import DeltaRequest, SotwRequest
from legation.protocol.sequence import Policy, Sequence, Variant
from tests.small_world import cluster, endpoints, listener, snapshot, udp_listener
from tests.turn import next_response


@pytest.mark.parametrize("variant", Variant)
def test_the_endpoints_of_a_kept_cluster_are_as_last_known_on_its_next_stream_too(variant: Variant) -> None:
    """An Envoy without ADS opens a new endpoint stream for the changed cluster before it closes that of the old one."""
    sequence = Sequence()
    sequence.retarget(snapshot(cluster("a"), endpoints("a")))

    def ask(stream: str, *names: str) -> tuple[str, set[str]] | None:
        row = CLUSTER_LOAD_ASSIGNMENT if names else CLUSTER
        machine = sequence.open(row, variant=variant, owner=stream)
        if variant is Variant.SOTW:
            sequence.receive(machine, SotwRequest(type=row, names=names), 0.0)
        else:
            sequence.receive(machine, DeltaRequest(type=row, subscribe=names), 0.0)
        answer = next_response(sequence, 0.0, stream)
        return answer and (answer[0].type.name, {each.version for each in answer[0].resources})

    assert ask("clusters") == ("Cluster", {"1"})
    assert ask("first", "a") == ("ClusterLoadAssignment", {"1"})
    sequence.retarget(snapshot())
    assert ask("second", "a") == ("ClusterLoadAssignment", {"1"})


@pytest.mark.parametrize("variant", Variant)
def test_nothing_is_kept_of_a_name_that_is_gone(variant: Variant) -> None:
    sequence = Sequence(Policy(removal_grace=1.0))
    row = CLUSTER_LOAD_ASSIGNMENT
    machine = sequence.open(row, variant=variant, owner="stream")
    target = snapshot(endpoints("a"))
    sequence.retarget(target)
    if variant is Variant.SOTW:
        sequence.receive(machine, SotwRequest(type=row, names=("a",)), 0.0)
    else:
        sequence.receive(machine, DeltaRequest(type=row, subscribe=("a",)), 0.0)
    assert next_response(sequence, 0.0, "stream")
    answer = (
        SotwRequest(type=row, names=("a",), nonce="1") if variant is Variant.SOTW else DeltaRequest(type=row, nonce="1")
    )
    sequence.receive(machine, answer, 0.0)
    target = snapshot()
    sequence.retarget(target)
    assert next_response(sequence, 0.0, "stream") is None
    assert sequence.next_deadline() == 1.0
    told = next_response(sequence, 1.0, "stream")
    assert (told is None) == (variant is Variant.SOTW)
    next_response(sequence, 1.0, "stream")
    assert machine.at_rest(target[row])


def test_a_listener_that_has_drained_is_remembered_for_the_grace() -> None:
    predecessors = Predecessors()
    predecessors.replaced({"l": listener("l", clusters="a")}, over(EMPTY[LISTENER], {}))
    predecessors.drain(lambda _: True, until=10.0)
    assert any(predecessors.users(CLUSTER, "a"))
    assert predecessors.prune(9.9, grace=5.0) == 10.0
    assert predecessors.prune(10.0, grace=5.0) is None
    assert not len(predecessors)
    assert not any(predecessors.users(CLUSTER, "a"))
    assert predecessors.used_until(CLUSTER, "a") == 10.0
    assert predecessors.used_until(CLUSTER, "b") == -inf
    predecessors.prune(15.0, grace=5.0)
    assert predecessors.used_until(CLUSTER, "a") == -inf


def test_a_udp_listener_is_gone_when_its_successor_is_warm() -> None:
    predecessors = Predecessors()
    new = listener("u", 2, routes="r")
    predecessors.replaced({"u": udp_listener("u", clusters="a")}, over(EMPTY[LISTENER], {"u": new}))
    predecessors.drain(lambda _: False, until=10.0)
    assert any(predecessors.users(CLUSTER, "a"))
    predecessors.drain(lambda _: True, until=10.0)
    assert not len(predecessors)
    predecessors.prune(10.0, grace=5.0)
    assert predecessors.used_until(CLUSTER, "a") == -inf


def test_a_listener_that_is_never_warm_has_few_predecessors() -> None:
    predecessors = Predecessors()
    for version in range(100):
        now = collect(LISTENER, [listener("l", version + 1, routes="r")])
        predecessors.replaced({"l": listener("l", version, routes="r")}, over(now, {}))
        predecessors.drain(lambda _: False, until=1.0)
    assert len(predecessors) < 20
    assert any(predecessors.users(ROUTE_CONFIGURATION, "r"))
