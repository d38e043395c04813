"""Rows A5 for listeners that do not linger: what they used goes with them."""

from __future__ import annotations

import pytest

from legation.protocol.sequence import Policy
from tests.spec.choices import play
from tests.spec.dialogue import Dialogue

GRACES = Policy(removal_grace=5.0, drain_grace=600.0)

both = pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])


def piped(kind: str, *, is_delta: bool, separate: bool | None = None) -> Dialogue:
    """Return the dialogue with an Envoy in which listener l of that kind serves cluster a, and k is there besides."""
    talk = Dialogue(delta=is_delta, separate=separate, policy=GRACES)
    play(
        talk,
        f"""
        have CDS a@1 k@1; LDS l@1{kind}->CDS:a
        > CDS
        < CDS #1 a@1 k@1
        > CDS nonce=1
        > LDS
        < LDS #2 l@1
        > LDS nonce=2
        """,
    )
    return talk


@both
def test_a5_3_the_cluster_of_a_removed_udp_listener_goes_with_the_next_message(*, is_delta: bool) -> None:
    talk = piped("&", is_delta=is_delta)
    play(
        talk,
        """
        have CDS k@1
        < LDS #3 (-l|)
        wait 100                        # not accepted yet: it may serve
        > LDS nonce=3
        < CDS #4 (-a|k@1)
        > CDS nonce=4
        """,
    )
    assert talk.sequence.next_deadline() is None


@both
def test_a5_3_another_pipe_that_came_just_before_gives_it_no_grace(*, is_delta: bool) -> None:
    """The snapshot was another one, and what the client held of it the same."""
    play(
        piped("&", is_delta=is_delta),
        """
        have CDS a@1 k@1 n@1; LDS l@1&->CDS:a m@1&->CDS:n
        < CDS #3 (n@1|a@1 k@1 n@1)
        > CDS nonce=3
        < LDS #4 (m@1|l@1 m@1)
        > LDS nonce=4
        wait 1
        have CDS k@1 n@1; LDS m@1&->CDS:n
        < LDS #5 (-l|m@1)
        > LDS nonce=5
        < CDS #6 (-a|k@1 n@1)
        """,
    )


@both
def test_a5_3_the_cluster_of_a_changed_udp_listener_goes_with_the_next_message(*, is_delta: bool) -> None:
    talk = piped("&", is_delta=is_delta)
    play(
        talk,
        """
        have CDS k@1; LDS l@2&->CDS:k
        < LDS #3 l@2
        wait 1
        > LDS nonce=3
        < CDS #4 (-a|k@1)
        > CDS nonce=4
        """,
    )
    assert talk.sequence.next_deadline() is None


@both
def test_a5_3_a_udp_listener_serves_until_the_routes_of_its_successor_are_there(*, is_delta: bool) -> None:
    talk = piped("&", is_delta=is_delta)
    play(
        talk,
        """
        have CDS k@1; LDS l@2->r; RDS r@1->k
        < LDS #3 l@2
        > LDS nonce=3
        > RDS (+r|r)
        < RDS #4 r@1
        wait 100
        > RDS (|r) nonce=4
        < CDS #5 (-a|k@1)
        """,
    )


@both
@pytest.mark.parametrize("kind", ["", "&"], ids=["tcp", "udp"])
def test_a5_3_endpoints_of_a_removed_cluster_follow_after_their_grace(kind: str, *, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta, policy=Policy(removal_grace=5.0, drain_grace=0.0))
    play(
        talk,
        f"""
        have CDS a@1->a; EDS a@1; LDS l@1{kind}->CDS:a
        > CDS
        < CDS #1 a@1
        > CDS nonce=1
        > EDS (+a|a)
        < EDS #2 a@1
        > EDS (|a) nonce=2
        > LDS
        < LDS #3 l@1
        > LDS nonce=3
        have
        < LDS #4 (-l|)
        """,
    )
    if kind:
        play(talk, "> LDS nonce=4\n< CDS #5 (-a|)")
    else:
        play(talk, "> LDS nonce=4\nwait 4.9\nwait 0.1\n< CDS #5 (-a|)")
    talk.play("> CDS nonce=5\nwait 4.9\nwait 0.1" + ("\n< EDS #6 -a" if is_delta else ""))


