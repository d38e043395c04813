"""Clients of one node id over several connections are introduced to each other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from legation.transports.fellows import MOST, Fellows


class Client:
    """One that remembers whom it has met last."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.others: tuple[Client, ...] = ()
        self.meetings = 0

    def meet(self, others: Iterable[Self]) -> None:
        self.others = tuple(others)
        self.meetings += 1

    @property
    def met(self) -> str:
        return "".join(each.name for each in self.others)


def _fellows(names: str) -> tuple[Fellows[Client], list[Client]]:
    fellows, clients = Fellows[Client](), [Client(name) for name in names]
    for each in clients:
        fellows.add("node", each)
    return fellows, clients


def test_each_meets_all_others_of_its_node_and_nobody_else() -> None:
    fellows, clients = _fellows("abc")
    stranger = Client("x")
    fellows.add("other", stranger)
    assert [each.met for each in clients] == ["bc", "ac", "ab"]
    assert not stranger.met


def test_who_is_known_is_not_introduced_again() -> None:
    fellows, clients = _fellows("ab")
    before = [each.meetings for each in clients]
    fellows.add("node", clients[0])
    assert [each.meetings for each in clients] == before


def test_who_is_gone_is_met_no_more_and_meets_nobody() -> None:
    fellows, (a, b, c) = _fellows("abc")
    fellows.remove("node", b)
    assert (a.met, b.met, c.met) == ("c", "", "a")
    fellows.remove("node", b)
    fellows.remove("node", a)
    assert not c.met
    fellows.remove("node", c)
    fellows.add("node", c)
    assert not c.met


def test_a_node_id_that_too_many_share_joins_nobody_until_they_are_few_again() -> None:
    names = "abcdefghijkl"[: MOST + 2]
    fellows, clients = _fellows(names)
    assert not any(each.met for each in clients)
    fellows.remove("node", clients[-1])
    assert not any(each.met for each in clients)
    fellows.remove("node", clients[-2])
    assert [len(each.others) for each in clients[:MOST]] == [MOST - 1] * MOST
