"""Who was refused for its identity, in bounds."""

from __future__ import annotations

from legation.model.node import Node, Peer
from legation.runtime.denied import KEPT_FOR, LONGEST_ID, MOST, MOST_OF_HOST, Denied
from legation.testing import ManualClock
from legation.transports.base import Refusal


def note(denied: Denied, node: str, host: str = "10.0.0.1", *, cause: str = "no-proof", served: bool = False) -> bool:
    peer = Peer(address=f"ipv4:{host}:4711", transport="grpc")
    return denied.note(peer, Node(id=node), Refusal("UNAUTHENTICATED", "words", cause=cause), served=served)


def names(denied: Denied) -> list[str]:
    return [each.node.id for each in denied.records()]


async def test_the_last_one_comes_first_and_the_same_once_more_is_no_news() -> None:
    clock = ManualClock()
    denied = Denied(clock)
    assert note(denied, "a")
    await clock.advance(5)
    assert note(denied, "b", "10.0.0.2")
    await clock.advance(5)
    assert not note(denied, "a")
    first, second = denied.records()
    assert (first.node.id, first.times, first.ago, first.cause, first.status) == (
        "a",
        2,
        0.0,
        "no-proof",
        "UNAUTHENTICATED",
    )
    assert (second.node.id, second.times, second.ago) == ("b", 1, 5.0)
    assert denied.counts == {"no-proof": 3}


async def test_it_is_forgotten_after_a_while() -> None:
    clock = ManualClock()
    denied = Denied(clock)
    note(denied, "a")
    await clock.advance(KEPT_FOR + 1)
    assert denied.records() == ()


def test_what_was_served_nevertheless_is_counted_apart() -> None:
    denied = Denied(ManualClock())
    note(denied, "a")
    note(denied, "a", served=True)
    note(denied, "a", cause="other-node", served=True)
    assert sorted((each.cause, each.served) for each in denied.records()) == [
        ("no-proof", False),
        ("no-proof", True),
        ("other-node", True),
    ]
    assert denied.counts == {"no-proof": 1}
    assert denied.reported == {"no-proof": 1, "other-node": 1}


def test_a_stranger_with_many_names_drives_nobody_else_out() -> None:
    denied = Denied(ManualClock())
    note(denied, "mine", "10.0.0.2")
    for number in range(10 * MOST):
        note(denied, f"made-up-{number}", "10.0.0.66")
    assert "mine" in names(denied)
    assert len(names(denied)) == MOST_OF_HOST + 1
    assert denied.counts == {"no-proof": 10 * MOST + 1}


def test_many_hosts_stay_in_bounds_and_the_longest_ago_goes_first() -> None:
    denied = Denied(ManualClock())
    for number in range(MOST + 50):
        note(denied, str(number), f"10.0.{number // 250}.{number % 250}")
    assert len(names(denied)) == MOST
    assert names(denied)[0] == str(MOST + 49)
    assert "49" not in names(denied)
    assert "50" in names(denied)


def test_a_large_name_is_not_kept() -> None:
    denied = Denied(ManualClock())
    note(denied, "x" * 1024)
    assert names(denied) == ["x" * LONGEST_ID]
