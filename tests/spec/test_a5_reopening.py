"""Rows A5.2 and A5.3 for an Envoy that comes back: what it brought along, and streams that come back one by one."""

from __future__ import annotations

import pytest

from legation.protocol.sequence import Policy
from tests.spec.choices import play
from tests.spec.dialogue import Dialogue, delta

GRACES = Policy(removal_grace=5.0, drain_grace=600.0)
UDP = "0123456789abcdef01234567~"
"""The version of a listener that is gone, and did not linger."""

aggregated_too = pytest.mark.parametrize("separate", [False, True], ids=["ads", "own streams"])


# What it brought along


@aggregated_too
def test_a5_3_a_listener_that_nobody_knows_uses_no_cluster_that_came_after_it(*, separate: bool) -> None:
    talk = delta(
        """
        have CDS k@1
        > CDS has=a@1,k@1
        > LDS has=l@1
        < LDS #1 -l
        > LDS nonce=1
        have CDS k@1 n@1; LDS m@1&->CDS:n
        < CDS #2 n@1
        > CDS nonce=2
        < LDS #3 m@1
        > LDS nonce=3
        have CDS k@1
        < LDS #4 -m
        > LDS nonce=4
        < CDS #5 -n
        > CDS nonce=5
        """,
        separate=separate,
        policy=GRACES,
    )
    # It drains, and may use what it could use: a.
    talk.play("wait 599.9\nwait 0.1\nwait 4.9\nwait 0.1\n< CDS #6 -a\n> CDS nonce=6")
    assert talk.sequence.next_deadline() is None


@aggregated_too
def test_a5_3_a_tcp_listener_that_came_after_it_keeps_its_cluster_for_the_drain_time(*, separate: bool) -> None:
    delta(
        """
        have CDS k@1 n@1; LDS m@1->CDS:n
        > CDS has=k@1
        < CDS #1 n@1
        > CDS nonce=1
        > LDS has=l@1
        < LDS #2 m@1 -l
        > LDS nonce=2
        have CDS k@1
        < LDS #3 -m
        wait 10
        > LDS nonce=3
        wait 599.9
        wait 0.1
        wait 4.9
        wait 0.1
        < CDS #4 -n
        """,
        separate=separate,
        policy=GRACES,
    )


@aggregated_too
def test_a5_3_the_version_of_a_listener_tells_that_it_does_not_linger(*, separate: bool) -> None:
    """The server does not know it: it has started anew since the listener went."""
    talk = delta(
        f"""
        have CDS k@1
        > CDS has=a@1,k@1
        > LDS has=l@{UDP}
        < LDS #1 -l
        wait 100                        # not accepted yet: it may serve
        > LDS nonce=1
        < CDS #2 -a
        > CDS nonce=2
        """,
        separate=separate,
        policy=GRACES,
    )
    assert talk.sequence.next_deadline() is None


def test_a5_3_what_a_stream_that_ended_had_may_have_used_what_came_after_it_came_back() -> None:
    """It comes back with a listener that was changed meanwhile, and which drains."""
    delta(
        """
        have CDS n@1; LDS m@1->CDS:n
        > CDS has=a@1,n@1
        > LDS has=m@1
        have CDS n@1 o@1; LDS m@2->CDS:o
        < CDS #1 o@1
        > CDS nonce=1
        < LDS #2 m@2
        > LDS nonce=2
        close LDS
        have CDS n@1; LDS m@3->CDS:n
        > LDS has=m@2
        < LDS #3 m@3
        > LDS nonce=3
        wait 599.9
        """,
        separate=True,
        policy=GRACES,
    )


# The streams of a client without ADS


def test_a5_2_a_listener_waits_for_the_stream_that_brings_its_new_cluster() -> None:
    talk = delta(
        f"""
        have CDS x@1; LDS l@2->CDS:x
        > LDS has=l@{UDP}
        wait 12
        > CDS has=c@1
        < CDS #1 x@1
        wait 1
        > CDS nonce=1
        < LDS #2 l@2
        > LDS nonce=2
        wait 11.9
        wait 0.1
        < CDS #3 -c
        > CDS nonce=3
        """,
        separate=True,
        policy=GRACES,
    )
    assert talk.sequence.next_deadline() is None


def test_a5_2_what_names_no_new_cluster_does_not_wait_for_that_stream() -> None:
    delta(
        """
        have CDS x@1; LDS l@1->CDS:x
        > LDS has=l@1,m@1
        < LDS #1 -m
        > LDS nonce=1
        have CDS x@1; LDS l@2->CDS:x
        < LDS #2 l@2
        """,
        separate=True,
        policy=GRACES,
    )


def test_a5_2_a_listener_waits_with_its_new_routes_for_the_stream_that_brings_their_cluster() -> None:
    """Else the Envoy would let it serve without them, for it waits 15 s."""
    delta(
        """
        have CDS x@1; LDS l@2->s; RDS s@1->x
        > LDS has=l@1
        wait 20
        > CDS
        < CDS #1 x@1
        < LDS #2 l@2
        > LDS nonce=2
        > RDS +s
        > CDS nonce=1
        < RDS #3 s@1
        """,
        separate=True,
        policy=GRACES,
    )


