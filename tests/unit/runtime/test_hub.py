"""Who gets what, and who is woken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import pytest

from legation.model.loads import OTHERS, ClusterLoad
from legation.model.node import Node, Peer
from legation.model.resource import Resource
from legation.model.resource_types import CLUSTER, LISTENER, ResourceType
from legation.model.snapshot import Snapshot, collect
from legation.runtime import seats
from legation.runtime.feedback import Feedback
from legation.runtime.hub import Content, Hub
from legation.testing import ManualClock
from legation.transports.base import Refusal
from tests.fakes import PEER, FakeClient
from tests.small_world import cluster

ONE = Snapshot.of([collect(CLUSTER, [cluster("one")])])
TWO = Snapshot.of([collect(CLUSTER, [cluster("two")])])
THREE = Snapshot.of([collect(CLUSTER, [cluster("three")])])
BOTH = Snapshot.of([collect(CLUSTER, [cluster("one"), cluster("two")])])


class World(Content[str]):
    """What the hub asks for: a table of groups, and one of snapshots; both count the questions."""

    def __init__(self) -> None:
        self.groups: dict[str, str] = {}
        self.snapshots: dict[str, Snapshot] = {}
        self.asked: Counter[str] = Counter()
        self.feedback = Feedback(clock=ManualClock())
        self.hub: Hub[str] = Hub(self, feedback=self.feedback)

    def group_of(self, peer: Peer, node: Node) -> str:
        if not node.id:
            raise Refusal("INVALID_ARGUMENT", "no id")
        return self.groups.get(node.id, node.id)

    def snapshot_of(self, group: str) -> Snapshot | None:
        self.asked[group] += 1
        return self.snapshots.get(group)


@pytest.fixture
def world() -> World:
    return World()


def test_a_client_gets_the_snapshot_of_its_group(world: World) -> None:
    world.snapshots = {"a": ONE, "b": TWO}
    assert FakeClient(world.hub, "a").seat.snapshot is ONE
    assert FakeClient(world.hub, "b").seat.snapshot is TWO


def test_a_client_that_the_admission_refuses_gets_no_seat(world: World) -> None:
    with pytest.raises(Refusal):
        FakeClient(world.hub, "")
    assert not world.hub.groups
    assert not world.feedback.accounts


def test_a_group_without_a_snapshot_waits_and_is_woken_when_it_has_one(world: World) -> None:
    client = FakeClient(world.hub, "a")
    before = client.seat.snapshot
    world.snapshots["a"] = ONE
    world.hub.publish()
    assert (before, client.seat.snapshot, client.woken) == (None, ONE, 1)


def test_only_those_whose_snapshot_is_another_object_are_woken(world: World) -> None:
    world.snapshots = {"a": ONE, "b": TWO}
    first, second = FakeClient(world.hub, "a"), FakeClient(world.hub, "b")
    world.snapshots["b"] = BOTH
    assert world.hub.publish() == 1
    assert (first.woken, second.woken) == (0, 1)


def test_a_publish_for_some_groups_asks_for_no_other(world: World) -> None:
    world.snapshots = {"a": ONE, "b": TWO}
    for name in "ab":
        FakeClient(world.hub, name)
    world.asked.clear()
    world.hub.publish(["b", "nobody is there"])
    assert world.asked == {"b": 1}


def test_the_snapshot_of_a_group_is_made_once_for_all_its_clients(world: World) -> None:
    world.groups = {"x": "a", "y": "a"}
    world.snapshots["a"] = ONE
    FakeClient(world.hub, "x")
    FakeClient(world.hub, "y")
    assert world.asked == {"a": 1}


def test_when_the_last_client_leaves_nothing_is_kept(world: World) -> None:
    world.groups = {"x": "a", "y": "a"}
    first, second = FakeClient(world.hub, "x"), FakeClient(world.hub, "y")
    first.seat.leave()
    assert list(world.hub.groups) == ["a"]
    second.seat.leave()
    assert not world.hub.groups
    assert not world.feedback.accounts


def test_a_client_whose_group_changed_sits_elsewhere_and_is_woken(world: World) -> None:
    world.groups = {"x": "a", "y": "a"}
    world.snapshots = {"a": ONE, "b": TWO}
    moved, stayed = FakeClient(world.hub, "x"), FakeClient(world.hub, "y")
    world.groups["x"] = "b"
    world.hub.reseat()
    assert (moved.seat.group, moved.seat.snapshot, moved.woken) == ("b", TWO, 1)
    assert (stayed.seat.group, stayed.seat.snapshot, stayed.woken) == ("a", ONE, 0)


def test_a_reseat_brings_new_snapshots_too(world: World) -> None:
    world.snapshots["a"] = ONE
    client = FakeClient(world.hub, "a")
    world.snapshots["a"] = TWO
    world.hub.reseat()
    assert (client.seat.snapshot, client.woken) == (TWO, 1)


def test_a_client_that_was_moved_can_leave(world: World) -> None:
    client = FakeClient(world.hub, "x")
    world.groups["x"] = "b"
    world.hub.reseat()
    client.seat.leave()
    assert not world.hub.groups


def test_what_a_group_does_not_get_any_more_is_leaving_until_nobody_holds_it(world: World) -> None:
    world.snapshots["a"] = BOTH
    client = FakeClient(world.hub, "a")
    client.subscribe(CLUSTER)
    client.take(CLUSTER)
    world.snapshots["a"] = ONE
    world.hub.publish()
    assert world.hub.leaving().keys() == {(CLUSTER, "two")}
    client.take(CLUSTER)
    world.snapshots["a"] = THREE
    world.hub.publish()
    assert world.hub.leaving().keys() == {(CLUSTER, "one")}


def test_what_comes_back_is_not_leaving(world: World) -> None:
    world.snapshots["a"] = BOTH
    client = FakeClient(world.hub, "a")
    client.subscribe(CLUSTER)
    client.take(CLUSTER)
    for content in (ONE, BOTH):
        world.snapshots["a"] = content
        world.hub.publish()
    assert not world.hub.leaving()


def test_a_client_that_moved_still_has_to_lose_what_its_old_group_had(world: World) -> None:
    world.snapshots = {"a": ONE, "b": TWO}
    world.groups["x"] = "a"
    client = FakeClient(world.hub, "x")
    client.subscribe(CLUSTER)
    client.take(CLUSTER)
    world.groups["x"] = "b"
    world.hub.reseat()
    assert world.hub.leaving().keys() == {(CLUSTER, "one")}
    world.groups["x"] = "c"
    world.snapshots["c"] = THREE
    world.hub.reseat()
    assert world.hub.leaving().keys() == {(CLUSTER, "one")}


def test_what_clients_refused_is_known_where_they_sit_after_a_reseat_as_far_as_that_group_gets_it(world: World) -> None:
    world.snapshots = {"a": BOTH, "b": TWO}
    stays, moves, resides = FakeClient(world.hub, "a"), FakeClient(world.hub, "n"), FakeClient(world.hub, "b")
    stays.seat.verdicts.prove([cluster("one"), cluster("two")])
    version = cluster("one").version
    world.hub.reseat()
    assert dict(stays.seat.verdicts.of(CLUSTER)) == {"one": version, "two": cluster("two").version}
    assert not resides.seat.verdicts.of(CLUSTER)
    world.groups = {"n": "a"}
    world.hub.reseat()
    moves.seat.verdicts.prove([cluster("two")])
    world.groups = {"n": "b"}
    world.hub.reseat()
    assert [*resides.seat.verdicts.of(CLUSTER)] == ["two"]


def test_a_reseat_asks_each_client_once_about_what_is_leaving(world: World) -> None:
    world.groups = {str(number): "a" for number in range(10)}
    world.snapshots["a"] = BOTH
    clients = [CountingClient(world.hub, node) for node in world.groups]
    for client in clients:
        client.subscribe(CLUSTER)
        client.take(CLUSTER)
    world.snapshots["a"] = ONE
    world.hub.publish()
    for client in clients:
        client.held.clear()
        client.questions = 0
    world.hub.reseat()
    assert not world.hub.leaving()
    assert {client.questions for client in clients} == {1}


def test_a_deletion_asks_no_client_until_somebody_asks_what_is_leaving(world: World) -> None:
    world.snapshots["a"] = BOTH
    client = CountingClient(world.hub, "a")
    client.subscribe(CLUSTER)
    client.take(CLUSTER)
    for content in (ONE, THREE):
        world.snapshots["a"] = content
        client.questions = 0
        world.hub.publish()
        assert not client.questions
    assert world.hub.leaving() == {(CLUSTER, name): cluster(name).origin for name in ("one", "two")}
    assert client.questions == 2


def test_of_what_left_long_ago_and_was_never_asked_for_the_newest_is_remembered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that come and go for ever fill no memory; one change that takes away many is remembered whole."""
    monkeypatch.setattr(seats, "MOST_LEAVING", 1)
    client = FakeClient(world.hub, "a")
    client.subscribe(CLUSTER)
    for name in ("one", "two"):
        client.held[CLUSTER, name] = cluster(name)
    for content in (ONE, TWO, THREE):
        world.snapshots["a"] = content
        world.hub.publish()
    (account,) = world.feedback.accounts
    assert set(account.place.names()) == {(CLUSTER, "two"), (CLUSTER, "three")}
    for content in (BOTH, THREE):
        world.snapshots["a"] = content
        world.hub.publish()
    assert world.hub.leaving().keys() == {(CLUSTER, "one"), (CLUSTER, "two")}


