"""Ended: what streams that have ended told."""

from __future__ import annotations

import pytest

from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, SECRET, ResourceType
from legation.model.snapshot import Snapshot
from legation.protocol.delta import DeltaMachine
from legation.protocol.ended import Ended
from legation.protocol.holding import just
from legation.protocol.machine import Machine
from legation.protocol.machines import Machines
from legation.protocol.messages import DeltaRequest
from legation.protocol.terms import Terms
from tests.small_world import cluster, endpoints, resource, snapshot

HAVING = snapshot(cluster("a"), endpoints("a"))
PATIENCE = 20.0


def machine(row: ResourceType, *names: str, sent: Snapshot, aggregated: bool = False) -> Machine:
    made = DeltaMachine(row, owner=object(), terms=Terms(aggregated=aggregated))
    made.receive(DeltaRequest(type=row, subscribe=names))
    made.ledger.sent = just(sent[row])
    return made


def others(*machines: Machine) -> Machines:
    made = Machines()
    for each in machines:
        made.open(each)
    return made


CLUSTERS = machine(CLUSTER, sent=HAVING)


def test_what_a_stream_told_is_remembered_for_a_while() -> None:
    ended = Ended()
    ended.take(machine(CLUSTER_LOAD_ASSIGNMENT, "a", sent=HAVING), others(CLUSTERS), snapshot())
    ended.begin(1.0, patience=PATIENCE)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "a") is endpoints("a")
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "b") is None
    ended.begin(20.9, patience=PATIENCE)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "a") is endpoints("a")
    ended.begin(21.0, patience=PATIENCE)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "a") is None


def test_what_was_told_last_counts_and_counts_longest() -> None:
    ended, newer = Ended(), snapshot(cluster("a"), endpoints("a", 2))
    for now, sent in ((1.0, HAVING), (2.0, newer), (3.0, snapshot())):
        ended.take(machine(CLUSTER_LOAD_ASSIGNMENT, "a", sent=sent), others(CLUSTERS), HAVING)
        ended.begin(now, patience=PATIENCE)
    ended.begin(21.9, patience=PATIENCE)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "a") is endpoints("a", 2)


def test_each_is_forgotten_at_its_own_time() -> None:
    both = snapshot(cluster("a"), cluster("b"), endpoints("a"), endpoints("b"))
    ended, using = Ended(), others(machine(CLUSTER, sent=both))
    for now, name in ((0.0, "a"), (5.0, "b"), (10.0, "a")):
        ended.take(machine(CLUSTER_LOAD_ASSIGNMENT, name, sent=both), using, both)
        ended.begin(now, patience=PATIENCE)
    ended.begin(25.0, patience=PATIENCE)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "b") is None
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "a") is endpoints("a")


@pytest.mark.parametrize("wanted", [HAVING, snapshot()], ids=["wanted", "not wanted"])
def test_nothing_is_remembered_of_what_the_client_has_no_use_for(wanted: Snapshot) -> None:
    ended = Ended()
    ended.take(machine(CLUSTER_LOAD_ASSIGNMENT, "a", sent=HAVING), others(CLUSTERS), wanted)
    ended.begin(0.0, patience=PATIENCE)
    ended.take(machine(CLUSTER_LOAD_ASSIGNMENT, "a", sent=HAVING), others(machine(CLUSTER, sent=snapshot())), wanted)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "a") is None
    ended.begin(0.0, patience=PATIENCE)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "a") is None


def test_clusters_that_are_asked_for_one_by_one_count() -> None:
    names = [f"c{at}" for at in range(20)]
    many = snapshot(*map(cluster, names), *map(endpoints, names))
    crowd = [machine(CLUSTER, name, sent=many) for name in names]
    using, ended = others(*crowd), Ended()
    for each in crowd:
        each.ledger.sent = each.ledger.accepted = each.own(just(many[CLUSTER]))
        each.forced.clear()
        using.rest(each, many[CLUSTER])
    assert not list(using.unsettled(CLUSTER))
    ended.take(machine(CLUSTER_LOAD_ASSIGNMENT, "c3", sent=many), using, many)
    ended.begin(0.0, patience=PATIENCE)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "c3") is endpoints("c3")


def test_nothing_is_remembered_of_an_aggregated_stream_of_other_types_and_of_many_names() -> None:
    ended = Ended()
    secret = snapshot(resource(SECRET, "a"), resource(CLUSTER, "a", 1, ((SECRET, ("a",)),)))
    ended.take(machine(CLUSTER_LOAD_ASSIGNMENT, "a", sent=HAVING, aggregated=True), others(CLUSTERS), HAVING)
    ended.take(machine(CLUSTER_LOAD_ASSIGNMENT, "a", "b", sent=HAVING), others(CLUSTERS), HAVING)
    ended.take(machine(SECRET, "a", sent=secret), others(machine(CLUSTER, sent=secret)), secret)
    ended.begin(0.0, patience=PATIENCE)
    assert ended.told(CLUSTER_LOAD_ASSIGNMENT, "a") is None
    assert ended.told(SECRET, "a") is None