def test_a5_2_what_waits_for_that_stream_stops_nothing_else() -> None:
    delta(
        """
        have CDS x@1; LDS l@2->CDS:x k@2
        > LDS has=l@1,k@1,m@1
        < LDS #1 k@2 -m
        """,
        separate=True,
        policy=GRACES,
    )


def test_a5_2_nobody_waits_for_good_for_a_stream_that_the_client_may_not_have() -> None:
    delta(
        """
        have CDS x@1; LDS l@2->CDS:x
        > LDS has=l@1
        wait 34.9
        wait 0.1
        < LDS #1 l@2
        """,
        separate=True,
        policy=GRACES,
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a5_2_who_asks_for_listeners_and_no_clusters_may_have_had_none(*, is_delta: bool) -> None:
    """One that is new asks for clusters first; this one comes back, and had neither listeners nor clusters."""
    talk = Dialogue(delta=is_delta, separate=True, policy=GRACES)
    talk.play(
        """
        have
        > LDS
        < LDS #1
        > LDS nonce=1
        have CDS x@1; LDS l@1->CDS:x
        wait 20
        > CDS
        < CDS #2 x@1
        > CDS nonce=2
        < LDS #3 l@1
        """
    )


def test_a5_2_who_asks_for_listeners_and_never_for_clusters_gets_them_after_a_while() -> None:
    delta(
        """
        have CDS x@1; LDS l@1->CDS:x m@1->CDS:static
        > LDS
        wait 19.9
        wait 0.1
        < LDS #1 m@1
        > LDS nonce=1
        wait 14.9
        wait 0.1
        < LDS #2 l@1
        """,
        separate=True,
        policy=GRACES,
    )


def test_a5_2_a_new_client_waits_for_no_stream() -> None:
    delta(
        """
        have CDS x@1; LDS l@1->r; RDS r@1->x
        > CDS
        < CDS #1 x@1
        > CDS nonce=1
        > LDS
        < LDS #2 l@1
        > LDS nonce=2
        > RDS +r
        < RDS #3 r@1
        """,
        separate=True,
        policy=GRACES,
    )


def test_a5_2_a_listener_waits_for_a_stream_of_clusters_that_ended_alone() -> None:
    delta(
        """
        have CDS c@1; LDS l@1->CDS:c
        > CDS
        < CDS #1 c@1
        > CDS nonce=1
        > LDS
        < LDS #2 l@1
        > LDS nonce=2
        wait 1000
        close CDS
        have CDS c@1 x@1; LDS l@2->CDS:x
        wait 20
        > CDS has=c@1
        < CDS #3 x@1
        > CDS nonce=3
        < LDS #4 l@2
        """,
        separate=True,
        policy=GRACES,
    )


@pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])
def test_a5_3_a_cluster_stays_until_the_stream_of_listeners_is_back(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta, separate=True, policy=GRACES)
    play(
        talk,
        """
        have CDS c@1; LDS l@1&->CDS:c
        > CDS
        < CDS #1 c@1
        > CDS nonce=1
        > LDS
        < LDS #2 l@1
        > LDS nonce=2
        wait 1000
        close LDS
        have CDS x@1; LDS l@2&->CDS:x
        < CDS #3 (x@1|c@1 x@1)
        > CDS nonce=3
        wait 30
        """,
    )
    if is_delta:
        talk.play("> LDS has=l@1\n< LDS #4 l@2\n> LDS nonce=4\nwait 599")


def test_a5_3_a_cluster_stays_until_the_listener_that_used_it_is_back() -> None:
    talk = delta(
        f"""
        have CDS x@1; LDS l@2->CDS:x
        > CDS has=c@1
        < CDS #1 x@1
        > CDS nonce=1
        wait 29
        > LDS has=l@{UDP}
        < LDS #2 l@2
        > LDS nonce=2
        < CDS #3 -c
        > CDS nonce=3
        """,
        separate=True,
        policy=GRACES,
    )
    assert talk.sequence.next_deadline() is None


def test_a5_3_nothing_stays_for_good_for_a_stream_that_the_client_may_not_have() -> None:
    delta(
        """
        have CDS x@1
        > CDS has=c@1
        < CDS #1 x@1
        > CDS nonce=1
        wait 34.9
        wait 0.1
        wait 4.9
        wait 0.1
        < CDS #2 -c
        """,
        separate=True,
        policy=GRACES,
    )


def test_a5_3_a_cluster_stays_until_the_routes_of_a_listener_are_back() -> None:
    delta(
        """
        have CDS x@1; LDS l@1->r; RDS r@2->x
        > CDS has=c@1
        < CDS #1 x@1
        > CDS nonce=1
        > LDS has=l@1
        wait 21
        wait 9
        > RDS +r has=r@1
        < RDS #2 r@2
        > RDS nonce=2
        wait 4.9
        wait 0.1
        < CDS #3 -c
        """,
        separate=True,
        policy=GRACES,
    )


def test_a5_3_endpoints_stay_until_the_stream_of_clusters_is_back() -> None:
    delta(
        """
        have
        > EDS +c has=c@1
        wait 30
        > CDS has=c@1
        > LDS
        < LDS #1
        > LDS nonce=1
        wait 4.9
        wait 0.1
        < CDS #2 -c
        > CDS nonce=2
        wait 5
        < EDS #3 -c
        """,
        separate=True,
        policy=GRACES,
    )
