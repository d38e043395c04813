from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from legation.errors import RemoteProtocolError
from legation.model.node import Peer
from legation.testing import ManualClock
from legation.transports import conduct
from legation.transports.conduct import Conduct, Wrong, host_of, shown


def peer(host: int = 1, port: int = 1) -> Peer:
    return Peer(address=f"ipv4:10.0.{host // 250}.{host % 250}:{port}", transport="grpc")


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("ipv4:10.0.0.1:50312", "ipv4:10.0.0.1"),
        ("ipv6:[::1]:50312", "ipv6:[::1]"),
        ("ipv6:[::1]", "ipv6:[::1]"),
        ("ipv4:10.0.0.1", "ipv4:10.0.0.1"),
    ],
)
def test_a_host_is_an_address_without_its_port(address: str, host: str) -> None:
    assert host_of(Peer(address=address, transport="grpc")) == host


def test_long_words_of_a_client_are_cut() -> None:
    assert shown("short") == "short"
    assert len(shown("x" * 10_000)) < 300


def test_a_client_waits_when_its_tokens_are_spent_and_they_come_back() -> None:
    clock = ManualClock()
    known = Conduct(clock)
    assert not any(known.spend(peer(), "edge", size=10) for _ in range(conduct.BURST))
    assert known.spend(peer(), "edge", size=10) == pytest.approx(1 / conduct.RATE)
    assert not known.spend(peer(), "other", size=10), "each has its own"
    clock.step(2)
    assert not known.spend(peer(port=2), "edge", size=10)


def test_what_costs_more_takes_more() -> None:
    known = Conduct(ManualClock())
    cost = conduct.BURST / 2
    assert not known.spend(peer(), "edge", size=int(cost * conduct.A_TOKEN_OF_BYTES) - 1)
    assert not known.spend(peer(), "edge", size=0, names=int((cost - 1) * conduct.A_TOKEN_OF_NAMES))
    assert known.spend(peer(), "edge", size=0)


def test_a_fleet_behind_one_address_is_not_held_back() -> None:
    known = Conduct(ManualClock())
    for number in range(10_000):
        assert not known.spend(peer(port=number), f"edge-{number}", size=conduct.CONNECTION * conduct.A_TOKEN_OF_BYTES)
    assert not known.counts


async def test_who_connects_too_often_waits_and_is_turned_away_in_the_end() -> None:
    clock = ManualClock()
    known = Conduct(clock)
    for _ in range(conduct.BURST // conduct.CONNECTION):
        await known.connect(peer(), "edge")
    number = int(conduct.PATIENCE * conduct.RATE / conduct.CONNECTION)
    waiting = [asyncio.create_task(known.connect(peer(), "edge")) for _ in range(number)]
    await clock.advance(0.0)
    with pytest.raises(RemoteProtocolError, match="again and again"):
        await known.connect(peer(), "edge")
    assert not any(each.done() for each in waiting)
    await clock.advance(conduct.PATIENCE)
    assert all(each.done() for each in waiting)
    await known.connect(peer(2), "edge")


def test_a_client_is_named_once_until_it_was_quiet_for_long() -> None:
    clock = ManualClock()
    known = Conduct(clock)
    with capture_logs() as logs:
        for number in range(100):
            known.note(Wrong.NAMES, peer(port=number), "edge", "too many")
        assert len(logs) == 1
        known.note(Wrong.SIZE, peer(), "edge", "too large")
        assert len(logs) == 2
        clock.step(conduct.QUIET)
        known.note(Wrong.NAMES, peer(), "other", "too many")
        known.note(Wrong.NAMES, peer(), "edge", "too many")
    assert [log["node"] for log in logs] == ["edge", "edge", "other", "edge"]
    assert known.counts == {"names": 3, "size": 1}


def test_what_is_remembered_of_endless_clients_is_bounded() -> None:
    clock = ManualClock()
    known = Conduct(clock)
    with capture_logs() as logs:
        for number in range(5 * conduct.MOST_NAMED):
            known.spend(peer(number), f"edge-{number}", size=0)
            known.note(Wrong.NAMES, peer(number), f"edge-{number}", "too many")
            clock.step(0.01)
    assert len(logs) == conduct.MOST_NAMED
    assert known.counts == {"names": 5 * conduct.MOST_NAMED}
    assert known.known < conduct.MOST_NAMED + 2000


def test_refusals_of_one_host_are_some_lines_and_then_one() -> None:
    clock = ManualClock()
    known = Conduct(clock)
    with capture_logs() as logs:
        assert sum(known.may_log_refusal(peer(port=number)) for number in range(100)) == conduct.LINES
        assert known.may_log_refusal(peer(2))
        clock.step(1 / conduct.LINE_RATE)
        assert known.may_log_refusal(peer())
    assert [log["what"] for log in logs] == ["nonsense"]