@both
def test_a5_3_a_tcp_listener_keeps_its_cluster_for_the_drain_time(*, is_delta: bool) -> None:
    talk = piped("", is_delta=is_delta)
    play(
        talk,
        """
        have CDS k@1
        < LDS #3 (-l|)
        > LDS nonce=3
        wait 599.9
        """,
    )
    assert talk.sequence.next_deadline() == pytest.approx(600.0)
    play(talk, "wait 0.1\nwait 4.9\nwait 0.1\n< CDS #4 (-a|k@1)")


@both
def test_a5_3_a_cluster_that_nothing_names_keeps_its_grace(*, is_delta: bool) -> None:
    talk = piped("&", is_delta=is_delta)
    play(talk, "have CDS a@1; LDS l@1&->CDS:a\nwait 4.9\nwait 0.1\n< CDS #3 (-k|a@1)")


SHARED = """
    have CDS a@1 k@1; LDS l@1&->CDS:a; RDS r@1->a
    > CDS
    < CDS #1 a@1 k@1
    > CDS nonce=1
    > LDS
    < LDS #2 l@1
    > LDS nonce=2
    > RDS (+r|r)
    < RDS #3 r@1
    > RDS (|r) nonce=3
"""
"""A UDP listener and a route use cluster a."""


@both
@pytest.mark.parametrize("kept", [True, False], ids=["and the cluster stays", "and the cluster goes"])
def test_a5_3_a_cluster_that_a_route_used_too_keeps_its_grace(*, kept: bool, is_delta: bool) -> None:
    """Whether the snapshot has the cluster still when the route leaves it, or not."""
    talk = Dialogue(delta=is_delta, policy=GRACES)
    play(talk, SHARED)
    between = "a@1 k@1" if kept else "k@1"
    play(
        talk,
        f"""
        have CDS {between}; LDS l@1&->CDS:a; RDS r@2->k
        < RDS #4 r@2
        > RDS (|r) nonce=4
        wait 2
        have CDS k@1; RDS r@2->k
        < LDS #5 (-l|)
        > LDS nonce=5
        wait 2.9
        """,
    )
    assert talk.sequence.next_deadline() == pytest.approx(5.0)
    play(talk, "wait 0.1\n< CDS #6 (-a|k@1)")


@both
@pytest.mark.parametrize("kept", [True, False], ids=["and the cluster stays", "and the cluster goes"])
def test_a5_3_the_grace_of_a_shared_cluster_begins_with_the_last_that_lingered(*, kept: bool, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta, policy=GRACES)
    play(talk, SHARED)
    between = "a@1 k@1" if kept else "k@1"
    play(
        talk,
        f"""
        have CDS {between}; LDS l@1&->CDS:a; RDS r@2->k
        < RDS #4 r@2
        > RDS (|r) nonce=4
        wait 5
        have CDS k@1; RDS r@2->k
        < LDS #5 (-l|)
        > LDS nonce=5
        < CDS #6 (-a|k@1)
        """,
    )


@both
@pytest.mark.parametrize("how", ["close RDS", "> RDS (-r|q) nonce=(|3)"], ids=["stream ended", "name taken back"])
def test_a5_3_a_route_that_an_envoy_does_not_ask_for_any_more_may_have_used_the_cluster(
    how: str, *, is_delta: bool
) -> None:
    talk = Dialogue(delta=is_delta, separate=True, policy=GRACES)
    play(talk, SHARED)
    play(
        talk,
        f"""
        wait 100
        {how}
        have CDS k@1
        < LDS #4 (-l|)
        > LDS nonce=4
        wait 4.9
        """,
    )
    assert talk.sequence.next_deadline() == pytest.approx(105.0)
    play(talk, "wait 0.1\n< CDS #5 (-a|k@1)")


