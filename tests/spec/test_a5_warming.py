"""Rows A5 for Envoys without ADS: how long a new cluster is waited for where no ACK tells that it is warm."""

from __future__ import annotations

from math import inf

import pytest

from legation.protocol.policy import SILENT_WARMING
from legation.protocol.sequence import Policy
from tests.spec.choices import play
from tests.spec.dialogue import AT_ONCE, Dialogue

both = pytest.mark.parametrize("is_delta", [False, True], ids=["sotw", "delta"])


def alone(script: str, *, is_delta: bool, policy: Policy = AT_ONCE) -> Dialogue:
    """Play a dialogue with an Envoy without ADS."""
    talk = Dialogue(delta=is_delta, separate=True, policy=policy)
    play(talk, script)
    return talk


FIRST = """
    have CDS z@1; LDS y@1&->CDS:z
    > CDS
    < CDS #1 z@1
    > CDS nonce=1
    > LDS
    < LDS #2 y@1
    > LDS nonce=2
"""
"""An Envoy serves already."""


@both
@pytest.mark.parametrize(("within", "seconds"), [(0.15, 0.15), (3.0, 3.0), (60.0, SILENT_WARMING - 0.5)])
def test_a5_4_a_pipe_waits_for_the_health_checks_of_its_cluster(
    within: float, seconds: float, *, is_delta: bool
) -> None:
    talk = alone(
        FIRST
        + f"""
        have CDS z@1 a@1*{within}->a; EDS a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        > CDS nonce=3
        > EDS (+a|a)
        < EDS #4 a@1
        wait 0.5
        > EDS (|a) nonce=4
        wait {seconds - 0.01}
        """,
        is_delta=is_delta,
    )
    assert talk.sequence.next_deadline() == pytest.approx(0.5 + seconds)
    play(talk, "wait 0.011\n< LDS #5 (l@1|l@1 y@1)")


@both
def test_a5_4_a_pipe_without_health_checks_waits_for_the_ack_of_the_endpoints(*, is_delta: bool) -> None:
    alone(
        FIRST
        + """
        have CDS z@1 a@1->a; EDS a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        > CDS nonce=3
        > EDS (+a|a)
        < EDS #4 a@1
        wait 5
        > EDS (|a) nonce=4
        < LDS #5 (l@1|l@1 y@1)
        """,
        is_delta=is_delta,
    )


@both
@pytest.mark.parametrize(
    ("within", "seconds"), [(0.15, 0.15), (1.0, 1.0), (60.0, SILENT_WARMING - 0.5), (inf, SILENT_WARMING - 0.5)]
)
def test_a5_4_a_cluster_with_its_endpoints_in_itself_counts_from_its_own_ack(
    within: float, seconds: float, *, is_delta: bool
) -> None:
    talk = alone(
        FIRST
        + f"""
        have CDS z@1 a@1*{within}; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        wait 0.5
        > CDS nonce=3
        wait {seconds - 0.01}
        """,
        is_delta=is_delta,
    )
    play(talk, "wait 0.011\n< LDS #4 (l@1|l@1 y@1)")


@both
def test_a5_4_a_cluster_of_addresses_is_warm_with_its_ack(*, is_delta: bool) -> None:
    alone(
        FIRST
        + """
        have CDS z@1 a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        wait 0.5
        > CDS nonce=3
        < LDS #4 (l@1|l@1 y@1)
        """,
        is_delta=is_delta,
    )


@both
def test_a5_4_health_checks_that_begin_anew_are_waited_for_anew(*, is_delta: bool) -> None:
    """A cluster that changes while it is warming: Envoy drops what it began, and its time in all is as limited."""
    talk = alone(
        FIRST
        + """
        have CDS z@1 a@1*1->a; EDS a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        > CDS nonce=3
        > EDS (+a|a)
        < EDS #4 a@1
        > EDS (|a) nonce=4
        wait 0.9
        have CDS z@1 a@2*4->a; EDS a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #5 (a@2|a@2 z@1)
        < EDS #6 a@1
        > CDS nonce=5
        > EDS (|a) nonce=6
        wait 3.9
        have CDS z@1 a@3*8->a; EDS a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #7 (a@3|a@3 z@1)
        < EDS #8 a@1
        > CDS nonce=7
        > EDS (|a) nonce=8
        wait 5.1
        """,
        is_delta=is_delta,
    )
    assert talk.sequence.next_deadline() == pytest.approx(SILENT_WARMING)
    play(talk, "wait 0.11\n< LDS #9 (l@1|l@1 y@1)")


