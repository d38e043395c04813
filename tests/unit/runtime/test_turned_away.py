"""Who was turned away lately."""

from __future__ import annotations

from legation.model.node import Node, Peer
from legation.runtime.turned_away import KEPT_FOR, MOST, TurnedAway
from legation.testing import ManualClock
from legation.transports.base import Refusal
from tests.fakes import PEER


def note(turned_away: TurnedAway, name: str, *, words: str = "no Pod", peer: Peer = PEER) -> None:
    turned_away.note(peer, Node(id=name), Refusal("NOT_FOUND", words))


def names(turned_away: TurnedAway) -> list[str]:
    return [each.node.id for each in turned_away.records()]


def test_the_last_one_comes_first_with_reason_number_and_time() -> None:
    clock = ManualClock()
    turned_away = TurnedAway(clock)
    note(turned_away, "a", words="before")
    note(turned_away, "b")
    clock.step(5)
    other = Peer(address="ipv4:10.0.0.9:1", transport="grpc")
    note(turned_away, "a", words="now", peer=other)
    clock.step(2)
    first, second = turned_away.records()
    assert (first.node.id, first.peer, first.status, first.words) == ("a", other, "NOT_FOUND", "now")
    assert (first.times, first.ago) == (2, 2.0)
    assert (second.node.id, second.times, second.ago) == ("b", 1, 7.0)
    assert turned_away.count == 3


def test_it_is_forgotten_after_a_while() -> None:
    clock = ManualClock()
    turned_away = TurnedAway(clock)
    note(turned_away, "a")
    clock.step(KEPT_FOR)
    note(turned_away, "b")
    assert names(turned_away) == ["b", "a"]
    clock.step(0.1)
    assert names(turned_away) == ["b"]


def test_who_is_served_after_all_is_forgotten() -> None:
    turned_away = TurnedAway(ManualClock())
    note(turned_away, "a")
    turned_away.forget(Node(id="a"))
    turned_away.forget(Node(id="nobody"))
    assert names(turned_away) == []
    assert turned_away.count == 1


def test_anybody_can_knock_and_takes_no_more_room_for_it() -> None:
    turned_away = TurnedAway(ManualClock())
    for number in range(MOST + 20):
        note(turned_away, str(number))
    assert len(names(turned_away)) == MOST
    assert names(turned_away)[0] == str(MOST + 19)
    assert turned_away.count == MOST + 20


def test_what_a_node_says_of_itself_beside_its_id_is_not_kept() -> None:
    """It may be a megabyte."""
    turned_away = TurnedAway(ManualClock())
    node = Node(id="a", cluster="b" * 9, metadata={"large": "x"}, user_agent="c", features=frozenset({"d"}))
    turned_away.note(PEER, node, Refusal("NOT_FOUND", "no Pod"))
    (record,) = turned_away.records()
    assert (record.node.id, record.node.cluster, record.node.user_agent) == ("a", "", "")
    assert (record.node.metadata, record.node.features) == ({}, frozenset())