class CountingClient(FakeClient):
    """Counts how often it is asked what it holds."""

    questions = 0

    def accepted(self, row: ResourceType, name: str) -> Resource | None:
        self.questions += 1
        return super().accepted(row, name)


def test_who_only_reports_follows_its_group_counts_as_no_proxy_and_keeps_nothing_alive(world: World) -> None:
    world.snapshots = {"a": ONE, "b": BOTH}
    woken: list[object] = []
    seat = world.hub.admit_reporter(PEER, Node(id="a"), wake=lambda: woken.append(seat.clusters))
    assert (set(seat.clusters or ()), seat.group, world.feedback.proxies()) == ({"one"}, "a", ())
    seat.report([ClusterLoad(cluster=name, interval=1.0, issued=2) for name in ("one", "two")])
    world.groups["a"] = "b"
    world.hub.reseat()
    assert (set(seat.clusters or ()), seat.group, len(woken)) == ({"one", "two"}, "b", 1)
    seat.report([ClusterLoad(cluster="two", interval=1.0, issued=3)])
    counted = {(each.group, each.cluster): each.issued for each in world.feedback.statistics().loads}
    assert counted == {("a", "one"): 2, ("a", OTHERS): 2, ("b", "two"): 3}
    del world.snapshots["b"]
    world.hub.publish()
    assert seat.clusters is None
    world.hub.leaving()
    seat.leave()
    assert not world.hub.groups