@both
def test_a5_3_a_route_of_which_nobody_tells_that_it_is_gone_may_have_used_the_cluster(*, is_delta: bool) -> None:
    """State of the world cannot say that a route is gone; delta says it, and keeps the cluster likewise."""
    talk = Dialogue(delta=is_delta, policy=GRACES)
    play(talk, SHARED)
    play(talk, "have CDS a@1 k@1; LDS l@1&->CDS:a\nwait 4.9\nwait 0.1" + ("\n< RDS #4 -r" if is_delta else ""))
    if is_delta:
        talk.play("> RDS nonce=4")
    at = 5 if is_delta else 4
    play(talk, f"have CDS k@1\n< LDS #{at} (-l|)\n> LDS nonce={at}\nwait 4.9")
    assert talk.sequence.next_deadline() == pytest.approx(10.0)


@both
@pytest.mark.parametrize("gone", [False, True], ids=["the other is there", "the other is gone"])
def test_a5_3_a_route_on_another_connection_may_have_used_the_cluster(*, gone: bool, is_delta: bool) -> None:
    talk = piped("&", is_delta=is_delta, separate=True)
    fellow = Dialogue(delta=is_delta, separate=True, policy=GRACES)
    play(fellow, "have CDS a@1 k@1; LDS l@1&->CDS:a; RDS r@1->a\n> RDS (+r|r)\n< RDS #1 r@1\n> RDS (|r) nonce=1")
    talk.sequence.meet([fellow.sequence])
    play(talk, "wait 100")
    fellow.now = 100.0
    if gone:
        talk.sequence.meet([])
    else:
        play(fellow, "have CDS k@1; RDS r@2->k\n< RDS #2 r@2\n> RDS (|r) nonce=2")
    play(talk, "have CDS k@1\n< LDS #3 (-l|)\n> LDS nonce=3\nwait 4.9")
    assert talk.sequence.next_deadline() == pytest.approx(105.0)


@both
def test_a5_3_a_cluster_that_a_tcp_listener_drained_with_keeps_its_grace(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta, policy=GRACES)
    play(
        talk,
        """
        have CDS a@1 b@1; LDS l@1&->CDS:a m@1&->CDS:b t@1->CDS:a
        > CDS
        < CDS #1 a@1 b@1
        > CDS nonce=1
        > LDS
        < LDS #2 l@1 m@1 t@1
        > LDS nonce=2
        have CDS a@1 b@1; LDS l@1&->CDS:a m@1&->CDS:b
        < LDS #3 (-t|l@1 m@1)
        > LDS nonce=3
        wait 600
        wait 2
        have
        < LDS #4 (-l -m|)
        > LDS nonce=4
        < CDS #5 (-b|a@1)               # b was of UDP alone
        > CDS nonce=5
        wait 2.9
        wait 0.1
        < CDS #6 (-a|)
        """,
    )


@both
def test_a5_3_a_refused_listener_may_have_used_the_cluster(*, is_delta: bool) -> None:
    """Envoy takes the good part of a refused response: nobody knows of what it has."""
    talk = piped("&", is_delta=is_delta)
    play(
        talk,
        """
        have CDS a@1 k@1; LDS l@1&->CDS:a t@1->CDS:a
        < LDS #3 (t@1|l@1 t@1)
        > LDS nonce=3 error=t:_bad
        have CDS k@1
        < LDS #4 (-l|)
        > LDS nonce=4
        wait 4.9
        wait 0.1
        < CDS #5 (-a|k@1)
        """,
    )


@both
def test_a5_3_what_an_envoy_did_before_it_came_back_may_have_used_the_cluster(*, is_delta: bool) -> None:
    talk = piped("&", is_delta=is_delta)
    held = ("has=a@1,k@1", "has=l@1") if is_delta else ("version=x", "version=y")
    talk.play("reconnect")
    if is_delta:
        talk.play(f"> CDS {held[0]}\n> LDS {held[1]}\nhave CDS k@1\n< LDS #1 -l\n> LDS nonce=1\nwait 20")
    else:
        talk.play(f"> CDS {held[0]}\n< CDS #1 a@1 k@1\n> CDS nonce=1\n> LDS {held[1]}\n< LDS #2 l@1\n> LDS nonce=2")
        talk.play("have CDS k@1\n< LDS #3\n> LDS nonce=3\nwait 20")
    assert talk.sequence.next_deadline() == pytest.approx(25.0)
