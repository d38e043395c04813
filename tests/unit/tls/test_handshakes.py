"""How many connections with TLS come to nothing, in numbers."""

from __future__ import annotations

from legation.tls.handshakes import _MOST_KNOWN, Handshakes

LATER = 30.0
"""By then a good one would have come to something."""


def begun(count: int, *, now: float = 0.0) -> Handshakes:
    """Return so many that began at once."""
    found = Handshakes()
    for _ in range(count):
        found.begin(now=now)
    return found


def test_each_connection_counts_once_however_often_it_asks() -> None:
    found = begun(2)
    for _ in range(3):
        found.use("ipv4:192.0.2.1:4000", now=1.0)
    assert found.counts == (2, 1)


def test_many_that_fail_are_told_where_no_client_is_there() -> None:
    assert begun(40).failed(now=LATER, alone=True) == 40
    assert begun(5).failed(now=LATER, alone=True) == 0


def test_beside_clients_that_are_there_it_takes_more_than_what_a_load_balancer_does() -> None:
    assert begun(40).failed(now=LATER, alone=False) == 0
    assert begun(400).failed(now=LATER, alone=False) == 400


def test_where_nobody_knows_who_is_there_those_count_that_came_through_of_late() -> None:
    found = begun(40)
    assert found.failed(now=LATER) == 40
    found.succeed(now=LATER)
    assert found.failed(now=LATER) == 0


def test_those_that_are_at_it_yet_are_none_that_failed() -> None:
    """All Envoys come back at once when a server starts anew."""
    found = begun(1000, now=14.9)
    for now in (14.9, 15.0, 24.0):
        assert found.failed(now=now, alone=True) == 0
    for number in range(1000):
        found.use(f"ipv4:192.0.2.1:{number}", now=24.5)
    assert found.failed(now=60.0, alone=True) == 0


def test_what_is_over_for_long_is_not_told() -> None:
    assert begun(400).failed(now=250.0, alone=True) == 400
    assert begun(400).failed(now=330.0, alone=True) == 0


def test_what_is_kept_does_not_grow() -> None:
    found = Handshakes()
    for number in range(_MOST_KNOWN + 1000):
        found.begin(now=number * 20.0)
        found.use(f"ipv4:192.0.2.1:{number}", now=number * 20.0)
    assert len(found._known) == _MOST_KNOWN
    assert len(found._spans) < 30
    assert found.counts == (_MOST_KNOWN + 1000, _MOST_KNOWN + 1000)