class Keeping(World):
    """The client `a` stays with what it got."""

    def __init__(self) -> None:
        super().__init__()
        self.regrouped: list[tuple[str, str, Snapshot | None]] = []

    def regroup(self, peer: Peer, node: Node, group: str, snapshot: Snapshot | None) -> str:
        assert peer is PEER
        self.regrouped.append((node.id, group, snapshot))
        return "kept" if node.id == "a" else group


def test_who_sat_here_is_never_refused_and_may_stay_with_what_it_got() -> None:
    """What the client got is told too, for the group may get something else by now."""
    world = Keeping()
    hub, world.snapshots = world.hub, {"a": ONE, "kept": ONE, "b": TWO}
    stays, follows = FakeClient(hub, "a"), FakeClient(hub, "b")
    world.snapshots |= {"a": BOTH, "b": BOTH}
    hub.reseat()
    assert world.regrouped == [("a", "a", ONE), ("b", "b", TWO)]
    assert (stays.seat.group, stays.seat.snapshot, stays.woken) == ("kept", ONE, 0)
    assert (follows.seat.group, follows.seat.snapshot, follows.woken) == ("b", BOTH, 1)
    assert set(hub.groups) == {"kept", "b"}
    stays.seat.leave()
    assert set(hub.groups) == {"b"}