@both
@pytest.mark.parametrize("inline", [False, True], ids=["endpoints by EDS", "endpoints in itself"])
def test_a5_4_a_cluster_that_is_warm_and_changes_is_not_waited_for(*, inline: bool, is_delta: bool) -> None:
    """Until the new one is warm Envoy uses the one before it."""
    talk = alone(FIRST, is_delta=is_delta)
    uses, eds = ("", "") if inline else ("->a", "; EDS a@1")
    play(talk, f"have CDS z@1 a@1*1{uses}{eds}; LDS y@1&->CDS:z\n< CDS #3 (a@1|a@1 z@1)\n> CDS nonce=3")
    if not inline:
        play(talk, "> EDS (+a|a)\n< EDS #4 a@1\n> EDS (|a) nonce=4")
    at, again = (4, "") if inline else (5, "< EDS #6 a@1")
    play(
        talk,
        f"""
        wait 1.1
        have CDS z@1 a@2*9{uses}{eds}; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #{at} (a@2|a@2 z@1)
        {again}
        < LDS #{at + 1 + bool(again)} (l@1|l@1 y@1)
        """,
    )


@both
def test_a5_4_endpoints_that_come_from_elsewhere_are_checked_as_long(*, is_delta: bool) -> None:
    talk = alone(
        FIRST
        + """
        have CDS z@1 a@1*2->a; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        > CDS nonce=3
        wait 2.09
        """,
        is_delta=is_delta,
    )
    play(talk, "wait 0.011\n< LDS #4 (l@1|l@1 y@1)")


@both
def test_a5_4_a_client_may_take_its_time_to_ask_for_endpoints_that_are_here(*, is_delta: bool) -> None:
    """Envoy opens a stream for each such cluster, and is slow where it opens many."""
    alone(
        FIRST
        + """
        have CDS z@1 a@1->a; EDS a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        > CDS nonce=3
        wait 1.9
        > EDS (+a|a)
        < EDS #4 a@1
        > EDS (|a) nonce=4
        < LDS #5 (l@1|l@1 y@1)
        """,
        is_delta=is_delta,
    )


@both
def test_a5_4_who_does_not_ask_for_endpoints_that_are_here_gets_them_elsewhere(*, is_delta: bool) -> None:
    talk = alone(
        FIRST
        + """
        have CDS z@1 a@1->a; EDS a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        > CDS nonce=3
        wait 1.99
        """,
        is_delta=is_delta,
    )
    play(talk, "wait 0.011\n< LDS #4 (l@1|l@1 y@1)")


@both
def test_a5_4_health_checks_do_not_begin_before_the_endpoints_have_theirs(*, is_delta: bool) -> None:
    """An assignment whose endpoints come one by one (LEDS) is not all that the cluster needs."""
    talk = alone(
        FIRST
        + """
        have CDS z@1 a@1*1->a; EDS a@1->x; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        > CDS nonce=3
        > EDS (+a|a)
        < EDS #4 a@1
        > EDS (|a) nonce=4
        wait 9.9
        """,
        is_delta=is_delta,
    )
    play(talk, "wait 0.1\n< LDS #5 (l@1|l@1 y@1)")


@both
def test_a5_4_on_ads_the_ack_alone_tells_that_health_checks_have_passed(*, is_delta: bool) -> None:
    talk = Dialogue(delta=is_delta, separate=False)
    play(
        talk,
        FIRST
        + """
        have CDS z@1 a@1*0.15->a; EDS a@1; LDS y@1&->CDS:z l@1&->CDS:a
        < CDS #3 (a@1|a@1 z@1)
        > EDS (+a|a)
        < EDS #4 a@1
        > EDS (|a) nonce=4
        wait 19
        > CDS nonce=3
        < LDS #5 (l@1|l@1 y@1)
        """,
    )
