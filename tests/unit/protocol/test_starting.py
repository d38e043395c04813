"""Starting: a client that comes back before its first clusters were warm."""

from __future__ import annotations

from legation.model.resource_types import CLUSTER, CLUSTER_LOAD_ASSIGNMENT, LISTENER
from legation.protocol.delta import DeltaMachine
from legation.protocol.messages import DeltaRequest
from legation.protocol.policy import Policy
from legation.protocol.returning import Returning
from legation.protocol.situation import Situation
from legation.protocol.starting import SPEAKING, came_back, look
from legation.protocol.terms import Terms
from tests.small_world import cluster, endpoints, listener, snapshot

HAVING = snapshot(cluster("a"), endpoints("a"), endpoints("b"), listener("l", clusters="a"))


def machine(client: Situation, has: str) -> DeltaMachine:
    """Return the machine of a client that comes back with endpoints of these names, and asks for a, b and c."""
    made = DeltaMachine(CLUSTER_LOAD_ASSIGNMENT, owner="ads", terms=Terms(aggregated=True))
    client.machines.open(made)
    made.receive(DeltaRequest(type=made.row, subscribe=("a", "b", "c"), initial_versions=dict.fromkeys(has, "1")))
    made.forced.clear()
    return made


def client(*types: str) -> Situation:
    """Return a client that asks for these types besides."""
    made = Situation(Policy())
    made.snapshot, made.returning = HAVING, Returning()
    for row in (CLUSTER, LISTENER):
        if row.name in types:
            made.machines.open(DeltaMachine(row, owner="ads", terms=Terms(aggregated=True)))
    return made


def test_who_asks_for_no_clusters_is_owed_at_once_what_clusters_name() -> None:
    warming = client()
    asking = machine(warming, has="ab")
    came_back(warming, asking)
    assert asking.forced == {"a"}
    assert warming.returning is not None
    assert not warming.returning.doubted


def test_who_asks_for_no_listeners_is_owed_what_it_claims_to_have_a_moment_later() -> None:
    starting = client("Cluster")
    asking = machine(starting, has="ab")
    came_back(starting, asking)
    look(starting, 3.0)
    assert starting.deadline == 3.0 + SPEAKING
    look(starting, 2.9 + SPEAKING)
    assert not asking.forced
    look(starting, 3.0 + SPEAKING)
    assert asking.forced == {"a"}
    asking.forced.clear()
    look(starting, 100.0)
    assert not asking.forced, "once is enough"


def test_who_took_the_name_back_is_owed_nothing() -> None:
    starting = client("Cluster")
    asking = machine(starting, has="a")
    came_back(starting, asking)
    look(starting, 0.0)
    asking.receive(DeltaRequest(type=asking.row, unsubscribe=("a",)))
    look(starting, SPEAKING)
    assert not asking.forced


def test_who_asks_for_listeners_is_owed_nothing() -> None:
    running = client("Cluster", "Listener")
    asking = machine(running, has="a")
    came_back(running, asking)
    look(running, 0.0)
    look(running, SPEAKING)
    assert running.deadline is None
    assert not asking.forced


def test_who_finds_no_listeners_is_owed_what_it_claims_to_have_when_there_are_some_soon() -> None:
    for now, owed in ((19.9, {"a"}), (20.0, set())):
        starting = client("Cluster")
        starting.snapshot = snapshot(cluster("a"), endpoints("a"))
        asking = machine(starting, has="a")
        came_back(starting, asking)
        look(starting, 0.0)
        look(starting, SPEAKING)
        assert starting.deadline is None
        assert not asking.forced
        starting.snapshot = HAVING
        look(starting, now)
        assert asking.forced == owed