def test_who_sits_where_can_be_asked(world: World) -> None:
    world.groups = {"x": "a", "y": "a"}
    first, second = FakeClient(world.hub, "x"), FakeClient(world.hub, "y")
    third = FakeClient(world.hub, "z")
    world.hub.admit_reporter(PEER, Node(id="x"), wake=lambda: None)
    assert set(world.hub.seats_of("a")) == {first.seat, second.seat}
    assert set(world.hub.seats()) == {first.seat, second.seat, third.seat}
    assert not world.hub.seats_of("b")
    first.seat.leave()
    assert set(world.hub.seats()) == {second.seat, third.seat}


def test_it_is_told_of_everybody_who_comes_or_moves_where_he_belongs_or_why_nowhere(world: World) -> None:
    told: list[tuple[str, str]] = []

    def arrived(peer: Peer, node: Node, found: str | Refusal) -> None:
        assert peer is PEER
        told.append((node.id, found if isinstance(found, str) else found.status))

    hub: Hub[str] = Hub(world, feedback=world.feedback, arrived=arrived)
    FakeClient(hub, "a")
    with pytest.raises(Refusal):
        FakeClient(hub, "")
    world.snapshots = {"a": ONE, "b": TWO}
    hub.publish()
    world.groups["a"] = "b"
    hub.reseat()
    hub.reseat()
    assert told == [("a", "a"), ("", "INVALID_ARGUMENT"), ("a", "b")]


class Wanting(World):
    """A hub that makes what clients ask for by name: then their group gets it."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[tuple[str, ResourceType, set[str]]] = []
        self.made: dict[str, Snapshot] = {}

    def want(self, group: str, row: ResourceType, names: Collection[str]) -> bool:
        self.wanted.append((group, row, set(names)))
        made = self.made.get(group)
        if made is None or self.snapshots.get(group) is made:
            return False
        self.snapshots[group] = made
        return True


def test_what_a_client_asks_for_by_name_is_there_at_once_if_it_is_made_for_it() -> None:
    world = Wanting()
    world.snapshots, world.made = {"a": ONE, "b": TWO}, {"a": BOTH}
    asking, other = FakeClient(world.hub, "a"), FakeClient(world.hub, "b")
    asking.subscribe(CLUSTER, "two")
    assert (asking.seat.snapshot, asking.woken) == (BOTH, 1)
    assert (other.seat.snapshot, other.woken) == (TWO, 0)
    other.subscribe(CLUSTER, "x")
    assert (asking.woken, other.woken) == (1, 0)


def test_of_what_a_client_asks_for_only_the_new_names_are_asked_about() -> None:
    world = Wanting()
    client = FakeClient(world.hub, "a")
    client.subscribe(CLUSTER)
    assert world.wanted == []
    client.subscribe(CLUSTER, "one")
    client.subscribe(CLUSTER, "one", "two")
    client.subscribe(CLUSTER, "two")
    client.subscribe(LISTENER, "one")
    assert world.wanted == [("a", CLUSTER, {"one"}), ("a", CLUSTER, {"two"}), ("a", LISTENER, {"one"})]


def test_who_moves_asks_again_for_all_that_it_asks_for() -> None:
    """There it may be made for it, as where it came from it was not."""
    world = Wanting()
    client, stays = FakeClient(world.hub, "x"), FakeClient(world.hub, "y")
    for each in (client, stays):
        each.subscribe(CLUSTER, "one", "two")
    world.wanted.clear()
    world.groups["x"], world.made["a"], world.snapshots["y"] = "a", BOTH, ONE
    world.hub.reseat()
    assert ("a", CLUSTER, {"one", "two"}) in world.wanted
    assert client.seat.snapshot is BOTH
    assert client.woken
    world.wanted.clear()
    world.hub.reseat()
    assert world.wanted == []
